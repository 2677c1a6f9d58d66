"""Whether a detector counts a hit of its rule: by tone and topic where the hit lies, and by the publisher."""

from __future__ import annotations

from collections.abc import Sequence

from alerts.rules.model import Only, PartOf, Scope, SourcesPart, TonePart
from alerts.rules.view import SignalView
from schemas.article import Source


class Narrowing:
    """What a detector counts ``only``, or what belongs to the ``part`` a share is of; of a watch with ``scope``."""

    def __init__(self, part: Only | PartOf, scope: Scope) -> None:
        self._scope = scope
        self._tones = TonePart(any=part.tones) if part.tones else None
        self._topics = frozenset(part.topics)
        self._sources = part.sources if isinstance(part, PartOf) else None

    def holds(self, sentences: Sequence[int], view: SignalView) -> bool:
        """Tell whether a hit in ``sentences`` of the signal of ``view`` (none: anywhere in it) is counted."""
        if self._sources is not None and not admits(self._sources, view.signal.source):
            return False
        if self._tones is None and not self._topics:
            return True
        scope = self._scope
        units = view.units(sentences or (0,), scope)
        if self._tones is not None:
            toned = units_of_tone(view, self._tones, scope)
            units &= toned
        if self._topics and units:
            of_topic = (s for t in view.signal.topics if t.id in self._topics for s in t.sentences)
            units &= view.units(of_topic, scope)
        return bool(units)


def units_of_tone(view: SignalView, part: TonePart, scope: Scope) -> set[int]:
    """Return the units whose tone ``part`` admits. An article has a tone of its own, others their sentences'."""
    if scope is Scope.ARTICLE:
        return {0} if not part.any or view.signal.tone in part.any else set()
    wanted = view.units((i for i, tone in enumerate(view.tones) if not part.any or tone in part.any), scope)
    return wanted - view.units((i for i, tone in enumerate(view.tones) if tone in part.none), scope)


def admits(part: SourcesPart, source: Source) -> bool:
    """Tell whether a rule with ``part`` looks at what ``source`` publishes."""
    if source.id in part.except_ids or source.group in part.except_groups or source.country in part.except_countries:
        return False
    if not (part.ids or part.groups or part.countries):
        return True
    return source.id in part.ids or source.group in part.groups or source.country in part.countries
