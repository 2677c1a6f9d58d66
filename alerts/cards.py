"""What the engine remembers of an article while it can still count: enough to count it, correct it and show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from alerts.stories.leaders import Place
from alerts.stories.likeness import Signature, signature_of
from schemas.alert_event import Evidence
from schemas.article import Source
from schemas.ids import milliseconds
from schemas.model import Part, UtcDatetime

#: Milliseconds of an hour.
_HOUR_MS = 3_600_000

#: Publishers whose sources are shared; more are begun with anew.
_MOST_PUBLISHERS = 10_000


class KeyHit(NamedTuple):
    """One key an article counts for: the sentence to show, and which of the rule's detectors (by index) count it.

    ``parts``: those of them that ask for a part (a shift) and find the article in it.
    """

    key: str
    excerpt: str
    detectors: tuple[int, ...]
    parts: tuple[int, ...] = ()


@dataclass(slots=True, init=False)
class Card:
    """One article in its newest accepted revision. ``hits`` is by rule name; ``counted`` is False while its feed was blind."""

    article_id: str
    revision: int
    event_time: datetime
    feed_id: str
    source: Source
    url: str | None
    title: str
    fingerprint: str
    hits: dict[str, tuple[KeyHit, ...]]
    counted: bool
    place: Place  # among the articles of a key
    hour: int  # of event time: the one it counts in
    _signature: Signature | None = field(compare=False, repr=False)

    def __init__(
        self,
        article_id: str,
        revision: int,
        event_time: datetime,
        feed_id: str,
        source: Source,
        url: str | None,
        title: str,
        fingerprint: str,
        hits: dict[str, tuple[KeyHit, ...]] | None = None,
        counted: bool = False,
    ) -> None:
        event_ms = milliseconds(event_time)
        self.article_id, self.revision, self.event_time = article_id, revision, event_time
        self.feed_id, self.source, self.url, self.title = feed_id, source, url, title
        self.fingerprint, self.hits, self.counted = fingerprint, {} if hits is None else hits, counted
        self.place, self.hour = (event_ms, article_id), event_ms // _HOUR_MS
        self._signature = None

    @property
    def signature(self) -> Signature | None:
        """Return the fingerprint as it is compared: found once, for all keys that count the article."""
        if self._signature is None and self.fingerprint:
            self._signature = signature_of(self.fingerprint)
        return self._signature

    def evidence(self, rule: str, key: str, story: str) -> Evidence:
        """Return this article as evidence for ``key`` of ``rule``."""
        excerpt = next((h.excerpt for h in self.hits.get(rule, ()) if h.key == key), "")
        return Evidence(
            article_id=self.article_id,
            revision=self.revision,
            source=self.source,
            url=self.url,
            title=self.title,
            excerpt=excerpt,
            event_time=self.event_time,
            story=story,
        )


class Publishers:
    """One ``Source`` for all the articles of a publisher, which would each hold a copy of it for days."""

    def __init__(self) -> None:
        self._known: dict[str, Source] = {}

    def shared(self, source: Source) -> Source:
        """Return a source equal to ``source``, the same one for as long as the publisher is said to be the same."""
        known = self._known.get(source.id)
        if known is not None and known.__dict__ == source.__dict__:
            return known
        if len(self._known) >= _MOST_PUBLISHERS:
            self._known.clear()
        self._known[source.id] = source
        return source


class CardState(Part):
    """A card in a snapshot."""

    article_id: str
    revision: int
    event_time: UtcDatetime
    feed_id: str
    source: Source
    url: str | None
    title: str
    fingerprint: str
    counted: bool
    hits: dict[str, tuple[tuple[str, str, tuple[int, ...], tuple[int, ...]], ...]]

    @classmethod
    def of(cls, card: Card, *, counted: bool, hits: Mapping[str, tuple[KeyHit, ...]]) -> CardState:
        """Return the state ``card`` had with those ``hits``, which are copies: nothing else of a card ever changes."""
        return cls(
            article_id=card.article_id,
            revision=card.revision,
            event_time=card.event_time,
            feed_id=card.feed_id,
            source=card.source,
            url=card.url,
            title=card.title,
            fingerprint=card.fingerprint,
            counted=counted,
            hits={rule: tuple((h.key, h.excerpt, h.detectors, h.parts) for h in kept) for rule, kept in hits.items()},
        )

    def card(self) -> Card:
        """Return the card again."""
        return Card(
            article_id=self.article_id,
            revision=self.revision,
            event_time=self.event_time,
            feed_id=self.feed_id,
            source=self.source,
            url=self.url,
            title=self.title,
            fingerprint=self.fingerprint,
            hits={rule: tuple(KeyHit(*hit) for hit in hits) for rule, hits in self.hits.items()},
            counted=self.counted,
        )
