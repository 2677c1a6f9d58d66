"""Articles that several pollers may meet at once: what a feed saw first → claims; those of others → siblings. Pure.

An article is claimed by its id and, where its page is that of no other, by its page; all its names are of one claim. Whoever
finds a claim takes over the id and the times in it, and writes the article all the same: nobody knows whether the one who
claimed it lives to write it, and what both write is one revision of one article.
"""

from __future__ import annotations

import json
import logging
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from pydantic import TypeAdapter, ValidationError

from connectors.feeds.cursor import FeedCursor, KnownEntry, text_of
from connectors.feeds.former_ids import Sibling
from schemas.ports.pollers import Claim

logger = logging.getLogger(__name__)

_CLAIMED = TypeAdapter(tuple[str, KnownEntry])


def claims_of(
    first_seen: Mapping[str, KnownEntry], known: Mapping[str, KnownEntry], feed_id: str, source_id: str
) -> list[Claim]:
    """Return what ``feed_id`` claims of the articles that it saw first. ``known``: all that it knows now, these among them;
    ``source_id``: the publisher of those that name none."""
    pages = Counter(_page(entry, source_id) for entry in known.values() if entry.page)
    claims = []
    for article_id, entry in first_seen.items():
        body = json.dumps([article_id, entry._replace(source=entry.source or source_id)], ensure_ascii=False)
        claims.append(Claim(f"id {article_id}", feed_id, body))
        if entry.page and pages[page := _page(entry, source_id)] == 1:
            claims.append(Claim(page, feed_id, body))
    return claims


def claimants(held: Sequence[Claim], mine: Sequence[Claim]) -> list[Sibling]:
    """Return those whose claims hold where ``mine`` do not, each with what it claimed."""
    claimed: defaultdict[str, dict[str, KnownEntry]] = defaultdict(dict)
    for claim in set(held) - set(mine):
        try:
            article_id, entry = _CLAIMED.validate_json(claim.body)
        except ValidationError:
            logger.error("the claim %r of feed %s cannot be read and does not hold", claim.name, claim.feed_id)
            continue
        claimed[claim.feed_id][article_id] = entry
    return [
        Sibling(feed_id, "", FeedCursor(known_text=text_of(entries)), written=False)
        for feed_id, entries in sorted(claimed.items())
    ]


def _page(entry: KnownEntry, source_id: str) -> str:
    return f"page {entry.source or source_id} {entry.page}"
