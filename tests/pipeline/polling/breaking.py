"""A real log and a real store that break where a test wants them to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from pipelines.poll import ArticlesLog, PollStore
from schemas.ports.log import Entry, LogRecord
from schemas.ports.pollers import Claim, PollerEntry, PollProgress, PollReport, Renewal
from schemas.ports.store import FeedRow


class LogFront:
    """A log, passed on call by call; subclasses get between."""

    def __init__(self, log: ArticlesLog) -> None:
        self.log = log

    def append(self, topic: str, entries: Sequence[Entry]) -> tuple[int, ...]:
        return self.log.append(topic, entries)

    def partitions(self, topic: str) -> int:
        return self.log.partitions(topic)

    def now_ms(self) -> int:
        return self.log.now_ms()

    def offset_at(self, topic: str, partition: int, append_time_ms: int) -> int:
        return self.log.offset_at(topic, partition, append_time_ms)

    def end_offset(self, topic: str, partition: int) -> int:
        return self.log.end_offset(topic, partition)

    def read(self, topic: str, partition: int, offset: int, *, max_records: int) -> Sequence[LogRecord]:
        return self.log.read(topic, partition, offset, max_records=max_records)


class BreakingLog(LogFront):
    """Raises ``before`` instead of writing, ``after`` when everything is written."""

    def __init__(
        self, log: ArticlesLog, *, before: BaseException | None = None, after: BaseException | None = None
    ) -> None:
        super().__init__(log)
        self.before = before
        self.after = after
        self.tries = 0

    def append(self, topic: str, entries: Sequence[Entry]) -> tuple[int, ...]:
        self.tries += 1
        if self.before is not None and entries:
            raise self.before
        offsets = self.log.append(topic, entries)
        if self.after is not None:
            raise self.after
        return offsets


class StoreFront:
    """A store, passed on call by call; subclasses get between."""

    def __init__(self, store: PollStore) -> None:
        self._store = store

    def feed_rows(self, feed_ids: Collection[str] | None = None, *, with_cursors: bool = True) -> Mapping[str, FeedRow]:
        return self._store.feed_rows(feed_ids, with_cursors=with_cursors)

    def save_feeds(self, rows: Sequence[FeedRow]) -> None:
        self._store.save_feeds(rows)

    def renew_poller(self, entry: PollerEntry, *, now: datetime, first: bool = False) -> Renewal | None:
        return self._store.renew_poller(entry, now=now, first=first)

    def take_names(self, names: Collection[str], *, poller: str) -> frozenset[str]:
        return self._store.take_names(names, poller=poller)

    def give_back(self, names: Collection[str], *, poller: str) -> None:
        self._store.give_back(names, poller=poller)

    def leave(self, *, poller: str, instance: str) -> None:
        self._store.leave(poller=poller, instance=instance)

    def save_polls(self, progress: PollProgress, *, poller: str, instance: str, names: Collection[str]) -> bool:
        return self._store.save_polls(progress, poller=poller, instance=instance, names=names)

    def claim_articles(self, claims: Sequence[Claim], *, at: datetime) -> Sequence[Claim]:
        return self._store.claim_articles(claims, at=at)

    def poll_reports(self) -> Sequence[PollReport]:
        return self._store.poll_reports()

    def polls_told(self, numbers: Collection[int], *, until: datetime) -> None:
        self._store.polls_told(numbers, until=until)

    def told_until(self) -> datetime | None:
        return self._store.told_until()

    def beat(self, job: str, *, at: datetime, detail: Mapping[str, str | int | float]) -> None:
        self._store.beat(job, at=at, detail=detail)

    def heartbeats(self) -> Mapping[str, tuple[datetime, Mapping[str, str | int | float]]]:
        return self._store.heartbeats()


class DeafStore(StoreFront):
    """Raises ``error`` instead of saying anything of ``feed_id``, while there is one."""

    def __init__(self, store: PollStore, feed_id: str) -> None:
        super().__init__(store)
        self._feed_id = feed_id
        self.error: BaseException | None = None
        self.asked = 0

    def feed_rows(self, feed_ids: Collection[str] | None = None, *, with_cursors: bool = True) -> Mapping[str, FeedRow]:
        if feed_ids is not None and self._feed_id in feed_ids:
            self.asked += 1
            if self.error is not None:
                raise self.error
        return super().feed_rows(feed_ids, with_cursors=with_cursors)


class BreakingStore(StoreFront):
    """Raises ``error`` instead of saving what was polled and signs of life."""

    def __init__(self, store: PollStore, *, error: BaseException | None = None) -> None:
        super().__init__(store)
        self.error = error

    def save_polls(self, progress: PollProgress, *, poller: str, instance: str, names: Collection[str]) -> bool:
        if self.error is not None:
            raise self.error
        return super().save_polls(progress, poller=poller, instance=instance, names=names)

    def beat(self, job: str, *, at: datetime, detail: Mapping[str, str | int | float]) -> None:
        if self.error is not None:
            raise self.error
        super().beat(job, at=at, detail=detail)
