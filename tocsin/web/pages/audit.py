"""*Audit*: who acknowledged, silenced, lifted and judged what, and who put rules into force."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from alerts.explanation.names import key_name
from pipelines.pages.audit_rows import audit_rows
from tocsin.web.rendering import page
from tocsin.web.site import site_of

router = APIRouter(include_in_schema=False)

PAGE_ROWS = 100

#: Older deeds are in the store, and no page leads there.
_MOST = 2_000


@router.get("/audit")
def audit(request: Request, start: Annotated[int, Query(ge=0, le=_MOST)] = 0) -> HTMLResponse:
    """Show the newest deeds."""
    site = site_of(request)
    store = site.store
    rows = audit_rows(store.newest_answers(_MOST), store.rule_sets(), site.reading.ledger.alerts, _MOST)
    shown = [
        (row, key_name(row.rule, row.key, site.names) if row.rule else "") for row in rows[start : start + PAGE_ROWS]
    ]
    return page(request, "audit.html", rows=shown, total=len(rows), start=start, step=PAGE_ROWS)
