"""What people answer on the page of an alert: acknowledge, silence, lift a silence, useful or noise. Acts on POST only, with
the scope to act, from a form of ours; each answer is kept with who, when and why."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from pipelines.notifying.answering import acknowledgement_of, next_time, silence_for
from pipelines.pages.ledger_view import AlertLife
from schemas.plain_text import plain_line
from schemas.ports.response import AlertVerdict, Silence
from schemas.reasons import Judgement
from tocsin.web.pages.alert import SILENCE_ENDS, found_alert
from tocsin.web.security import local_path
from tocsin.web.site import Site, checked_form, require_act, site_of

router = APIRouter(include_in_schema=False)

#: The fields of a form of ours; one of another site goes no further.
Form = Annotated[dict[str, str], Depends(checked_form)]

_COMMENT = 300


@router.post("/alerts/{alert_id}/acknowledge")
def acknowledge(request: Request, alert_id: str, fields: Form) -> Response:
    """Keep that somebody has seen the alert and cares for it."""
    site, visitor = site_of(request), require_act(request)
    life = found_alert(site, alert_id)
    comment = plain_line(fields.get("comment", ""), _COMMENT)
    now = site.clock.now()
    site.store.acknowledge(acknowledgement_of(life.last, author=visitor.name, now=now, comment=comment))
    return _back(f"/alerts/{life.id}")


@router.post("/alerts/{alert_id}/silence")
def silence(request: Request, alert_id: str, fields: Form) -> Response:
    """Keep a silence about the alert."""
    site, visitor = site_of(request), require_act(request)
    life = found_alert(site, alert_id)
    comment = plain_line(fields.get("comment", ""), _COMMENT)
    site.store.add_silence(_silence(life, site.clock.now(), fields.get("end", ""), visitor.name, comment, site))
    return _back(f"/alerts/{life.id}")


def _silence(life: AlertLife, now: datetime, end: str, author: str, comment: str, site: Site) -> Silence:
    """Return the silence asked for; :raises HTTPException: ``end`` is none of those offered, or cannot be."""
    if end not in dict(SILENCE_ENDS):
        raise HTTPException(422, "that is no end of a silence")
    ends_at, articles = None, set()
    if end.endswith("h"):
        ends_at = now + timedelta(hours=int(end.removesuffix("h")))
    elif end == "morning":
        ends_at = next_time(time(8), now)
    elif end == "story":
        hashes = list(dict.fromkeys(name for event in life.events for name in event.evidence))
        articles = {item.article_id for item in site.store.evidence(hashes).values()}
        if not articles:
            raise HTTPException(422, "the texts of this alert were erased, so its story cannot be told from others")
    try:
        return silence_for(
            life.strongest,
            author=author,
            now=now,
            comment=comment,
            ends_at=ends_at,
            until_doubles=end == "doubles",
            articles=articles,
        )
    except ValueError as error:
        raise HTTPException(422, str(error)) from error


@router.post("/silences/{silence_id}/lift")
def lift(request: Request, silence_id: str, fields: Form) -> Response:
    """End a silence now."""
    site, visitor = site_of(request), require_act(request)
    if not site.store.lift_silence(silence_id, at=site.clock.now(), by=visitor.name):
        raise HTTPException(404, "there is no such silence, or it is lifted already")
    return _back(local_path(fields.get("next", "/")))


@router.post("/alerts/{alert_id}/verdict")
def verdict(request: Request, alert_id: str, fields: Form) -> Response:
    """Keep whether the alert was worth ringing."""
    site, visitor = site_of(request), require_act(request)
    life = found_alert(site, alert_id)
    try:
        judgement = Judgement(fields.get("judgement", ""))
    except ValueError:
        raise HTTPException(422, "a verdict is useful, noise or undone") from None
    note = plain_line(fields.get("comment", ""), _COMMENT)
    site.store.add_verdict(
        AlertVerdict(alert_id=life.id, at=site.clock.now(), author=visitor.name, judgement=judgement, note=note)
    )
    return _back(f"/alerts/{life.id}")


def _back(path: str) -> Response:
    """Send the browser on with GET, so that loading the page again repeats nothing."""
    return RedirectResponse(path, status_code=303)
