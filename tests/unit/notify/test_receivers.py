"""Receivers of the settings → open channels: every mistake at once, no secret told, files beside the settings."""

from __future__ import annotations

import asyncio
import logging
import threading
from pathlib import Path

import pytest

from connectors.store.open import open_store
from pipelines.notifying.late_store import LateStore
from pipelines.notifying.planning import Receiver
from schemas.errors import UsageError
from schemas.reasons import Severity
from tests.contract.channels.counterparts import WEBHOOK_SECRET
from tocsin.jobs import run_job
from tocsin.receivers import notify_owner, open_ways, run_notify
from tocsin.settings import Workplace, parse_settings


def workplace(folder: Path, text: str) -> Workplace:
    return Workplace(folder=folder, settings=parse_settings(text, "tocsin.toml", {}))


def test_each_receiver_gets_its_channel_and_its_filter(tmp_path: Path) -> None:
    (tmp_path / "hook.secret").write_text(WEBHOOK_SECRET)
    text = """
        [[receivers]]
        type = "console"
        name = "screen"
        [[receivers]]
        type = "webhook"
        name = "hook"
        url = "https://hook.example"
        secret_file = "hook.secret"
        min_severity = "high"
        labels = {desk = "caucasus"}
        [heartbeat]
        url_env = "MONITOR"
    """
    ways = open_ways(workplace(tmp_path, text), {"MONITOR": "https://monitor.example/ping"})
    assert [channel.receiver for channel in ways.channels] == ["screen", "hook"]
    assert ways.receivers == [
        Receiver("screen", service_events=True),
        Receiver("hook", min_severity=Severity.HIGH, labels={"desk": "caucasus"}),
    ]
    assert ways.heartbeat is not None
    asyncio.run(ways.close())


def test_all_secrets_that_cannot_be_read_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "short").write_text("whsec_dmVyeXNlY3JldA==")
    text = """
        [[receivers]]
        type = "slack"
        name = "chat"
        url_env = "SLACK_URL"
        [[receivers]]
        type = "webhook"
        name = "hook"
        url = "https://hook.example"
        secret_file = "short"
        [[receivers]]
        type = "ntfy"
        name = "phone"
        topic_file = "missing"
        [[receivers]]
        type = "email"
        name = "mail"
        host = "mail.example"
        sender = "a@example.org"
        to = ["b@example.org"]
        ca_file = "short"
        [heartbeat]
        url_env = "MONITOR"
    """
    with pytest.raises(UsageError) as raised:
        open_ways(workplace(tmp_path, text), {"MONITOR": "nonsense-verysecret"})
    told = str(raised.value)
    assert raised.value.exit_code == 2
    for name in ("chat", "hook", "phone", "mail", "heartbeat"):
        assert f'receiver "{name}"' in told
    assert str(tmp_path / "missing") in told
    assert told.count("→") == 5, "each mistake has its own remedy"
    assert "verysecret" not in told
    assert "dmVyeXNlY3JldA" not in told


def test_the_job_ends_for_good_when_a_secret_is_missing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    place = workplace(tmp_path, '[[receivers]]\ntype = "slack"\nname = "chat"\nurl_env = "NO_SUCH_VARIABLE_HERE"\n')
    assert run_job("notify", place, threading.Event()) == 2
    assert "NO_SUCH_VARIABLE_HERE" in caplog.text


def test_without_receivers_the_job_runs_and_says_so_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")

    async def run_a_while() -> None:
        stop = asyncio.Event()
        job = asyncio.create_task(run_notify(workplace(tmp_path, ""), LateStore(lambda: store), stop))
        async with asyncio.timeout(120):
            while "notify" not in store.heartbeats():
                await asyncio.sleep(0.01)
        stop.set()
        await job

    with caplog.at_level(logging.WARNING):
        asyncio.run(run_a_while())
    assert [record.message for record in caplog.records].count(caplog.messages[0]) == 1
    assert "no [[receivers]]" in caplog.messages[0]
    store.close()


def test_no_two_notifiers_have_one_name() -> None:
    assert len({notify_owner() for _ in range(100)}) == 100
