"""``/api/v1``: alerts and watches for programs, described by ``/api/v1/openapi.json``. Reads only."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Security
from fastapi.security import HTTPBearer
from pydantic import BaseModel

from alerts.explanation.names import key_name
from pipelines.pages.ledger_view import AlertLife
from pipelines.pages.search_rows import matching
from pipelines.pages.watch_rows import KeyState, WatchRow
from schemas.alert_event import AlertEvent, Counts, Evidence
from schemas.reasons import Severity
from tocsin.web.pages.alert import found_alert
from tocsin.web.site import Site, site_of

# The guard lets in or keeps out before any of this is reached; here it is only described.
_TOKEN = HTTPBearer(
    auto_error=False, description="A token of the section [web]; none is needed on this machine itself."
)


class Refusal(BaseModel):
    """Why there is no answer, in words."""

    detail: str


router = APIRouter(
    prefix="/api/v1",
    dependencies=[Security(_TOKEN)],
    responses={
        401: {"description": "A token is needed, or this one is none."},
        503: {"description": "Log or store cannot be read now.", "model": Refusal},
    },
)


class AlertShape(BaseModel):
    """An alert: the numbers are those of its newest event with a window."""

    alert_id: str
    rule: str
    key: str
    name: str
    severity: Severity
    state: Literal["open", "ended"]
    opened_at: datetime
    ended_at: datetime | None
    counts: Counts
    expected: float | None
    score: float | None
    learning: bool
    labels: dict[str, str]


class AlertPart(BaseModel):
    """A part of the alerts, newest first; ``total`` counts all that fit."""

    total: int
    alerts: list[AlertShape]


class WholeAlert(BaseModel):
    """One alert with its events as the ledger holds them, and what is left of its evidence."""

    alert: AlertShape
    events: list[AlertEvent]
    evidence: list[Evidence]


class WatchShape(BaseModel):
    """One key of one rule. ``hours`` counts what each of the last hours brought, oldest first; ``lacks`` says in numbers
    what the window nearest to ringing still needs."""

    rule: str
    key: str
    name: str
    severity: Severity
    state: KeyState
    shadow: bool
    alert_id: str | None
    nearness: float
    counts: Counts
    expected: float | None
    score: float | None
    lacks: dict[str, float]
    hours: list[int]
    last_seen: datetime | None


class WatchPart(BaseModel):
    """A part of the watches, what a person must see first, first; ``total`` counts all that fit."""

    total: int
    watches: list[WatchShape]


_Limit = Annotated[int, Query(ge=1, le=1000, description="at most so many")]
_Start = Annotated[int, Query(ge=0, description="leave out so many before")]


@router.get("/alerts", summary="Alerts, newest first")
def alerts(
    request: Request, state: Literal["open", "all"] = "all", rule: str = "", limit: _Limit = 100, start: _Start = 0
) -> AlertPart:
    """Return the alerts that fit."""
    site = site_of(request)
    ledger = site.reading.ledger
    lives = ledger.open_alerts() if state == "open" else ledger.newest_first()
    found = [life for life in lives if not rule or life.first.rule == rule]
    return AlertPart(total=len(found), alerts=[_alert(site, life) for life in found[start : start + limit]])


@router.get(
    "/alerts/{alert_id}",
    summary="One alert with its life and evidence",
    responses={404: {"description": "No alert has that id.", "model": Refusal}},
)
def alert(request: Request, alert_id: str) -> WholeAlert:
    """Return one alert."""
    site = site_of(request)
    life = found_alert(site, alert_id)
    texts = site.store.evidence(list(dict.fromkeys(name for event in life.events for name in event.evidence)))
    return WholeAlert(alert=_alert(site, life), events=list(life.events), evidence=list(texts.values()))


@router.get("/watches", summary="Every key of every rule, and how near it is to ringing")
def watches(
    request: Request, q: str = "", state: KeyState | None = None, rule: str = "", limit: _Limit = 100, start: _Start = 0
) -> WatchPart:
    """Return the watches that fit."""
    found = matching(site_of(request).reading.watches, words=q[:200], state=state.value if state else "", rule=rule)
    return WatchPart(total=len(found), watches=[_watch(row) for row in found[start : start + limit]])


def _alert(site: Site, life: AlertLife) -> AlertShape:
    told = next((event for event in reversed(life.events) if event.window is not None), life.last)
    return AlertShape(
        alert_id=life.id,
        rule=life.first.rule,
        key=life.first.key,
        name=key_name(life.first.rule, life.first.key, site.names),
        severity=life.last.severity,
        state="open" if life.is_open else "ended",
        opened_at=life.first.at,
        ended_at=life.ended,
        counts=told.counts,
        expected=told.expected,
        score=told.score,
        learning=life.first.learning,
        labels=life.last.labels,
    )


def _watch(row: WatchRow) -> WatchShape:
    verdict = row.nearest.verdict if row.nearest is not None else None
    return WatchShape(
        rule=row.rule,
        key=row.key,
        name=row.name,
        severity=row.severity,
        state=row.state,
        shadow=row.shadow,
        alert_id=row.alert_id or None,
        nearness=round(row.share, 3),
        counts=verdict.counts if verdict is not None else Counts(),
        expected=verdict.expected if verdict is not None else None,
        score=verdict.score if verdict is not None else None,
        lacks={c.need.value: c.needs - c.has for c in row.nearest.missing} if row.nearest is not None else {},
        hours=list(row.spark),
        last_seen=row.last_seen,
    )
