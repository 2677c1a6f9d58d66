"""Where a key stands: every window with what it has and what it needs to cross. Reads an engine's state, changes nothing.

The conditions are those the tracks decide by; a law of the tests is that a window crossed exactly when it lacks nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from alerts.chain import quantised_expected
from alerts.lifecycle import Verdict
from alerts.rule_state import RuleState
from alerts.rules.model import Sensitivity
from alerts.standing_conditions import Condition, Need, of_cusum, of_drop, of_recent, of_shift, publishers_condition
from alerts.tracks.bars import k_of
from alerts.tracks.baseline import BaselineTrack
from alerts.tracks.cusum import CusumTrack
from alerts.tracks.drop import DropTrack
from alerts.tracks.hourly import HourlyTrack
from alerts.tracks.new import NewTrack
from alerts.tracks.port import Track
from alerts.tracks.recent import RecentTrack
from alerts.tracks.shift import ShiftTrack
from alerts.tracks.spike import SpikeTrack
from alerts.tracks.threshold import ThresholdTrack

__all__ = ["Condition", "HourCount", "Need", "Standing", "hour_counts", "more_sensitive", "nearest", "standings"]


@dataclass(frozen=True, slots=True)
class Standing:
    """One window of one detector that ends with an hour: what it shows, and what it lacks."""

    key: str
    verdict: Verdict
    conditions: tuple[Condition, ...]

    @property
    def missing(self) -> tuple[Condition, ...]:
        """The conditions not met; none = it crosses."""
        return tuple(condition for condition in self.conditions if not condition.met)

    @property
    def nearness(self) -> tuple[float, float, int]:
        """What to sort by, nearest to crossing last: fewest conditions missing, then least missing of them."""
        missing = self.missing
        return -len(missing), sum(c.share for c in missing) / len(missing) if missing else 1.0, self.verdict.count


def standings(state: RuleState, key: str, hour: int) -> list[Standing]:
    """Return where ``key`` of a started rule stands in every window that ends with ``hour``.

    ``hour`` is the open hour or one of the 24 before, as in :meth:`alerts.tracks.port.Track.verdict`.
    """
    found: list[Standing] = []
    for track in state.tracks:
        every = _of_track(track, key, hour)
        found.extend(_corroborated(state, track, standing) for standing in every)
    return found


def nearest(state: RuleState, keys: Sequence[str], first_hour: int, last_hour: int) -> Standing | None:
    """Return the window nearest to crossing among those of ``keys`` that end in ``first_hour..last_hour``; None: no key."""
    every = (s for key in keys for hour in range(first_hour, last_hour + 1) for s in standings(state, key, hour))
    return max(every, key=lambda s: (s.nearness, -s.verdict.hour), default=None)


def more_sensitive(standing: Standing) -> Iterator[tuple[Sensitivity, float]]:
    """Yield the sensitivities, with the score, at which a window would have crossed that lacks nothing but score."""
    missing = standing.missing
    if len(missing) == 1 and missing[0].need is Need.SCORE:
        for sensitivity in Sensitivity:
            if k_of(standing.verdict.detector, sensitivity) <= missing[0].has:
                yield sensitivity, missing[0].has


def _of_track(track: Track, key: str, hour: int) -> list[Standing]:
    if isinstance(track, SpikeTrack):
        return _of_spike(track, key, hour)
    if isinstance(track, ThresholdTrack):
        return [_of_threshold(track, key, hour)]
    if isinstance(track, NewTrack):
        return [_of_new(track, key, hour)]
    if isinstance(track, CusumTrack):
        found = of_cusum(track, key, hour)
    elif isinstance(track, DropTrack):
        found = of_drop(track, key, hour)
    elif isinstance(track, ShiftTrack):
        found = of_shift(track, key, hour)
    else:
        assert isinstance(track, RecentTrack)
        found = of_recent(track, key, hour)
    return [Standing(key, verdict, conditions) for verdict, conditions in found]


def _of_spike(track: SpikeTrack, key: str, hour: int) -> list[Standing]:
    if track.share is None:
        return []
    floors, found = track.settings.floors, []
    bar = track.k_by_hour[hour]
    for score in track.share.scores(track.rows.get(key, 0), hour):
        first = hour - score.hours + 1
        counts = track.counts(key, first, hour)
        conditions = [
            Condition(Need.ARTICLES, counts.articles, 1),
            Condition(Need.SCORE, round(score.score, 3), bar),
            Condition(Need.STORIES, counts.stories, floors.stories),
            publishers_condition(counts.publishers, track.floor, hour),
        ]
        if floors.times:
            # Compared as the track does: count with so many times the expectation, never a quotient that may have no end.
            needed = floors.times * quantised_expected(score.expected)
            conditions.append(Condition(Need.TIMES, score.count, needed))
        verdict = Verdict(
            detector="spike",
            track=track.index,
            hour=hour,
            window_h=score.hours,
            crossed=all(c.met for c in conditions),
            calm=False,
            count=track.count_of(key, counts, first, hour),
            counts=counts,
            expected=score.expected,
            score=score.score,
            coverage=score.coverage,
        )
        found.append(Standing(key, verdict, tuple(conditions)))
    return found


def _of_threshold(track: ThresholdTrack, key: str, hour: int) -> Standing:
    verdict, settings = track.verdict(key, hour), track.settings
    conditions = [Condition(Need.COUNT, verdict.count, settings.count)]
    if settings.floors.stories:
        conditions.append(Condition(Need.STORIES, verdict.counts.stories, settings.floors.stories))
    if settings.floors.publishers:
        conditions.append(Condition(Need.PUBLISHERS, verdict.counts.publishers, settings.floors.publishers))
    return Standing(key, verdict, tuple(conditions))


def _of_new(track: NewTrack, key: str, hour: int) -> Standing:
    confirm = track.settings.confirm
    first = hour - confirm.within_h + 1
    counts = track.articles.counts(key, first, hour)
    conditions = [
        Condition(Need.NOT_KNOWN, float(not track.settings.knows(key)), 1.0),
        Condition(Need.STORIES, counts.stories, max(1, confirm.stories)),
        Condition(Need.PUBLISHERS, counts.publishers, confirm.publishers),
    ]
    articles = track.articles.by_key.get(key)
    appeared = next((entry.hour for entry in articles.between(first, hour)), None) if articles is not None else None
    since = hour if appeared is None else appeared
    conditions.append(Condition(Need.HISTORY_HOURS, max(0, since - track.first_hour), track.settings.quiet_for_h))
    earlier = [h for h in articles.hours() if h < since] if articles is not None else []
    before = earlier[-1] if earlier else track.last_seen.get(key)
    if before is not None:
        # The hour it was last seen in is not one of the quiet ones.
        conditions.append(Condition(Need.QUIET_HOURS, since - before - 1, track.settings.quiet_for_h))
    verdict = (
        track.verdict(key, hour)
        if counts.articles
        else Verdict("new", track.index, hour, confirm.within_h, False, True, 0, counts, None, None, 1.0)
    )
    return Standing(key, verdict, tuple(conditions))


def _corroborated(state: RuleState, track: Track, standing: Standing) -> Standing:
    wanted = state.rule.corroborated_by
    if wanted is None or isinstance(track, DropTrack):  # What is missing has no publishers who could corroborate it.
        return standing
    verdict = standing.verdict
    countries = track.countries(standing.key, verdict.hour - verdict.window_h + 1, verdict.hour)
    needed = Condition(Need.COUNTRIES, len(countries), wanted.source_countries)
    return Standing(standing.key, verdict, (*standing.conditions, needed))


@dataclass(frozen=True, slots=True)
class HourCount:
    """One hour of a key: what was counted, what was expected (None where the detector expects nothing), its exposure."""

    hour: int
    count: int
    expected: float | None
    exposure: float | None


def hour_counts(track: Track, key: str, first_hour: int, last_hour: int) -> list[HourCount]:
    """Return hour by hour what ``track`` holds of ``key``; hours it has forgotten are left out."""
    if isinstance(track, BaselineTrack) and track.share is not None:
        bank, row = track.share.bank, int(track.share.rows[track.rows.get(key, 0)])
        kept = bank.parameters.kept_h
        first = max(first_hour, bank.first_hour, bank.open_hour - kept + 1)
        found = []
        for hour in range(first, min(last_hour, bank.open_hour) + 1):
            ring = hour % kept
            seen = float(bank.exposure[ring, row])
            expected = float(bank.level[ring, row]) * float(bank.factors[ring, row]) * seen
            count = track.articles.unit_in(key, hour, track.settings.of)
            found.append(HourCount(hour, count, expected, seen))
        return found
    if not isinstance(track, ThresholdTrack | NewTrack | HourlyTrack) or key not in track.articles.by_key:
        return []
    unit = track.settings.of
    return [
        HourCount(hour, track.articles.unit_in(key, hour, unit), None, None)
        for hour in range(first_hour, last_hour + 1)
    ]
