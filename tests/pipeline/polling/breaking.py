"""A real log and a real store that break where a test wants them to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from pipelines.poll import ArticlesLog, PollStore
from schemas.ports.log import Entry
from schemas.ports.store import FeedRow


class BreakingLog:
    """Raises ``before`` instead of writing, ``after`` when everything is written."""

    def __init__(
        self, log: ArticlesLog, *, before: BaseException | None = None, after: BaseException | None = None
    ) -> None:
        self.log = log
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

    def partitions(self, topic: str) -> int:
        return self.log.partitions(topic)

    def now_ms(self) -> int:
        return self.log.now_ms()


class BreakingStore:
    """Raises ``error`` instead of saving rows and signs of life."""

    def __init__(self, store: PollStore, *, error: BaseException | None = None) -> None:
        self._store = store
        self.error = error

    def feed_rows(self) -> Mapping[str, FeedRow]:
        return self._store.feed_rows()

    def save_feeds(self, rows: Sequence[FeedRow]) -> None:
        if self.error is not None:
            raise self.error
        self._store.save_feeds(rows)

    def beat(self, job: str, *, at: datetime, detail: Mapping[str, str | int | float]) -> None:
        if self.error is not None:
            raise self.error
        self._store.beat(job, at=at, detail=detail)

    def heartbeats(self) -> Mapping[str, tuple[datetime, Mapping[str, str | int | float]]]:
        return self._store.heartbeats()
