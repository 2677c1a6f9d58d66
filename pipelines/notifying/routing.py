"""Which receivers an event is led to: a tree of routes with matchers, as in Alertmanager. Pure.

An event goes down the tree: of the routes beside each other the first that matches takes it, and those after it only where it
says ``continue``; a route none of whose own routes matches takes it itself. What no route takes goes to every receiver, so
that a forgotten matcher loses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

import re2

from schemas.alert_event import AlertEvent
from schemas.ids import digest

Operator = Literal["=", "!=", "=~", "!~"]

#: Names a matcher may use besides labels.
FIELDS = ("severity", "rule", "key", "event", "detector")


@dataclass(frozen=True)
class Matcher:
    """One condition. A label that is missing is the empty text; a pattern (RE2) has to match the whole text."""

    name: str
    operator: Operator
    value: str

    def matches(self, event: AlertEvent) -> bool:
        """Return whether ``event`` fulfils it."""
        text = value_of(event, self.name)
        if self.operator in ("=", "!="):
            return (text == self.value) is (self.operator == "=")
        return (re2.fullmatch(self.value, text) is not None) is (self.operator == "=~")

    def __str__(self) -> str:
        return f'{self.name}{self.operator}"{self.value}"'


def value_of(event: AlertEvent, name: str) -> str:
    """Return what a matcher or a group sees of ``event`` under ``name``."""
    match name:
        case "severity":
            return event.severity.value
        case "rule":
            return event.rule
        case "key":
            return event.key
        case "event":
            return event.event.value
        case "detector":
            return event.detector
        case "alert":
            return event.alert_id or f"rule {event.rule}"
    return event.labels.get(name, "")


@dataclass(frozen=True)
class Grouping:
    """Events of a route with the same values of ``by`` are told in one message: the first waits ``wait`` for others, and the
    next message of the group comes no sooner than ``interval`` after. No ``wait`` and no ``interval``: each for itself."""

    by: tuple[str, ...] = ("alert",)
    wait: timedelta = timedelta()
    interval: timedelta = timedelta()

    @property
    def waits(self) -> bool:
        """Whether anything is held back at all."""
        return bool(self.wait or self.interval)

    def group_of(self, event: AlertEvent, route: str) -> str:
        """Return the id of the group of ``event`` on ``route``."""
        return digest("group", route, *(value_of(event, name) for name in self.by), length=16)


@dataclass(frozen=True)
class Route:
    """A route. ``name`` tells people which one it is; ``receiver`` is None where it tells nobody (``mute``).

    ``escalate_to`` is told too, ``escalate_after`` later, unless somebody acknowledges before. ``repeat`` tells an open
    alert again so often while nobody acknowledges it.
    """

    name: str
    receiver: str | None
    matchers: tuple[Matcher, ...] = ()
    continues: bool = False
    grouping: Grouping = field(default_factory=Grouping)
    escalate_to: str | None = None
    escalate_after: timedelta = timedelta(minutes=30)
    repeat: timedelta | None = None
    routes: tuple[Route, ...] = ()

    def takes(self, event: AlertEvent) -> bool:
        """Return whether ``event`` fulfils every matcher."""
        return all(matcher.matches(event) for matcher in self.matchers)


@dataclass(frozen=True)
class Inhibition:
    """While an alert that ``source`` matches is open, those that ``target`` matches with the same values of ``equal`` are not
    told: it explains them."""

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...] = ()

    def explains(self, source: AlertEvent, target: AlertEvent) -> bool:
        """Return whether the open alert ``source`` keeps ``target`` from being told. Nothing explains itself."""
        return (
            source.alert_id != target.alert_id
            and all(m.matches(source) for m in self.source)
            and all(m.matches(target) for m in self.target)
            and all(value_of(source, name) == value_of(target, name) for name in self.equal)
        )


@dataclass(frozen=True)
class Way:
    """A receiver an event is led to, by which route; ``escalation``: only later, if nobody acknowledges."""

    receiver: str
    route: Route | None
    escalation: bool = False


@dataclass(frozen=True)
class Led:
    """Where an event goes. ``muted_by`` names the routes that took it and tell nobody."""

    ways: Mapping[str, Way]
    muted_by: tuple[str, ...] = ()


def lead(event: AlertEvent, routes: Sequence[Route], receivers: Sequence[str]) -> Led:
    """Return the ways of ``event`` by receiver; without routes, or where none matches, to all of ``receivers``."""
    taken = _taken(event, routes)
    if not taken:
        return Led({name: Way(name, None) for name in receivers})
    ways: dict[str, Way] = {}
    for route in taken:
        if route.receiver is not None and (route.receiver not in ways or ways[route.receiver].escalation):
            ways[route.receiver] = Way(route.receiver, route)
        if route.escalate_to is not None:
            ways.setdefault(route.escalate_to, Way(route.escalate_to, route, escalation=True))
    return Led(ways, tuple(route.name for route in taken if route.receiver is None))


def _taken(event: AlertEvent, routes: Sequence[Route]) -> list[Route]:
    found: list[Route] = []
    for route in routes:
        if route.takes(event):
            found.extend(_taken(event, route.routes) or [route])
            if not route.continues:
                break
    return found
