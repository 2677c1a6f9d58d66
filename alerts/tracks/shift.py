"""The track of a ``shift``: among a key's stories a part has become far larger than it normally is, whatever their number."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from alerts.chain import quantised_expected
from alerts.detectors.shift_bank import ShareScore, ShiftBank, ShiftParameters
from alerts.lifecycle import Verdict
from alerts.rules.model import Shift, Unit
from alerts.stories.key_articles import Entry
from alerts.tracks.bars import BUDGET_HOURS, CALM_P, bar_of
from alerts.tracks.counting import forget_hours, hours_of_json, of_unit
from alerts.tracks.hourly import HourlyTrack
from alerts.tracks.port import Exposure
from schemas.alert_event import Counts

#: Coverage below which the few feeds that are left say nothing about a share.
_BLIND_BELOW = 0.5


class ShiftTrack(HourlyTrack[Shift, ShiftBank]):
    """See :class:`alerts.tracks.port.Track`. A story belongs to the part iff its first article does."""

    def __init__(self, settings: Shift, index: int) -> None:
        super().__init__(settings, index)
        self.parts: dict[str, set[str]] = {}  # by key: the articles in memory that belong to the part
        self.k_by_hour: dict[int, float] = {}
        self.last_learnt: dict[str, int] = {}

    def exchange(self, settings: Shift) -> None:
        """Go on with other thresholds; what is remembered stays."""
        same_bar = (settings.sensitivity, settings.budget) == (self.settings.sensitivity, self.settings.budget)
        super().exchange(settings)
        if not same_bar:
            self.k_by_hour = {hour: self._k(hour) for hour in self.k_by_hour}

    # -- counting ---------------------------------------------------------------------------------------------------

    def _note_part(self, key: str, article_id: str, *, in_part: bool) -> None:
        if in_part:
            self.parts.setdefault(key, set()).add(article_id)
        elif key in self.parts:
            self.parts[key].discard(article_id)

    def _forgotten(self, key: str) -> None:
        articles, part = self.articles.by_key.get(key), self.parts.get(key, set())
        self.parts[key] = {a for a in part if articles is not None and a in articles}
        if not self.parts[key]:
            del self.parts[key]

    def _new_bank(self, first_hour: int) -> ShiftBank:
        settings = self.settings
        return ShiftBank(ShiftParameters(settings.window_h, float(settings.baseline_h)), first_hour)

    def _set_count(self, bank: ShiftBank, key: str, hour: int) -> None:
        whole = self.articles.unit_in(key, hour, self.settings.of)
        part = of_unit(self._part_counts(key, hour, hour), self.settings.of)
        bank.set_count(self.rows[key], hour, whole, part)

    def _part_of(self, key: str, first_hour: int, last_hour: int) -> list[Entry]:
        """Return the articles of the part, in order."""
        articles, part = self.articles.by_key.get(key), self.parts.get(key)
        if articles is None or not part:
            return []
        return [entry for entry in articles.between(first_hour, last_hour) if entry.article_id in part]

    def _part_counts(self, key: str, first_hour: int, last_hour: int) -> Counts:
        entries = self._part_of(key, first_hour, last_hour)
        stories = sum(1 for entry in entries if entry.leads)
        return Counts(stories=stories, publishers=len({e.publisher for e in entries}), articles=len(entries))

    # -- hours ------------------------------------------------------------------------------------------------------

    def _open(self, bank: ShiftBank, hour: int, exposure: Exposure) -> None:
        super()._open(bank, hour, exposure)
        if self.settings.budget is not None:
            learnt = hour - bank.guard_h
            self.last_learnt.update(dict.fromkeys(self.articles.keys_in(learnt), learnt))
        previous = self.k_by_hour.get(hour - 1)
        self.k_by_hour[hour] = self._k(hour) if previous is None or hour % 24 == 0 else previous

    def _k(self, hour: int) -> float:
        active = 0
        if self.settings.budget is not None:
            active = sum(1 for learnt in self.last_learnt.values() if learnt >= hour - BUDGET_HOURS)
        return bar_of(self.settings, active)

    def _forget(self, bank: ShiftBank) -> None:
        super()._forget(bank)
        forget_hours(self.k_by_hour, bank.open_hour - bank.kept_h)

    # -- verdicts ---------------------------------------------------------------------------------------------------

    def _reaches_floors(self, key: str, hour: int) -> bool:
        settings = self.settings
        part = self._part_counts(key, hour - settings.window_h + 1, hour)
        return of_unit(part, settings.of) >= max(1, settings.part) and part.publishers >= self.floor.at(hour)

    def _newest(self, open_hour: int) -> int:
        return open_hour - 1  # What else comes in the open hour can make the part small again.

    def verdict(self, key: str, hour: int) -> Verdict:
        """Return the window that ends with ``hour``; the counts are those of the part."""
        bank, settings = self.bank, self.settings
        assert bank is not None
        score = bank.score(self.rows.get(key, 0), hour)
        first = hour - settings.window_h + 1
        part, whole = self._part_counts(key, first, hour), self.articles.counts(key, first, hour)
        count = of_unit(part, settings.of)
        crossed = (
            round(score.score, 3) >= self.k_by_hour[hour]
            and count >= max(1, settings.part)
            and whole.stories >= settings.floors.stories
            and part.publishers >= self.floor.at(hour)
            and score.part >= settings.floors.times * quantised_expected(score.expected)
            and round(score.coverage, 3) >= _BLIND_BELOW
        )
        return Verdict(
            detector="shift",
            track=self.index,
            hour=hour,
            window_h=settings.window_h,
            crossed=crossed,
            calm=not crossed and round(score.p, 6) > CALM_P,
            count=count,
            counts=part,
            expected=score.expected,
            score=score.score,
            coverage=score.coverage,
            told=_told(score, settings.of),
        )

    def counted(self, key: str, first_hour: int, last_hour: int) -> list[tuple[str, str]]:
        """Return (article_id, story) of the part: it is what rang."""
        return [(entry.article_id, entry.story) for entry in self._part_of(key, first_hour, last_hour)]

    def counts(self, key: str, first_hour: int, last_hour: int) -> Counts:
        """Return what was counted of the part."""
        return self._part_counts(key, first_hour, last_hour)

    def countries(self, key: str, first_hour: int, last_hour: int) -> frozenset[str]:
        """Return the countries of the part's publishers."""
        entries = self._part_of(key, first_hour, last_hour)
        return frozenset(entry.country for entry in entries if entry.country is not None)

    # -- state ------------------------------------------------------------------------------------------------------

    def state(self) -> tuple[dict[str, object], dict[str, npt.NDArray[np.generic]]]:
        """Return what :meth:`load` goes on from exactly."""
        document, arrays = super().state()
        parts = {key: sorted(articles) for key, articles in sorted(self.parts.items()) if articles}
        return {**document, "parts": parts, "k": dict(self.k_by_hour), "last_learnt": dict(self.last_learnt)}, arrays

    def load(self, document: dict[str, object], arrays: dict[str, npt.NDArray[np.generic]]) -> None:
        """Become what :meth:`state` described."""
        super().load(document, arrays)
        parts, learnt = document["parts"], document["last_learnt"]
        assert isinstance(parts, dict)
        assert isinstance(learnt, dict)
        self.parts = {str(key): {str(article) for article in articles} for key, articles in parts.items()}
        self.k_by_hour = hours_of_json(document["k"])
        self.last_learnt = {str(key): int(hour) for key, hour in learnt.items()}


def _told(score: ShareScore, unit: Unit) -> str:
    """Say the shares in words: 14 of 20 stories (70 %, normally 26 %)."""
    if score.whole <= 0:
        return ""
    now, normal = round(100 * score.part / score.whole), round(100 * score.share)
    return f"{score.part:.0f} of {score.whole:.0f} {unit.value} ({now} %, normally {normal} %)"
