"""*Rules*: each rule in force in words, where its keys stand, and how it did: alerts, verdicts, the useful share."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from alerts.rules.words import describe
from pipelines.explaining.scorecards import Scorecard, scorecards
from tocsin.web.rendering import page
from tocsin.web.site import Site, site_of

router = APIRouter(include_in_schema=False)

PAGE_ROWS = 50


@router.get("/rules")
def rules(request: Request, start: Annotated[int, Query(ge=0)] = 0) -> HTMLResponse:
    """Show the rules by name."""
    site = site_of(request)
    summaries = site.reading.rules
    cards = _cards(site)
    shown = [
        (one, describe(one.rule, site.names.display_name).split("\n"), cards.get(one.rule.name, []))
        for one in summaries[start : start + PAGE_ROWS]
    ]
    applied = site.store.rule_sets()
    return page(
        request,
        "rules.html",
        rows=shown,
        total=len(summaries),
        start=start,
        step=PAGE_ROWS,
        applied=applied[-1] if applied else None,
    )


def _cards(site: Site) -> dict[str, list[Scorecard]]:
    """Return the scorecards by rule."""
    ledger = site.reading.ledger
    span = (ledger.edges[0].at, ledger.edges[-1].at) if ledger.edges else None
    found: dict[str, list[Scorecard]] = {}
    for card in scorecards(ledger.opened, span, site.store.verdicts()):
        found.setdefault(card.rule, []).append(card)
    return found
