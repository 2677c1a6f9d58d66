"""robots.txt as RFC 9309 has it: its text and our name in, whether an address may be asked for out. Pure.

The standard library's reader takes the first rule that fits and knows no wildcards; the RFC wants the longest and has them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote, urlsplit

#: The RFC asks for at least 500 KiB to be read; what comes after is not.
MAX_BYTES = 512_000
_MAX_RULES = 5_000
_MAX_PATTERN = 2_000
#: Seconds between requests that are granted where a site asks for them, at most.
LONGEST_DELAY_S = 60.0
_KEPT = "/%:?#[]@!$&'()*+,;=-._~"
_ESCAPE = re.compile("%[0-9a-fA-F]{2}")


@dataclass(frozen=True)
class RobotsRules:
    """The rules for us: (allowed, pattern) pairs. ``delay_s``: the pause between requests that the site wishes, which the
    RFC does not know and many sites state."""

    rules: tuple[tuple[bool, str], ...] = ()
    delay_s: float = 0.0

    @cached_property
    def _longest_first(self) -> list[tuple[bool, str]]:
        # Of two rules of one length the one that allows holds.
        return sorted(self.rules, key=lambda rule: (-len(rule[1]), not rule[0]))

    def allow(self, address: str) -> bool:
        """Return whether ``address`` may be asked for."""
        try:
            parts = urlsplit(address)
        except ValueError:
            return False
        path = _normal(parts.path or "/") + (f"?{_normal(parts.query)}" if parts.query else "")
        if path == "/robots.txt":
            return True
        return next((allowed for allowed, pattern in self._longest_first if _fits(pattern, path)), True)


ALLOW_ALL = RobotsRules()
ALLOW_NOTHING = RobotsRules(((False, "/"),))


def read_robots(body: bytes, name: str) -> RobotsRules:
    """Return the rules for ``name`` (a product token) in ``body``: of all groups that name it, else of those for ``*``."""
    mine: list[tuple[str, str]] = []
    general: list[tuple[str, str]] = []
    addressed: set[str] = set()
    heads, named = True, False
    if len(body) > MAX_BYTES:
        body = body[:MAX_BYTES].rpartition(b"\n")[0]  # Half a rule is another one.
    for line in body.decode("utf-8-sig", "replace").splitlines():
        key, colon, value = line.partition("#")[0].partition(":")
        key, value = key.strip().lower(), value.strip()
        if not colon:
            continue
        if key == "user-agent":
            addressed = addressed if heads else set()
            heads = True
            addressed.add(_token(value))
            named = named or _token(value) == name.lower()
        elif key in ("allow", "disallow", "crawl-delay"):
            heads = False
            if name.lower() in addressed:
                mine.append((key, value))
            elif "*" in addressed:
                general.append((key, value))
    lines = (mine if named else general)[:_MAX_RULES]
    return RobotsRules(
        tuple(
            (key == "allow", _normal(value[:_MAX_PATTERN])) for key, value in lines if key != "crawl-delay" and value
        ),
        max((_seconds(value) for key, value in lines if key == "crawl-delay"), default=0.0),
    )


def _token(value: str) -> str:
    """Return the product token of a User-agent line; what comes after it (a version) is not compared."""
    found = re.match(r"\*|[A-Za-z_-]+", value)
    return found[0].lower() if found else ""


def _seconds(value: str) -> float:
    found = re.match(r"\d{1,6}(?:\.\d{1,3})?$", value)
    return min(float(found[0]), LONGEST_DELAY_S) if found else 0.0


def _normal(text: str) -> str:
    """Return ``text`` with other than ASCII escaped, and escapes written alike, so that both sides can be compared."""
    return _ESCAPE.sub(lambda found: found[0].upper(), quote(text, safe=_KEPT, errors="replace"))


def _fits(pattern: str, path: str) -> bool:
    """Return whether ``pattern`` (``*`` is anything, ``$`` at its end the end) fits the beginning of ``path``.

    Each part is looked for from where the one before it ended, leftmost first: no pattern makes it go back and forth.
    """
    whole = pattern.endswith("$")
    first, *others = (pattern[:-1] if whole else pattern).split("*")
    if not path.startswith(first):
        return False
    if not others:
        return not whole or path == first
    at = len(first)
    *middle, last = others
    for part in middle:
        found = path.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    if whole:
        return len(path) - at >= len(last) and path.endswith(last)
    return path.find(last, at) >= 0
