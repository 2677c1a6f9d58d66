"""One file a page: a router and its template. A further page is a file here, a line below and one in ``navigation``."""

from __future__ import annotations

from tocsin.web.pages import (
    alert,
    answer_link,
    answers,
    api,
    audit,
    dead_letters,
    feeds,
    metrics,
    now,
    probes,
    rules,
    sign_in,
    watches,
    why,
)

ROUTERS = (
    now.router,
    alert.router,
    answers.router,
    answer_link.router,
    watches.router,
    rules.router,
    why.router,
    feeds.router,
    audit.router,
    dead_letters.router,
    sign_in.router,
    probes.router,
    metrics.router,
    api.router,
)
