"""*Sign in*: a token for a session, where the page asks for one. Acts on POST only."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from tocsin.web.rendering import bare_page
from tocsin.web.security import local_path
from tocsin.web.site import checked_form, site_of
from tocsin.web.visitors import SESSION_COOKIE, SESSION_S

router = APIRouter(include_in_schema=False)


@router.get("/sign-in")
def form(request: Request, next: str = "/") -> Response:
    """Show the form."""
    return bare_page(request, "sign_in.html", status=200, next=local_path(next), wrong=False)


@router.post("/sign-in")
async def sign_in(request: Request) -> Response:
    """Open a session, or say that the token is none."""
    fields = await checked_form(request)
    session = site_of(request).visitors.session_for(fields.get("token", "").strip())
    wanted = local_path(fields.get("next", "/"))
    if session is None:
        return bare_page(request, "sign_in.html", status=403, next=wanted, wrong=True)
    answer = RedirectResponse(wanted, status_code=303)
    answer.set_cookie(
        SESSION_COOKIE,
        session,
        max_age=SESSION_S,
        httponly=True,
        samesite="strict",
        secure=request.headers.get("x-forwarded-proto", request.url.scheme) == "https",
    )
    return answer


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session in this browser."""
    await checked_form(request)
    answer = RedirectResponse("/sign-in", status_code=303)
    answer.delete_cookie(SESSION_COOKIE)
    return answer
