"""A rule with many keys, counting one of them alone, finds what it found for that key and nothing else."""

from __future__ import annotations

import pytest

from alerts.rules.match import compile_watch
from alerts.rules.one_key import with_one_key
from tests.unit.rules.world import rule, signal

MET = signal(
    "Baku meets Moscow and Kyiv on gas.",
    actors={"AZE": [0], "RUS": [0], "UKR": [0]},
    pairs=[("AZE", "RUS", [0]), ("AZE", "UKR", [0])],
    directed=[("RUS", "UKR", [0])],
    topics={"energy": [0], "sanctions": [0]},
)


@pytest.mark.parametrize(
    ("watch", "key"),
    [
        ("{pair: [AZE, '*']}", "AZE-RUS"),
        ("{each: pair}", "AZE-UKR"),
        ("{pair: {from: RUS, to: '*'}}", "RUS>UKR"),
        ("{each: actor}", "UKR"),
        ("{each: topic}", "topic:energy"),
    ],
)
def test_it_finds_that_key_alone(watch: str, key: str) -> None:
    many = rule(watch)
    assert key in {hit.key for hit in compile_watch(many).hits(MET)}
    assert {hit.key for hit in compile_watch(with_one_key(many, key)).hits(MET)} == {key}


@pytest.mark.parametrize(
    ("watch", "key"), [("{each: pair}", "RUS>UKR"), ("{each: actor}", "AZE-RUS"), ("{topics: energy}", "topic:energy")]
)
def test_what_is_no_key_of_it_leaves_it_as_it_is(watch: str, key: str) -> None:
    many = rule(watch)
    assert with_one_key(many, key) is many
