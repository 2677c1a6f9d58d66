"""*Why not?*: a watch and a time → every link of the chain from feed to person, and the first that did not hold."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from alerts.explanation.names import key_name
from pipelines.explaining.asked_watch import asked_watch, rules_ever
from pipelines.explaining.links import State
from pipelines.explaining.why import Why, why
from pipelines.rule_history import rule_history
from schemas.errors import RetriableError, TocsinError
from tocsin.web.rendering import page
from tocsin.web.site import Site, site_of

router = APIRouter(include_in_schema=False)

#: The past is computed again from the log: one question at a time, so that curiosity does not slow the watch down.
_ASKING = threading.Lock()
_WAIT_S = 20.0

#: Articles shown with what became of them.
_FATES = 25


@router.get("/why")
def why_not(request: Request, watch: str = "", key: str = "", at: str = "") -> HTMLResponse:
    """Show the form, and the answer where something was asked."""
    site = site_of(request)
    rules = [summary.rule.name for summary in site.reading.rules]
    usual = site.reading.engine_time or site.clock.now()
    answer, mistake = None, ""
    if watch:
        try:
            answer = _ask(site, watch, key, _moment(at) if at else usual)
        except ValueError:
            mistake = "The time cannot be read: write it as 2026-03-31 14:00, in UTC."
        except TocsinError as error:
            mistake = f"{error.message}. {error.remedy}".strip()
    return page(
        request,
        "why.html",
        rules=rules,
        watch=watch,
        key=key,
        at=at or f"{usual:%Y-%m-%d %H:%M}",
        answer=answer,
        name=key_name(answer.rule, answer.key, site.names) if answer is not None else "",
        broken=answer.chain.broken if answer is not None else None,
        fates=answer.fates[:_FATES] if answer is not None else (),
        mistake=mistake,
        State=State,
    )


def _ask(site: Site, watch: str, key: str, moment: datetime) -> Why:
    if not _ASKING.acquire(timeout=_WAIT_S):
        raise RetriableError("another question is being answered", remedy="ask again in a moment")
    try:
        with site.open_log() as log:
            asked = asked_watch(rules_ever(rule_history(log, site.store)), watch, site.directory())
            chosen, name_of = key or asked.key, site.names.display_name
            return why(log, site.store, site.snapshots, asked.rule, moment, key=chosen, name_of=name_of)
    finally:
        _ASKING.release()


def _moment(text: str) -> datetime:
    """Return a time as people write it, in UTC where they name no zone; :raises ValueError: it is none."""
    found = datetime.fromisoformat(text.strip())
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
