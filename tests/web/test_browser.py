"""A person with a real Chromium before the real service: news comes in by a feed, the page says so, the alert is acknowledged."""

from __future__ import annotations

import asyncio
import json
import os
from datetime import timedelta
from pathlib import Path

from schemas.ports.response import Acknowledgement
from tests.acceptance.service_world import ENVIRON, FEEDS, ServiceWorld
from tests.chaos.service_process import ServiceProcess
from tests.services.ports import free_port
from tests.web.chromium import Chromium, chromium_path
from tocsin.settings import load_workplace
from tocsin.workplace import open_store_of

_BACKLOG = ("Rain is expected in the mountains on Sunday", "Bakers vote on the price of bread")
_NEWS = (
    "Azerbaijan summons the Russian ambassador over arrests in Yekaterinburg",
    "Yekaterinburg: Russia rejects the protest of Azerbaijan",
    "Azerbaijan closes the Russian House in Baku as Yekaterinburg mourns",
    "Moscow and Baku quarrel: Russia expels a diplomat of Azerbaijan from Yekaterinburg",
)


def test_from_a_feed_item_to_an_acknowledged_alert(tmp_path: Path) -> None:
    chromium_path()  # Before anything is started.
    port = free_port()
    with ServiceWorld() as world:
        for feed in FEEDS:
            world.publish(feed, _BACKLOG, ago=timedelta(hours=5))
        folder = world.folder(tmp_path / "desk")
        environ = {**ENVIRON, "TOCSIN_WEB__PORT": str(port)}
        service = ServiceProcess(folder, environ=environ)
        try:
            service.wait_started("poll", "extract", "decide", "notify", "web")
            service.wait_for("the web page", lambda: "the web page is at" in service.stderr)
            asyncio.run(_watch(world, f"http://127.0.0.1:{port}", tmp_path))
            service.press_ctrl_c()
            assert service.ended() == 0
        finally:
            service.end()
        (kept,) = _acknowledged(folder)
    assert kept.author == "this machine"


async def _watch(world: ServiceWorld, address: str, place: Path) -> None:
    async with Chromium(place / "profile") as browser:
        await browser.look(1280)
        await browser.open(f"{address}/")
        # The engine has begun: only then is what comes news and not history.
        await browser.until("document.querySelector('footer').textContent.includes('engine time 2')")
        assert await browser.value("document.querySelector('h1').textContent") == "Nothing rings"
        for number, feed in enumerate(FEEDS):
            await asyncio.to_thread(world.publish, feed, _NEWS[number :: len(FEEDS)])
        # Nobody loads the page again: it hears of it.
        await browser.until("document.querySelector('h1').textContent === '1 alert rings'")
        await browser.value("document.querySelector('.alert h3 a').click()")
        await browser.until("location.pathname.startsWith('/alerts/') && document.readyState === 'complete'")
        text = await browser.value("document.querySelector('main').innerText")
        assert "Azerbaijan–Russia" in text
        assert any(title in text for title in _NEWS)
        await browser.until("[...document.images].length > 0 && [...document.images].every(i => i.naturalWidth > 0)")
        # What is new in the words is worked out meanwhile, and comes without loading the page again.
        await browser.until("document.querySelector('.news strong')?.innerText === 'Yekaterinburg'")
        # By the keyboard alone, as everything here.
        await browser.value("document.querySelector('button.first').focus()")
        await browser.press("Enter")
        await browser.until("document.querySelector('main').innerText.includes('cares for it since')")
        await browser.open(f"{address}/audit")
        assert "acknowledged" in await browser.value("document.querySelector('tbody tr').innerText")
        await _is_usable(browser, address)
        assert browser.said == [], "the console of a page is silent"


async def _is_usable(browser: Chromium, address: str) -> None:
    """Every page fits a phone, and the first stop of the keyboard leads to the content."""
    await browser.look(390)
    for path in ("/", "/alerts", "/watches", "/rules", "/why", "/feeds", "/dead-letters", "/audit"):
        await browser.open(f"{address}{path}")
        assert await browser.value("document.documentElement.scrollWidth <= innerWidth"), path
        await browser.press("Tab")
        assert await browser.value("document.activeElement.className") == "skip", path
        style = json.loads(await browser.value("JSON.stringify(getComputedStyle(document.activeElement).outlineStyle)"))
        assert style != "none", "focus can be seen"


def _acknowledged(folder: Path) -> list[Acknowledgement]:
    store = open_store_of(load_workplace(folder, {**os.environ, **ENVIRON}))
    try:
        alerts = {event.alert_id for event in store.events() if event.alert_id}
        return list(store.acknowledgements(sorted(alerts)).values())
    finally:
        store.close()
