"""The port of the store: the ledger, the outbox and its deliveries, feed cursors, rule sets.

Two implementations of one class (SQLAlchemy Core on SQLite and PostgreSQL) pass one contract suite. All errors are
:class:`~schemas.errors.StoreUnavailableError`, :class:`~schemas.errors.StoreFullError` or those named below.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from schemas.alert_event import AlertEvent, ChainHead, Decision, Evidence, Provenance
from schemas.model import Part, UtcDatetime
from schemas.ports.channel import HourBar
from schemas.ports.pollers import PollerStore
from schemas.ports.response import ResponseStore
from schemas.reasons import DeliveryStatus, FeedState
from schemas.standing import Standing


class DeciderHead(Part):
    """Where the decider stands: one row, replaced in the transaction that writes its events."""

    log_id: str
    next_offset: int  # of topic signals: the first not yet decided
    engine_version: str
    snapshot_hash: str = ""  # SHA-256 of the newest snapshot file that is fsynced, "" for none
    snapshot_offset: int = 0  # next_offset as of that snapshot
    events: int = 0  # events in the ledger, all rules


class StoredEvent(Part):
    """A row of the ledger as it lies in the database: ``body`` is the canonical JSON that was hashed, byte for byte."""

    position: int  # 1, 2, 3 … over all rules
    rule: str
    seq: int
    alert_id: str
    previous: str
    hash: str
    body: bytes
    log_offset: int  # provenance: it lies beside the event and is in no hash

    @property
    def name(self) -> str:
        """Return what people call it: its rule and its number there."""
        return f"{self.rule} #{self.seq}"

    def chain_head(self) -> ChainHead:
        """Return the head of the rule's chain once this row is in it."""
        return ChainHead(rule=self.rule, seq=self.seq, hash=self.hash)


class StandingEvents(Part):
    """What stands after the event at ``position``, the newest: of each thing the event that says how, oldest first."""

    position: int
    alerts: tuple[AlertEvent, ...]
    blind: tuple[AlertEvent, ...]  # rules and alerts
    pending: tuple[AlertEvent, ...]  # crossings that must last before they open an alert


class Opening(NamedTuple):
    """That an alert opened: under which rule, in which mode (``live shadow``). What goes live while it is open opens twice."""

    rule: str
    mode: str
    alert_id: str


class StoredStandings(Part):
    """What the store keeps of what stands, as it was told the events up to ``position``; in no order."""

    position: int
    rows: tuple[Standing, ...]


class OutboxEntry(Part):
    """An event that people are to hear of, by position in the outbox."""

    position: int
    event: AlertEvent
    event_hash: str
    recorded_at: UtcDatetime


class Delivery(Part):
    """One (alert event, receiver)."""

    delivery_id: int
    position: int  # of the outbox
    event_hash: str
    alert_id: str
    seq: int
    receiver: str
    message_id: str  # stored before the first send, kept over retries
    status: DeliveryStatus
    attempts: int = 0
    next_attempt_at: UtcDatetime
    reason: str = ""
    created_at: UtcDatetime
    ended_at: UtcDatetime | None = None


class Attempt(Part):
    """One try to deliver; every one is kept."""

    delivery_id: int
    at: UtcDatetime
    outcome: str  # delivered, retry, refused
    detail: str


class FeedRow(Part):
    """A feed's cursor and what a person reads of it. ``cursor`` is the poller's own JSON (validators, seen items)."""

    feed_id: str
    url: str
    state: FeedState
    state_reason: str = ""
    cursor: str = "{}"
    next_poll_at: UtcDatetime | None = None
    last_success_at: UtcDatetime | None = None
    last_error: str = ""
    consecutive_failures: int = 0
    items_seen: int = 0


class RuleSet(Part):
    """A rule set as it was activated; kept for ever.

    A ``deferred`` one took force at ``ready_offset`` of the log, ``ready_at``; None: it is being warmed, or was replaced
    before it was warm.
    """

    rules_hash: str
    text: str
    compiled: str
    activated_at: UtcDatetime
    author: str = ""
    comment: str = ""
    log_offset: int
    deferred: bool = False
    ready_offset: int | None = None
    ready_at: UtcDatetime | None = None

    @property
    def in_force(self) -> bool:
        """Whether it has taken force, be it to be replaced later."""
        return not self.deferred or self.ready_offset is not None

    @property
    def since_offset(self) -> int:
        """The offset at which it took force, or else at which that was ordered."""
        return self.log_offset if self.ready_offset is None else self.ready_offset

    @property
    def since(self) -> datetime:
        """When it took force, or else was ordered to."""
        return self.activated_at if self.ready_at is None else self.ready_at


class LedgerStore(Protocol):
    """The truth of what rang. One decider writes; any number of processes read."""

    def decider_head(self) -> DeciderHead | None:
        """Return the head, or None before the first commit."""
        ...

    def commit_decisions(
        self,
        *,
        expected: DeciderHead | None,
        head: DeciderHead,
        decisions: Sequence[tuple[Decision, Provenance]],
        notify: bool = True,
    ) -> None:
        """In one transaction: check that the stored head and the chain heads of the rules concerned are ``expected`` (and
        what ``decisions`` continue), append the events, their evidence and (with ``notify``) their outbox entries, set
        the head.

        :raises AnotherDeciderError: the stored head or a chain head is another; nothing was written.
        """
        ...

    def chain_heads(self) -> Mapping[str, ChainHead]:
        """Return per rule the last event's seq and hash."""
        ...

    def events(
        self, *, rule: str | None = None, alert_id: str | None = None, first_position: int = 0, limit: int | None = None
    ) -> Iterator[AlertEvent]:
        """Yield events in the order they were written."""
        ...

    def events_with_provenance(
        self, *, first_offset: int = 0, alert_id: str | None = None, limit: int | None = None
    ) -> Iterator[tuple[AlertEvent, Provenance]]:
        """Yield events computed at ``first_offset`` of the log or later, in the order they were written."""
        ...

    def openings(self) -> Sequence[Opening]:
        """Return every event ``opened``, in the order they were written: counted where they lie, the events are not read."""
        ...

    def stored_events(self, *, first_position: int = 0) -> Iterator[StoredEvent]:
        """Yield the rows of the ledger in order, neither read nor checked: what a proof hashes again."""
        ...

    def evidence(self, hashes: Sequence[str]) -> Mapping[str, Evidence]:
        """Return what is known by ``hashes``; erased ones are absent."""
        ...

    def stored_evidence(self, hashes: Sequence[str]) -> Mapping[str, bytes]:
        """Return the bytes that lie under ``hashes``, neither read nor checked; erased ones are absent."""
        ...

    def evidence_of_article(self, article_id: str) -> Collection[str]:
        """Return the hashes of what is kept of an article: those that an event names whose evidence it is."""
        ...

    def erase_evidence(self, article_id: str) -> int:
        """Forget an article's texts (the ledger keeps their hashes); return how many rows went."""
        ...

    def add_rule_set(self, rule_set: RuleSet) -> None:
        """Keep ``rule_set``; the same hash and offset again changes nothing."""
        ...

    def rule_set_took_force(self, rule_set: RuleSet) -> None:
        """Note ``ready_offset`` and ``ready_at`` of the deferred ``rule_set``, kept before; again changes nothing."""
        ...

    def rule_sets(self) -> Sequence[RuleSet]:
        """Return all, oldest first."""
        ...


class StandingStore(Protocol):
    """What stands after the events of the ledger, kept beside them, so that it costs what stands and not what was."""

    def standing(
        self, *, ended: bool = False, rule: str | None = None, newest_from: int = 1, last: int | None = None
    ) -> StandingEvents:
        """Return what stands, of ``rule`` or of all. With ``ended`` the alerts are all there ever were, each with its
        newest event of any kind, in the order they began; a read of what ended costs as many rows as alerts ended.

        Alerts are only those of which something happened at position ``newest_from`` of the ledger or later, and of those
        the ``last`` that began. Only what is returned is read, but for rows of what is open.
        """
        ...

    def alert_ids(self, begins: str, limit: int) -> Sequence[str]:
        """Return up to ``limit`` ids of alerts that begin so, sorted."""
        ...

    def stored_standings(self) -> StoredStandings:
        """Return what is kept as it lies there, unchecked: what a proof compares with the ledger."""
        ...

    def rebuild_standings(self) -> None:
        """Make it anew from the ledger."""
        ...


class DeliveryStore(Protocol):
    """The outbox and its deliveries. Any number of notifiers may work on it: one claims a delivery at a time."""

    def outbox_after(self, position: int, limit: int) -> Sequence[OutboxEntry]:
        """Return entries with a larger position, in order."""
        ...

    def outbox_cursor(self) -> int:
        """Return the last position that was planned."""
        ...

    def plan_deliveries(self, *, expected_cursor: int, cursor: int, deliveries: Sequence[Delivery]) -> bool:
        """In one transaction: move the cursor and store ``deliveries`` (``delivery_id`` is given by the store). False and
        nothing written when the cursor is not ``expected_cursor``: another notifier planned them."""
        ...

    def claim_due(self, *, now: datetime, owner: str, lease_s: float, limit: int) -> Sequence[Delivery]:
        """Return and lease deliveries that are pending or retrying, due, not leased by another, and the lowest ``seq`` not
        ended of their (alert, receiver): so one message is in flight per (alert, receiver), in order."""
        ...

    def record_attempt(self, delivery: Delivery, attempt: Attempt, *, owner: str) -> bool:
        """Store ``attempt`` and the delivery's new status, times and reason; release the lease. False: the lease was lost."""
        ...

    def end_deliveries(
        self, delivery_ids: Sequence[int], *, status: DeliveryStatus, reason: str, now: datetime, owner: str = ""
    ) -> int:
        """End open deliveries with a reason (superseded, suppressed); return how many. With ``owner``, those that another
        notifier holds at ``now`` are left alone: they may be on their way."""
        ...

    def deliveries(self, *, alert_id: str | None = None, open_only: bool = False) -> Sequence[Delivery]:
        """Return deliveries by position and receiver."""
        ...

    def dead_deliveries(self, since: datetime) -> Sequence[Delivery]:
        """Return the deliveries that ended dead at ``since`` or later, by position and receiver."""
        ...

    def attempts(self, delivery_id: int) -> Sequence[Attempt]:
        """Return every attempt, oldest first."""
        ...

    def deliveries_of_message(self, message_id: str) -> Sequence[Delivery]:
        """Return the deliveries told in one message, by position and receiver."""
        ...

    def deliveries_since(self, receiver: str, since: datetime) -> Sequence[Delivery]:
        """Return what was planned for ``receiver`` at ``since`` or later, by position."""
        ...


class EventHoursStore(Protocol):
    """The hours of a key beside an event: written by the decider before the event itself, in no hash, for charts only."""

    def add_event_hours(self, hours: Mapping[str, Sequence[HourBar]]) -> None:
        """Keep the hours of events by their hashes; what is there already stays."""
        ...

    def event_hours(self, event_hash: str) -> Sequence[HourBar]:
        """Return the hours beside an event, oldest first; empty where none were kept."""
        ...


class FeedStore(Protocol):
    """Feed cursors. One poller owns a feed at a time: see :mod:`schemas.ports.pollers`."""

    def feed_rows(self, feed_ids: Collection[str] | None = None, *, with_cursors: bool = True) -> Mapping[str, FeedRow]:
        """Return feeds by id: those of ``feed_ids`` that are known, else all. A cursor is far larger than the rest of its
        row; without it the row says "{}"."""
        ...

    def save_feeds(self, rows: Sequence[FeedRow]) -> None:
        """Insert or replace ``rows`` in one transaction."""
        ...


class HeartbeatStore(Protocol):
    """Signs of life, read by ``status`` and the watchdog."""

    def beat(self, job: str, *, at: datetime, detail: Mapping[str, str | int | float]) -> None:
        """Record that ``job`` advanced at ``at``."""
        ...

    def heartbeats(self) -> Mapping[str, tuple[datetime, Mapping[str, str | int | float]]]:
        """Return per job the last sign of life and its detail."""
        ...


class Store(
    LedgerStore,
    StandingStore,
    DeliveryStore,
    ResponseStore,
    EventHoursStore,
    FeedStore,
    PollerStore,
    HeartbeatStore,
    Protocol,
):
    """All of the store, as the jobs open it."""

    @property
    def store_id(self) -> str:
        """An id made when the store was made."""
        ...

    def close(self) -> None:
        """Release connections; idempotent."""
        ...
