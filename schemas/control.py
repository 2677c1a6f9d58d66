"""Control records on ``signals``: what changes decisions besides news, in the same total order as the news."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.model import Record, UtcDatetime


class RulesActivated(Record):
    """A rule set takes force from this offset on; a ``deferred`` one at the offset of its :class:`RulesReady`.

    ``text`` is what the person wrote (for people); ``compiled`` is the canonical JSON of the rules with every name
    resolved to an id, which alone the engine reads, so that a decision needs nothing but the log. ``rules_hash`` is the
    digest of ``compiled``.
    """

    kind: Literal["rules_activated"] = "rules_activated"
    rules_hash: str
    text: str
    compiled: str
    activated_at: UtcDatetime
    author: str = ""
    comment: str = ""
    deferred: bool = Field(default=False, exclude_if=lambda deferred: not deferred)


class RulesReady(Record):
    """The rule set whose deferred activation lies at ``activated_offset`` takes force from this offset on.

    It is written once its new rules are warmed, aside, on the 35 days before their activation and all that came since. One
    whose activation waits no more, because it was replaced or has taken force, means nothing.
    """

    kind: Literal["rules_ready"] = "rules_ready"
    rules_hash: str
    activated_offset: int
    ready_at: UtcDatetime


class ExtractorChanged(Record):
    """From this offset on signals of ``partition`` are made by ``extractor_version``; alerts name it for 14 days."""

    kind: Literal["extractor_changed"] = "extractor_changed"
    extractor_version: str
    previous: str | None = None
    partition: int
    changed_at: UtcDatetime


class SkipRange(Record):
    """An operator's repair: of the offsets ``first..last`` (inclusive) of ``signals``, those after this record do not count.

    What lies before it was decided when it was reached, and stays so whenever the log is decided again. A record that
    cannot be decided at all needs no repair: it counts for nothing by itself.
    """

    kind: Literal["skip_range"] = "skip_range"
    first: int
    last: int
    author: str
    comment: str
    ordered_at: UtcDatetime
