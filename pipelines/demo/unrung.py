"""Watches that came near and did not ring, with the engine's own numbers: what was counted, and which bar held.

It looks at the engine between two batches and changes nothing in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.engine import Engine
from alerts.lifecycle import Verdict
from alerts.rule_state import RuleState
from alerts.rules.model import Mode, Spike
from alerts.tracks.spike import SpikeTrack
from schemas.alert_event import Counts, Evidence
from schemas.ids import hour_start

#: Articles of one key below which nothing worth telling can have happened.
_FEWEST_ARTICLES = 5
#: Hours back from the open one that a verdict may be asked about.
_REACH_H = 23


@dataclass(frozen=True)
class Bar:
    """One condition of ringing: how much there was of ``name`` and how much the rule asks for."""

    name: str
    was: float
    needed: float

    @property
    def held(self) -> bool:
        """Whether this is what kept the watch silent."""
        return self.was < self.needed


@dataclass(frozen=True)
class Unrung:
    """A window of a key that did not cross. ``evidence`` holds all its articles, oldest first."""

    rule: str
    key: str
    end: datetime
    window_h: int
    counts: Counts
    expected: float
    score: float
    bars: tuple[Bar, ...]
    evidence: tuple[Evidence, ...]

    @property
    def mere_copies(self) -> int:
        """Return how many articles told a story that was counted already."""
        return self.counts.articles - self.counts.stories


class Bystanders:
    """Collects, over a run, the window that stayed silent over the most copies of what had been told already."""

    def __init__(self) -> None:
        self.most_copied: Unrung | None = None
        self._ringing: frozenset[tuple[str, str]] = frozenset()

    def look(self, engine: Engine) -> None:
        """Look at every key with news in the hours that can still be asked about."""
        if engine.open is None:
            return
        ringing = frozenset((name, key) for name, state in engine.rules.items() for key in state.lives)
        for name, key in _busy_keys(engine, engine.open):
            # What rang, or rested after that, in some of these hours was not silent.
            if (name, key) in ringing | self._ringing:
                continue
            for found in _silent_windows(engine, engine.rules[name], key, engine.open):
                if self.most_copied is None or found.mere_copies > self.most_copied.mere_copies:
                    self.most_copied = found
        self._ringing = ringing


def _busy_keys(engine: Engine, open_hour: int) -> list[tuple[str, str]]:
    counted: dict[tuple[str, str], int] = defaultdict(int)
    cards = (card for hour in range(open_hour - _REACH_H, open_hour + 1) for card in engine.cards.of_hour(hour))
    for card in cards:
        for name, hits in card.hits.items() if card.counted else ():
            for hit in hits:
                counted[name, hit.key] += 1
    return sorted(watched for watched, count in counted.items() if count >= _FEWEST_ARTICLES)


def _silent_windows(engine: Engine, state: RuleState, key: str, open_hour: int) -> Iterator[Unrung]:
    """Yield the windows of spikes that did not cross, though ``key`` had news in them."""
    if state.rule.mode is not Mode.LIVE or state.start_hour is None:
        return
    for track in state.tracks:
        if not isinstance(track, SpikeTrack):
            continue
        for hour in range(max(state.start_hour, open_hour - _REACH_H), open_hour):
            verdict = track.verdict(key, hour)
            if not verdict.crossed and verdict.counts.articles >= _FEWEST_ARTICLES:
                yield _told(engine, state, track, key, verdict)


def _told(engine: Engine, state: RuleState, track: SpikeTrack, key: str, verdict: Verdict) -> Unrung:
    settings = track.settings
    first = verdict.hour - verdict.window_h + 1
    counted = track.counted(key, first, verdict.hour)
    evidence = [engine.cards[a].evidence(state.rule.name, key, story) for a, story in counted if a in engine.cards]
    return Unrung(
        rule=state.rule.name,
        key=key,
        end=hour_start(verdict.hour + 1),
        window_h=verdict.window_h,
        counts=verdict.counts,
        expected=verdict.expected or 0.0,
        score=round(verdict.score or 0.0, 3),
        bars=tuple(_bars(settings, verdict, track.k_by_hour[verdict.hour], track.floor.at(verdict.hour))),
        evidence=tuple(sorted(evidence, key=lambda item: (item.event_time, item.article_id))),
    )


def _bars(settings: Spike, verdict: Verdict, k: float, publishers: int) -> Sequence[Bar]:
    expected = verdict.expected or 0.0
    return (
        Bar("stories", verdict.counts.stories, settings.floors.stories),
        Bar("publishers", verdict.counts.publishers, publishers),
        Bar("times the expectation", verdict.count / expected if expected else 0.0, settings.floors.times),
        Bar("score", round(verdict.score or 0.0, 3), k),
    )
