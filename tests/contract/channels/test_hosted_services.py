"""What is particular to a channel: actions, keys and buttons of services, the Atom file, a real Alertmanager."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any  # whatever JSON came

import pytest
from aiohttp import web

from alerts.explanation.service_note import all_quiet_note, moving_again_note, standing_still_note
from connectors.address_guard import guarded_connector
from connectors.channels.alertmanager_alerts import alerts_of, webhook_v4
from connectors.channels.pagerduty import action_of, pagerduty_body
from connectors.channels.telegram import retry_after_in, telegram_body
from connectors.channels.telegram_answers import TelegramAnswers, answer_in
from connectors.clock import ManualClock
from pipelines.notifying.listening import Listener
from schemas.ids import canonical_json
from schemas.ports.answers import AnswerKind
from schemas.ports.channel import Message
from schemas.reasons import EventKind, Judgement, MessageKind
from tests.contract.channels.counterparts import Running, closed, opened
from tests.contract.channels.hosted_counterparts import (
    BOT_TOKEN,
    LOOPBACK,
    AtomCounterpart,
    PagerDutyCounterpart,
    TelegramCounterpart,
)
from tests.contract.channels.messages import AT, event, message
from tests.contract.channels.test_channel_laws import run, sent_once
from tests.services.not_run import not_run
from tests.services.ports import free_port
from tests.unit.notify.world import START, Desk

OVER = (EventKind.RESOLVED, EventKind.RETRACTED, EventKind.RULE_REMOVED)
FACTS = (EventKind.RULE_READY, EventKind.ENGINE_CHANGED, EventKind.EXTRACTOR_CHANGED)
NOTE = {"event": None, "evidence": ()}


@pytest.mark.parametrize("kind", EventKind)
def test_an_incident_is_triggered_and_resolved_under_one_key(kind: EventKind) -> None:
    told = message(event=event(event=kind))
    data = json.loads(pagerduty_body(told, "key"))
    assert data["event_action"] == ("resolve" if kind in OVER else "trigger")
    assert data["dedup_key"] == (told.message_id if kind in FACTS else told.thread_id)


def test_what_is_no_alert_has_an_action_too() -> None:
    assert action_of(message(kind=MessageKind.TEST, **NOTE)) == "resolve", "a test wakes nobody"
    assert action_of(message(kind=MessageKind.ACKNOWLEDGED, **NOTE)) == "acknowledge"
    assert action_of(message(kind=MessageKind.SERVICE, **NOTE)) == "trigger"
    sighted = event(event=EventKind.SIGHTED, alert_id="")
    assert action_of(message(event=sighted)) == "resolve"


def incidents_of(*messages: Message) -> list[tuple[str, str]]:
    """Return the action and the key of each event that a PagerDuty gets for ``messages``."""
    found: list[tuple[str, str]] = []

    async def scenario() -> None:
        counterpart = PagerDutyCounterpart()
        async with Running(counterpart):
            channel = counterpart.channel()
            for one in messages:
                assert (await channel.send(one)).result == "delivered"
            await channel.close()
            found.extend((taken.json["event_action"], taken.json["dedup_key"]) for taken in counterpart.taken)

    run(scenario)
    return found


def still_open(events: list[tuple[str, str]]) -> set[str]:
    """Return the keys of the incidents that ``events`` leave open."""
    left: set[str] = set()
    for action, key in events:
        left = left | {key} if action == "trigger" else left - {key}
    return left


def test_the_life_of_an_incident_at_a_receiver() -> None:
    life = (EventKind.OPENED, EventKind.ESCALATED, EventKind.RESOLVED)
    got = incidents_of(*(message(event=event(event=kind)) for kind in life))
    assert got == [(action, "a" * 24) for action in ("trigger", "trigger", "resolve")]


def test_a_stand_of_the_watch_is_one_incident_that_its_end_resolves() -> None:
    facts = {"lag_s": 400.0, "engine_time": AT, "still": (), "problem": "", "stand": "stand 1"}
    standing = [standing_still_note(occasion=f"stand 1 {times}", **facts) for times in (1, 2)]  # type: ignore[arg-type]
    other = standing_still_note(occasion="stand 2 1", **{**facts, "stand": "stand 2"})  # type: ignore[arg-type]
    got = incidents_of(*standing, other, moving_again_note(stood_s=500.0, stand="stand 1"))
    assert [action for action, _ in got] == ["trigger", "trigger", "trigger", "resolve"]
    assert still_open(got) == {other.thread_id}
    over = alerts_of(moving_again_note(stood_s=500.0, stand="stand 1"), AT)
    begun = alerts_of(standing[0], AT)
    assert (begun[0]["labels"], begun[0]["endsAt"]) == (over[0]["labels"], "0001-01-01T00:00:00Z")
    assert over[0]["endsAt"] != "0001-01-01T00:00:00Z", "in Alertmanager's words too"


def test_blindness_of_a_rule_is_resolved_by_its_end_and_by_that_of_the_rule() -> None:
    for end in (EventKind.SIGHTED, EventKind.RULE_REMOVED):
        both = [event(event=kind, alert_id="", key="") for kind in (EventKind.BLIND, end)]
        got = incidents_of(*(message(event=one, thread_id="rule-r") for one in both))
        assert got == [("trigger", "rule-r"), ("resolve", "rule-r")]


@pytest.mark.parametrize("kind", FACTS)
def test_what_only_happened_leaves_no_incident_open_and_ends_no_other(kind: EventKind) -> None:
    blind = message(event=event(event=EventKind.BLIND, alert_id="", key=""), thread_id="rule-r")
    fact = message(event=event(event=kind, alert_id="", key=""), thread_id="rule-r", message_id="msg_fact")
    got = incidents_of(blind, fact)
    assert got == [("trigger", "rule-r"), ("trigger", "msg_fact"), ("resolve", "msg_fact")]


def test_a_quiet_day_is_told_and_leaves_no_incident_open() -> None:
    note = all_quiet_note(since=AT, engine_time=AT, rang=0, receiver="desk")
    got = incidents_of(note)
    assert [action for action, _ in got] == ["trigger", "resolve"]
    assert still_open(got) == set()
    assert webhook_v4(note, "desk", AT)["status"] == "firing", (
        "Alertmanager tells nobody of what is over from the first on"
    )


def test_buttons_under_what_rings_and_under_nothing_else() -> None:
    def keyboard(**changes: object) -> list[str]:
        data = json.loads(telegram_body(message(**changes), "1", buttons=True))
        rows = data.get("reply_markup", {"inline_keyboard": [[]]})["inline_keyboard"]
        assert all(len(button["callback_data"].encode()) <= 64 for button in rows[0]), "Telegram's limit"
        return [button["callback_data"] for button in rows[0]]

    assert keyboard() == [f"{kind}:{'a' * 24}" for kind in ("ack", "silence", "noise")]
    assert keyboard(event=event(event=EventKind.RESOLVED)) == []
    assert keyboard(kind=MessageKind.SERVICE, **NOTE) == []
    assert "reply_markup" not in json.loads(telegram_body(message(), "1", buttons=False))


def test_a_bot_that_sends_too_much_is_told_in_the_body_how_long_to_wait() -> None:
    class Busy(TelegramCounterpart):
        async def _answer(self, request: web.Request) -> web.Response:
            return web.json_response({"ok": False, "parameters": {"retry_after": 17}}, status=429)

    async def scenario() -> None:
        counterpart = Busy()
        async with Running(counterpart):
            outcome = await sent_once(counterpart)
            assert (outcome.result, outcome.retry_after_s) == ("retry", 17.0)

    run(scenario)


@pytest.mark.parametrize(
    "said", [b"", b"[]", b"{}", b'{"parameters":[]}', b'{"parameters":{"retry_after":"1"}}', b"\xff"]
)
def test_an_unreadable_wish_to_wait_is_none(said: bytes) -> None:
    assert retry_after_in(said) is None


def pressed(number: int, data: str, *, chat: int = -1001) -> dict[str, Any]:
    return {
        "update_id": number,
        "callback_query": {
            "id": str(number),
            "from": {"id": 7, "first_name": "Ann\u202e"},
            "message": {"chat": {"id": chat}},
            "data": data,
        },
    }


@pytest.mark.parametrize(
    "update",
    [
        {},
        {"callback_query": 3},
        {"callback_query": {"message": None}},
        pressed(1, "ack:" + "a" * 24, chat=5),
        pressed(1, "delete:" + "a" * 24),
        pressed(1, "ack:../../x"),
        pressed(1, "ack"),
    ],
)
def test_what_is_no_answer_of_the_chat_is_passed_over(update: dict[str, Any]) -> None:
    assert answer_in(update, "-1001") is None


def test_pressing_buttons_answers_the_alert(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    made = desk.ring()

    async def scenario() -> None:
        counterpart = TelegramCounterpart()
        async with Running(counterpart):
            counterpart.updates = [
                pressed(5, f"ack:{made.alert_id}"),
                pressed(6, f"silence:{made.alert_id}"),
                pressed(7, f"noise:{made.alert_id}"),
                pressed(8, f"ack:{made.alert_id}", chat=99),
                pressed(9, "ack:" + "f" * 24),
            ]
            source = TelegramAnswers(
                "desk", counterpart.base, BOT_TOKEN, "-1001", lambda: guarded_connector(LOOPBACK), pause_s=0.01
            )
            stop = asyncio.Event()
            listening = asyncio.create_task(Listener(desk.store, [source], ManualClock(START)).run(stop))
            while not any(asked.get("offset") == 10 for asked in counterpart.asked):
                await asyncio.sleep(0.01)
            stop.set()
            await listening
        words = [confirmed["text"] for confirmed in counterpart.confirmed]
        assert [word.partition(" ")[0] for word in words] == ["acknowledged", "silent", "noted:", "there"]

    run(scenario)
    kept = desk.store.acknowledgements([made.alert_id])[made.alert_id]
    assert kept.author == "Ann (Telegram 7)"
    (silence,) = desk.store.silences(in_force_at=START)
    assert silence.ends_at == START + timedelta(hours=2)
    assert desk.store.verdicts()[made.alert_id].judgement is Judgement.NOISE


def test_a_bot_server_that_fails_is_asked_again_and_its_token_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        counterpart = TelegramCounterpart()
        async with Running(counterpart):
            pass
        source = TelegramAnswers(
            "desk", counterpart.base, BOT_TOKEN, "-1001", lambda: guarded_connector(LOOPBACK), pause_s=0.01
        )
        with closed(counterpart):
            assert list(await source.wait()) == []
        await source.close()

    run(scenario)
    assert "its buttons cannot be read" in caplog.text
    assert BOT_TOKEN not in caplog.text
    assert AnswerKind("ack") is AnswerKind.ACKNOWLEDGE


def test_a_feed_holds_the_newest_first_and_each_message_once() -> None:
    async def scenario() -> None:
        counterpart = AtomCounterpart()
        channel = counterpart.channel(entries=3)
        for n in (1, 2, 3, 4, 2):
            assert (await channel.send(message(message_id=f"m{n}", subject=f"HIGH {n}"))).result == "delivered"
        assert [taken.subject for taken in counterpart.taken] == ["HIGH 2", "HIGH 4", "HIGH 3"]
        assert sorted(path.name for path in counterpart.path.parent.iterdir()) == [".alerts.atom.lock", "alerts.atom"]
        await counterpart.stop()

    run(scenario)


def test_a_file_that_is_no_feed_of_ours_is_left_alone() -> None:
    async def scenario() -> None:
        counterpart = AtomCounterpart()
        counterpart.path.write_text("my diary")
        outcome = await counterpart.channel().send(message())
        assert (outcome.result, counterpart.path.read_text()) == ("refused", "my diary")
        await counterpart.stop()

    run(scenario)


def test_a_feed_whose_folder_is_missing_is_tried_again() -> None:
    async def scenario() -> None:
        channel = opened({}, {"type": "atom", "path": "/no/such/folder/alerts.atom"})
        outcome = await channel.send(message())
        assert outcome.result == "retry"
        assert "cannot be written" in outcome.detail

    run(scenario)


@pytest.mark.parametrize("kind", EventKind)
def test_an_alert_keeps_its_labels_over_its_life(kind: EventKind) -> None:
    first, later = (
        alerts_of(message(event=event(event=k, labels={"de-sk": "x"})), AT)[0] for k in (EventKind.OPENED, kind)
    )
    assert first["labels"] == later["labels"], "Alertmanager knows an alert by them"
    assert later["status"] == ("resolved" if kind in OVER else "firing")
    assert later["labels"]["de_sk"] == "x"  # type: ignore[index,call-overload]  # a mapping
    v4 = webhook_v4(message(event=event(event=kind)), "desk", AT)
    assert v4["status"] == later["status"]


def test_several_events_in_one_message_are_several_alerts() -> None:
    events = (event(), event(alert_id="b" * 24, key="GBR-UKR", event=EventKind.RESOLVED))
    told = message(kind=MessageKind.DIGEST, event=None, events=events)
    assert [alert["status"] for alert in alerts_of(told, AT)] == ["firing", "resolved"]
    assert json.loads(canonical_json(webhook_v4(told, "desk", AT)))["status"] == "firing"


@contextmanager
def real_alertmanager(folder: Path, webhook: str = "") -> Iterator[str]:
    """Run Debian's Alertmanager on loopback, alone; it posts to ``webhook``. Yield its address."""
    if not shutil.which("prometheus-alertmanager"):
        not_run("tests with a real Alertmanager", "prometheus-alertmanager (Debian's package) is not installed here")
    port = free_port()
    hooks = f", webhook_configs: [{{url: '{webhook}'}}]" if webhook else ""
    text = f"route: {{receiver: desk, group_by: [alert_id], group_wait: 0s}}\nreceivers: [{{name: desk{hooks}}}]\n"
    (folder / "am.yml").write_text(text)
    base = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [
            "prometheus-alertmanager",
            f"--config.file={folder}/am.yml",
            f"--storage.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(f"{base}/-/ready")
        yield base
    finally:
        server.terminate()
        server.wait(timeout=120)


def test_a_real_alertmanager_takes_an_alert_and_its_end(tmp_path: Path) -> None:
    async def scenario(base: str) -> None:
        channel = opened({}, {"type": "alertmanager", "url": base, "allow_addresses": LOOPBACK})
        assert (await channel.send(message())).result == "delivered"
        assert [alert["labels"]["key"] for alert in _open_alerts(base)] == ["AZE-RUS"]
        assert (await channel.send(message(event=event(event=EventKind.RESOLVED)))).result == "delivered"
        assert _open_alerts(base) == []
        await channel.close()

    with real_alertmanager(tmp_path) as base:
        run(lambda: scenario(base))


def test_a_real_alertmanager_posts_what_our_webhooks_in_its_form_post(tmp_path: Path) -> None:
    """What takes the one takes the other: the same keys with values of the same types, for the same alert."""
    posted: list[dict[str, Any]] = []

    async def scenario() -> None:
        came = asyncio.Event()

        async def take(request: web.Request) -> web.Response:
            posted.append(await request.json())
            came.set()
            return web.Response()

        app = web.Application()
        app.router.add_post("/", take)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        with real_alertmanager(tmp_path, f"http://127.0.0.1:{port}/") as base:
            channel = opened({}, {"type": "alertmanager", "url": base, "allow_addresses": LOOPBACK})
            assert (await channel.send(message())).result == "delivered"
            async with asyncio.timeout(120):
                await came.wait()
            await channel.close()
        await runner.cleanup()

    run(scenario)
    ours: dict[str, Any] = json.loads(canonical_json(webhook_v4(message(), "desk", AT)))
    theirs = posted[0]
    assert _shape(ours) == _shape(theirs)
    assert [_shape(alert) for alert in ours["alerts"]] == [_shape(alert) for alert in theirs["alerts"]]
    for name in ("labels", "annotations", "status"):
        assert ours["alerts"][0][name] == theirs["alerts"][0][name]
    assert (ours["status"], ours["receiver"], ours["version"]) == ("firing", "desk", theirs["version"])


def _shape(found: dict[str, Any]) -> dict[str, type]:
    return {name: type(value) for name, value in found.items()}


def _wait_for(url: str) -> None:
    until = time.monotonic() + 120
    while True:
        try:
            urllib.request.urlopen(url, timeout=30).close()
            return
        except OSError:
            assert time.monotonic() < until, f"{url} did not answer within two minutes"
            time.sleep(0.1)


def _open_alerts(base: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{base}/api/v2/alerts?active=true", timeout=60) as answer:
        found: list[dict[str, Any]] = json.load(answer)
    return found
