"""What every page stands on: the reader, the store, the names, who may come in. One per application."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fastapi import HTTPException, Request

from alerts.explanation.names import ActorNames
from connectors.feeds.settings import FeedSettings
from pipelines.explaining.asked_watch import Names
from pipelines.notifying.answer_links import AnswerLinks
from pipelines.pages.alert_words import WordsOfAlerts
from pipelines.pages.reading import Reader, Reading
from schemas.clock import Clock
from schemas.ports.log import Log
from schemas.ports.store import Store
from tocsin.web.exhibit import Exhibit
from tocsin.web.visitors import Visitor, Visitors


@dataclass(frozen=True)
class Site:
    """One folder's page. ``directory`` knows actors by what a visitor calls them; it is read when first asked for.
    ``feeds``: those of the settings by id; ``exhibit``: the watch is over, and shown as it was at its end."""

    folder: Path
    snapshots: Path
    open_log: Callable[[], Log]
    reader: Reader
    store: Store
    names: ActorNames
    directory: Callable[[], Names]
    clock: Clock
    visitors: Visitors
    words: WordsOfAlerts
    feeds: Mapping[str, FeedSettings]
    links: AnswerLinks | None = None
    exhibit: Exhibit | None = None

    @property
    def reading(self) -> Reading:
        """Return the newest reading."""
        return self.reader.reading

    @property
    def mark(self) -> str:
        """Return a word that is another one as soon as a page may look different."""
        return f"{self.reading.mark}-{self.words.count}"


def site_of(request: Request) -> Site:
    """Return the site a request came to."""
    site = request.app.state.site
    assert isinstance(site, Site)
    return site


def visitor_of(request: Request) -> Visitor:
    """Return who sent a request."""
    visitor = request.state.visitor
    assert isinstance(visitor, Visitor)
    return visitor


async def checked_form(request: Request) -> dict[str, str]:
    """Return the fields of a form of ours; :raises HTTPException: it comes from elsewhere."""
    form = await request.form()
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    if not site_of(request).visitors.is_our_form(visitor_of(request), fields.pop("mark", ""), request.headers):
        raise HTTPException(403, "this form is too old, or not of this page: open the page again and repeat")
    return fields


def require_act(request: Request) -> Visitor:
    """Return the visitor, who may act; :raises HTTPException: they may not."""
    visitor = visitor_of(request)
    if not visitor.may_act:
        raise HTTPException(403, "this token may read only; acting needs one with the scope act")
    return visitor
