"""*Dead letters*: every record that could not be handled, why, and the command that sends it back. It only shows."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from pipelines.dead_letters import read_letters
from tocsin.web.rendering import page
from tocsin.web.site import site_of

router = APIRouter(include_in_schema=False)

PAGE_ROWS = 100


@router.get("/dead-letters")
def dead_letters(
    request: Request, show: str = "", start: Annotated[int, Query(ge=0, le=1_000_000)] = 0
) -> HTMLResponse:
    """Show what is put aside, newest first; with ``show=all`` also what was sent back."""
    with site_of(request).open_log() as log:
        letters = read_letters(log)
    every = show == "all"
    found = list(reversed(letters.by_id.values() if every else letters.open()))
    return page(
        request,
        "dead_letters.html",
        rows=[one.letter for one in found[start : start + PAGE_ROWS]],
        total=len(found),
        open=len(letters.open()),
        replayed=len(letters.by_id) - len(letters.open()),
        reasons=letters.reasons(),
        broken=letters.broken,
        every=every,
        start=start,
        step=PAGE_ROWS,
    )
