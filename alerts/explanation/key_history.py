"""What each watched key was about lately: the headlines that counted for it, by rule and key. Pure, in memory.

It is fed with the topic ``signals``, like the engine, and matches with the same rules; it decides nothing, so whoever puts
alerts into words can keep one without a hand in what rings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.rules.match import Hit, RuleIndex
from alerts.rules.model import Mode, Rule
from schemas.reasons import ArticleStatus, Tone
from schemas.signal import Signal

#: How far back a key's own normal reaches when its words are compared.
NORMAL_DAYS = 28

#: What is remembered beyond that, so that the days before an alert of yesterday are still whole.
KEPT = timedelta(days=NORMAL_DAYS + 3)

_ACTORS_KEPT = 4
_TOPICS_KEPT = 3


@dataclass(frozen=True, slots=True)
class Headline:
    """What is kept of an article for one key. ``conflict``: a sentence that matched is in conflict."""

    article_id: str
    event_time: datetime
    observed_at: datetime
    title: str
    language: str | None
    conflict: bool
    actors: tuple[str, ...]
    topics: tuple[str, ...]


class KeyHistory:
    """Headlines by rule and key, of the last month."""

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self._index = RuleIndex(tuple(rule for rule in rules if rule.mode is not Mode.OFF))
        self._headlines: dict[tuple[str, str], dict[str, Headline]] = {}
        self._places: dict[str, tuple[tuple[str, str], ...]] = {}  # where an article counts, to take it away again
        self._newest: datetime | None = None
        self.since: datetime | None = None  # when the first article that was taken in was seen
        self._forgotten_at: datetime | None = None

    def take(self, signal: Signal) -> None:
        """Take in what extraction found; the newest revision of an article stands, a withdrawn one stands for nothing."""
        self.begin(signal.observed_at)
        hits = self._index.hits(signal) if signal.status is ArticleStatus.LIVE else {}
        for place in self._places.pop(signal.article_id, ()):
            self._headlines.get(place, {}).pop(signal.article_id, None)
        for rule, of_rule in hits.items():
            for hit in of_rule:
                place = (rule, hit.key)
                self._headlines.setdefault(place, {})[signal.article_id] = _headline(signal, hit)
                self._places[signal.article_id] = (*self._places.get(signal.article_id, ()), place)
        self._newest = max(self._newest or signal.event_time, signal.event_time)
        if self._forgotten_at is None or self._newest - self._forgotten_at > timedelta(days=1):
            self._forget_before(self._newest - KEPT)
            self._forgotten_at = self._newest

    def begin(self, seen_at: datetime) -> None:
        """Take in that the watch saw an article at ``seen_at``, of this key or another."""
        self.since = min(self.since or seen_at, seen_at)

    def of_key(self, rule: str, key: str) -> Mapping[str, Headline]:
        """Return the headlines of a key by article id."""
        return self._headlines.get((rule, key), {})

    def earlier(self, rule: str, key: str, before: datetime) -> tuple[Headline, ...]:
        """Return the headlines of the 28 days before ``before``, oldest first."""
        since = before - timedelta(days=NORMAL_DAYS)
        found = [h for h in self.of_key(rule, key).values() if since <= h.event_time < before]
        return tuple(sorted(found, key=lambda h: (h.event_time, h.article_id)))

    def _forget_before(self, moment: datetime) -> None:
        for place in list(self._headlines):
            kept = {name: h for name, h in self._headlines[place].items() if h.event_time >= moment}
            if kept:
                self._headlines[place] = kept
            else:
                del self._headlines[place]
        kept_ids = {name for of_key in self._headlines.values() for name in of_key}
        self._places = {name: places for name, places in self._places.items() if name in kept_ids}


def _headline(signal: Signal, hit: Hit) -> Headline:
    tones = {signal.sentences[i].tone for i in hit.sentences} or {signal.tone}
    return Headline(
        article_id=signal.article_id,
        event_time=signal.event_time,
        observed_at=signal.observed_at,
        title=signal.title,
        language=signal.language,
        conflict=Tone.CONFLICT in tones,
        actors=tuple(actor.id for actor in signal.actors[:_ACTORS_KEPT]),
        topics=tuple(topic.id for topic in signal.topics[:_TOPICS_KEPT]),
    )
