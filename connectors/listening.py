"""Who may come in where something of ours listens: only this machine, or who has a token. Tokens name the places of their
secrets; the secrets are read at start, and no error repeats a part of one."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from connectors.channels.secrets import SecretReference
from schemas.errors import UsageError

_NAME = re.compile(r"[\w.@-]{1,60}")
_PLACE = re.compile(r"(?P<kind>env|file):(?P<place>\S+)")
#: Shorter tokens can be guessed.
_LEAST_CHARACTERS = 16


class TokenPlace(NamedTuple):
    """Whose token it is, and where the secret itself lies; what it allows, where tokens of its kind differ in that."""

    name: str
    kind: str  # env or file
    place: str
    scope: str = ""


def only_this_machine(host: str) -> bool:
    """Return whether no other machine reaches what listens on ``host``."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def token_place(written: str, scopes: Collection[str] = ()) -> TokenPlace | None:
    """Return what `"NAME PLACE"` says, or `"NAME SCOPE PLACE"` where there are ``scopes``; None where it says neither."""
    words = written.split()
    scope = words.pop(1) if scopes and len(words) == 3 else ""
    if len(words) != 2 or bool(scopes) != (scope in scopes):
        return None
    place = _PLACE.fullmatch(words[1])
    if place is None or _NAME.fullmatch(words[0]) is None:
        return None
    return TokenPlace(words[0], place["kind"], place["place"], scope)


def token_places(tokens: Sequence[str], scopes: Collection[str] = ()) -> tuple[TokenPlace, ...]:
    """Return what ``tokens`` say; :raises ValueError: one says nothing, or two have one name. No text of one is repeated, for
    somebody may have written the secret itself."""
    places = []
    for number, written in enumerate(tokens, start=1):
        place = token_place(written, scopes)
        if place is None:
            name = f"NAME {'|'.join(scopes)}" if scopes else "NAME"
            raise ValueError(f'token {number} is not "{name} env:VARIABLE" or "{name} file:PATH"')
        places.append(place)
    if len({place.name for place in places}) < len(places):
        raise ValueError("two tokens have the same name")
    return tuple(places)


def read_secrets(
    what: str, places: Sequence[TokenPlace], folder: Path, environ: Mapping[str, str]
) -> list[tuple[TokenPlace, str]]:
    """Return the secret of each place, files seen from ``folder``; ``what`` is how errors call such tokens.

    :raises UsageError: some cannot be read or are too short, all of them told at once.
    """
    found: list[tuple[TokenPlace, str]] = []
    mistakes: list[str] = []
    for place in places:
        file = folder / place.place if place.kind == "file" else None
        reference = SecretReference(f"{what} {place.name}", "token", None if file else place.place, file)
        try:
            secret = reference.read(environ)
        except UsageError as error:
            mistakes.append(str(error))
            continue
        if len(secret) < _LEAST_CHARACTERS:
            mistakes.append(f"{what} {place.name}: shorter than {_LEAST_CHARACTERS} characters can be guessed")
        found.append((place, secret))
    if mistakes:
        raise UsageError(
            "\n".join(mistakes), remedy="make one with: python -c 'import secrets; print(secrets.token_urlsafe())'"
        )
    return found
