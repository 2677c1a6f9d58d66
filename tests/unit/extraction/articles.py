"""Articles for the tests of extraction."""

from __future__ import annotations

from datetime import UTC, datetime

from schemas.article import Article, Source
from schemas.ids import article_id, content_hash, milliseconds
from schemas.reasons import ArticleStatus, EventTimeReason

DAY = datetime(2025, 5, 28, 9, 0, tzinfo=UTC)


def article(
    title: str = "",
    text: str = "",
    *,
    summary: str = "",
    language: str | None = "en",
    country: str | None = None,
    status: ArticleStatus = ArticleStatus.LIVE,
    at: datetime = DAY,
) -> Article:
    """Return an article of 28 May 2025."""
    return Article(
        article_id=article_id("gazette.example", title + text + summary),
        revision=milliseconds(at),
        revised_at=at,
        status=status,
        source=Source(id="gazette.example", country=country),
        feed_id="gazette",
        title=title,
        summary=summary,
        text=text,
        language=language,
        observed_at=at,
        event_time=at,
        event_time_reason=EventTimeReason.PUBLISHED,
        content_hash=content_hash(title, summary, text),
    )
