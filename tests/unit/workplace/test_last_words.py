"""The end of the service: people hear of it once, whatever starts it again."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts.explanation.service_note import ended_note
from connectors.clock import ManualClock
from schemas.errors import FatalError, StoreUnavailableError
from schemas.ports.channel import Channel
from tests.unit.notify.world import LATER, NEVER, Phone
from tocsin import jobs, last_words, service
from tocsin.giving_up import Reasons, say_why
from tocsin.last_words import TOLD_FILE, send_to_all, tell_of_the_end
from tocsin.receivers import Ways, ways_that_open
from tocsin.settings import FILE_NAME, Workplace, load_workplace

START = datetime(2025, 6, 30, 14, tzinfo=UTC)

RECEIVERS = """\
[[receivers]]
type = "ntfy"
name = "gone"
topic_env = "NO_SUCH_VARIABLE_HERE"
[[receivers]]
type = "slack"
name = "hook"
url_env = "HOOK"
"""


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    (tmp_path / FILE_NAME).write_text(RECEIVERS)
    return load_workplace(tmp_path)


@pytest.fixture
def phone(monkeypatch: pytest.MonkeyPatch) -> Phone:
    phone = Phone()

    def opened(_workplace: Workplace) -> Ways:
        return Ways([phone], [], None)

    monkeypatch.setattr(last_words, "ways_that_open", opened)
    return phone


def test_a_restart_does_not_tell_it_again_for_half_a_day(place: Workplace, phone: Phone) -> None:
    clock = ManualClock(START)
    tell_of_the_end(place, "decide: the log is damaged at 17", clock=clock)
    (note,) = phone.got
    assert note.subject == "ENDED: the watch has stopped for good: decide: the log is damaged at 17"
    clock.sleep(11 * 3600)
    tell_of_the_end(place, "decide: the log is damaged at 18", clock=clock)
    assert len(phone.got) == 1
    tell_of_the_end(place, "notify: the store is damaged", clock=clock)
    tell_of_the_end(place, "decide: the log is damaged at 17", clock=clock)
    assert len(phone.got) == 2, "two reasons in turn are each told once"
    clock.sleep(3600)
    tell_of_the_end(place, "decide: the log is damaged at 17", clock=clock)
    assert len(phone.got) == 3
    assert len({note.thread_id for note in phone.got}) == 1
    assert len({note.message_id for note in phone.got}) == 3


def test_what_nobody_heard_is_told_at_the_next_end(place: Workplace, phone: Phone) -> None:
    phone.answer = NEVER
    tell_of_the_end(place, "the store is damaged", clock=ManualClock(START))
    phone.answer = Phone().answer
    tell_of_the_end(place, "the store is damaged", clock=ManualClock(START + timedelta(minutes=1)))
    assert len(phone.got) == 1


def test_a_file_that_cannot_be_read_or_written_keeps_nobody_from_being_told(place: Workplace, phone: Phone) -> None:
    book = place.folder / TOLD_FILE
    book.parent.mkdir()
    book.write_text("[1]")
    tell_of_the_end(place, "the store is damaged", clock=ManualClock(START))
    book.unlink()
    book.mkdir()
    tell_of_the_end(place, "the store is damaged", clock=ManualClock(START))
    assert len(phone.got) == 2


def test_who_may_answer_later_is_asked_again_and_who_refuses_is_not() -> None:
    later, gone, well = Phone("later", LATER), Phone("gone", answer=NEVER), Phone("well")
    channels: list[Channel] = [later, gone, well]
    note = ended_note("it is damaged", folder="/srv", now=START)
    assert asyncio.run(send_to_all(note, channels, stopping=lambda: False, pause_s=0))
    assert [len(one.tried) for one in (later, gone, well)] == [2, 1, 1]
    assert [one.closed for one in (later, gone, well)] == [1, 1, 1]


def test_a_stop_ends_the_trying() -> None:
    phone = Phone(answer=LATER)
    note = ended_note("it is damaged", folder="/srv", now=START)
    assert not asyncio.run(send_to_all(note, [phone], stopping=lambda: True, pause_s=0))
    assert len(phone.tried) == 1


def test_a_receiver_whose_secret_is_gone_keeps_no_other_from_being_told(place: Workplace) -> None:
    assert [
        channel.receiver for channel in ways_that_open(place, {"HOOK": "https://hooks.slack.com/services/x"}).channels
    ] == ["hook"]


def test_the_first_reason_is_the_one() -> None:
    with Reasons() as reasons:
        assert reasons.first() == ""
        say_why(reasons.descriptor, "decide: foreign\n  → restore")
        say_why(reasons.descriptor, "notify: damaged")
        say_why(None, "nobody hears it")
        assert reasons.first() == "decide: foreign\n  → restore"


def test_a_job_says_why_it_is_useless_and_not_why_it_falls(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    for error in (StoreUnavailableError("connection refused"), FatalError("the store is damaged")):

        def notify(_workplace: Workplace, _stop: threading.Event, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(jobs, "_notify", notify)
        jobs.run_job("notify", place, threading.Event(), said.append)
    assert said == ["notify: the store is damaged"]


def _damaged(_workplace: Workplace, _stopping: Callable[[], bool] = lambda: False) -> str:
    raise FatalError("the store is damaged", remedy="restore it")


@pytest.mark.parametrize(("names", "told"), [(("poll", "notify"), 1), (("poll",), 0)])
def test_a_service_that_cannot_begin_tells_people_where_it_is_the_one_that_does(
    place: Workplace, phone: Phone, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...], told: int
) -> None:
    monkeypatch.setattr(service, "put_rules_into_force", _damaged)
    monkeypatch.setattr(service, "check_receivers", lambda *_: None)
    with pytest.raises(FatalError, match="damaged"):
        service.run_supervised(names, place, verbose=False, lock=False, say=lambda _: None)
    assert [note.subject for note in phone.got] == [
        "ENDED: the watch has stopped for good: the store is damaged → restore it"
    ] * told
