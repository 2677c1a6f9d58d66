"""What every outlet's feed holds at every moment: hand-written and quiet items, copies, edits, late and undated ones.

Pure and repeatable: the same stretch gives the same postings, with the same digest.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

from pipelines.demo.items import Edit, WrittenItem, read_items
from pipelines.demo.outlets import Outlet, read_outlets
from pipelines.demo.quiet import QuietItem, quiet_day
from schemas.ids import digest

#: The first day of quiet news; the backlog a feed shows on the demonstration's first day begins here.
FIRST_DAY = date(2024, 11, 4)
#: When the demonstration begins and ends.
START = datetime(2024, 12, 1, tzinfo=UTC)
END = datetime(2025, 8, 1, tzinfo=UTC)
#: A document holds the newest so many items, as news feeds do.
DOCUMENT_ITEMS = 20


@dataclass(frozen=True)
class Wording:
    """A title and a summary, in force from ``since`` on."""

    since: datetime
    title: str
    summary: str


@dataclass(frozen=True)
class Posting:
    """An item in one outlet's feed. ``published`` is what it claims, None for an undated one.

    ``credit`` names the agency whose text it is; None where the outlet wrote it itself. ``quiet``: ordinary news.
    """

    outlet: str
    number: int
    appears: datetime
    published: datetime | None
    wordings: tuple[Wording, ...]
    credit: str | None = None
    quiet: bool = False

    def wording_at(self, moment: datetime) -> Wording:
        """Return the newest wording in force at ``moment``; the first one before that."""
        return next((w for w in reversed(self.wordings) if w.since <= moment), self.wordings[0])

    @property
    def guid(self) -> str:
        """Return the name it has in its feed, whatever its wording."""
        return f"{self.outlet}-{self.number:05d}"

    @cached_property
    def path(self) -> str:
        """Return the path of its page."""
        plain = unicodedata.normalize("NFKD", self.wordings[0].title).encode("ascii", "ignore").decode().lower()
        slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
        return f"/{self.appears:%Y/%m/%d}/{slug[:70].rstrip('-')}"


@dataclass(frozen=True)
class Timeline:
    """All postings by outlet, in the order in which they appear, and the moments at which its feed changes."""

    outlets: Mapping[str, Outlet]
    postings: Mapping[str, Sequence[Posting]]
    changes: Mapping[str, Sequence[datetime]]
    moments: Sequence[datetime]  # of all outlets

    def document(self, outlet: str, moment: datetime) -> list[Posting]:
        """Return what the feed of ``outlet`` holds at ``moment``: the newest items, the newest claim first."""
        postings = self.postings[outlet]
        end = bisect_right(postings, moment, key=lambda posting: posting.appears)
        shown = postings[max(0, end - DOCUMENT_ITEMS) : end]
        return sorted(shown, key=lambda posting: (posting.published or posting.appears, posting.number), reverse=True)

    def changed_at(self, outlet: str, moment: datetime) -> datetime:
        """Return when the feed of ``outlet`` last changed as of ``moment``; long ago where it never did."""
        changes = self.changes[outlet]
        position = bisect_right(changes, moment)
        return changes[position - 1] if position else datetime.combine(FIRST_DAY, time(), UTC)

    def next_moment(self, after: datetime) -> datetime | None:
        """Return when the next item appears or changes; None where nothing more does."""
        position = bisect_right(self.moments, after)
        return self.moments[position] if position < len(self.moments) else None

    def digest(self) -> str:
        """Return the hash of everything in it."""
        return digest("timeline", *(repr(posting) for postings in self.postings.values() for posting in postings))


def make_timeline(until: datetime = END) -> Timeline:
    """Return the timeline up to ``until``; a shorter one is the beginning of a longer one."""
    outlets = read_outlets()
    drafts = [draft for item in read_items() for draft in _of_written(item, outlets)]
    for number in range((until.date() - FIRST_DAY).days + 1):
        drafts += [d for item in quiet_day(FIRST_DAY + timedelta(days=number)) for d in _of_quiet(item, outlets)]
    postings: dict[str, Sequence[Posting]] = {}
    for name in outlets:
        mine = sorted((d for d in drafts if d.outlet == name and d.appears < until), key=lambda d: d.order)
        postings[name] = tuple(draft.numbered(number) for number, draft in enumerate(mine, start=1))
    changes = {
        name: sorted({w.since for p in mine for w in p.wordings if w.since < until}) for name, mine in postings.items()
    }
    return Timeline(outlets, postings, changes, sorted({moment for found in changes.values() for moment in found}))


@dataclass(frozen=True)
class _Draft:
    """A posting before its outlet gave it a number."""

    outlet: str
    appears: datetime
    published: datetime | None
    wordings: tuple[Wording, ...]
    credit: str | None
    quiet: bool

    @property
    def order(self) -> tuple[datetime, str]:
        return self.appears, self.wordings[0].title

    def numbered(self, number: int) -> Posting:
        return Posting(self.outlet, number, self.appears, self.published, self.wordings, self.credit, self.quiet)


def _of_written(item: WrittenItem, outlets: Mapping[str, Outlet]) -> list[_Draft]:
    published = None if item.undated else item.published
    edits = [_edited(item.appears, edit) for edit in item.edits]
    original = (Wording(item.appears, item.title, item.summary), *edits)
    credit = outlets[item.outlet].name if item.copies else None
    return [
        _Draft(item.outlet, item.appears, published, original, None, quiet=False),
        *_copies(item.copies, original[0], credit, quiet=False),
    ]


def _of_quiet(item: QuietItem, outlets: Mapping[str, Outlet]) -> list[_Draft]:
    wording = Wording(item.published, item.title, item.summary)
    return [
        _Draft(item.outlet, item.published, item.published, (wording,), None, quiet=True),
        *_copies(item.copies, wording, outlets[item.outlet].name, quiet=True),
    ]


def _copies(copies: Mapping[str, int], original: Wording, credit: str | None, *, quiet: bool) -> list[_Draft]:
    found = []
    for outlet, minutes in copies.items():
        moment = original.since + timedelta(minutes=minutes)
        wording = Wording(moment, original.title, original.summary)
        found.append(_Draft(outlet, moment, moment, (wording,), credit, quiet))
    return found


def _edited(appears: datetime, edit: Edit) -> Wording:
    return Wording(appears + timedelta(minutes=edit.after_minutes), edit.title, edit.summary)
