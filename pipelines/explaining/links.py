"""The chain from a feed to a person, link by link: what held, what broke first, in words and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Link(StrEnum):
    """A link of the chain, in the order news goes through them."""

    RULE = "rule"  # was in force
    POLLED = "polled"
    SEEN = "seen"
    EXTRACTED = "extracted"
    DATED = "dated"
    NEWEST = "newest revision"
    LANGUAGE = "language"
    ACTORS = "actors"
    MATCHED = "matched"
    COUNTED = "counted"
    DUPLICATE = "duplicate"  # enough of the articles are stories of their own
    LEARNING = "learning"  # what is normal was known
    EXPECTATION = "expectation"
    FLOORS = "floors"
    LASTING = "lasting"  # the crossing lasted as long as the rule asks for
    SCHEDULE = "schedule"  # the rule might ring at that time
    COOL_DOWN = "cool-down"
    LIMIT = "limit"
    OPENED = "opened"
    SILENCED = "silenced"
    ROUTED = "routed"
    DELIVERED = "delivered"


class State(StrEnum):
    """What became of a link."""

    HOLDS = "holds"
    BROKEN = "broken"
    NOTE = "note"  # neither, but worth knowing


@dataclass(frozen=True)
class Checked:
    """One link that was looked at. ``details`` are lines for people, nearest articles first."""

    link: Link
    state: State
    text: str
    details: tuple[str, ...] = ()
    numbers: dict[str, float | int | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Chain:
    """The links in order; what comes after the first broken one was not reached, but is told where it is known."""

    links: tuple[Checked, ...]

    @property
    def broken(self) -> Checked | None:
        """The first link that does not hold; None where all do."""
        return next((link for link in self.links if link.state is State.BROKEN), None)


def chain_of(links: Sequence[Checked]) -> Chain:
    """Return the chain of ``links`` in the order of :class:`Link`."""
    order = {link: place for place, link in enumerate(Link)}
    return Chain(tuple(sorted(links, key=lambda checked: order[checked.link])))
