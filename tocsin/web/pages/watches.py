"""*Watches*: every key of every rule with its sparkline, state and nearness; one rule; one key with its chart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, Response

from alerts.explanation.names import key_name
from alerts.rules.model import BaselineSettings, Detector, New, Threshold
from alerts.rules.words import describe
from alerts.standing import standings
from pipelines.pages.hour_series import Hour
from pipelines.pages.search_rows import matching
from pipelines.pages.watch_rows import KeyState, WatchRow
from schemas.ids import hour_of, hour_start
from tocsin.web.charts import Palette, hours_chart
from tocsin.web.pages.alert import needed_by
from tocsin.web.rendering import page
from tocsin.web.site import Site, site_of

router = APIRouter(include_in_schema=False)

PAGE_ROWS = 100

#: Names shown of the keys of a rule that are still.
_NAMED = 40

#: Hours of a key's chart.
_CHART_HOURS = 7 * 24


@router.get("/watches")
def watches(
    request: Request,
    q: str = "",
    state: str = "",
    rule: str = "",
    every: bool = False,
    start: Annotated[int, Query(ge=0)] = 0,
) -> HTMLResponse:
    """Show the keys that fit, what a person must see first, first; those to which two days brought nothing stand apart by
    rule, unless somebody looks for them or wants ``every`` key."""
    site = site_of(request)
    reading = site.reading
    found = matching(reading.watches, words=q[:200], state=state, rule=rule)
    still: dict[str, list[WatchRow]] = {}
    if not q and not state and not every:
        still = _by_rule(row for row in found if row.is_still)
        found = [row for row in found if not row.is_still]
    chosen = next((summary for summary in reading.rules if summary.rule.name == rule), None)
    return page(
        request,
        "watches.html",
        rows=found[start : start + PAGE_ROWS],
        total=len(found),
        start=start,
        step=PAGE_ROWS,
        q=q[:200],
        state=state,
        rule=rule,
        every=every,
        states=list(KeyState),
        counts=_counts(reading.watches, rule),
        still={name: (len(rows), rows[:_NAMED]) for name, rows in sorted(still.items())},
        described=describe(chosen.rule, site.names.display_name).split("\n") if chosen is not None else (),
    )


def _by_rule(rows: Iterable[WatchRow]) -> dict[str, list[WatchRow]]:
    found: dict[str, list[WatchRow]] = {}
    for row in rows:
        found.setdefault(row.rule, []).append(row)
    return {name: sorted(mine, key=lambda row: row.name) for name, mine in found.items()}


def _counts(rows: Iterable[WatchRow], rule: str) -> dict[KeyState, int]:
    """Return how many keys of ``rule``, or of all where it is empty, are in each state that occurs."""
    counted = Counter(row.state for row in rows if not rule or row.rule == rule)
    return {state: counted[state] for state in KeyState if counted[state]}


@router.get("/watches/key")
def one_key(request: Request, rule: str, key: str) -> HTMLResponse:
    """Show one key: its chart, every window against what it needs, its alerts."""
    site = site_of(request)
    row = next((row for row in site.reading.watches if (row.rule, row.key) == (rule, key)), None)
    found = site.reading.rule(rule)
    alerts = site.reading.ledger.of_key(rule, key)
    if row is None and not alerts:
        raise HTTPException(404, f"no watch counts {key} for the rule {rule}")
    hours, open_hour = _hours(site, rule, key)
    with site.reader.live() as view:
        state = view.engine.rules.get(rule) if view.engine is not None else None
        ready = state is not None and state.start_hour is not None and open_hour is not None
        windows = standings(state, key, open_hour) if ready and state is not None and open_hour is not None else []
    return page(
        request,
        "watch.html",
        row=row,
        rule=rule,
        key=key,
        name=key_name(rule, key, site.names),
        described=describe(found, site.names.display_name).split("\n") if found is not None else (),
        windows=windows,
        alerts=alerts,
        hours=[(hour_start(one.hour), one) for one in hours if one.count],
        drawn=bool(hours),
        expects=any(one.expected is not None for one in hours),
    )


@router.get("/watches/chart.svg")
def chart(
    request: Request, rule: str, key: str, theme: Literal["light", "dark"] = "light", narrow: bool = False
) -> Response:
    """Draw a key's last week."""
    site = site_of(request)
    hours, _ = _hours(site, rule, key)
    opened = [hour_of(life.first.crossing) for life in site.reading.ledger.of_key(rule, key) if life.first.crossing]
    crossing = next((hour for hour in opened if hours and hour >= hours[0].hour), None)
    detector = found.when[0] if (found := site.reading.rule(rule)) is not None else None
    needed = needed_by(found, detector.kind) if detector is not None else None
    length = first_window_h(detector) if detector is not None else 24
    svg = hours_chart(tuple(hours), Palette.of(theme), length=length, crossing=crossing, needed=needed, narrow=narrow)
    return Response(svg, media_type="image/svg+xml", headers={"Cache-Control": "private, max-age=30"})


def first_window_h(detector: Detector) -> int:
    """Return the hours of the shortest window a detector looks at."""
    if isinstance(detector, BaselineSettings):
        return min(detector.windows_h)
    if isinstance(detector, Threshold):
        return detector.within_h
    return detector.confirm.within_h if isinstance(detector, New) else 24


def _hours(site: Site, rule: str, key: str) -> tuple[list[Hour], int | None]:
    with site.reader.live() as view:
        open_hour = view.engine.open if view.engine is not None else None
        if open_hour is None:
            return [], None
        return view.hours(rule, key, 0, open_hour - _CHART_HOURS + 1, open_hour), open_hour
