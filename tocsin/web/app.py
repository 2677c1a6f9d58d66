"""Puts the application together: the guard around it, one router a page, the files of ``static``."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from schemas.errors import TocsinError
from schemas.plain_text import plain_line
from tocsin.web.pages import ROUTERS
from tocsin.web.rendering import bare_page
from tocsin.web.security import Guard, known_names
from tocsin.web.site import Site
from tocsin.web_settings import WebSettings

_STATIC = Path(__file__).with_name("static")

#: Words for people instead of a number.
_SAID = {404: "There is no such page.", 405: "This page cannot be used in that way."}


def make_app(site: Site, settings: WebSettings, public_url: str | None = None) -> FastAPI:
    """Return the application of ``site``."""
    app = FastAPI(
        title="Tocsin",
        version="1",
        summary="What rings, and where every watch stands.",
        # The interactive pages load scripts from other hosts, which the policy forbids.
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    app.state.site = site
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(TocsinError, _failed)
    app.add_middleware(
        Guard,
        names=known_names(settings.host, settings.names, public_url),
        any_address=not settings.is_loopback,
        visitors=site.visitors,
    )
    return app


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    said = plain_line(str(error.detail), 400)
    if request.url.path.startswith("/api/"):
        return JSONResponse({"detail": said}, status_code=error.status_code)
    words = _SAID.get(error.status_code, said) if said in ("Not Found", "Method Not Allowed") else said
    return bare_page(request, "refused.html", status=error.status_code, words=words, remedy="")


def _failed(request: Request, error: Exception) -> Response:
    """The store or the log cannot be asked: said as that, never as "there is nothing"."""
    assert isinstance(error, TocsinError)
    words, remedy = plain_line(error.message, 400), plain_line(error.remedy, 400)
    if request.url.path.startswith("/api/"):
        return JSONResponse({"detail": words, "remedy": remedy}, status_code=503)
    return bare_page(request, "refused.html", status=503, words=words, remedy=remedy)
