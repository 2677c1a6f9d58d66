"""``/healthz``: the page answers. ``/readyz``: the watch itself moves, so that a supervisor or balancer can rely on it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from tocsin.web.site import site_of

router = APIRouter(include_in_schema=False)

#: A reading is made every few seconds; one older than this is told to be old.
OLD_S = 60.0


@router.get("/healthz")
def healthz() -> PlainTextResponse:
    """Say that the page answers."""
    return PlainTextResponse("ok\n")


@router.get("/readyz")
def readyz(request: Request) -> PlainTextResponse:
    """Say whether log and store can be read and the page has caught up with the ledger; nothing of the news."""
    site = site_of(request)
    reading = site.reading
    if (site.clock.now() - reading.status.at).total_seconds() > OLD_S:
        return PlainTextResponse("what the page shows is old\n", status_code=503)
    if reading.status.store is None or reading.status.log is None:
        return PlainTextResponse("log or store cannot be read\n", status_code=503)
    if reading.live.problem:
        return PlainTextResponse("the page cannot follow the ledger\n", status_code=503)
    if reading.live.behind:
        return PlainTextResponse(f"{reading.live.behind} records behind the ledger\n", status_code=503)
    return PlainTextResponse("ok\n")
