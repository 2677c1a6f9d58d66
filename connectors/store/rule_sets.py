"""Every rule set that was ever activated; nothing here is changed or removed."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from connectors.store.database import Database
from connectors.store.tables import rule_sets
from connectors.store.upsert import insert_new
from schemas.ports.store import RuleSet

_PLAIN = tuple(name for name in RuleSet.model_fields if name != "activated_at")


class RuleSets:
    """The part of :class:`schemas.ports.store.LedgerStore` that keeps rule sets."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_rule_set(self, rule_set: RuleSet) -> None:
        """Keep ``rule_set``; the same hash and offset again changes nothing."""
        row = {**{name: getattr(rule_set, name) for name in _PLAIN}, "activated_at_us": rule_set.activated_at}
        with self._database.writing() as connection:
            insert_new(connection, rule_sets, row)

    def rule_sets(self) -> Sequence[RuleSet]:
        """Return all in the order they were added, oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(select(rule_sets).order_by(rule_sets.c.rule_set_id)).mappings().all()
        return [RuleSet(**{name: row[name] for name in _PLAIN}, activated_at=row["activated_at_us"]) for row in rows]
