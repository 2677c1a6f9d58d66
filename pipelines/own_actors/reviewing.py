"""Persons with a role and organisations nobody has told us of, that several publishers name: a list for a person to review.

signals ──▶ newest revision of each article ──▶ names that no known actor bears ──▶ those in enough articles and publishers
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from pipelines.extraction.actors.finder import ActorFinder
from pipelines.extraction.actors.folding import fold
from schemas.model import Part
from schemas.reasons import ArticleStatus
from schemas.signal import EntityFound, Signal

T = TypeVar("T", str, tuple[str, str])

#: A name is worth a look from so many articles of so many publishers on.
MIN_ARTICLES = 3
MIN_PUBLISHERS = 2

EXAMPLES = 3


class Reviewed(Part):
    """A name with in whose name it mostly acts. ``first_seen`` is the day of its first article."""

    name: str
    label: str
    actor: str | None
    role: str | None
    articles: int
    publishers: int
    first_seen: date
    examples: tuple[str, ...]


@dataclass
class _Seen:
    spellings: Counter[str] = field(default_factory=Counter)
    acting: Counter[tuple[str, str]] = field(default_factory=Counter)
    #: Article → (publisher, day, headline).
    articles: dict[str, tuple[str, date, str]] = field(default_factory=dict)


def names_to_review(signals: Iterable[Signal], finder: ActorFinder) -> Sequence[Reviewed]:
    """Return the names, those in most articles first. ``finder`` knows the actors of today's files."""
    newest: dict[str, Signal] = {}
    for signal in signals:
        known = newest.get(signal.article_id)
        if known is None or signal.revision >= known.revision:
            newest[signal.article_id] = signal
    seen: dict[tuple[str, str], _Seen] = {}
    for signal in newest.values():
        if signal.status is not ArticleStatus.WITHDRAWN:
            for entity in signal.entities:
                if _is_worth_a_look(entity):
                    _add(seen.setdefault((fold(entity.text), entity.label), _Seen()), entity, signal)
    found = [_reviewed(label, counts) for (_, label), counts in seen.items() if _is_enough(counts)]
    unknown = [one for one in found if not finder.find(one.name, one.first_seen, None)]
    return sorted(unknown, key=lambda one: (-one.articles, -one.publishers, one.name))


def _is_worth_a_look(entity: EntityFound) -> bool:
    """Whether it is an organisation, or a person of two names at least who is said to act for somebody."""
    if entity.label == "PERSON":
        return entity.role is not None and entity.actor is not None and " " in entity.text
    return entity.label == "ORGANISATION"


def _add(seen: _Seen, entity: EntityFound, signal: Signal) -> None:
    seen.spellings[entity.text] += 1
    if entity.actor is not None and entity.role is not None:
        seen.acting[entity.actor, entity.role] += 1
    publisher = signal.source.publisher
    seen.articles.setdefault(
        signal.article_id, (publisher, signal.event_time.date(), signal.title or " ".join(signal.text.split())[:100])
    )


def _is_enough(seen: _Seen) -> bool:
    publishers = {publisher for publisher, _, _ in seen.articles.values()}
    return len(seen.articles) >= MIN_ARTICLES and len(publishers) >= MIN_PUBLISHERS


def _reviewed(label: str, seen: _Seen) -> Reviewed:
    actor, role = _commonest(seen.acting) or (None, None)
    headlines = dict.fromkeys(headline for _, _, headline in seen.articles.values())
    return Reviewed(
        name=_commonest(seen.spellings) or "",
        label=label,
        actor=actor,
        role=role,
        articles=len(seen.articles),
        publishers=len({publisher for publisher, _, _ in seen.articles.values()}),
        first_seen=min(day for _, day, _ in seen.articles.values()),
        examples=tuple(headlines)[:EXAMPLES],
    )


def _commonest(counts: Counter[T]) -> T | None:
    return min(counts, key=lambda one: (-counts[one], one)) if counts else None
