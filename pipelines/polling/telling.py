"""What the poll job says in the log of the service: states that change, entries that were probably missed."""

from __future__ import annotations

import logging
from datetime import datetime

from connectors.feeds.settings import FeedSettings
from connectors.feeds.standing import not_taken
from schemas.ports.store import FeedRow
from schemas.reasons import FeedState

logger = logging.getLogger(__name__)


def tell_gap(feed: FeedSettings, gap: tuple[datetime, datetime]) -> None:
    """Say what was probably missed of ``feed``, and what follows."""
    if feed.is_pushed:
        logger.warning("feed %s: %s", feed.id, not_taken(*gap))
        return
    remedy = "it is asked more often now" if feed.interval is None else "shorten its interval in the settings"
    logger.warning(
        "feed %s: entries between %s and %s UTC were probably missed; %s",
        *(feed.id, f"{gap[0]:%Y-%m-%d %H:%M:%S}", f"{gap[1]:%Y-%m-%d %H:%M:%S}", remedy),
    )


def tell_change(before: FeedRow, after: FeedRow) -> None:
    """Say that a feed is in another state, where it is."""
    if after.state is before.state:
        return
    if after.state in (FeedState.FAILING, FeedState.MUTED, FeedState.SILENT):
        logger.warning("feed %s is %s: %s", after.feed_id, after.state.value, after.state_reason)
    else:
        logger.info("feed %s is %s", after.feed_id, after.state.value)
