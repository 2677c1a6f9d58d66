"""What became of every article on the way to the live ledger, read off the log and the engine that took it in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from alerts.coverage import count_deadline
from alerts.engine import Engine
from schemas.ids import hour_of
from schemas.reasons import EventTimeReason
from schemas.signal import Signal


class Fate(StrEnum):
    """What became of an article."""

    ACCEPTED = "accepted"  # a revision of it was taken in; whether it counts is the key's
    LATE = "late"  # observed when its hour was more than 24 hours old
    BACKFILL = "backfill"  # undated, and lying in its feed before anybody looked
    BEHIND = "behind"  # in time by its stamps, but its signal came when the engine had learnt the hour
    PUT_ASIDE = "put_aside"  # the engine could not take its signal, or an operator had it skipped
    DEAD_LETTER = "dead_letter"  # no signal could be made of it then


@dataclass(frozen=True, slots=True)
class Known:
    """An article's fate; ``revision`` is the newest accepted one, else the newest, and ``event_time`` what it counts by."""

    fate: Fate
    revision: int
    event_time: datetime
    extractor_version: str


@dataclass
class Fates:
    """By article id, as one signal after another goes by."""

    by_article: dict[str, Known] = field(default_factory=dict)

    def note(self, signal: Signal, engine: Engine, *, taken: bool) -> None:
        """Take note of ``signal``, which was just stepped; ``taken``: the engine could."""
        before = self.by_article.get(signal.article_id)
        card = engine.cards.get(signal.article_id)
        if card is not None and card.revision == signal.revision and taken:
            self._put(signal, Fate.ACCEPTED, card.event_time)
        elif before is None or (before.fate is not Fate.ACCEPTED and signal.revision > before.revision):
            self._put(signal, _refused(signal) if taken else Fate.PUT_ASIDE, signal.event_time)

    def _put(self, signal: Signal, fate: Fate, event_time: datetime) -> None:
        self.by_article[signal.article_id] = Known(fate, signal.revision, event_time, signal.extractor_version)


def _refused(signal: Signal) -> Fate:
    if signal.event_time_reason is EventTimeReason.BACKFILL:
        return Fate.BACKFILL
    late = signal.revised_at >= count_deadline(hour_of(signal.event_time))
    return Fate.LATE if late else Fate.BEHIND
