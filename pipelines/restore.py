"""A backup back in its places, so that it goes on in silence: nobody is told again what may have been told already.

    backup ──copy──▶ log, store, snapshot ──▶ what extract and decide had left to do, told to nobody
                                          ──▶ messages on their way end, with a reason ──▶ settings, last of all

What is decided here is what the live run decided after the store was copied; its people heard of it then. A restore that
was stopped leaves a folder without settings, in which nothing runs.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from connectors.log.open import open_log
from connectors.store.open import open_store
from pipelines.backup import FILES, LOG, SNAPSHOTS, STORE, Places, read_backup
from pipelines.decide import DecideJob, DecideSettings
from pipelines.notifying.planning import own_message_id
from schemas.clock import Clock
from schemas.errors import FatalError, UsageError
from schemas.ports.log import Log
from schemas.ports.store import Delivery, OutboxEntry, Store
from schemas.reasons import DeliveryReason, DeliveryStatus
from schemas.topics import ARTICLES

_OUTBOX_PART = 500


class Silenced(NamedTuple):
    """What was done in silence: signals decided, messages ended that were on their way, events nobody is told of."""

    decided: int
    ended: int
    untold: int


def put_back(backup: Path, places: Places) -> None:
    """Copy log, store and snapshots of ``backup`` to ``places``, and the files but for the settings.

    :raises UsageError: something is there already, or it is no backup.
    :raises FatalError: a file cannot be written.
    """
    read_backup(backup)
    taken = [path for path in (places.log, places.store, *places.files.values()) if path.exists()]
    if taken:
        raise UsageError(
            f"{', '.join(map(str, taken))} is there already", remedy="restore into an empty folder, or move those away"
        )
    sources = {backup / LOG: places.log, backup / STORE: places.store}
    sources |= {path: places.snapshots / path.name for path in (backup / SNAPSHOTS).glob("*.snapshot")}
    sources |= {backup / FILES / name: path for name, path in places.files.items()}
    try:
        for source, target in sources.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            with target.open("rb+") as file:
                os.fsync(file.fileno())
    except OSError as error:
        raise FatalError(f"{backup} cannot be brought back: {error}", remedy="make room, then begin anew") from error


def go_on_in_silence(
    places: Places, clock: Clock, receivers: Sequence[str], extract: Callable[[Log, Store], None]
) -> Silenced:
    """Finish what the backup had begun, tell nobody, and return how much that was.

    ``extract`` works off the articles that were not extracted yet; it is called only where there are some.
    """
    store = open_store(f"sqlite:///{places.store.absolute()}")
    try:
        with open_log(f"sqlite:///{places.log.absolute()}", clock) as log:
            if articles_left(log):
                extract(log, store)
            decided = _decide(log, store, clock, places.snapshots)
        now = clock.now()
        under_way = [delivery.delivery_id for delivery in store.deliveries(open_only=True)]
        ended = store.end_deliveries(
            under_way, status=DeliveryStatus.SUPPRESSED, reason=DeliveryReason.RESTORED.value, now=now
        )
        return Silenced(decided, ended, _plan_silence(store, receivers, now))
    finally:
        store.close()


def articles_left(log: Log) -> bool:
    """Tell whether there are articles that were not extracted yet."""
    committed = log.committed("extract", ARTICLES)
    return any(
        log.end_offset(ARTICLES, p) > committed.get(p, log.start_offset(ARTICLES, p))
        for p in range(log.partitions(ARTICLES))
    )


def _decide(log: Log, store: Store, clock: Clock, snapshots: Path) -> int:
    job = DecideJob(log, store, clock, DecideSettings(snapshots=snapshots, host="restore", notify=False))
    job.recover()
    decided = 0
    while count := job.step():
        decided += count
    if decided:
        job.take_snapshot()
    return decided


def _plan_silence(store: Store, receivers: Sequence[str], now: datetime) -> int:
    """Plan what is in the outbox and was not planned yet as ended, each with its reason; return how many events."""
    count = 0
    while entries := store.outbox_after(cursor := store.outbox_cursor(), _OUTBOX_PART):
        silent = [_silent(entry, receiver, now) for entry in entries for receiver in receivers]
        store.plan_deliveries(expected_cursor=cursor, cursor=entries[-1].position, deliveries=silent)
        count += len(entries)
    return count


def _silent(entry: OutboxEntry, receiver: str, now: datetime) -> Delivery:
    return Delivery(
        delivery_id=0,
        position=entry.position,
        event_hash=entry.event_hash,
        alert_id=entry.event.alert_id,
        seq=entry.event.seq,
        receiver=receiver,
        message_id=own_message_id(receiver, entry),
        status=DeliveryStatus.SUPPRESSED,
        next_attempt_at=now,
        reason=DeliveryReason.RESTORED.value,
        created_at=now,
        ended_at=now,
    )
