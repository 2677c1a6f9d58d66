"""*Alerts*: all of them, newest first; and one with its chart, its evidence by story, its life and its deliveries."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, Response

from alerts.explanation.names import key_name
from alerts.rules.model import New, Rule, Threshold
from pipelines.notifying.answering import silence_words
from pipelines.pages.alert_page import alert_page, evidence_hours, stories_of
from pipelines.pages.hour_series import Hour
from pipelines.pages.ledger_view import AlertLife, read_alert
from schemas.ids import hour_of, hour_start
from schemas.ports.response import Silence
from tocsin.web.charts import Palette, hours_chart
from tocsin.web.rendering import page
from tocsin.web.site import Site, site_of

router = APIRouter(include_in_schema=False)

PAGE_ROWS = 50

#: The ends of a silence that the page offers: value and words.
SILENCE_ENDS: tuple[tuple[str, str], ...] = (
    ("2h", "for 2 hours"),
    ("8h", "for 8 hours"),
    ("24h", "for a day"),
    ("morning", "until 08:00 UTC"),
    ("doubles", "until it doubles"),
    ("story", "this story only"),
)


@router.get("/alerts")
def alerts(request: Request, rule: str = "", start: Annotated[int, Query(ge=0)] = 0) -> HTMLResponse:
    """Show every alert, newest first."""
    site = site_of(request)
    found = [life for life in site.reading.ledger.newest_first() if not rule or life.first.rule == rule]
    rows = [(life, key_name(life.first.rule, life.first.key, site.names)) for life in found[start : start + PAGE_ROWS]]
    rules = sorted({life.first.rule for life in site.reading.ledger.alerts.values()})
    return page(
        request, "alerts.html", rows=rows, total=len(found), start=start, step=PAGE_ROWS, rule=rule, rules=rules
    )


@router.get("/alerts/{alert_id}")
def alert(request: Request, alert_id: str) -> HTMLResponse:
    """Show one alert."""
    site = site_of(request)
    life = found_alert(site, alert_id)
    hashes = list(dict.fromkeys(name for event in life.events for name in event.evidence))
    shown = alert_page(life, site.store.evidence(hashes), site.store.deliveries(alert_id=life.id), site.names)
    hours, whole = _hours(site, life)
    return page(
        request,
        "alert.html",
        alert=shown,
        attempts={d.delivery_id: site.store.attempts(d.delivery_id) for d in shown.deliveries[:20]},
        hours=[(hour_start(one.hour), one) for one in hours if one.count],
        drawn=bool(hours),
        whole=whole,
        words=site.words.of(life),
        acknowledged=site.store.acknowledgements([life.id]).get(life.id),
        silences=silences_of(site, life),
        verdict=site.store.verdicts().get(life.id),
        ends=SILENCE_ENDS,
        silence_words=silence_words,
    )


@router.get("/alerts/{alert_id}/chart.svg")
def chart(request: Request, alert_id: str, theme: Literal["light", "dark"] = "light", narrow: bool = False) -> Response:
    """Draw the hours around an alert against what was expected of them."""
    site = site_of(request)
    life = found_alert(site, alert_id)
    hours, _ = _hours(site, life)
    event, rule = life.first, site.reading.rule(life.first.rule)
    needed = needed_by(rule, event.detector)
    crossing = hour_of(event.crossing) if event.crossing is not None else None
    ended = hour_of(life.ended) if life.ended is not None else None
    length = event.window.hours if event.window is not None else 24
    svg = hours_chart(
        tuple(hours),
        Palette.of(theme),
        length=length,
        crossing=crossing,
        ended=ended,
        needed=needed,
        narrow=narrow,
    )
    return Response(svg, media_type="image/svg+xml", headers={"Cache-Control": "private, max-age=30"})


def silences_of(site: Site, life: AlertLife) -> list[Silence]:
    """Return the silences in force under which the alert falls."""
    first = life.first
    return [
        one
        for one in site.store.silences(in_force_at=site.clock.now())
        if one.alert_id == life.id or (one.rule == first.rule and one.key in ("", first.key))
    ]


def needed_by(rule: Rule | None, kind: str) -> int | None:
    """Return the count that the first detector of ``kind`` asks for; None where it compares with a normal."""
    detector = next((one for one in rule.when if one.kind == kind), None) if rule is not None else None
    if isinstance(detector, Threshold):
        return detector.count
    return detector.confirm.stories if isinstance(detector, New) else None


def found_alert(site: Site, alert_id: str) -> AlertLife:
    """Return the alert whose id begins so; :raises HTTPException: there is none, or there are several."""
    known = site.reading.ledger.alerts
    life = known.get(alert_id)
    if life is None:
        begin = [one for one in known if one.startswith(alert_id)] if len(alert_id) >= 6 else []
        if len(begin) > 1:
            raise HTTPException(404, f"{len(begin)} alerts begin with {alert_id}")
        life = known[begin[0]] if begin else read_alert(site.store, alert_id)
    if life is None:
        raise HTTPException(404, "no alert has that id")
    return life


def _hours(site: Site, life: AlertLife) -> tuple[list[Hour], bool]:
    """Return the hours to draw, and whether they are all that was counted; else they are those of the evidence alone."""
    with site.reader.live() as view:
        hours = view.around(life)
    if any(one.count for one in hours):
        return hours, True
    told = life.strongest
    texts = list(site.store.evidence(list(told.evidence)).values())
    each = None
    if told.expected is not None and told.window is not None:
        each = told.expected / told.window.hours
    return [Hour(hour, count, each) for hour, count in evidence_hours(stories_of(texts), told)], False
