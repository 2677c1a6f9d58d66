"""One host is asked at a pace, and left alone when it says so or refuses again and again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.feeds.fetch import host_of
from pipelines.polling.host_pace import HostPace
from tests.unit.feeds.made import HOUR, NOW

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def test_requests_to_one_host_are_apart_and_other_hosts_do_not_wait() -> None:
    pace = HostPace(5.0)
    pace.asked("a", NOW)
    assert [pace.may_be_asked("a", NOW + n * SECOND) for n in (0, 4, 5)] == [False, False, True]
    assert pace.may_be_asked("b", NOW)
    free = HostPace(0.0)
    free.asked("a", NOW)
    assert free.may_be_asked("a", NOW)
    assert [p.free_at("a", NOW) for p in (pace, free)] == [NOW + 5 * SECOND, NOW]


def test_what_a_server_asks_for_holds_for_the_whole_host_up_to_a_day() -> None:
    pace = HostPace(5.0)
    assert pace.refused("a", NOW, 600.0) == NOW + 10 * MINUTE
    assert [pace.may_be_asked("a", NOW + n * MINUTE) for n in (9, 10)] == [False, True]
    assert pace.refused("a", NOW, 30.0) == NOW + 10 * MINUTE, "a shorter wish does not undo a longer one"
    assert pace.refused("b", NOW, 1e7) == NOW + 24 * HOUR


def test_refusals_in_a_row_slow_a_host_and_an_answer_ends_it() -> None:
    pace = HostPace(5.0)
    pauses = [pace.refused("a", NOW, None) for _ in range(20)]
    assert pauses[:4] == [None, None, NOW + 5 * MINUTE, NOW + 10 * MINUTE]
    assert pauses[-1] == NOW + HOUR
    pace.answered("a")
    assert pace.refused("a", NOW + 2 * HOUR, None) is None


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("http://news.example/rss", "news.example"),
        ("HTTPS://me:secret@NEWS.Example.:8080/rss", "news.example"),
        ("http://новости.example/rss", "xn--b1amnebsh.example"),
        ("http://xn--b1amnebsh.example/rss", "xn--b1amnebsh.example"),
        ("http://ｎｅｗｓ.example/rss", "news.example"),
        ("http://[2001:DB8::1]/rss", "2001:db8::1"),
        ("http://[::1/rss", ""),
        ("http://а\udfff.example/", ""),
        ("news", ""),
    ],
)
def test_a_host_has_one_name_however_it_is_spelled(address: str, host: str) -> None:
    assert host_of(address) == host


def test_what_was_promised_early_is_sent_apart_all_the_same() -> None:
    pace = HostPace(5.0)
    for second in (0, 5):
        pace.asked("a", NOW + second * SECOND)
    assert [pace.send("a", NOW + second * SECOND) for second in (6, 7, 10.9, 11)] == [True, False, False, True]
    assert pace.free_at("a", NOW) == NOW + 16 * SECOND, "the next is promised for after what was sent"
    pace.refused("a", NOW, 60.0)
    assert [pace.send("a", NOW + second * SECOND) for second in (59, 60)] == [False, True]
    free = HostPace(0.0, ["ours"])
    assert [free.send(host, NOW) for host in ("a", "a", "ours", "ours")] == [True] * 4
