"""*Now*: what rings, whether the watch is awake, what is blind, what came nearest without ringing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from alerts.explanation.carriers import headlines
from alerts.explanation.names import key_name
from pipelines.notifying.answering import silence_words
from pipelines.pages.ledger_view import AlertLife
from pipelines.pages.watch_rows import KeyState
from schemas.alert_event import Evidence
from tocsin.web.rendering import page
from tocsin.web.site import Site, site_of

router = APIRouter(include_in_schema=False)

#: Alerts shown with headlines; more are listed with their figures.
_TOLD, _ENDED, _NEAREST = 12, 6, 8


@router.get("/")
def now(request: Request) -> HTMLResponse:
    """Show the page."""
    site = site_of(request)
    reading = site.reading
    ringing = reading.ledger.open_alerts()
    ended = [life for life in reading.ledger.newest_first() if not life.is_open][:_ENDED]
    nearest = sorted(
        (row for row in reading.watches if row.state is not KeyState.FIRING and row.share > 0.0),
        key=lambda row: -row.share,
    )[:_NEAREST]
    acknowledged = site.store.acknowledgements([life.id for life in ringing])
    return page(
        request,
        "now.html",
        acknowledged=acknowledged,
        silences=site.store.silences(in_force_at=site.clock.now()),
        silence_words=silence_words,
        ringing=[_told(site, life) for life in ringing[:_TOLD]],
        further=[_told(site, life, headlines_too=False) for life in ringing[_TOLD:]],
        ended=[_told(site, life, headlines_too=False) for life in ended],
        nearest=nearest,
    )


def _told(site: Site, life: AlertLife, *, headlines_too: bool = True) -> Mapping[str, object]:
    """Return what one alert's entry shows."""
    shown: Sequence[Evidence] = ()
    if headlines_too:
        hashes = list(dict.fromkeys(name for event in reversed(life.events) for name in event.evidence))[:30]
        shown = headlines(list(site.store.evidence(hashes).values()), 2)
    return {"life": life, "name": key_name(life.first.rule, life.first.key, site.names), "headlines": shown}


@router.get("/mark")
def mark(request: Request) -> HTMLResponse:
    """Return a word that changes when pages may look different: what live updates ask for."""
    return HTMLResponse(site_of(request).mark, media_type="text/plain")
