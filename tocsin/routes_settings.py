"""What the settings say of routes, in Alertmanager's words, and the tree the notifier walks."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import time, timedelta
from typing import Annotated, Self
from zoneinfo import ZoneInfo

import re2
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from connectors.channels.settings import ReceiverSettings
from connectors.feeds.settings import parse_duration
from pipelines.notifying.pacing import AtMost, DailySpan, QuietHours
from pipelines.notifying.routing import Grouping, Inhibition, Matcher, Operator, Route
from pipelines.notifying.situations import Routing

_MATCHER = re.compile(r'\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*(=~|!~|!=|=)\s*("[^"]*"|\'[^\']*\'|[^"\']*?)\s*')
_OPERATORS: dict[str, Operator] = {"=": "=", "!=": "!=", "=~": "=~", "!~": "!~"}
_LONGEST_S = 90 * 86400


def parsed_matcher(text: str) -> Matcher:
    """Return the condition in ``text``; :raises ValueError: it is none, or its pattern is none."""
    found = _MATCHER.fullmatch(text)
    if found is None:
        raise ValueError('must be a name, one of = != =~ !~ and a value, for example severity=~"high|critical"')
    name, operator, value = found[1], _OPERATORS[found[2]], found[3].strip("\"'")
    if operator in ("=~", "!~"):
        try:
            re2.compile(value)
        except re2.error as error:
            raise ValueError(f"{value!r} is no pattern that RE2 can read: {error}") from error
    return Matcher(name, operator, value)


def _matcher(value: str) -> str:
    parsed_matcher(value)
    return value


def _bounded(value: timedelta) -> timedelta:
    if not timedelta() <= value <= timedelta(seconds=_LONGEST_S):
        raise ValueError('must lie between "0s" and "90d"')
    return value


MatcherText = Annotated[str, AfterValidator(_matcher)]
Stretch = Annotated[timedelta, BeforeValidator(parse_duration), AfterValidator(_bounded)]


class RouteSettings(BaseModel):
    """A route: what matches goes to its receiver. Routes inside it (`[[routes.routes]]`) come first; what they leave out they
    inherit. Beside each other the first that matches takes an alert. What no route takes goes to every receiver."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    receiver: str | None = Field(default=None, description="the name of a receiver")
    matchers: tuple[MatcherText, ...] = Field(
        default=(),
        description="all must hold: a label, or severity, rule, key, event, detector, with = != =~ !~;"
        ' `severity=~"high|critical"`',
    )
    goes_on: bool = Field(default=False, alias="continue", description="also try the routes after this one")
    mute: bool = Field(default=False, description="tell nobody; the ledger keeps it all the same")
    group_by: tuple[str, ...] | None = Field(
        default=None, description='alerts with the same values of these come in one message; `"alert"`: each for itself'
    )
    group_wait: Stretch | None = Field(default=None, description="how long the first of a group waits for others")
    group_interval: Stretch | None = Field(default=None, description="time between two messages of a group, at least")
    repeat_interval: Stretch | None = Field(
        default=None, description="how often an open alert is told again while nobody acknowledges it"
    )
    escalate_to: str | None = Field(default=None, description="a receiver that is told as well, later")
    escalate_after: Stretch | None = Field(
        default=None, description='when: unless somebody acknowledges before; "30m" where nothing is said'
    )
    routes: tuple[RouteSettings, ...] = Field(default=(), description="routes inside this one: `[[routes.routes]]`")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.mute and (self.receiver is not None or self.escalate_to is not None):
            raise ValueError("mute tells nobody: leave out receiver and escalate_to, or mute")
        if self.escalate_after is not None and self.escalate_to is None:
            raise ValueError("escalate_after needs escalate_to")
        return self


class InhibitSettings(BaseModel):
    """While an alert that `source_matchers` match is open, those that `target_matchers` match are not told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source_matchers: tuple[MatcherText, ...] = Field(min_length=1, description="the alert that explains others")
    target_matchers: tuple[MatcherText, ...] = Field(min_length=1, description="those it explains")
    equal: tuple[str, ...] = Field(default=(), description="names whose values must be the same on both")


def routing_of(routes: Sequence[RouteSettings], inhibitions: Sequence[InhibitSettings]) -> Routing:
    """Return what the notifier asks."""
    return Routing(
        tuple(_route(settings, None, f"route {n}") for n, settings in enumerate(routes, start=1)),
        tuple(
            Inhibition(
                tuple(map(parsed_matcher, settings.source_matchers)),
                tuple(map(parsed_matcher, settings.target_matchers)),
                settings.equal,
            )
            for settings in inhibitions
        ),
    )


def _route(settings: RouteSettings, parent: Route | None, name: str) -> Route:
    above = parent or Route("", None)
    given = settings.model_fields_set
    grouping = Grouping(
        by=above.grouping.by if settings.group_by is None else settings.group_by,
        wait=above.grouping.wait if settings.group_wait is None else settings.group_wait,
        interval=above.grouping.interval if settings.group_interval is None else settings.group_interval,
    )
    route = Route(
        name=name,
        receiver=None if settings.mute else settings.receiver or above.receiver,
        matchers=tuple(map(parsed_matcher, settings.matchers)),
        continues=settings.goes_on,
        grouping=grouping,
        escalate_to=None if settings.mute else settings.escalate_to if "escalate_to" in given else above.escalate_to,
        escalate_after=settings.escalate_after or above.escalate_after,
        repeat=settings.repeat_interval or above.repeat,
    )
    inner = (_route(own, route, f"{name}.{n}") for n, own in enumerate(settings.routes, start=1))
    return Route(**{**vars(route), "routes": tuple(inner)})


def mistakes_in(routes: Sequence[RouteSettings], receivers: Collection[str]) -> Iterator[str]:
    """Yield what is wrong with ``routes`` beside each single one: receivers that are not there, routes to nowhere."""
    for route, settings in _pairs(routing_of(routes, ()).routes, routes):
        for name in (route.receiver, route.escalate_to):
            if name is not None and name not in receivers:
                yield f"{route.name} names the receiver {name!r}, which is not in [[receivers]]"
        if route.receiver is None and not settings.mute:
            yield f"{route.name} has no receiver: give one, or mute = true"


def _pairs(routes: Sequence[Route], settings: Sequence[RouteSettings]) -> Iterator[tuple[Route, RouteSettings]]:
    for route, own in zip(routes, settings, strict=True):
        yield route, own
        yield from _pairs(route.routes, own.routes)


def pacing_of(settings: ReceiverSettings) -> tuple[QuietHours | None, AtMost | None]:
    """Return the quiet hours and the limit of a receiver."""
    zone = ZoneInfo(settings.zone)
    night, quiet, at_most = DailySpan(time(22), time(7), zone), None, None
    if settings.quiet_hours is not None:
        night = DailySpan(settings.quiet_hours.begin, settings.quiet_hours.end, zone)
        quiet = QuietHours(night, settings.quiet_hours.passes)
    if settings.at_most is not None:
        limit = settings.at_most
        at_most = AtMost(limit.count, limit.per, night, limit.rest, limit.passes)
    return quiet, at_most
