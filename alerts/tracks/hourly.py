"""The track of a detector whose bank has one exposure for all keys: rows, hours, floors. What crosses is the detector's own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from alerts.cards import Card
from alerts.detectors.hour_bank import HourBank
from alerts.lifecycle import OPEN_TO_CHANGE_HOURS, Verdict
from alerts.rules.model import WindowSettings
from alerts.tracks.counting import (
    STORY_MEMORY_HOURS,
    KeyedArticles,
    PublishersFloor,
    hours_of_json,
    mean_exposure,
    sorted_hours,
)
from alerts.tracks.crossings import Crossings
from alerts.tracks.port import Exposure
from schemas.alert_event import Counts

S = TypeVar("S", bound=WindowSettings)
B = TypeVar("B", bound=HourBank)


class HourlyTrack(ABC, Generic[S, B]):
    """See :class:`alerts.tracks.port.Track`; a subclass makes the bank, counts an hour and says what crosses."""

    def __init__(self, settings: S, index: int) -> None:
        self.settings = settings
        self.index = index
        self.articles = KeyedArticles()
        self.rows: dict[str, int] = {}
        self.floor = PublishersFloor(settings.floors.publishers)
        self.bank: B | None = None
        self.crossings = Crossings()

    @property
    def memory_hours(self) -> int:
        """Hours an article is needed after its own."""
        return max(STORY_MEMORY_HOURS, self.settings.window_h + OPEN_TO_CHANGE_HOURS + 2)

    def exchange(self, settings: S) -> None:
        """Go on with other thresholds; what is remembered stays."""
        self.settings = settings
        self.floor.written = settings.floors.publishers
        self.crossings.all_changed(0)

    # -- counting ---------------------------------------------------------------------------------------------------

    def insert(self, key: str, card: Card, *, in_part: bool) -> None:
        """Count ``card`` for ``key``."""
        if key not in self.rows:
            self.rows[key] = len(self.rows) + 1
            if self.bank is not None:
                self.bank.add_row()
        self._note_part(key, card.article_id, in_part=in_part)
        self._changed(key, self.articles.insert(key, card))

    def remove(self, key: str, card: Card) -> None:
        """Stop counting ``card`` for ``key``."""
        self._note_part(key, card.article_id, in_part=False)
        self._changed(key, self.articles.remove(key, card))

    def _note_part(self, key: str, article_id: str, *, in_part: bool) -> None:
        """Take note of whether an article belongs to the part, for a detector that asks."""

    def _changed(self, key: str, hours: Iterable[int]) -> None:
        if self.bank is not None:
            for hour in hours:
                self.crossings.counts_changed(key, hour)
                self._set_count(self.bank, key, hour)

    @abstractmethod
    def _new_bank(self, first_hour: int) -> B:
        """Return a bank without keys."""

    @abstractmethod
    def _set_count(self, bank: B, key: str, hour: int) -> None:
        """Tell ``bank`` what ``key`` has in ``hour`` now."""

    # -- hours ------------------------------------------------------------------------------------------------------

    def start(self, first_hour: int, open_hour: int, exposure: Exposure) -> None:
        """Begin: step every hour of the history with what was inserted."""
        self.bank = bank = self._new_bank(first_hour)
        for _ in self.rows:
            bank.add_row()
        for hour in range(first_hour, open_hour + 1):
            if hour > first_hour:
                bank.set_seen(hour - 1, mean_exposure(hour - 1, exposure))
            self._open(bank, hour, exposure)
            for key in self.articles.keys_in(hour):
                self._set_count(bank, key, hour)
        self._forget(bank)
        self.crossings.start(first_hour, self._newest(open_hour))

    def close_hour(self, hour: int, exposure: Exposure) -> None:
        """Close ``hour`` and open the next."""
        bank = self.bank
        assert bank is not None
        self._set_seen(bank, hour, exposure)
        self._open(bank, hour + 1, exposure)
        self.crossings.opened(self._newest(hour + 1))
        # News may be ahead of engine time: it counts once its hour is open.
        for key in self.articles.keys_in(hour + 1):
            self._changed(key, [hour + 1])
        self._forget(bank)

    def _open(self, bank: B, hour: int, exposure: Exposure) -> None:
        bank.open_next()
        self.floor.open(hour, exposure)

    def exposures_changed(self, hours: Iterable[int], exposure: Exposure) -> None:
        """Take in other exposures of closed hours."""
        if self.bank is not None:
            for hour in sorted_hours(hours, self.bank.first_hour, self.bank.open_hour - 1):
                self._set_seen(self.bank, hour, exposure)

    def _set_seen(self, bank: B, hour: int, exposure: Exposure) -> None:
        if bank.set_seen(hour, mean_exposure(hour, exposure)):
            self.crossings.all_changed(hour)

    def _newest(self, open_hour: int) -> int:
        """Return the newest hour a window may end with."""
        return open_hour

    def _forget(self, bank: B) -> None:
        for key, _ in self.articles.forget_before(bank.open_hour - self.memory_hours):
            self._forgotten(key)
        self.floor.forget_before(bank.open_hour - bank.kept_h)

    def _forgotten(self, key: str) -> None:
        """Drop what is kept of articles of ``key`` that are no longer counted."""

    # -- verdicts ---------------------------------------------------------------------------------------------------

    @abstractmethod
    def verdict(self, key: str, hour: int) -> Verdict:
        """Return the verdict over the window that ends with ``hour``."""

    @abstractmethod
    def _reaches_floors(self, key: str, hour: int) -> bool:
        """Tell whether the counted floors hold: cheap, and never wrong when it says no."""

    def crossed(self, key: str, hour: int) -> Verdict | None:
        """Return :meth:`verdict` where it crossed."""
        verdict = self.verdict(key, hour) if self._reaches_floors(key, hour) else None
        return verdict if verdict is not None and verdict.crossed else None

    def candidates(self, hour: int) -> Iterable[str]:
        """Return the keys that may cross in a window that ends with ``hour``."""
        return self.alive(hour)

    def verdicts(self, key: str, first_hour: int, last_hour: int) -> list[Verdict]:
        """Return those that crossed."""
        return self.crossings.of(self, key, first_hour, last_hour) if self.bank is not None else []

    def may_have_crossed(self) -> set[str]:
        """Return the keys of which :meth:`verdicts` may be other than empty."""
        return self.crossings.keys(self) if self.bank is not None else set()

    def alive(self, hour: int) -> list[str]:
        """Return the keys with an article in the window that ends with ``hour``."""
        return self.articles.alive(hour - self.settings.window_h + 1, hour)

    def is_alive(self, key: str, hour: int) -> bool:
        """Tell whether ``key`` is one of them."""
        return self.articles.is_alive(key, hour - self.settings.window_h + 1, hour)

    def keys(self) -> int:
        """Return how many keys there are."""
        return len(self.rows)

    def counted(self, key: str, first_hour: int, last_hour: int) -> list[tuple[str, str]]:
        """Return (article_id, story) in order."""
        return self.articles.counted(key, first_hour, last_hour)

    def counts(self, key: str, first_hour: int, last_hour: int) -> Counts:
        """Return what was counted in those hours."""
        return self.articles.counts(key, first_hour, last_hour)

    def countries(self, key: str, first_hour: int, last_hour: int) -> frozenset[str]:
        """Return the countries of the publishers."""
        return self.articles.countries(key, first_hour, last_hour)

    # -- state ------------------------------------------------------------------------------------------------------

    def state(self) -> tuple[dict[str, object], dict[str, npt.NDArray[np.generic]]]:
        """Return what :meth:`load` goes on from exactly."""
        articles, arrays = self.articles.state()
        document: dict[str, object] = {
            "rows": list(self.rows),
            "articles": articles,
            "floor": dict(self.floor.by_hour),
            "bank": None,
        }
        if self.bank is None:
            return document, dict(arrays)
        document["bank"], bank_arrays = self.bank.state()
        return document, {**arrays, **{f"bank_{name}": array for name, array in bank_arrays.items()}}

    def load(self, document: dict[str, object], arrays: dict[str, npt.NDArray[np.generic]]) -> None:
        """Become what :meth:`state` described."""
        rows, articles, bank = document["rows"], document["articles"], document["bank"]
        assert isinstance(rows, list)
        assert isinstance(articles, dict)
        self.rows = {str(key): row for row, key in enumerate(rows, start=1)}
        self.articles.load(articles, arrays)
        self.floor.by_hour = {hour: int(floor) for hour, floor in hours_of_json(document["floor"]).items()}
        if bank is not None:
            assert isinstance(bank, dict)
            self.bank = self._new_bank(0)
            own = {name.removeprefix("bank_"): a for name, a in arrays.items() if name.startswith("bank_")}
            self.bank.load(bank, own)
            self.crossings.start(self.bank.first_hour, self._newest(self.bank.open_hour))
