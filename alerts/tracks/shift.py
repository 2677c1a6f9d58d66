"""The track of a ``shift``: among a key's stories a part has become far larger than it normally is, whatever their number."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from alerts.cards import Card
from alerts.chain import quantised_expected
from alerts.detectors.shift_bank import PART, REST, ShareScore, ShiftBank, ShiftParameters
from alerts.lifecycle import Verdict
from alerts.rules.model import Shift, Unit
from alerts.stories.key_articles import Entry
from alerts.tracks.bars import CALM_P, bar_of
from alerts.tracks.counting import KeyedArticles, forget_hours, hours_of_json, of_unit, publishers_by_hour
from alerts.tracks.hourly import HourlyTrack
from alerts.tracks.port import Exposure
from schemas.alert_event import Counts

#: Coverage below which the few feeds that are left say nothing about a share.
_BLIND_BELOW = 0.5


class ShiftTrack(HourlyTrack[Shift, ShiftBank]):
    """See :class:`alerts.tracks.port.Track`. A story belongs to the part iff its first article does."""

    VOLUMES = ShiftBank.VOLUMES

    def __init__(self, settings: Shift, index: int) -> None:
        super().__init__(settings, index)
        self.parts: dict[str, set[str]] = {}  # by key: the articles in memory that belong to the part
        self.k_by_hour: dict[int, float] = {}

    def exchange(self, settings: Shift) -> None:
        """Go on with other thresholds; what is remembered stays."""
        same_bar = (settings.sensitivity, settings.budget) == (self.settings.sensitivity, self.settings.budget)
        super().exchange(settings)
        if not same_bar:
            self.k_by_hour = {hour: self._k(hour) for hour in self.k_by_hour}

    # -- counting ---------------------------------------------------------------------------------------------------

    def insert(self, key: str, card: Card, *, in_part: bool = False) -> None:
        """Count ``card`` for ``key``, and for its part too where it is ``in_part``."""
        self._note_part(key, card.article_id, in_part=in_part)
        super().insert(key, card)

    def remove(self, key: str, card: Card) -> None:
        """Stop counting ``card`` for ``key``."""
        self._note_part(key, card.article_id, in_part=False)
        super().remove(key, card)

    def _note_part(self, key: str, article_id: str, *, in_part: bool) -> None:
        if in_part:
            self.parts.setdefault(key, set()).add(article_id)
        elif key in self.parts:
            self.parts[key].discard(article_id)

    def _forgotten(self, key: str) -> None:
        layers = [layer.by_key[key] for layer in (self.articles, self.layers.shadow) if key in layer.by_key]
        kept = self.parts.get(key, set()) & set[str]().union(*(articles.ids() for articles in layers))
        if kept:
            self.parts[key] = kept
        else:
            self.parts.pop(key, None)

    def _volume_of(self, key: str, leader: str) -> int:
        return PART if leader in self.parts.get(key, ()) else REST

    def _new_bank(self, first_hour: int) -> ShiftBank:
        settings = self.settings
        return ShiftBank(ShiftParameters(settings.window_h, float(settings.baseline_h)), first_hour)

    def _set_count(self, key: str, hour: int) -> None:
        assert self.bank is not None
        whole = self.articles.unit_in(key, hour, self.settings.of)
        part = of_unit(_counted(self._part_of(self.articles, key, hour, hour)), self.settings.of)
        self.bank.set_count(self.rows[key], hour, whole, part)

    def _part_of(self, layer: KeyedArticles, key: str, first_hour: int, last_hour: int) -> list[Entry]:
        """Return the articles of the part in a layer, in order."""
        articles, part = layer.by_key.get(key), self.parts.get(key)
        if articles is None or not part:
            return []
        return [entry for entry in articles.between(first_hour, last_hour) if entry.article_id in part]

    def _corroborating(self, key: str, first_hour: int, last_hour: int) -> list[Entry]:
        """Return the articles of the part that are in shadow."""
        return self._part_of(self.layers.shadow, key, first_hour, last_hour)

    # -- hours ------------------------------------------------------------------------------------------------------

    def _open(self, hour: int, exposure: Exposure) -> None:
        super()._open(hour, exposure)
        previous = self.k_by_hour.get(hour - 1)
        self.k_by_hour[hour] = self._k(hour) if previous is None or self.counts_watches(hour) else previous

    def _k(self, hour: int) -> float:
        return bar_of(self.settings, int(self.sharing(hour).sum()) if self.settings.budget is not None else 0)

    def _forget(self, open_hour: int) -> None:
        super()._forget(open_hour)
        assert self.bank is not None
        forget_hours(self.k_by_hour, open_hour - self.bank.kept_h)

    # -- verdicts ---------------------------------------------------------------------------------------------------

    def _reaches_floors(self, key: str, hour: int) -> bool:
        first = hour - self.settings.window_h + 1
        part = self.counts(key, first, hour)
        enough = self.count_of(key, part, first, hour) >= max(1, self.settings.part)
        return enough and part.publishers >= self.floor.at(hour)

    def _newest(self, open_hour: int) -> int:
        return open_hour - 1  # What else comes in the open hour can make the part small again.

    def verdict(self, key: str, hour: int) -> Verdict:
        """Return the window that ends with ``hour``; the counts are those of the part."""
        bank, settings = self.bank, self.settings
        assert bank is not None
        score = bank.score(self.rows.get(key, 0), hour)
        first = hour - settings.window_h + 1
        part, whole = self.counts(key, first, hour), self.articles.counts(key, first, hour)
        count = self.count_of(key, part, first, hour)
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
            told=_told(score, settings.of, self.corroborated(key, first, hour) if crossed else ""),
        )

    def counted(self, key: str, first_hour: int, last_hour: int) -> list[tuple[str, str]]:
        """Return (article_id, story) of the part: it is what rang."""
        return [(entry.article_id, entry.story) for entry in self._part_of(self.articles, key, first_hour, last_hour)]

    def counts(self, key: str, first_hour: int, last_hour: int) -> Counts:
        """Return the stories and articles of the part that count, and all its publishers: those in shadow corroborate."""
        counts = _counted(entries := self._part_of(self.articles, key, first_hour, last_hour))
        if key not in self.layers.shadow.by_key:
            return counts
        publishers = {e.publisher for e in (*entries, *self._corroborating(key, first_hour, last_hour))}
        return Counts(stories=counts.stories, publishers=len(publishers), articles=counts.articles)

    def count_of(self, key: str, counts: Counts, first_hour: int, last_hour: int) -> int:
        """Return what is compared with what is expected of the part, of those hours whose ``counts`` they are."""
        if self.settings.of is Unit.PUBLISHERS:
            return publishers_by_hour(self._part_of(self.articles, key, first_hour, last_hour))
        return of_unit(counts, self.settings.of)

    def corroborated(self, key: str, first_hour: int, last_hour: int) -> str:
        """Say who has something of the part in shadow only; nothing where nobody has."""
        found = {e.publisher for e in self._corroborating(key, first_hour, last_hour)}
        names = sorted(found - {e.publisher for e in self._part_of(self.articles, key, first_hour, last_hour)})
        return f"not counted yet, but told by {', '.join(names)}" if names else ""

    def countries(self, key: str, first_hour: int, last_hour: int) -> frozenset[str]:
        """Return the countries of the part's publishers, of both layers."""
        entries = self._part_of(self.articles, key, first_hour, last_hour)
        entries += self._corroborating(key, first_hour, last_hour)
        return frozenset(entry.country for entry in entries if entry.country is not None)

    # -- state ------------------------------------------------------------------------------------------------------

    def state(self) -> tuple[dict[str, object], dict[str, npt.NDArray[np.generic]]]:
        """Return what :meth:`load` goes on from exactly."""
        document, arrays = super().state()
        parts = {key: sorted(articles) for key, articles in sorted(self.parts.items()) if articles}
        return {**document, "parts": parts, "k": dict(self.k_by_hour)}, arrays

    def load(self, document: dict[str, object], arrays: dict[str, npt.NDArray[np.generic]]) -> None:
        """Become what :meth:`state` described."""
        super().load(document, arrays)
        parts = document["parts"]
        assert isinstance(parts, dict)
        self.parts = {str(key): {str(article) for article in articles} for key, articles in parts.items()}
        self.k_by_hour = hours_of_json(document["k"])


def _counted(entries: Sequence[Entry]) -> Counts:
    stories = sum(1 for entry in entries if entry.leads)
    return Counts(stories=stories, publishers=len({e.publisher for e in entries}), articles=len(entries))


def _told(score: ShareScore, unit: Unit, corroborated: str) -> str:
    """Say the shares in words: 14 of 20 stories (70 %, normally 26 %)."""
    if score.whole <= 0:
        return ""
    now, normal = round(100 * score.part / score.whole), round(100 * score.share)
    units = f"{unit.value}, hour by hour" if unit is Unit.PUBLISHERS else unit.value
    told = f"{score.part:.0f} of {score.whole:.0f} {units} ({now} %, normally {normal} %)"
    return f"{told}; {corroborated}" if corroborated else told
