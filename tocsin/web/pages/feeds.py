"""*Feeds*: every feed with its state, its rhythm, its next poll and what went wrong."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from pipelines.pages.feed_rows import in_order, shown_feeds
from schemas.reasons import FeedState
from tocsin.web.rendering import page
from tocsin.web.site import site_of

router = APIRouter(include_in_schema=False)

PAGE_ROWS = 100


@router.get("/feeds")
def feeds(request: Request, q: str = "", state: str = "", start: Annotated[int, Query(ge=0)] = 0) -> HTMLResponse:
    """Show the feeds that fit."""
    site = site_of(request)
    store = site.reading.status.store
    known = store.feeds.values() if store is not None else ()
    found = in_order(known, words=q[:200], state=state)
    counted = Counter(row.state for row in known)
    return page(
        request,
        "feeds.html",
        rows=shown_feeds(found[start : start + PAGE_ROWS], site.feeds, site.reading.joining, site.clock.now()),
        every=len(known),
        total=len(found),
        start=start,
        step=PAGE_ROWS,
        q=q[:200],
        state=state,
        counts={one: counted[one] for one in FeedState if counted[one]},
    )
