"""What a feed would bring, seen from its document today: language, items a day, what is known already, rules it meets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.feeds.completeness import pinned_entries
from connectors.feeds.cursor import cursor_of
from connectors.feeds.entries import read_entries
from connectors.feeds.settings import FeedSettings
from connectors.feeds.wire import WireDocument
from schemas.article import Article
from schemas.ports.store import FeedRow
from schemas.reasons import LanguageSupport
from tocsin.feed_checks import FeedCheck
from tocsin.settings import Workplace

#: Entries that are read for their language and tried on the rules.
_TRIED = 50


@dataclass(frozen=True)
class Outlook:
    """``overlap``: entries that other feeds brought already, by feed id; ``rules``: articles that each rule finds."""

    language: str | None
    support: LanguageSupport
    items_a_day: float | None
    overlap: Mapping[str, int]
    rules: Mapping[str, int]


def outlook(found: FeedCheck, workplace: Workplace, rows: Mapping[str, FeedRow]) -> Outlook:
    """Return what the feed of ``found``, which was read, would bring; ``rows``: what is known of present feeds."""
    from pipelines.extraction.language import identify, support_of

    assert found.document is not None, "the feed was read"
    assert found.reading is not None, "the feed was read"
    articles = found.reading.articles[:_TRIED]
    texts = (f"{article.title}\n{article.summary or article.text}" for article in articles)
    languages = Counter(filter(None, (identify(text, found.document.language) for text in texts)))
    language = languages.most_common(1)[0][0] if languages else found.document.language
    return Outlook(
        language=language,
        support=support_of(language),
        items_a_day=items_a_day(found.document),
        overlap=_overlap(found, workplace.settings.feeds, rows),
        rules=_matches(articles, workplace),
    )


def items_a_day(document: WireDocument) -> float | None:
    """Return how many dated entries a day the document holds; None where too few are dated."""
    times = sorted(entry.claimed for entry in document.entries if entry.claimed is not None)
    times = times[pinned_entries(times) :]
    if len(times) < 3 or times[-1] == times[0]:
        return None
    return (len(times) - 1) / ((times[-1] - times[0]).total_seconds() / 86_400)


def _overlap(found: FeedCheck, feeds: Sequence[FeedSettings], rows: Mapping[str, FeedRow]) -> dict[str, int]:
    assert found.document is not None, "the feed was read"
    shared = {}
    for feed in feeds:
        row = rows.get(feed.id)
        if row is None or feed.url == found.url or row.last_success_at is None:
            continue
        # Read as if it were the other feed: what is new to that one is not shared.
        reading = read_entries(found.document, feed, cursor_of(row), row.last_success_at)
        known = len(found.document.entries) - reading.new_entries - reading.refused_entries
        if known > 0:
            shared[feed.id] = known
    return shared


def _matches(articles: Sequence[Article], workplace: Workplace) -> dict[str, int]:
    """Return how many of ``articles`` each rule finds; nothing where the folder has no rules."""
    if not workplace.files(workplace.settings.rules):
        return {}
    from pipelines.extraction.extractor import extractor_for
    from pipelines.rule_matches import rule_matches
    from tocsin.rule_files import read_rules

    rules, _ = read_rules(workplace)
    signals = extractor_for(workplace.files(workplace.settings.actors)).extract_many(articles)
    return {rule.name: len(rule_matches(rule, signals)) for rule in rules.rules}
