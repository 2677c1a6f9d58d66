"""The outbox and its deliveries: planned once, claimed by lease, in order per (alert, receiver), every attempt kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any  # The values of a row, whose types the table knows.

from sqlalchemy import ColumnElement, Connection, Select, and_, or_, select, update

from connectors.store.database import Database
from connectors.store.parsed_events import parsed_event
from connectors.store.tables import attempts, deliveries, events, outbox, outbox_cursor
from schemas.errors import FatalError
from schemas.ports.store import Attempt, Delivery, OutboxEntry
from schemas.reasons import DeliveryStatus

_OPEN = {DeliveryStatus.PENDING, DeliveryStatus.HELD, DeliveryStatus.RETRYING}
_CHUNK = 500


class Deliveries:
    """Implements :class:`schemas.ports.store.DeliveryStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def outbox_after(self, position: int, limit: int) -> Sequence[OutboxEntry]:
        """Return up to ``limit`` entries with a larger position, in order. Positions are those of the ledger: there are gaps."""
        query = (
            select(events.c.position, events.c.body, events.c.hash, events.c.recorded_at_us)
            .join(outbox, outbox.c.position == events.c.position)
            .where(outbox.c.position > position)
            .order_by(outbox.c.position)
            .limit(limit)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).mappings().all()
        return [
            OutboxEntry(
                position=row["position"],
                event=parsed_event(row["position"], row["body"]),
                event_hash=row["hash"],
                recorded_at=row["recorded_at_us"],
            )
            for row in rows
        ]

    def outbox_cursor(self) -> int:
        """Return the last position that was planned, 0 for none."""
        with self._database.reading() as connection:
            return int(connection.execute(select(outbox_cursor.c.position)).scalar_one())

    def plan_deliveries(self, *, expected_cursor: int, cursor: int, deliveries: Sequence[Delivery]) -> bool:
        """Move the cursor and store ``deliveries`` in one transaction; False where another notifier moved it first.

        :raises FatalError: a delivery is of no entry of the outbox, or (entry, receiver) has one already.
        """
        planned = deliveries
        with self._database.writing() as connection:
            move = update(outbox_cursor).where(outbox_cursor.c.position == expected_cursor).values(position=cursor)
            if connection.execute(move).rowcount != 1:
                return False
            for start in range(0, len(planned), _CHUNK):
                _insert(connection, planned[start : start + _CHUNK])
        return True

    def claim_due(self, *, now: datetime, owner: str, lease_s: float, limit: int) -> Sequence[Delivery]:
        """Return and lease deliveries that are due and whose turn it is, those due longest first.

        What ``owner`` itself holds is returned again, so that it goes on at once after a restart under the same name: a name
        belongs to one notifier, which claims again only when it has recorded all it claimed.
        """
        free = or_(
            deliveries.c.lease_owner.is_(None), deliveries.c.lease_owner == owner, deliveries.c.lease_until_us <= now
        )
        query = (
            select(deliveries)
            .where(deliveries.c.ended_at_us.is_(None), deliveries.c.next_attempt_at_us <= now, free, ~_has_earlier())
            .order_by(deliveries.c.next_attempt_at_us, deliveries.c.position, deliveries.c.receiver)
            .limit(limit)
            # PostgreSQL: two notifiers at once share the work instead of waiting for each other. SQLite has one writer.
            .with_for_update(of=deliveries, skip_locked=True)
        )
        with self._database.writing() as connection:
            claimed = _deliveries(connection, query)
            for start in range(0, len(claimed), _CHUNK):
                ids = [delivery.delivery_id for delivery in claimed[start : start + _CHUNK]]
                lease = update(deliveries).where(deliveries.c.delivery_id.in_(ids))
                connection.execute(lease.values(lease_owner=owner, lease_until_us=now + timedelta(seconds=lease_s)))
        return claimed

    def record_attempt(self, delivery: Delivery, attempt: Attempt, *, owner: str) -> bool:
        """Keep ``attempt``; store the delivery's new state and release the lease, if ``owner`` still has it.

        False where the lease was lost or the delivery ended meanwhile: it stands as others left it, and the attempt is kept
        all the same, because it was made.
        """
        ended = None if delivery.status in _OPEN else (delivery.ended_at or attempt.at)
        with self._database.writing() as connection:
            change = (
                update(deliveries)
                .where(deliveries.c.delivery_id == delivery.delivery_id)
                .where(deliveries.c.lease_owner == owner, deliveries.c.ended_at_us.is_(None))
                .values(
                    status=delivery.status,
                    attempts=delivery.attempts,
                    next_attempt_at_us=delivery.next_attempt_at,
                    reason=delivery.reason,
                    ended_at_us=ended,
                    lease_owner=None,
                    lease_until_us=None,
                )
            )
            kept = connection.execute(change).rowcount == 1
            connection.execute(
                attempts.insert().values(
                    delivery_id=attempt.delivery_id, at_us=attempt.at, outcome=attempt.outcome, detail=attempt.detail
                )
            )
        return kept

    def end_deliveries(
        self, delivery_ids: Sequence[int], *, status: DeliveryStatus, reason: str, now: datetime, owner: str = ""
    ) -> int:
        """End those of ``delivery_ids`` that are open; return how many.

        With ``owner``, those that another notifier holds at ``now`` are left alone: they may be on their way.
        """
        if status in _OPEN:
            raise FatalError(f"a delivery cannot end as {status.value}", remedy="this is a defect: report it")
        conditions: list[ColumnElement[bool]] = [deliveries.c.ended_at_us.is_(None)]
        if owner:
            free = or_(deliveries.c.lease_owner.is_(None), deliveries.c.lease_until_us <= now)
            conditions.append(or_(free, deliveries.c.lease_owner == owner))
        ended = 0
        with self._database.writing() as connection:
            for start in range(0, len(delivery_ids), _CHUNK):
                chunk = deliveries.c.delivery_id.in_(delivery_ids[start : start + _CHUNK])
                change = update(deliveries).where(chunk, *conditions)
                change = change.values(
                    status=status, reason=reason, ended_at_us=now, lease_owner=None, lease_until_us=None
                )
                ended += connection.execute(change).rowcount
        return ended

    def deliveries(self, *, alert_id: str | None = None, open_only: bool = False) -> Sequence[Delivery]:
        """Return deliveries by position and receiver."""
        query = select(deliveries).order_by(deliveries.c.position, deliveries.c.receiver)
        if alert_id is not None:
            query = query.where(deliveries.c.alert_id == alert_id)
        if open_only:
            query = query.where(deliveries.c.ended_at_us.is_(None))
        with self._database.reading() as connection:
            return _deliveries(connection, query)

    def deliveries_of_message(self, message_id: str) -> Sequence[Delivery]:
        """Return the deliveries told in one message, by position and receiver."""
        query = select(deliveries).where(deliveries.c.message_id == message_id)
        with self._database.reading() as connection:
            return _deliveries(connection, query.order_by(deliveries.c.position, deliveries.c.receiver))

    def deliveries_since(self, receiver: str, since: datetime) -> Sequence[Delivery]:
        """Return what was planned for ``receiver`` at ``since`` or later, by position."""
        query = select(deliveries).where(deliveries.c.receiver == receiver, deliveries.c.created_at_us >= since)
        with self._database.reading() as connection:
            return _deliveries(connection, query.order_by(deliveries.c.position))

    def dead_deliveries(self, since: datetime) -> Sequence[Delivery]:
        """Return the deliveries that ended dead at ``since`` or later, by position and receiver."""
        dead = deliveries.c.status == DeliveryStatus.DEAD
        query = select(deliveries).where(dead, deliveries.c.ended_at_us >= since)
        with self._database.reading() as connection:
            return _deliveries(connection, query.order_by(deliveries.c.position, deliveries.c.receiver))

    def attempts(self, delivery_id: int) -> Sequence[Attempt]:
        """Return every attempt, oldest first."""
        query = select(attempts).where(attempts.c.delivery_id == delivery_id).order_by(attempts.c.attempt_id)
        with self._database.reading() as connection:
            rows = connection.execute(query).mappings().all()
        return [
            Attempt(delivery_id=row["delivery_id"], at=row["at_us"], outcome=row["outcome"], detail=row["detail"])
            for row in rows
        ]


def _has_earlier() -> ColumnElement[bool]:
    """Whether an earlier delivery of the same subject and receiver has not ended: then it is not this one's turn.

    One that is held back on purpose (quiet hours, a digest) holds up nothing that is not held itself.
    """
    earlier = deliveries.alias("earlier")
    same = and_(earlier.c.subject == deliveries.c.subject, earlier.c.receiver == deliveries.c.receiver)
    return (
        select(earlier.c.delivery_id)
        .where(same, earlier.c.ended_at_us.is_(None), earlier.c.seq < deliveries.c.seq)
        .where(earlier.c.status != DeliveryStatus.HELD)
        .exists()
    )


def _deliveries(connection: Connection, query: Select[Any]) -> list[Delivery]:
    return [_delivery(row) for row in connection.execute(query).mappings()]


def _delivery(row: Mapping[Any, Any]) -> Delivery:
    plain = (
        "delivery_id",
        "position",
        "event_hash",
        "alert_id",
        "seq",
        "receiver",
        "message_id",
        "status",
        "attempts",
        "reason",
    )
    return Delivery(
        **{name: row[name] for name in plain},
        next_attempt_at=row["next_attempt_at_us"],
        created_at=row["created_at_us"],
        ended_at=row["ended_at_us"],
    )


def _insert(connection: Connection, planned: Sequence[Delivery]) -> None:
    # seq counts per rule, so the events of rules themselves (no alert) are ordered within their rule.
    positions = {delivery.position for delivery in planned if not delivery.alert_id}
    query = select(events.c.position, events.c.rule).where(events.c.position.in_(positions))
    rules = {row.position: row.rule for row in connection.execute(query)} if positions else {}
    connection.execute(deliveries.insert(), [_row(delivery, rules) for delivery in planned])


def _row(delivery: Delivery, rules: Mapping[int, str]) -> dict[str, Any]:
    is_open = delivery.status in _OPEN
    return {
        "position": delivery.position,
        "event_hash": delivery.event_hash,
        "alert_id": delivery.alert_id,
        "subject": delivery.alert_id or f"rule {rules.get(delivery.position, '')}",
        "seq": delivery.seq,
        "receiver": delivery.receiver,
        "message_id": delivery.message_id,
        "status": delivery.status,
        "attempts": delivery.attempts,
        "next_attempt_at_us": delivery.next_attempt_at,
        "reason": delivery.reason,
        "created_at_us": delivery.created_at,
        "ended_at_us": None if is_open else (delivery.ended_at or delivery.created_at),
    }
