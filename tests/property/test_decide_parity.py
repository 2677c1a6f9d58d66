"""From the same log the ledger is the same to the byte: with any batch size, any duplicates, a death at any commit."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from schemas.errors import AnotherDeciderError
from schemas.ports.store import StoredEvent
from schemas.reasons import EventReason
from schemas.wire import SignalsRecord
from tests.streams.deciding import desk_in, with_duplicates
from tests.streams.world import invented_stream

_DAYS = 5

# Seeded, and without shrinking: an example takes a good part of a second, and each names its seed and lives anyway.
bounded = settings(deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate])

seeds = st.integers(0, 2)
batches = st.sampled_from([1, 2, 9, 50, 333])
lives = st.lists(
    st.fixed_dictionaries(
        {
            "commits": st.integers(1, 12),
            "after": st.booleans(),
            "batch": batches,
            # The commit of a snapshot comes after its file: a death before it leaves a file that nothing names.
            "snapshot_every": st.sampled_from([1, 10, 60, 20_000]),
            "aside": st.booleans(),
        }
    ),
    max_size=6,
)


@lru_cache
def stream_of(seed: int) -> list[SignalsRecord]:
    return invented_stream(seed, days=_DAYS)


@lru_cache
def straight(seed: int) -> tuple[StoredEvent, ...]:
    """The ledger of a decider that nothing disturbs."""
    with tempfile.TemporaryDirectory() as folder:
        desk = desk_in(Path(folder), stream_of(seed))
        desk.decide()
        return tuple(desk.ledger())


def without_offsets(rows: Iterable[StoredEvent]) -> list[StoredEvent]:
    """All but the provenance, which is another where the log holds more."""
    return [row.model_copy(update={"log_offset": 0}) for row in rows]


def test_the_streams_fill_a_ledger() -> None:
    for seed in range(3):
        assert len(straight(seed)) >= 8
        reasons = {json.loads(row.body)["reason"] for row in straight(seed)}
        assert EventReason.GRAVER in reasons, "a severity by level is reached"


def test_any_batches_and_deaths() -> None:
    deaths: list[bool] = []

    @given(seed=seeds, batch=batches.filter(lambda n: n > 2), lived=lives)
    @settings(bounded, max_examples=14)
    def lived_through(seed: int, batch: int, lived: list[dict[str, int]]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            desk = desk_in(Path(folder), stream_of(seed))
            for life in lived:
                died = desk.life(
                    commits=life["commits"],
                    after=bool(life["after"]),
                    batch=life["batch"],
                    snapshot_every=life["snapshot_every"],
                    aside=bool(life["aside"]),
                )
                if died:
                    deaths.append(bool(life["after"]))
            desk.decide(batch=batch)
            assert tuple(desk.ledger()) == straight(seed)

    lived_through()
    assert deaths.count(True) >= 5
    assert deaths.count(False) >= 5


@given(seed=seeds, copies=st.integers(0, 10_000), share=st.sampled_from([0.05, 0.3, 1.0]), lived=lives)
@settings(bounded, max_examples=6)
def test_any_duplicates(seed: int, copies: int, share: float, lived: list[dict[str, int]]) -> None:
    stream = stream_of(seed)
    doubled = with_duplicates(stream, copies, share)
    assert len(doubled) > len(stream)
    with tempfile.TemporaryDirectory() as folder:
        desk = desk_in(Path(folder), doubled)
        for life in lived[:2]:
            desk.life(commits=life["commits"], after=bool(life["after"]), batch=50, snapshot_every=60)
        desk.decide()
        assert without_offsets(desk.ledger()) == without_offsets(straight(seed))


@given(seed=seeds, cuts=st.lists(st.integers(1, 400), max_size=6))
@settings(bounded, max_examples=6)
def test_any_pace_of_arrival(seed: int, cuts: list[int]) -> None:
    """The decider follows the log as it grows."""
    stream = stream_of(seed)
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    with tempfile.TemporaryDirectory() as folder:
        desk = desk_in(Path(folder), [])
        with desk.opened() as (log, store):
            job = desk.job(log, store)
            job.recover()
            for first, last in pairwise(places):
                desk.append(stream[first:last])
                while job.step():
                    pass
        assert tuple(desk.ledger()) == straight(seed)


@pytest.mark.parametrize("met_after", [0, 3])
def test_of_two_deciders_one_goes_on_and_one_leaves(tmp_path: Path, met_after: int) -> None:
    desk = desk_in(tmp_path, stream_of(0))
    with desk.opened() as (log, store), desk.opened() as (other_log, other_store):
        one = desk.job(log, store, batch=40, host="one")
        one.recover()
        for _ in range(met_after):
            assert one.step()
        two = desk.job(other_log, other_store, batch=25, host="two")
        two.recover()
        assert one.step()
        with pytest.raises(AnotherDeciderError, match="another decider"):
            two.step()
        with pytest.raises(AnotherDeciderError):
            two.step()
        while one.step():
            pass
    assert tuple(desk.ledger()) == straight(0)
