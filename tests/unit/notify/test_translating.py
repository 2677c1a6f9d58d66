"""Translations beside headlines: asked once, waited for a moment, never in the way of a message."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.explanation.background import Background
from alerts.explanation.foreign import ForeignTitle
from alerts.explanation.key_history import Headline
from connectors.clock import ManualClock
from pipelines.notifying.translating import Translations
from schemas.alert_event import AlertEvent
from schemas.errors import UsageError
from schemas.ports.channel import HourBar
from tests.contract.store.scribe import evidence_of
from tests.unit.notify.world import START, Desk, Phone
from tocsin.receivers import translations_of
from tocsin.settings import load_workplace, parse_settings

RUSSIAN = ForeignTitle("Задержаны", "ru")


class Machine:
    """A translator that says ``says`` after ``gate`` opens, and keeps what it was asked."""

    def __init__(self, says: str | Exception | None = "Detained") -> None:
        self.says = says
        self.asked: list[tuple[str, str]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.closed = 0

    async def translate(self, text: str, language: str) -> str | None:
        self.asked.append((text, language))
        await self.gate.wait()
        if isinstance(self.says, Exception):
            raise self.says
        return self.says

    async def close(self) -> None:
        self.closed += 1


def test_each_headline_is_asked_for_once() -> None:
    async def scenario() -> None:
        machine = Machine()
        kept = Translations(machine, ManualClock(START), target="en")
        await asyncio.gather(*(kept.fetch([RUSSIAN, RUSSIAN]) for _ in range(3)))
        await kept.fetch([RUSSIAN])
        assert kept.known(RUSSIAN) == "Detained"
        assert machine.asked == [("Задержаны", "ru")]
        assert kept.known(ForeignTitle("Задержаны", "uk")) == ""
        await kept.close()

    asyncio.run(scenario())


def test_what_comes_too_late_serves_the_next() -> None:
    async def scenario() -> None:
        machine = Machine()
        machine.gate.clear()
        kept = Translations(machine, ManualClock(START), target="en", wait_s=0.01)
        await kept.fetch([RUSSIAN])
        assert kept.known(RUSSIAN) == ""
        machine.gate.set()
        async with asyncio.timeout(60):
            while not kept.known(RUSSIAN):
                await kept.fetch([RUSSIAN])
        assert kept.known(RUSSIAN) == "Detained"
        assert len(machine.asked) == 1
        await kept.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("says", [None, RuntimeError("secret-word")])
def test_after_a_failure_nobody_waits_for_a_while(says: Exception | None, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        machine, clock = Machine(says), ManualClock(START)
        kept = Translations(machine, clock, target="en")
        for _ in range(3):
            await kept.fetch([RUSSIAN])
        assert len(machine.asked) == 1
        clock.sleep(timedelta(minutes=6).total_seconds())
        machine.says = "Detained"
        await kept.fetch([RUSSIAN])
        assert kept.known(RUSSIAN) == "Detained"
        await kept.close()

    caplog.set_level(logging.WARNING)
    asyncio.run(scenario())
    assert sum("not translated for 5 min" in record.getMessage() for record in caplog.records) == 1


def test_closing_gives_up_what_is_on_its_way() -> None:
    async def scenario() -> None:
        machine = Machine()
        machine.gate.clear()
        kept = Translations(machine, ManualClock(START), target="en", wait_s=0.01)
        await kept.fetch([RUSSIAN])
        await kept.close()
        await kept.close()
        assert machine.closed == 2
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(scenario())


def in_russian(event: AlertEvent, hours: Sequence[HourBar]) -> Background:
    """Say that the article is Russian."""
    item = evidence_of("a")
    known = Headline(item.article_id, START, START, item.title, "ru", False, (), ())
    return Background(by_id={item.article_id: known}, hours=hours)


def told_with(folder: Path, machine: Machine) -> Phone:
    """Ring once with ``machine`` beside it."""
    phone = Phone()
    desk = Desk(folder, phone)
    desk.backgrounds = in_russian
    desk.translations = Translations(machine, desk.clock, target="en", wait_s=0.05)
    desk.ring(articles="a")
    desk.step(desk.notifier())
    return phone


def test_a_message_shows_the_original_and_below_it_the_translation(tmp_path: Path) -> None:
    (message,) = told_with(tmp_path, Machine("Held in Yekaterinburg")).got
    original, translated = (message.body.find(text) for text in (evidence_of("a").title, "“Held in Yekaterinburg”"))
    assert 0 < original < translated


@pytest.mark.parametrize("says", [None, RuntimeError("broken")])
def test_a_translator_that_fails_changes_no_message(tmp_path: Path, says: Exception | None) -> None:
    (message,) = told_with(tmp_path, Machine(says)).got
    assert evidence_of("a").title in message.body
    assert "translation" not in message.body


def test_a_translator_that_hangs_delays_no_message(tmp_path: Path) -> None:
    machine = Machine()
    machine.gate = asyncio.Event()
    (message,) = told_with(tmp_path, machine).got
    assert evidence_of("a").title in message.body
    assert len(machine.asked) == 1


def test_it_is_off_unless_a_server_is_named(tmp_path: Path) -> None:
    clock = ManualClock(START)
    (tmp_path / "tocsin.toml").write_text("")
    assert translations_of(load_workplace(tmp_path, {}), clock, {}) is None
    (tmp_path / "tocsin.toml").write_text(
        'translate = {url = "https://lt.example", api_key_env = "LT_KEY", target = "de"}'
    )
    workplace = load_workplace(tmp_path, {})
    kept = translations_of(workplace, clock, {"LT_KEY": "hidden"})
    assert kept is not None
    assert kept.target == "de"
    with pytest.raises(UsageError, match="LT_KEY"):
        translations_of(workplace, clock, {})
    with pytest.raises(UsageError, match="a key without a url"):
        parse_settings('translate = {api_key_env = "LT_KEY"}', "tocsin.toml", {})
