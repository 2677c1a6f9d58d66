"""What was polled, as text for the store: whoever tells coverage reads there what all pollers did. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from pipelines.polling.watching import Poll
from schemas.errors import FatalError
from schemas.ids import EPOCH, hour_of
from schemas.reasons import FeedState

_MICROSECOND = timedelta(microseconds=1)


def reports_of(polls: Sequence[Poll]) -> dict[str, Sequence[Poll]]:
    """Return ``polls``, which are in order, with their text, those of each hour apart: a report is told as a whole, in its
    hour."""
    if polls and hour_of(polls[0].at) == hour_of(polls[-1].at):
        return {_text(polls): polls}
    hours = (list(within) for _, within in groupby(polls, key=lambda poll: hour_of(poll.at)))
    return {_text(within): within for within in hours}


def _text(polls: Iterable[Poll]) -> str:
    rows = [(_us(p.at), p.feed_id, p.state, int(p.succeeded), _us(p.reached_back_to), p.items_seen) for p in polls]
    return json.dumps(rows, separators=(",", ":"))


def polls_of(text: str) -> Sequence[Poll]:
    """Return the polls in the text of a report; :raises FatalError: it is none."""
    try:
        return [
            Poll(
                _moment(at),
                str(feed_id),
                FeedState(state),
                bool(succeeded),
                None if reach is None else _moment(reach),  # Many an undated item says 1970-01-01, which is 0.
                int(items),
            )
            for at, feed_id, state, succeeded, reach, items in json.loads(text)
        ]
    except (ValueError, TypeError) as error:
        raise FatalError(
            f"a report of what was polled cannot be read: {error}", remedy="delete the rows of table poll_reports"
        ) from error


def _us(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - EPOCH) // _MICROSECOND


def _moment(us: int) -> datetime:
    return EPOCH + _MICROSECOND * us
