"""What the poll job says in the log of the service: states that change, entries that were probably missed."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from connectors.feeds.settings import FeedSettings
from connectors.feeds.standing import not_taken
from schemas.ports.store import FeedRow
from schemas.reasons import FeedState

logger = logging.getLogger(__name__)


#: A host with many feeds may let one wait for minutes; who waits longer was not asked because nothing polled.
_LATE = timedelta(minutes=10)


def tell_gap(
    feed: FeedSettings,
    gap: tuple[datetime, datetime],
    *,
    due_at: datetime | None = None,
    asked_at: datetime | None = None,
) -> None:
    """Say what was probably missed of ``feed``, and what follows. It was to be asked at ``due_at`` and was at ``asked_at``."""
    if feed.is_pushed:
        logger.warning("feed %s: %s", feed.id, not_taken(*gap))
        return
    if due_at is not None and asked_at is not None and asked_at - due_at > _LATE:
        remedy = f"nothing polled it from {due_at:%Y-%m-%d %H:%M} to {asked_at:%Y-%m-%d %H:%M} UTC"
    elif feed.interval is None:
        remedy = "it is asked more often now"
    else:
        remedy = "shorten its interval in the settings"
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
