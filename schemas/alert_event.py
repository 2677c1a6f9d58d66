"""The ledger's record: one thing that happened to an alert or a rule, chained to the rule's previous one."""

from __future__ import annotations

from typing import Literal, Self

from schemas.article import Source
from schemas.ids import canonical_json, digest
from schemas.model import Part, Record, UtcDatetime
from schemas.reasons import EventKind, EventReason, Severity


class Counts(Part):
    """What was counted over a window."""

    stories: int = 0
    publishers: int = 0
    articles: int = 0


class Window(Part):
    """A stretch of event time, ``start`` to ``end`` (exclusive), in whole hours."""

    start: UtcDatetime
    end: UtcDatetime
    hours: int


class AlertEvent(Record):
    """One event. Byte-identical for the same ``signals`` log; where and when it was computed is :class:`Provenance`.

    ``seq`` counts without gaps per rule from 1. ``previous`` is the hash of the rule's previous event ("" for the first).
    ``expected`` is rounded to 4 significant digits, ``score`` to 3 decimals, ``ratio`` to 3 significant digits,
    ``coverage`` (mean exposure of the window, 1 = all feeds) to 3 decimals. ``evidence`` holds hashes of
    :class:`Evidence`, whose texts lie in a table of their own that can be erased.
    """

    kind: Literal["alert_event"] = "alert_event"
    alert_id: str = ""  # empty for events of a rule rather than of an alert
    seq: int
    event: EventKind
    reason: EventReason
    rule: str
    key: str = ""
    severity: Severity = Severity.NORMAL
    labels: dict[str, str] = {}
    at: UtcDatetime  # engine time
    crossing: UtcDatetime | None = None  # the hour the alert opened on
    detector: str = ""
    window: Window | None = None
    counts: Counts = Counts()
    expected: float | None = None
    ratio: float | None = None
    score: float | None = None
    coverage: float | None = None
    learning: bool = False
    blind_feeds: tuple[str, ...] = ()
    feeds_changed: tuple[str, ...] = ()  # feeds that joined, left or failed in the last 14 days
    extractor_versions: tuple[str, ...] = ()  # seen in the last 14 days, oldest first
    mode: Literal["live", "shadow"] = "live"
    rules_hash: str = ""
    engine_version: str = ""
    evidence: tuple[str, ...] = ()
    detail: str = ""
    previous: str = ""

    def chain_hash(self) -> str:
        """Return the 64 hex digits this event is known by; the next event of the rule carries them in ``previous``."""
        return digest("alert-event", canonical_json(self.model_dump(mode="json")), length=64)


class Evidence(Part):
    """An article as it was when an alert rang; ``story`` numbers the stories within the alert's window."""

    article_id: str
    revision: int
    source: Source
    url: str | None
    title: str
    excerpt: str = ""  # the sentence that matched
    event_time: UtcDatetime
    story: str  # article_id of the story's first article

    def evidence_hash(self) -> str:
        """Return 32 hex digits of this evidence."""
        return digest("evidence", canonical_json(self.model_dump(mode="json")))


class Provenance(Part):
    """Where and when an event was computed; never part of a hash."""

    log_offset: int
    host: str
    recorded_at: UtcDatetime


class Decision(Part):
    """What the engine returns for a record: an event and the evidence it names."""

    event: AlertEvent
    evidence: tuple[Evidence, ...] = ()


class ChainHead(Part):
    """The last event of a rule."""

    rule: str
    seq: int
    hash: str

    @classmethod
    def after(cls, event: AlertEvent) -> Self:
        """Return the head of the rule's chain once ``event`` is in it."""
        return cls(rule=event.rule, seq=event.seq, hash=event.chain_hash())


def ledger_digest(heads: list[ChainHead]) -> str:
    """Return 64 hex digits over the sorted (rule, head of its chain): equal digests mean equal ledgers."""
    return digest("ledger", *(f"{h.rule}\t{h.seq}\t{h.hash}" for h in sorted(heads, key=lambda h: h.rule)), length=64)
