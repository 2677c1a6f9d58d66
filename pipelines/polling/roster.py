"""The feeds that this poller holds: how each stands, which are due, which hosts may be asked. Pure: times are passed in."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from connectors.feeds.fetch import host_of
from connectors.feeds.fetch_failures import Hop
from connectors.feeds.settings import FeedSettings
from connectors.feeds.standing import FeedStanding, at_start, not_before
from pipelines.polling.agenda import Agenda
from pipelines.polling.host_pace import HostPace
from schemas.ports.store import FeedRow

#: A feed that is due, and the host that is asked for it.
Asked = tuple[str, FeedStanding]

#: Where redirects have led is gone on from within so long; they may have been made for the moment.
_HOP_KEPT = timedelta(minutes=10)


class Roster:
    """Which feeds there are and when each is asked. ``pace`` is that of the hosts."""

    def __init__(self, pace: HostPace) -> None:
        self._pace = pace
        self._agenda = Agenda()
        self._standings: dict[str, FeedStanding] = {}
        self._leads_to: dict[str, str] = {}  # feed -> the other host that redirects lead to
        self._hops: dict[
            str, tuple[Hop, datetime]
        ] = {}  # feed -> how far its redirects have led, and until when that holds

    def __getitem__(self, feed_id: str) -> FeedStanding:
        return self._standings[feed_id]

    def __contains__(self, feed_id: str) -> bool:
        return feed_id in self._standings

    def __iter__(self) -> Iterator[FeedStanding]:
        return iter(self._standings.values())

    def gain(self, feeds: Sequence[FeedSettings], rows: Mapping[str, FeedRow], now: datetime) -> list[FeedStanding]:
        """Take over ``feeds`` as their rows say; return those whose rows are to be written anew."""
        changed = []
        for feed in feeds:
            row = rows.get(feed.id)
            standing = self._standings[feed.id] = at_start(feed, row, now)
            self._agenda.put(feed.id, standing.due_at(now))
            if row is None or standing.row != row.model_copy(update={"cursor": "{}"}):
                changed.append(standing)
        return changed

    def lose(self, feed_ids: Collection[str]) -> None:
        """Forget feeds that another poller has now."""
        for feed_id in feed_ids:
            self._standings.pop(feed_id, None)
            self._agenda.put(feed_id, None)
            self._leads_to.pop(feed_id, None)
            self._hops.pop(feed_id, None)

    def some_due(self, now: datetime) -> bool:
        """Return whether the moment of some feed has come."""
        first = self._agenda.first()
        return first is not None and first <= now

    def take_due(self, now: datetime) -> list[Asked]:
        """Return the feeds that are due at ``now``, as far as their hosts may be asked, and what hosts; each is to be given
        to :meth:`put` or :meth:`put_back`. Of several feeds of one host the one that waits longest: the others follow at
        the host's pace."""
        taken: list[Asked] = []
        for feed_id in self._agenda.take(now):
            standing = self._standings[feed_id]
            host, other = host_of(standing.address), self._leads_to.get(feed_id) if self._leads_to else None
            if self._hops and (hop := self._hop_at(feed_id, now)) is not None:
                host, other = host_of(hop.address), None
            free_at = self._pace.free_at(host, now)
            if other is not None:
                free_at = max(free_at, self._pace.free_at(other, now))
            if free_at > now:
                self._agenda.put(feed_id, free_at, standing.due_at(now))
                continue
            self._pace.asked(host, now)
            taken.append((host, standing))
        return taken

    def put(self, standing: FeedStanding, now: datetime) -> None:
        """Take in how a feed stands after it was polled."""
        if standing.feed.id in self._standings:
            self._standings[standing.feed.id] = standing
            self._agenda.put(standing.feed.id, standing.due_at(now))
            if self._hops:
                self._hops.pop(standing.feed.id, None)

    def put_back(self, feed_id: str, now: datetime) -> None:
        """Take in that a feed was not polled, although it was due."""
        standing = self._standings.get(feed_id)
        if standing is not None:
            self._agenda.put(feed_id, standing.due_at(now))

    def put_off(self, feed_id: str, host: str, hop: Hop | None, now: datetime) -> None:
        """Take in that a feed was not polled because ``host`` may not be asked yet; ``hop``: its redirects have led there."""
        if hop is not None:
            self.leads_to(feed_id, host)
            self._hops[feed_id] = (hop, now + _HOP_KEPT)
        self.put_back(feed_id, now)

    def hop_of(self, feed_id: str) -> Hop | None:
        """Return how far the redirects of a feed have led, where one has to be waited for; None: it is asked anew."""
        kept = self._hops.get(feed_id)
        return None if kept is None else kept[0]

    def _hop_at(self, feed_id: str, now: datetime) -> Hop | None:
        kept = self._hops.get(feed_id)
        if kept is None or now < kept[1]:
            return None if kept is None else kept[0]
        del self._hops[feed_id]
        return None

    def leads_to(self, feed_id: str, host: str) -> None:
        """Take in which host answers for a feed in the end."""
        if host != host_of(self._standings[feed_id].address):
            self._leads_to[feed_id] = host
        elif self._leads_to:
            self._leads_to.pop(feed_id, None)

    def leave_alone(self, quiet: Mapping[str, datetime]) -> list[FeedStanding]:
        """Put off all feeds of the hosts until then, also for the next process; return those that were."""
        put_off = []
        for feed_id, standing in self._standings.items():
            hosts = (host_of(standing.address), self._leads_to.get(feed_id, ""))
            until = max((quiet[host] for host in hosts if host in quiet), default=None)
            if until is not None and (later := not_before(standing, until)) is not standing:
                put_off.append(later)
        for standing in put_off:
            self._standings[standing.feed.id] = standing
            if self._agenda.holds(standing.feed.id):
                self._agenda.put(standing.feed.id, standing.next_poll_at)
        return put_off
