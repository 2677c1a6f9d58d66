"""How the feeds of a track come and go: in shadow first, then count and expectation together; out of both when they leave.

    Coverage ──▶ who is there ──▶ roll: shadow, joined, left ──▶ part g of each key's news that counted before
    hours learnt ──▶ what shadows bring beside the rest ──▶ p, g = 1 − p

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


@dataclass
class Moved:
    """What a change of feeds means: ``part`` of what counts from the next hour on was seen before, row by row (None: all).

    ``changed``: hours in which a key's counts changed; ``unseen``: hours whose exposures are to be found again.
    """

    part: Floats | None = None
    changed: dict[str, set[int]] = field(default_factory=dict)
    unseen: range = range(0)


class Joining:
    """The roll of a track's feeds, the articles in two layers, and what the shadows have brought so far."""

    def __init__(self, shares: FeedShares) -> None:
        self.shares = shares
        self.roll = FeedRoll()
        self.layers = Layers(self.roll)
        self.stories = ShadowStories()

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

    def exposures(self, hour: int, exposure: Exposure) -> Floats | float:
        """Return E of every row in ``hour``, of the feeds that counted in it."""
        short = self.shortfalls(hour, exposure)
        if not short:
            return 1.0
        if self.roll.is_plain(hour):
            return self.shares.exposures(short, len(exposure.counting()))
        here = self.roll.at(hour)
        return self.shares.exposures(short, len(here), absent=sorted(self.roll.periods.keys() - set(here)))

    # -- hours ------------------------------------------------------------------------------------------------------

    def start(self, exposure: Exposure) -> None:
        """Begin with the feeds there are: they count from the first hour on."""
        self.roll.start(exposure.counting())

    def learn(
        self, hour: int, old: Mapping[int, float], new: Iterable[tuple[int, Sequence[str]]], exposure: Exposure
    ) -> None:
        """Learn what ``hour`` had: ``old`` stories that count, by row, and (row, feeds) of each ``new`` one."""
        shadows = self.roll.shadows
        told = self.roll.learnt(hour, {feed: exposure.exposure(feed, hour) for feed in shadows})
        for since in sorted({shadows[feed].since for feed in told}):
            self.stories.learn(since, old)
        if not told:
            return
        seen = self.exposures(hour, exposure)
        for row, carriers in new:
            feeds = [feed for feed in carriers if feed in told]
            if feeds:
                # Where not all of the feeds that count were seen, neither is all of what they would be compared with.
                self.stories.add(row, feeds, float(seen if isinstance(seen, float) else seen[row]))

    def follow(self, open_hour: int, age_h: int, guard_h: int, exposure: Exposure) -> Moved | None:
        """Take note of who is there as of ``open_hour``; return what that changes from the next hour on, None: nothing.

        ``age_h``: hours since the baseline began; after ``guard_h`` of them it has learnt its first.
        """
        roll, there = self.roll, exposure.counting()
        if roll.is_plain(open_hour) and len(there) == len(roll.periods) and all(f in roll.periods for f in there):
            return None
        for feed in roll.forget(open_hour):
            self.shares.forget(feed)
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
            moved.part = _product(self._leave(left, open_hour))
        else:
            back = self._renamed(came, left, open_hour, exposure)
            for feed in came:
                if feed not in back and feed not in roll.present():
                    roll.appear(feed, open_hour, age_h)
            parts = [
                *self._leave([f for f in left if f in roll.present()], open_hour),
                *self._come_back(back, open_hour),
            ]
            moved.part = _product([*parts, *self._join(ready, open_hour)])
        self.stories.forget(
            sorted(self.stories.new.keys() - roll.shadows.keys()), {s.since for s in roll.shadows.values()}
        )
        moved.changed = self.layers.sort_again(since)
        return moved

    def _take_over(self, there: Sequence[str], left: Sequence[str], open_hour: int) -> None:
        """Let those who are there count at once, as what is known stands for: of those who did nobody is left, if any was."""
        for feed in left:
            self.roll.leave(feed, open_hour - 1)
            self.shares.forget(feed)
        for feed in there:
            self.roll.join(feed, open_hour)

    def _renamed(self, came: Sequence[str], left: Sequence[str], open_hour: int, exposure: Exposure) -> list[str]:
        """Let feeds go on under another id of the same source; return those that come back, by their new ids."""
        roll, back = self.roll, []
        for feed in came:
            if feed in roll.periods:
                back.append(feed)
                continue
            source = exposure.source_id(feed)
            olds = [old for old in [*left, *reversed(roll.gone())] if exposure.source_id(old) == source]
            old = next((old for old in olds if old in self.shares.columns or old in roll.present()), None)
            if old is None:
                continue
            self.shares.renamed(old, feed)
            if old in roll.present():
                roll.leave(old, open_hour)
                roll.join(feed, open_hour - 1)
            else:
                back.append(feed)
        return back

    def _leave(self, left: Sequence[str], open_hour: int) -> list[Floats]:
        """Let feeds cease to count after the open hour; what was seen so far is more than will be."""
        if not left:
            return []
        gone = sorted(self.roll.gone())
        remaining = self.shares.exposures(dict.fromkeys(left, 0.0), len(self.roll.present()), absent=gone)
        for feed in left:
            self.roll.leave(feed, open_hour)
        return [1.0 / np.maximum(remaining, _LEAST_PART)]

    def _come_back(self, back: Sequence[str], open_hour: int) -> list[Floats]:
        """Let feeds count again from the next hour on; their shares are remembered."""
        if not back:
            return []
        for feed in back:
            self.roll.join(feed, open_hour + 1)
        gone = sorted(self.roll.gone())
        part = self.shares.exposures(dict.fromkeys(sorted(back), 0.0), len(self.roll.present()), absent=gone)
        return [np.maximum(part, _LEAST_PART)]

    def _join(self, ready: Sequence[str], open_hour: int) -> list[Floats]:
        """Let feeds whose shadow is over count from the next hour on, those together that came together."""
        roll, found = self.roll, []
        for since in sorted({roll.shadows[feed].since for feed in ready}):
            shadows = {f: roll.shadows[f] for f in ready if roll.shadows[f].since == since}
            seen = {feed: shadow.seen / shadow.hours for feed, shadow in shadows.items()}
            parts = self.stories.parts(since, seen, len(roll.present()), self.shares.rows)
            part: Floats = 1.0 - sum(parts.values(), start=np.zeros(self.shares.rows))
            self.shares.joined(parts, absent=sorted(roll.gone()))
            self.stories.rebased(part)
            for feed in shadows:
                roll.join(feed, open_hour + 1)
            found.append(part)
        return found

    # -- state ------------------------------------------------------------------------------------------------------

    def state(self) -> tuple[dict[str, object], dict[str, npt.NDArray[np.generic]]]:
        """Return what :meth:`load` goes on from exactly, but for the articles that count."""
        articles, arrays = self.layers.shadow.state()
        return {"roll": self.roll.state(), "articles": articles, "stories": self.stories.state()}, dict(arrays)

    def load(self, document: object, arrays: dict[str, npt.NDArray[np.generic]]) -> None:
        """Become what :meth:`state` described."""
        assert isinstance(document, dict)
        self.roll.load(document["roll"])
        self.layers.shadow.load(document["articles"], arrays)
        self.stories.load(document["stories"])


def _product(parts: Sequence[Floats]) -> Floats | None:
    if not parts:
        return None
    product: Floats = np.clip(np.prod(parts, axis=0), _LEAST_PART, 1.0 / _LEAST_PART)
    return product
