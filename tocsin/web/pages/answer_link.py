"""*Answer*: what a signed link in a message leads to. GET shows one button, POST acts; no sign-in, because the link itself is
the right to give this one answer. It says nothing of the alert but what its subject said in the message."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from alerts.explanation.subject import subject_of
from pipelines.notifying.answer_links import LinkFault
from pipelines.notifying.listening import taken_in
from schemas.ports.answers import Answer
from tocsin.web.rendering import bare_page
from tocsin.web.site import site_of

router = APIRouter(include_in_schema=False)

_PATH = "/answer/{kind}/{alert_id}/{receiver}/{expiry}/{signature}"

_FAULTS = {
    LinkFault.FORGED: (
        404,
        "This is no link of ours, or it was changed on its way.",
        "Open the link in the message again.",
    ),
    LinkFault.EXPIRED: (
        410,
        "This link has expired. Nothing was done.",
        "Answer on the page of the alert, or with `tocsin alerts ack`.",
    ),
}


@router.get(_PATH)
def ask(request: Request, kind: str, alert_id: str, receiver: str, expiry: str, signature: str) -> Response:
    """Show what the link would do, and the button that does it."""
    read = _read(request, kind, alert_id, receiver, expiry, signature)
    if isinstance(read, Response):
        return read
    events = list(site_of(request).store.events(alert_id=read.alert_id))
    if not events:
        return _fault(request, 404, "There is no such alert any more.", "")
    subject = subject_of(events[-1], site_of(request).names)
    return bare_page(request, "answer_link.html", status=200, answer=read, subject=subject, done="")


@router.post(_PATH)
def act(request: Request, kind: str, alert_id: str, receiver: str, expiry: str, signature: str) -> Response:
    """Keep the answer; once more is the same answer."""
    read = _read(request, kind, alert_id, receiver, expiry, signature)
    if isinstance(read, Response):
        return read
    site = site_of(request)
    done = taken_in(site.store, read, site.clock.now())
    return bare_page(request, "answer_link.html", status=200, answer=read, subject="", done=done)


def _read(request: Request, kind: str, alert_id: str, receiver: str, expiry: str, signature: str) -> Answer | Response:
    site = site_of(request)
    if site.links is None:
        return _fault(request, *_FAULTS[LinkFault.FORGED])
    read = site.links.read((kind, alert_id, receiver, expiry, signature), site.clock.now())
    return _fault(request, *_FAULTS[read]) if isinstance(read, LinkFault) else read


def _fault(request: Request, status: int, words: str, remedy: str) -> Response:
    return bare_page(request, "refused.html", status=status, words=words, remedy=remedy)
