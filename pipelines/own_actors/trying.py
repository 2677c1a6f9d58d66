"""How often and where the names of chosen actors are found in articles, and which of them look ambiguous. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from pipelines.extraction.actors.catalogue import Catalogue
from pipelines.extraction.actors.finder import ActorFinder, ActorHit
from pipelines.extraction.actors.folding import fold
from pipelines.extraction.analysed_text import analysed_text
from pipelines.extraction.language import identify
from schemas.article import Article
from schemas.model import Part

#: From these shares of its hits on a name is called ambiguous.
LOWER_CASE_SHARE = 0.1
LONGER_NAME_SHARE = 0.3

#: Where a name stands so much more often than it is taken for the actor, the rules for it say no most of the time.
NOT_TAKEN_SHARE = 0.5

EXAMPLES = 3
_AROUND = 50
_CAPITAL_BEFORE = re.compile(r"(?:^|[^.!?:\"“”'’\s]\s)([A-ZА-ЯЁ][\w’'-]+) $")
_CAPITAL_BEHIND = re.compile(r" ([A-ZА-ЯЁ][\w’'-]+)")


class NameTried(Part):
    """One way of writing an actor. ``written`` counts places with these words, ``hits`` those taken for the actor;
    ``lower_case`` and ``in_longer_names`` are of the hits. ``doubts`` says in words why it looks ambiguous."""

    actor: str
    text: str
    articles: int
    hits: int
    written: int
    lower_case: int
    in_longer_names: int
    doubts: tuple[str, ...]
    examples: tuple[str, ...]


@dataclass
class _Seen:
    """Counts of one name."""

    hits: int = 0
    written: int = 0
    lower_case: int = 0
    longer: int = 0
    articles: set[str] = field(default_factory=set)
    doubtful: list[str] = field(default_factory=list)
    plain: list[str] = field(default_factory=list)


def names_tried(catalogue: Catalogue, actors: Collection[str], articles: Iterable[Article]) -> Sequence[NameTried]:
    """Return every name of ``actors`` with its hits, ambiguous ones first, then by number of hits."""
    finder = ActorFinder(catalogue)
    names = {(alias.actor, fold(alias.text)): alias.text for alias in catalogue.aliases if alias.actor in actors}
    seen = {key: _Seen() for key in names}
    anywhere = {key: _words_of(key[1]) for key in names}
    for article in articles:
        text = analysed_text(article).text
        folded = fold(text)
        written = {key: len(anywhere[key].findall(folded)) for key in names if key[1] in folded}
        for key, count in written.items():
            seen[key].written += count
        for hit in finder.find(text, article.event_time.date(), identify(text, article.language)):
            if hit.actor in actors:
                key = (hit.actor, fold(hit.text))
                if key not in seen:
                    # A person, or an inflected form: shown as it is written.
                    seen[key], names[key], anywhere[key] = _Seen(written=1), hit.text, _words_of(key[1])
                elif key not in written:
                    seen[key].written += 1
                _count(seen[key], names[key], hit, text, article.article_id)
    tried = [_told(names[key], key[0], counts) for key, counts in seen.items()]
    return sorted(tried, key=lambda one: (not one.doubts, -one.hits, one.actor, one.text))


def _words_of(folded: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(folded)}(?!\w)")


def _count(seen: _Seen, name: str, hit: ActorHit, text: str, article_id: str) -> None:
    seen.hits += 1
    seen.articles.add(article_id)
    lower = name[:1].isupper() and text[hit.start].islower()
    longer = hit.person is None and (
        _CAPITAL_BEFORE.search(text, max(0, hit.start - 40), hit.start) is not None
        or _CAPITAL_BEHIND.match(text, hit.end) is not None
    )
    seen.lower_case += lower
    seen.longer += longer
    kept = seen.doubtful if lower or longer else seen.plain
    if len(kept) < EXAMPLES:
        around = text[max(0, hit.start - _AROUND) : hit.end + _AROUND]
        kept.append(" ".join(around.split()))


def _told(name: str, actor: str, seen: _Seen) -> NameTried:
    doubts = []
    if seen.hits and seen.lower_case >= LOWER_CASE_SHARE * seen.hits:
        doubts.append("also written as a common word: case: true would take it only as written")
    if seen.hits and seen.longer >= LONGER_NAME_SHARE * seen.hits:
        doubts.append("often a part of a longer name: unless: [words] would leave these out")
    if seen.written > 2 and seen.hits < NOT_TAKEN_SHARE * seen.written:
        doubts.append("often written where it is not taken for this actor")
    return NameTried(
        actor=actor,
        text=name,
        articles=len(seen.articles),
        hits=seen.hits,
        written=max(seen.written, seen.hits),
        lower_case=seen.lower_case,
        in_longer_names=seen.longer,
        doubts=tuple(doubts),
        examples=tuple([*seen.doubtful, *seen.plain][:EXAMPLES]),
    )
