"""Searches articles for words that all stand in them: JSON records in, newest revisions that match out, counted by month.

records ──fold, all words there?──▶ decode ──▶ the words as they are written ──▶ hits by article, newest first
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from alerts.rules.folding import fold
from schemas.article import Article
from schemas.errors import BrokenRecordError, UsageError
from schemas.reasons import ArticleStatus
from schemas.wire import decode_articles

_BLOCKS = "▁▂▃▄▅▆▇█"
_PART = re.compile(r'"([^"]+)"|(\S+)')


@dataclass(frozen=True)
class Hit:
    """An article with every word in it; ``matched`` are these words as they stand there."""

    article: Article
    matched: tuple[str, ...]


@dataclass
class Search:
    """What is looked for and what was found. A word fits what begins with it; case and accents do not matter."""

    terms: Sequence[str]
    since: datetime
    before: datetime
    records: int = 0
    _hits: dict[str, Hit] = field(default_factory=dict)

    @classmethod
    def of(cls, query: str, since: datetime, before: datetime) -> Search:
        """Return a search for the words of ``query``; words in quotes stand together.

        :raises UsageError: there are none.
        """
        terms = [
            fold(quoted or word).text.strip()
            for quoted, word in _PART.findall(query.replace("“", '"').replace("”", '"'))
        ]
        terms = [" ".join(term.split()) for term in terms if term.strip(' "')]
        if not terms:
            raise UsageError("there are no words to search for", remedy='for example tocsin search "earthquake baku"')
        return cls(tuple(dict.fromkeys(terms)), since, before)

    def take(self, records: Iterable[bytes]) -> None:
        """Look through ``records`` of the topic articles, in any order; what is none is passed over."""
        for raw in records:
            self.records += 1
            if not self._may_match(raw):
                continue
            try:
                article = decode_articles(raw)
            except BrokenRecordError:
                continue  # It is among the dead letters, if ever it was an article.
            if isinstance(article, Article):
                self._take(article)

    def _may_match(self, raw: bytes) -> bool:
        """Decide quickly, on the JSON itself, whether it is worth decoding: most records are not."""
        if b'"article"' not in raw[:60]:
            return False
        text = fold(raw.decode(errors="replace")).text
        return '"withdrawn"' in text or all(word in text for term in self.terms for word in term.split())

    def _take(self, article: Article) -> None:
        known = self._hits.get(article.article_id)
        if known is not None and known.article.revision >= article.revision:
            return
        if article.status is ArticleStatus.WITHDRAWN:
            self._hits.pop(article.article_id, None)
        elif self.since <= article.event_time < self.before and (matched := self._matched(article)):
            self._hits[article.article_id] = Hit(article, matched)

    def _matched(self, article: Article) -> tuple[str, ...]:
        """Return the words of the article that fit, one for each term; empty where a term has none."""
        text = "\n".join((article.title, article.summary, article.text))
        folded = fold(text)
        found = []
        for term in self.terms:
            words = r"\s+".join(re.escape(word) for word in term.split())
            match = re.search(rf"(?<!\w){words}\w*", folded.text)
            if match is None:
                return ()
            start, end = folded.span(*match.span())
            found.append(" ".join(text[start:end].split()))
        return tuple(found)

    def hits(self) -> list[Hit]:
        """Return what was found, newest first."""
        return sorted(
            self._hits.values(), key=lambda hit: (hit.article.event_time, hit.article.article_id), reverse=True
        )

    def months(self) -> dict[str, int]:
        """Return how many were found in each month, as 2025-01, from the first of the search to its last."""
        counts = Counter(f"{hit.article.event_time:%Y-%m}" for hit in self._hits.values())
        first = min([*counts, f"{self.since:%Y-%m}"]) if self.since.year > 1 else min(counts, default="")
        last = max([*counts, f"{self.before:%Y-%m}"]) if self.before.year < 9999 else max(counts, default="")
        return {month: counts[month] for month in _months(first, last)}


def sparkline(counts: Sequence[int]) -> str:
    """Return a bar for each of ``counts``, the highest full; nothing is a dot, so that one is always seen."""
    most = max(counts, default=0)
    return "".join(_BLOCKS[-(-count * 8 // most) - 1] if count else "·" for count in counts)


def _months(first: str, last: str) -> list[str]:
    if not first or not last:
        return []
    begin, end = (int(month[:4]) * 12 + int(month[5:]) - 1 for month in (first, last))
    return [f"{number // 12:04d}-{number % 12 + 1:02d}" for number in range(begin, end + 1)]
