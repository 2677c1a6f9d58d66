"""Templates to HTML. Everything is escaped; what comes from outside is made plain first; links are http(s) or none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any  # What a template is given.

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from alerts.explanation.carriers import safe_link
from alerts.explanation.phrases import counted, moment, percent, quantity
from alerts.explanation.standing_words import condition_words, standing_line
from schemas.plain_text import plain_line, plural
from tocsin.web.navigation import NAVIGATION
from tocsin.web.site import site_of, visitor_of

_SPARK_WIDTH, _SPARK_HEIGHT = 96, 20


def ago(then: datetime | None, now: datetime) -> str:
    """Return ``12 s``, ``5 min``, ``3 h``, ``9 days``; ``never`` for None."""
    if then is None:
        return "never"
    seconds = max(0.0, (now - then).total_seconds())
    for limit, length, unit in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds / 86_400:,.0f} days"


def length_of_time(span: timedelta) -> str:
    """Return ``5 min``, ``1.5 h``, ``2 days``."""
    seconds = span.total_seconds()
    for limit, length, unit in ((100, 1, "s"), (5400, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            value = seconds / length
            return f"{value:.0f} {unit}" if value >= 10 or unit != "h" else f"{value:.2g} {unit}"
    return f"{seconds / 86_400:.2g} days"


def sparkline(counts: Sequence[int], words: str) -> Markup:
    """Return a small chart of ``counts``, one an hour, oldest first; ``words`` say the same to who cannot see it."""
    top = max([*counts, 1])
    step = _SPARK_WIDTH / max(1, len(counts) - 1)
    line = _SPARK_HEIGHT - 2
    points = " ".join(f"{n * step:.1f},{line - count / top * (line - 2):.1f}" for n, count in enumerate(counts))
    return Markup(
        '<svg class="spark" role="img" viewBox="0 0 {w} {h}" width="{w}" height="{h}" preserveAspectRatio="none">'
        '<title>{words}</title><polyline points="{points}"/></svg>'
    ).format(w=_SPARK_WIDTH, h=_SPARK_HEIGHT, words=words, points=points)


def told(text: str, limit: int = 400) -> Markup:
    """Return a line of ours with what stands between backticks as code; everything in it is escaped all the same."""
    pieces = plain_line(text, limit).split("`")
    if len(pieces) % 2 == 0:
        return escape("`".join(pieces))
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if number % 2 else escape(piece) for number, piece in enumerate(pieces)
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("tocsin.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "ago": ago,
        "condition": condition_words,
        "counted": counted,
        "length_of_time": length_of_time,
        "line": plain_line,
        "link": safe_link,
        "moment": moment,
        "percent": percent,
        "quantity": quantity,
        "standing": standing_line,
        "told": told,
    }
    environment.globals |= {"plural": plural, "sparkline": sparkline, "navigation": NAVIGATION}
    return environment


_TEMPLATES = _environment()


def page(request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:  # Any: see above
    """Return ``template`` with ``context`` as an answer; every template knows the reading, the visitor and the time."""
    site, visitor = site_of(request), visitor_of(request)
    text = _TEMPLATES.get_template(template).render(
        reading=site.reading,
        site_mark=site.mark,
        exhibit=site.exhibit,
        now=site.clock.now(),
        visitor=visitor,
        signed_in=site.visitors.tokens_needed,
        mark=site.visitors.form_mark(visitor),
        here=request.url.path,
        folder=site.folder.name,
        **context,
    )
    return HTMLResponse(text, status_code=status)


def bare_page(request: Request, template: str, *, status: int, **context: Any) -> HTMLResponse:  # Any: see above
    """Return a page that shows nothing of the watch: for whoever is not known yet, and where reading failed."""
    visitor = visitor_of(request)
    mark = site_of(request).visitors.form_mark(visitor)
    text = _TEMPLATES.get_template(template).render(mark=mark, visitor=visitor, **context)
    return HTMLResponse(text, status_code=status)
