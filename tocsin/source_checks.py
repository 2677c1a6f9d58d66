"""Looks at watched folders and at the endpoint others push to, and says what is there; nothing is taken in or written."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from connectors.feeds.cursor import cursor_of
from connectors.folders.scan import FolderScanner, FolderUnreadableError, Survey
from connectors.folders.settings import FolderSettings
from connectors.listening import only_this_machine, read_secrets
from connectors.push.settings import PushSettings
from schemas.errors import UsageError
from schemas.plain_text import plain_line
from schemas.ports.store import FeedRow

#: So long the endpoint may take for an answer, in seconds.
_ANSWER_S = 5.0
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
_MOST_BYTES = 10_000


@dataclass(frozen=True)
class FolderCheck:
    """What lies in a watched folder. ``fault`` is empty where it can be used; ``survey`` is None where nobody can look."""

    folder: FolderSettings
    path: Path
    fault: str = ""
    survey: Survey | None = None


def check_folder(
    folder: FolderSettings, path: Path, row: FeedRow | None, progress: Callable[[int, int], None] = lambda *_: None
) -> FolderCheck:
    """Return what lies in ``folder``, which is at ``path``, read whole; ``row`` tells what the poll job knows of it.
    ``progress`` hears how many of how many files were read."""
    done = cursor_of(row).etag or "" if row is not None else ""
    try:
        survey = FolderScanner(folder, path).survey(done, progress)
    except FolderUnreadableError as error:
        return FolderCheck(folder, path, fault=error.message)
    fault = ""
    if survey.rows and not survey.usable:
        fault = "none of its rows can be used"
    elif survey.files and not survey.readable_files:
        fault = "none of its files can be read"
    return FolderCheck(folder, path, fault=fault, survey=survey)


class Answer(NamedTuple):
    """What listens where the endpoint is to be: nothing, another program, or the endpoint, open to all or for tokens."""

    listens: bool
    ours: bool = False
    wants_token: bool = False


@dataclass(frozen=True)
class PushCheck:
    """What is pushed under the id ``stream``. ``token`` is the name of its token; empty: it needs none, and only programs of
    this machine reach it. ``fault`` is empty where nothing is wrong."""

    stream: str
    address: str
    token: str
    only_here: bool
    paused: bool
    answers: bool
    fault: str = ""


def check_pushes(
    push: PushSettings, folder: Path, environ: Mapping[str, str], *, at_work: bool
) -> tuple[PushCheck, ...]:
    """Return what there is to say of each stream of ``push``, which has a port; token files are seen from ``folder``.
    ``at_work``: its service is, so that somebody should answer. No token is sent, for nobody knows who listens."""
    assert push.port is not None, "the endpoint is on"
    answer = ask_endpoint(push.host, push.port)
    host = f"[{push.host}]" if ":" in push.host else push.host
    common = _fault_of(answer, f"{host}:{push.port}", tokens=bool(push.tokens), at_work=at_work)
    return tuple(
        PushCheck(
            stream=stream,
            address=f"http://{host}:{push.port}/articles",
            token=name,
            only_here=only_this_machine(push.host),
            paused=stream in push.paused,
            answers=answer.ours,
            fault=_token_fault(push, name, folder, environ) or common,
        )
        for name, stream in push.streams.items()
    )


def ask_endpoint(host: str, port: int) -> Answer:
    """Return what answers at ``host`` to a push of no articles, without a token."""
    with closing(http.client.HTTPConnection(_EVERYWHERE.get(host, host), port, timeout=_ANSWER_S)) as connection:
        try:
            connection.request("POST", "/articles", body=b"", headers={"Content-Type": "application/x-ndjson"})
            response = connection.getresponse()
            body = response.read(_MOST_BYTES)
        except ConnectionRefusedError:
            return Answer(listens=False)
        except (OSError, http.client.HTTPException):
            # It takes too long, or speaks something else; or no such address is of this machine.
            return Answer(listens=True)
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    known = {202: "accepted", 401: "error", 503: "error"}.get(response.status, "")
    ours = isinstance(said, dict) and known in said
    return Answer(listens=True, ours=ours, wants_token=ours and response.status == 401)


def _fault_of(answer: Answer, where: str, *, tokens: bool, at_work: bool) -> str:
    if not answer.listens:
        return (
            f"nothing answers at {where}, though `tocsin run` is at work in this folder: start it again"
            if at_work
            else ""
        )
    if not answer.ours:
        return f"what listens at {where} does not answer as this endpoint: is it another program?"
    if answer.wants_token != tokens:
        wants = "a token, and the settings have none" if answer.wants_token else "no token, and the settings have some"
        return f"what answers at {where} wants {wants}: start the service again"
    return ""


def _token_fault(push: PushSettings, name: str, folder: Path, environ: Mapping[str, str]) -> str:
    places = [place for place in push.token_places if place.name == name]
    try:
        read_secrets("push token", places, folder, environ)
    except UsageError as error:
        return plain_line(f"{error.message}; {error.remedy}")
    return ""
