"""How the feeds of a track come and go: in shadow first, then count and expectation together; out of both when they leave.

    Coverage ──▶ who is there ──▶ roll: shadow, joined, left ──▶ part g of each key's news that counted before
    hours learnt ──▶ what shadows bring beside the rest ──▶ p, g = 1 − p

Stories may be of several volumes (for a share: those of the part, and the others): each has shares of its own.

Equations: see :mod:`alerts.detectors.rebase`, :mod:`alerts.tracks.shadow_stories` and :mod:`alerts.tracks.feed_shares`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from alerts.tracks.feed_roll import FeedRoll
from alerts.tracks.feed_shares import FeedShares, Floats
from alerts.tracks.layers import Layers
from alerts.tracks.port import Exposure
from alerts.tracks.shadow_stories import ShadowStories

#: However much leaves or joins at once, what counted before is taken for at least this part of it, or of what is left.
_LEAST_PART = 0.02


#: The row and the feeds of each of some stories.
Stories = Iterable[tuple[int, Sequence[str]]]


@dataclass
class Moved:
    """What a change of feeds means: ``parts`` of what counts from the next hour on were seen before, by volume and row.

    No parts: all was. ``doubts``: how unsure those parts are, the variance of each as a multiple of its square; none where shares
    are remembered. ``changed``: hours in which a key's counts changed; ``unseen``: hours whose exposures are to be found
    again.
    """

    parts: Sequence[Floats] = ()
    doubts: Sequence[Floats] = ()
    changed: dict[str, set[int]] = field(default_factory=dict)
    unseen: range = range(0)


class Joining:
    """The roll of a track's feeds, the articles in two layers, and by volume what shadows and the others have brought so far."""

    def __init__(self, shares: Sequence[FeedShares]) -> None:
        self.shares = shares
        self.roll = FeedRoll()
        self.layers = Layers(self.roll)
        self.stories = [ShadowStories() for _ in shares]

    def add_row(self) -> None:
        """Add a key without any story."""
        for shares in self.shares:
            shares.add_row()

    # -- exposures --------------------------------------------------------------------------------------------------

    def shortfalls(self, hour: int, exposure: Exposure) -> dict[str, float]:
        """Return the exposure of each feed that counted in ``hour`` and was seen less than wholly, by sorted feed id."""
        if self.roll.is_plain(hour):
            return exposure.shortfalls(hour)
        return {feed: e for feed in self.roll.at(hour) if (e := exposure.exposure(feed, hour)) < 1.0}

    def unseen(self, hour: int, exposure: Exposure) -> dict[str, float]:
        """Return the same with the feeds that left, whose shares must not fade."""
        short = self.shortfalls(hour, exposure)
        return {**short, **dict.fromkeys(self.roll.gone(), 0.0)} if self.roll.gone() else short

    def exposures(self, hour: int, exposure: Exposure) -> list[Floats | float]:
        """Return, by volume, E of every row in ``hour``, of the feeds that counted in it."""
        short = self.shortfalls(hour, exposure)
        if not short:
            return [1.0] * len(self.shares)
        if self.roll.is_plain(hour):
            return [shares.exposures(short, len(exposure.counting())) for shares in self.shares]
        here = self.roll.at(hour)
        absent = sorted(self.roll.periods.keys() - set(here))
        return [shares.exposures(short, len(here), absent=absent) for shares in self.shares]

    # -- hours ------------------------------------------------------------------------------------------------------

    def start(self, exposure: Exposure) -> None:
        """Begin with the feeds there are: they count from the first hour on."""
        self.roll.start(exposure.counting())

    def learn(self, hour: int, old: Sequence[Mapping[int, float]], new: Sequence[Stories], exposure: Exposure) -> None:
        """Learn what ``hour`` had, by volume: ``old`` stories that count, by row, and (row, feeds) of each ``new`` one."""
        shadows = self.roll.shadows
        told = self.roll.learnt(hour, {feed: exposure.exposure(feed, hour) for feed in shadows})
        for stories, counted in zip(self.stories, old, strict=True):
            for since in sorted({shadows[feed].since for feed in told}):
                stories.learn(since, counted)
        if not told:
            return
        exposures = self.exposures(hour, exposure)
        for stories, seen, of_volume in zip(self.stories, exposures, new, strict=True):
            for row, carriers in of_volume:
                feeds = [feed for feed in carriers if feed in told]
                if feeds:
                    # Where not all of the feeds that count were seen, neither is all of what they would be compared with.
                    stories.add(row, feeds, float(seen if isinstance(seen, float) else seen[row]))

    def follow(self, open_hour: int, age_h: int, guard_h: int, exposure: Exposure) -> Moved | None:
        """Take note of who is there as of ``open_hour``; return what that changes from the next hour on, None: nothing.

        ``age_h``: hours since the baseline began; after ``guard_h`` of them it has learnt its first.
        """
        roll, there = self.roll, exposure.counting()
        if roll.is_plain(open_hour) and len(there) == len(roll.periods) and all(f in roll.periods for f in there):
            return None
        for feed in roll.forget(open_hour):
            self._forget(feed)
        known = set(roll.present())
        came = [feed for feed in there if feed not in known and feed not in roll.shadows]
        left = sorted(known - set(there))
        for feed in sorted(roll.shadows.keys() - set(there)):
            del roll.shadows[feed]
        ready = sorted(feed for feed, shadow in roll.shadows.items() if shadow.over)
        if not came and not ready and not (left and there):
            return None
        moved = Moved()
        since = open_hour - 1
        if len(left) == len(known):
            self._take_over(there, left, open_hour)
        elif age_h <= guard_h:
            # Nothing is learnt yet: whoever comes now was always to be expected, and merely not seen before.
            for feed in came:
                roll.join(feed, 0)
            since = open_hour - age_h
            moved.unseen = range(since, open_hour)
            moved.parts = _products(self._leave(left, open_hour))
        else:
            back = self._renamed(came, left, open_hour, exposure)
            for feed in came:
                if feed not in back and feed not in roll.present():
                    roll.appear(feed, open_hour, age_h)
            parts = [
                *self._leave([f for f in left if f in roll.present()], open_hour),
                *self._come_back(back, open_hour),
            ]
            joined, doubts = self._join(ready, open_hour)
            moved.parts = _products([*parts, *joined])
            moved.doubts = [sum(found, start=np.zeros(s.rows)) for found, s in zip(doubts, self.shares, strict=True)]
        for stories in self.stories:
            stories.forget(sorted(stories.new.keys() - roll.shadows.keys()), {s.since for s in roll.shadows.values()})
        moved.changed = self.layers.sort_again(since)
        return moved

    def _take_over(self, there: Sequence[str], left: Sequence[str], open_hour: int) -> None:
        """Let those who are there count at once, as what is known stands for: of those who did nobody is left, if any was."""
        for feed in left:
            self.roll.leave(feed, open_hour - 1)
            self._forget(feed)
        for feed in there:
            self.roll.join(feed, open_hour)

    def _forget(self, feed: str) -> None:
        for shares in self.shares:
            shares.forget(feed)

    def _renamed(self, came: Sequence[str], left: Sequence[str], open_hour: int, exposure: Exposure) -> list[str]:
        """Let feeds go on under another id of the same source; return those that come back, by their new ids."""
        roll, back = self.roll, []
        for feed in came:
            if feed in roll.periods:
                back.append(feed)
                continue
            source = exposure.source_id(feed)
            olds = [old for old in [*left, *reversed(roll.gone())] if exposure.source_id(old) == source]
            known = {feed for shares in self.shares for feed in shares.columns}
            old = next((old for old in olds if old in known or old in roll.present()), None)
            if old is None:
                continue
            for shares in self.shares:
                shares.renamed(old, feed)
            if old in roll.present():
                roll.leave(old, open_hour)
                roll.join(feed, open_hour - 1)
            else:
                back.append(feed)
        return back

    def _leave(self, left: Sequence[str], open_hour: int) -> list[list[Floats]]:
        """Let feeds cease to count after the open hour; what was seen so far is more than will be."""
        if not left:
            return []
        remaining = self._without(left)
        for feed in left:
            self.roll.leave(feed, open_hour)
        return [[1.0 / part for part in remaining]]

    def _without(self, feeds: Sequence[str]) -> list[Floats]:
        """Return, by volume, the part that those who count bring without ``feeds``."""
        gone, present = sorted(self.roll.gone()), len(self.roll.present())
        none = dict.fromkeys(feeds, 0.0)
        return [np.maximum(shares.exposures(none, present, absent=gone), _LEAST_PART) for shares in self.shares]

    def _come_back(self, back: Sequence[str], open_hour: int) -> list[list[Floats]]:
        """Let feeds count again from the next hour on; their shares are remembered."""
        if not back:
            return []
        for feed in back:
            self.roll.join(feed, open_hour + 1)
        return [self._without(sorted(back))]

    def _join(self, ready: Sequence[str], open_hour: int) -> tuple[list[list[Floats]], list[list[Floats]]]:
        """Let feeds whose shadow is over count from the next hour on, those together that came together.

        Return what that means one after the other, by volume; and by volume how unsure each is.
        """
        roll, found = self.roll, []
        doubts: list[list[Floats]] = [[] for _ in self.shares]
        for since in sorted({roll.shadows[feed].since for feed in ready}):
            shadows = {f: roll.shadows[f] for f in ready if roll.shadows[f].since == since}
            seen = {feed: shadow.seen / shadow.hours for feed, shadow in shadows.items()}
            by_volume = []
            for stories, shares, unsure in zip(self.stories, self.shares, doubts, strict=True):
                parts = stories.parts(since, seen, len(roll.present()), shares.rows)
                part: Floats = 1.0 - sum(parts.values(), start=np.zeros(shares.rows))
                unsure.append(stories.doubts(since, seen, part))
                shares.joined(parts, absent=sorted(roll.gone()))
                stories.rebased(part)
                by_volume.append(part)
            for feed in shadows:
                roll.join(feed, open_hour + 1)
            found.append(by_volume)
        return found, doubts

    # -- state ------------------------------------------------------------------------------------------------------

    def state(self) -> tuple[dict[str, object], dict[str, npt.NDArray[np.generic]]]:
        """Return what :meth:`load` goes on from exactly, but for the articles that count."""
        articles, arrays = self.layers.shadow.state()
        found = {f"shadow_{name}": array for name, array in arrays.items()}
        documents = []
        for number, shares in enumerate(self.shares):
            document, arrays = shares.state()
            documents.append(document)
            found.update({f"shares_{number}_{name}": array for name, array in arrays.items()})
        stories = [stories.state() for stories in self.stories]
        return {"roll": self.roll.state(), "articles": articles, "stories": stories, "shares": documents}, found

    def load(self, document: object, arrays: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Become what :meth:`state` described."""
        assert isinstance(document, dict)
        self.roll.load(document["roll"])
        self.layers.shadow.load(document["articles"], only(arrays, "shadow_"))
        for stories, state in zip(self.stories, document["stories"], strict=True):
            stories.load(state)
        for number, (shares, state) in enumerate(zip(self.shares, document["shares"], strict=True)):
            shares.load(state, only(arrays, f"shares_{number}_"))


def only(arrays: Mapping[str, npt.NDArray[np.generic]], head: str) -> dict[str, npt.NDArray[np.generic]]:
    """Return the arrays whose names begin with ``head``, without it."""
    return {name.removeprefix(head): array for name, array in arrays.items() if name.startswith(head)}


def _products(steps: Sequence[Sequence[Floats]]) -> list[Floats]:
    """Return, by volume, the part that is left after all ``steps``; nothing where there are none."""
    least, most = _LEAST_PART, 1.0 / _LEAST_PART
    return [np.clip(np.prod(parts, axis=0), least, most) for parts in zip(*steps, strict=True)]
