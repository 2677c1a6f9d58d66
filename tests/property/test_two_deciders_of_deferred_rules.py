"""Two deciders warm the same rules: one commits what the word that they are ready makes of it, the other has to leave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from connectors.store.open import open_store
from pipelines.decide import DecideJob
from schemas.errors import AnotherDeciderError
from schemas.ports.log import Log, LogRecord
from tests.property.test_deferred_rules import World, stream_of
from tests.streams.deciding import Desk


@dataclass(frozen=True)
class DeskAt(Desk):
    """A desk whose store lies elsewhere."""

    url: str = ""

    @property
    def store_url(self) -> str:
        """Return the URL of the store."""
        return self.url


class DeafLog:
    """The log for somebody who hears nothing of what lies at ``deaf_from`` or later."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.deaf_from: int | None = None

    def __getattr__(self, name: str) -> object:
        return getattr(self._log, name)

    def read(
        self, topic: str, partition: int, offset: int, *, max_records: int, wait_s: float = 0.0
    ) -> Sequence[LogRecord]:
        """Read what is heard."""
        if self.deaf_from is not None and offset >= self.deaf_from:
            return ()
        records = self._log.read(topic, partition, offset, max_records=max_records, wait_s=wait_s)
        return [one for one in records if self.deaf_from is None or one.offset < self.deaf_from]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    """A past that is decided, and an activation that waits, which nobody has taken yet."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'store.db'}"
        open_store(url).close()
    else:
        url = request.getfixturevalue("postgres_url")
    desk = DeskAt(tmp_path, url)
    past, coming = stream_of(1)
    desk.append(past)
    desk.decide()
    desk.append(coming[:1])
    return World(desk, list(coming[1:]))


@contextmanager
def decider(world: World) -> Iterator[tuple[DecideJob, DeafLog]]:
    """Yield a decider as a process of its own would have it, recovered."""
    with world.desk.log() as log, world.desk.store() as store:
        deaf = DeafLog(log)
        job = world.desk.job(cast("Log", deaf), store, snapshot_every=300)
        job.recover()
        yield job, deaf


@pytest.mark.parametrize("words", [1, 2], ids=["one word", "a word of each"])
@pytest.mark.parametrize("winner", [0, 1], ids=["the first commits", "the second commits"])
def test_one_commits_and_the_other_leaves(world: World, winner: int, words: int) -> None:
    with ExitStack() as stack:
        first, _ = stack.enter_context(decider(world))
        assert first.tend() == 1, "the activation is taken, and waits"
        second, hears = stack.enter_context(decider(world))
        pair = (first, second)
        assert first.offset == second.offset
        hears.deaf_from = (
            second.offset
        )  # Both are where they are until there is a word, and know of no word but their own.
        while not world.ready():
            assert first.tend() == 0
        while len(world.ready()) < words:
            assert second.tend() == 0
        hears.deaf_from = None
        said = world.ready()
        assert {ready.activated_offset for _, ready in said} == {first.offset - 1}
        before = len(world.desk.ledger())
        assert pair[winner].tend() == words, "what the word makes of it is committed"
        after = world.desk.ledger()
        assert len(after) > before
        with pytest.raises(AnotherDeciderError):
            pair[1 - winner].tend()
        assert world.desk.ledger() == after, "who leaves has written nothing"
        world.live(pair[winner])
    assert world.ready() == said
    (taken,) = [one for one in world.sets() if one.deferred]
    assert taken.ready_offset == said[0][0], "the first word counts"
    world.check()
