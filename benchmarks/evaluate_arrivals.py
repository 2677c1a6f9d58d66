"""50,384 real items in the order they arrived, as documents through the real reader: nothing lost, the dirt with reasons.

For each time at which something was first seen the feed's document is written again, with what was new and some of what
stood there before, as the fetcher would have met it. A second feed of each publisher brings the same under guids of its own.
"""

from __future__ import annotations

import json
import lzma
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.sax.saxutils import escape

from connectors.feeds.cursor import FeedCursor
from connectors.feeds.document import read_document
from connectors.feeds.entries import read_entries
from connectors.feeds.former_ids import Sibling
from connectors.feeds.identity import canonical_link
from connectors.feeds.settings import FeedSettings
from connectors.feeds.wire import WireDocument
from connectors.feeds.wire_fields import web_address
from schemas.article import Article
from schemas.ids import hour_of, hour_start
from schemas.reasons import EventTimeReason

FILE = Path("data") / "global_rss_2026_02_05.jsonl.xz"
#: Entries of the document before that the next one still holds: enough to see that nothing scrolled off between them.
_KEPT = 3
_YEAR = timedelta(days=365)
#: An article counts while it is observed before this long after the start of its event hour.
_COUNTED_WITHIN = timedelta(hours=25)

Item = Mapping[str, str | None]


@dataclass
class Arrivals:
    """What came of the items."""

    items: int = 0
    documents: int = 0
    refused: int = 0
    addresses: set[str] = field(default_factory=set)
    articles: dict[str, str] = field(default_factory=dict)  # id -> its canonical address
    clashes: list[str] = field(default_factory=list)
    revisions: int = 0
    again: set[str] = field(default_factory=set)  # ids of what the second feeds of the publishers brought
    reasons: Counter[str] = field(default_factory=Counter)
    unread_dates: Counter[str] = field(default_factory=Counter)
    too_late: int = 0
    years_old: int = 0
    ahead: int = 0

    @property
    def lost(self) -> int:
        """Return how many different addresses became no article."""
        return len(self.addresses - set(self.articles.values()))

    @property
    def apart(self) -> int:
        """Return how many articles of the second feeds are other ones than those of the first."""
        return len(self.again - self.articles.keys())


def main(data: Path | None) -> int:
    """Print the report; return 1 where an item is lost, is two articles or shares an id, 2 without the items."""
    if data is None or not (data / FILE).is_file():
        print(f"NOT RUN: evaluate arrivals — needs {FILE}", file=sys.stderr)
        return 2
    with lzma.open(data / FILE, "rt", encoding="utf-8") as lines:
        found = replayed([json.loads(line) for line in lines])
    for line in report(found):
        print(line)
    return 1 if found.lost or found.clashes or found.refused or found.apart else 0


def replayed(items: Sequence[Item]) -> Arrivals:
    """Return what comes of ``items``, which are in the order they arrived."""
    found = Arrivals()
    cursors: defaultdict[str, FeedCursor] = defaultdict(FeedCursor)
    shown: defaultdict[str, list[Item]] = defaultdict(list)
    for seen_at, name, new in _groups(items):
        source = str(new[0]["source"])
        feed = FeedSettings(id=_id_of(name), url="http://news.example/rss", source=_id_of(source), name=source)
        body = _document([*new, *shown[name][:_KEPT]])
        shown[name] = list(new)
        answer = read_document(body, url=feed.url)
        found.documents += 1
        found.items += len(new)
        found.addresses |= {_address(item, source) for item in new}
        if answer.document is None:
            found.refused += len(new)
            print(f"{name} at {seen_at}: {answer.error}", file=sys.stderr)
            continue
        reading = read_entries(answer.document, feed, cursors[name], seen_at)
        cursors[name] = reading.cursor
        found.refused += reading.refused_entries
        again, other = f"{name} again", feed.model_copy(update={"id": f"{feed.id[:58]}-again"})
        siblings = [Sibling(feed.id, feed.publisher.id, reading.cursor)]
        echo = read_entries(_with_other_guids(answer.document), other, cursors[again], seen_at, siblings=siblings)
        cursors[again] = echo.cursor
        found.again |= {article.article_id for article in echo.articles}
        _count(found, reading.articles, {str(item["link"]): str(item["published_raw"] or "") for item in new})
    return found


def _groups(items: Sequence[Item]) -> Iterator[tuple[datetime, str, list[Item]]]:
    """Yield what each feed brought at each time, in order."""
    grouped: dict[tuple[str, str], list[Item]] = {}
    for item in items:
        name = f"{item['source']} {item['category']}"
        grouped.setdefault((str(item["first_seen"]), name), []).append(item)
    for (seen_at, name), new in grouped.items():
        yield datetime.fromisoformat(seen_at).astimezone(UTC), name, new


def _document(items: Sequence[Item]) -> bytes:
    entries = "".join(
        f"<item><title>{escape(item['title'] or '')}</title><link>{escape(item['link'] or '')}</link>"
        f"<description>{escape(item['summary'] or '')}</description>"
        f"<pubDate>{escape(item['published_raw'] or '')}</pubDate></item>"
        for item in items
    )
    return f"<rss version='2.0'><channel><title>Feed</title>{entries}</channel></rss>".encode("utf-8", "replace")


def _with_other_guids(document: WireDocument) -> WireDocument:
    entries = tuple(
        entry.model_copy(update={"guid": f"again {entry.link}", "summary": f"{entry.summary} Again."})
        for entry in document.entries
    )
    return document.model_copy(update={"entries": entries})


def _count(found: Arrivals, articles: Sequence[Article], raw_dates: Mapping[str, str]) -> None:
    for article in articles:
        address = f"{article.source.id} {canonical_link(article.url or '')}"
        if article.revised_at != article.observed_at:
            found.revisions += 1
            continue
        if found.articles.setdefault(article.article_id, address) != address:
            found.clashes.append(f"{address} and {found.articles[article.article_id]}")
        found.reasons[article.event_time_reason.value] += 1
        claimed = article.published_at
        if claimed is None:
            found.unread_dates[raw_dates.get(article.url or "", "?")] += 1
            continue
        found.ahead += claimed > article.observed_at
        found.years_old += article.observed_at - claimed > _YEAR
        found.too_late += article.observed_at >= hour_start(hour_of(article.event_time)) + _COUNTED_WITHIN


def report(found: Arrivals) -> Iterator[str]:
    """Yield what a person reads of it."""
    total = max(1, found.items)
    yield f"{found.items:,} items in {found.documents:,} documents"
    yield f"{found.lost:,} lost, {found.refused:,} refused, {len(found.clashes):,} ids shared by two addresses"
    yield f"{len(found.addresses):,} addresses (tracking left out), {len(found.articles):,} ids, {found.revisions:,} revisions"
    yield f"in a second feed of each publisher under other guids: {len(found.again):,} articles, {found.apart:,} of them others"
    for reason in EventTimeReason:
        count = found.reasons[reason.value]
        yield f"event time {reason.value:15} {count:7,}  {count / total:.3f}"
    yield f"dated after they were seen {found.ahead:,} ({found.ahead / total:.3f}): the time they were seen counts"
    yield f"first seen 25 hours or more after their hour {found.too_late:,}: recorded, never counted"
    yield f"of these a year or more old {found.years_old:,}"
    yield f"dates that cannot be read {found.unread_dates.total():,}"
    for raw, count in found.unread_dates.most_common(5):
        yield f"  {count:,} × {raw!r:.60}"


def _id_of(source: str) -> str:
    kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in source).strip("-")
    return kept[:64] or "source"


def _address(item: Item, source: str) -> str:
    return f"{_id_of(source)} {canonical_link(web_address(str(item['link'] or '')) or '')}"
