"""The JSON Schema of a rule file, from the same readers that read it, so that editors and the loader agree."""

from __future__ import annotations

from alerts.rules.actor_grammar import ACTORS, ACTORS_DEFINITION
from alerts.rules.load import FILE
from alerts.rules.readers import JsonSchema
from alerts.rules.schema_sharing import with_shared_parts


def rules_schema() -> JsonSchema:
    """Return the schema (draft 2020-12). Names of actors and topics are free text in it: ``rules check`` knows them."""
    return with_shared_parts(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Rules of Tocsin",
            **FILE.schema(),
            "$defs": {ACTORS_DEFINITION: ACTORS.definition()},
        }
    )
