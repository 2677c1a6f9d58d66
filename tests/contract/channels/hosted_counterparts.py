"""Receivers on loopback for services that are hosted elsewhere, and a file: they take in what those services document."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any  # whatever JSON came
from xml.etree import ElementTree

from aiohttp import web

from schemas.ports.channel import Channel
from tests.contract.channels.counterparts import (
    PATH_SECRET,
    HttpCounterpart,
    Mood,
    Taken,
    WebhookCounterpart,
    opened,
)

BOT_TOKEN = "123456:AA-very-secret-bot-token"
ROUTING_KEY = "R0UTINGKEYthatnobodymayknow12345"
LOOPBACK = ["127.0.0.1/32"]
ATOM = "{http://www.w3.org/2005/Atom}"


class TelegramCounterpart(HttpCounterpart):
    """Takes in sendMessage of a bot; answers 429 as Telegram does, with the seconds in the body."""

    def __init__(self) -> None:
        super().__init__()
        self.secrets = (BOT_TOKEN,)
        self.updates: list[dict[str, Any]] = []
        self.asked: list[dict[str, Any]] = []
        self.confirmed: list[dict[str, Any]] = []

    def channel(self, **more: object) -> Channel:
        values = {"type": "telegram", "url": self.base, "chat_id": "-1001", "token_env": "BOT_TOKEN"}
        return opened({"BOT_TOKEN": BOT_TOKEN}, {**values, "allow_addresses": LOOPBACK, **more})

    async def _answer(self, request: web.Request) -> web.Response:
        if request.path.endswith("/getUpdates"):
            self.asked.append(await request.json())
            since = self.asked[-1].get("offset", 0)
            return web.json_response({"ok": True, "result": [u for u in self.updates if u["update_id"] >= since]})
        if request.path.endswith("/answerCallbackQuery"):
            self.confirmed.append(await request.json())
            return web.json_response({"ok": True, "result": True})
        return await super()._answer(request)

    def read(self, request: web.Request, body: bytes) -> Taken:
        assert request.path == f"/bot{BOT_TOKEN}/sendMessage"
        data = json.loads(body)
        assert data["chat_id"] == "-1001"
        assert "parse_mode" not in data, "nothing in it is markup"
        assert len(data["text"].encode("utf-16-le")) <= 2 * 4096
        subject, _, text = data["text"].partition("\n\n")
        return Taken(subject, text, None, body, data)


class PagerDutyCounterpart(HttpCounterpart):
    """Takes in events of the Events API v2."""

    def __init__(self) -> None:
        super().__init__()
        self.secrets = (ROUTING_KEY,)

    def channel(self, **more: object) -> Channel:
        values = {"type": "pagerduty", "url": self.base, "routing_key_env": "ROUTING_KEY"}
        return opened({"ROUTING_KEY": ROUTING_KEY}, {**values, "allow_addresses": LOOPBACK, **more})

    def read(self, request: web.Request, body: bytes) -> Taken:
        assert request.path == "/v2/enqueue"
        assert len(body) <= 512 * 1024
        data = json.loads(body)
        assert data["routing_key"] == ROUTING_KEY
        assert data["event_action"] in ("trigger", "acknowledge", "resolve")
        assert 0 < len(data["dedup_key"]) <= 255
        payload = data["payload"]
        assert 0 < len(payload["summary"]) <= 1024
        assert payload["severity"] in ("critical", "error", "warning", "info")
        details = payload["custom_details"]
        return Taken(payload["summary"], details["body"], details["message_id"], body, data)


class AlertmanagerCounterpart(HttpCounterpart):
    """Takes in a post to Alertmanager's API v2."""

    def channel(self, **more: object) -> Channel:
        values = {"type": "alertmanager", "url": self.base, "token_env": "AM_TOKEN"}
        return opened({"AM_TOKEN": self.secrets[0]}, {**values, "allow_addresses": LOOPBACK, **more})

    def read(self, request: web.Request, body: bytes) -> Taken:
        assert request.path == "/api/v2/alerts"
        assert request.headers["Authorization"] == f"Bearer {self.secrets[0]}"
        alerts = json.loads(body)
        assert alerts
        for alert in alerts:
            assert alert["labels"]["alertname"]
            assert all(name.isidentifier() and name.isascii() for name in alert["labels"])
            assert alert["startsAt"] < alert["endsAt"]
        texts = alerts[0]["annotations"]
        return Taken(texts["summary"], texts["description"], None, body, {"alerts": alerts})


class AlertmanagerWebhookCounterpart(WebhookCounterpart):
    """Takes in what Alertmanager's own webhooks post, signed beside."""

    def channel(self, **more: object) -> Channel:
        return super().channel(**{"format": "alertmanager", **more})

    def read(self, request: web.Request, body: bytes) -> Taken:
        data = json.loads(body)
        assert data["version"] == "4"
        assert data["receiver"] == "desk"
        assert data["status"] in ("firing", "resolved")
        assert {alert["status"] for alert in data["alerts"]} <= {"firing", "resolved"}
        texts = data["alerts"][0]["annotations"]
        return Taken(texts["summary"], texts["description"], request.headers["webhook-id"], body, data)


class AppriseCounterpart(HttpCounterpart):
    """Takes in what apprise posts to an address of JSON."""

    def channel(self, **more: object) -> Channel:
        # jsons:// is JSON over https, and so on; the rest of the URL is as everywhere.
        scheme = {"http": "json", "https": "jsons"}[self.scheme]
        url = f"{scheme}://127.0.0.1:{self.port}/{PATH_SECRET}"
        values = {"type": "apprise", "url_env": "APPRISE_URL", "allow_addresses": LOOPBACK}
        return opened({"APPRISE_URL": str(more.pop("url", url))}, {**values, **more})

    def read(self, request: web.Request, body: bytes) -> Taken:
        assert request.path == f"/{PATH_SECRET}"
        data = json.loads(body)
        assert data["attachments"] == []
        return Taken(data["title"], data["message"], None, body, data)


class AtomCounterpart:
    """A reader of the file."""

    def __init__(self) -> None:
        self.mood: Mood = "answers"
        self.secrets: tuple[str, ...] = ()
        self._folder = TemporaryDirectory()
        self.path = Path(self._folder.name) / "alerts.atom"

    async def start(self, *, tls: bool = False) -> None:
        """Nothing listens."""

    async def stop(self) -> None:
        self._folder.cleanup()

    def channel(self, **more: object) -> Channel:
        return opened({}, {"type": "atom", "path": self.path, **more})

    @property
    def taken(self) -> list[Taken]:
        if not self.path.exists():
            return []
        entries = ElementTree.fromstring(self.path.read_bytes()).findall(f"{ATOM}entry")
        return [
            Taken(
                entry.findtext(f"{ATOM}title") or "",
                entry.findtext(f"{ATOM}content") or "",
                (entry.findtext(f"{ATOM}id") or "").removeprefix("urn:tocsin:"),
            )
            for entry in entries
        ]
