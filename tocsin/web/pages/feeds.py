"""*Feeds*: every feed with its state, its rhythm, its next poll and what went wrong."""

from __future__ import annotations

from collections import Counter

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from schemas.ports.store import FeedRow
from schemas.reasons import FeedState
from tocsin.web.rendering import page
from tocsin.web.site import site_of

router = APIRouter(include_in_schema=False)

#: What needs a person comes first.
_ORDER = (
    FeedState.FAILING,
    FeedState.MUTED,
    FeedState.SILENT,
    FeedState.NEW,
    FeedState.OK,
    FeedState.PAUSED,
    FeedState.REMOVED,
)


@router.get("/feeds")
def feeds(request: Request) -> HTMLResponse:
    """Show every feed."""
    store = site_of(request).reading.status.store
    rows = sorted(store.feeds.values() if store is not None else (), key=_place)
    states = Counter(row.state.value for row in rows)
    return page(request, "feeds.html", rows=rows, states=sorted(states.items()))


def _place(row: FeedRow) -> tuple[int, str]:
    return _ORDER.index(row.state), row.feed_id
