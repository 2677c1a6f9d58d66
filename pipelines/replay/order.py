"""In which order, and at which times, history comes to the engine: as it arrived, or as it was published.

columns of an archive ──▶ the order that was asked for, or the one that fits what the archive knows, and why
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from alerts.coverage import count_deadline
from connectors.archive.folder import Archive
from schemas.ids import from_milliseconds, hour_of, milliseconds
from schemas.signal import Signal

#: Above this share of articles that arrived too late to count, their arrival tells of an import, not of the news.
MOSTLY = 0.5


class Order(StrEnum):
    """The order and the times of a replay.

    By arrival, an article comes when it was observed: what came late moves no count of an hour that was learnt, exactly as
    live. By publication, it comes at its event time, and its later wordings as long after that as they came after the
    first: nothing is late, and what nobody had yet at the time rings as if it had been there.
    """

    ARRIVAL = "arrival"
    PUBLICATION = "publication"


class OrderReason(StrEnum):
    """Why an order was taken."""

    ASKED = "asked"
    LOG = "log"  # an archived log holds true arrivals
    ARRIVALS = "arrivals"  # imported history that knows when its articles arrived
    NO_ARRIVALS = "no_arrivals"  # imported history that knows when they were published, and nothing else
    MOSTLY_LATE = "mostly_late"  # most articles arrived too late to count, as in a crawl of old pages


@dataclass(frozen=True)
class ChosenOrder:
    """An order and its reason; of imported history how many ``articles``, those of them whose arrival is not their
    publication (``arrived``), and those that arrived too ``late`` to count."""

    order: Order
    because: OrderReason
    articles: int = 0
    arrived: int = 0
    late: int = 0

    def as_json(self) -> dict[str, object]:
        """Return the same as plain values."""
        return {
            "order": self.order.value,
            "because": self.because.value,
            "articles": self.articles,
            "arrived": self.arrived,
            "late": self.late,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> ChosenOrder:
        """Return what :meth:`as_json` described."""
        counts = {name: int(str(document[name])) for name in ("articles", "arrived", "late")}
        return cls(Order(str(document["order"])), OrderReason(str(document["because"])), **counts)


def order_of_log(asked: Order | None) -> ChosenOrder:
    """Return the order in which an archived log is replayed."""
    if asked is not None:
        return ChosenOrder(asked, OrderReason.ASKED)
    return ChosenOrder(Order.ARRIVAL, OrderReason.LOG)


def order_of_imports(archive: Archive, asked: Order | None) -> ChosenOrder:
    """Return the order in which imported history is replayed; reads columns of every day."""
    articles = arrived = late = 0
    for day in archive.days():
        observed_ms, event_ms, revised_ms = archive.time_columns(day)
        first = revised_ms == observed_ms  # Not a later wording of an article that was counted.
        moved = first & (observed_ms != event_ms)
        articles += int(first.sum())
        arrived += int(moved.sum())
        events = event_ms[moved].tolist()
        deadlines = [milliseconds(count_deadline(hour_of(from_milliseconds(at)))) for at in events]
        late += int((observed_ms[moved] >= np.array(deadlines, dtype=np.int64)).sum())
    if asked is not None:
        order, because = asked, OrderReason.ASKED
    elif not arrived:
        order, because = Order.PUBLICATION, OrderReason.NO_ARRIVALS
    elif late > MOSTLY * articles:
        order, because = Order.PUBLICATION, OrderReason.MOSTLY_LATE
    else:
        order, because = Order.ARRIVAL, OrderReason.ARRIVALS
    return ChosenOrder(order, because, articles, arrived, late)


def published_ms(observed_ms: int, event_ms: int, revised_ms: int) -> int:
    """Return when a wording comes by publication, given :meth:`Archive.times`."""
    return event_ms + revised_ms - observed_ms


def by_publication(signal: Signal) -> Signal:
    """Return ``signal`` as if its article had arrived when it was published."""
    at = signal.event_time + (signal.revised_at - signal.observed_at)
    if at == signal.revised_at:
        return signal
    return signal.model_copy(
        update={"observed_at": signal.event_time, "revised_at": at, "revision": milliseconds(at)}
    )  # All three are valid as they are: nothing is validated anew.
