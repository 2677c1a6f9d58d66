"""What looks have found → what follows from it, handed to the writing; hosts that refused us are to be left alone.

look ──put off? lost?──▶ back on the roster
  └──settle, beside what its siblings brought──▶ claim, where another poller may bring it too──▶ writing
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from datetime import datetime
from typing import Protocol

from connectors.feeds.claims import claimants, claims_of
from connectors.feeds.cursor import cursor_of, knowing
from connectors.feeds.fetch import host_of
from connectors.feeds.former_ids import Sibling
from connectors.feeds.settings import FeedSettings
from connectors.feeds.standing import FeedStanding
from pipelines.polling.host_pace import HostPace
from pipelines.polling.kin import Kin
from pipelines.polling.left_behind import LeftBehind
from pipelines.polling.looking import Answered, Failed, Look, PutOff
from pipelines.polling.roster import Roster
from pipelines.polling.sending import Round
from pipelines.polling.settling import Settled, settle
from pipelines.polling.writing import Writing
from schemas.ports.pollers import PollerStore
from schemas.ports.store import FeedStore

logger = logging.getLogger(__name__)


class ClaimStore(FeedStore, PollerStore, Protocol):
    """What feeds of other pollers have brought, and who was first with an article."""


class TakingIn:
    """Takes in looks of one poller. ``left``: what killed ones wrote and could not keep; ``in_flight``: the feeds that are
    looked at; ``partitions``: those of the articles, now; ``jitter``: the share by which intervals are stretched at most."""

    def __init__(
        self,
        store: ClaimStore,
        feeds: Mapping[str, FeedSettings],
        kin: Kin,
        *,
        roster: Roster,
        hosts: HostPace,
        writing: Writing,
        left: LeftBehind,
        in_flight: MutableMapping[str, Round],
        partitions: Callable[[], int],
        jitter: float,
    ) -> None:
        self._store = store
        self._feeds = feeds
        self._kin = kin
        self._roster = roster
        self._hosts = hosts
        self._writing = writing
        self._left = left
        self._in_flight = in_flight
        self._partitions = partitions
        self._jitter = jitter

    def take_in(self, looks: Sequence[Look], now: datetime) -> Mapping[str, datetime]:
        """Settle ``looks`` at ``now``; return the hosts that are to be left alone, and until when.

        :raises RetriableError: the store failed. The looks from there on are taken again, for nothing of them is kept.
        """
        partitions = self._partitions()
        quiet: dict[str, datetime] = {}
        for look in looks:
            # It may fail, and then this look is taken again: nothing of it is kept yet.
            settled = self._settled(look, now, partitions) if look.feed_id in self._roster else None
            self._in_flight.pop(look.feed_id, None)
            if look.feed_id not in self._roster:
                continue  # Another poller has it by now and reads the same.
            if isinstance(look.finding, PutOff):
                self._roster.put_off(look.feed_id, look.finding.host, look.finding.hop, now)
                continue
            if settled is not None:
                standing = self._roster[look.feed_id]
                self._writing.add(settled)
                self._hear_host(standing, look, now, quiet)
        return quiet

    def _settled(self, look: Look, now: datetime, partitions: int) -> Settled | None:
        """Return what follows from ``look``; None: it was put off. :raises RetriableError: the store failed."""
        finding = look.finding
        if isinstance(finding, PutOff):
            return None
        standing = self._roster[look.feed_id]
        if not isinstance(finding, Answered) or finding.document is None:
            return settle(standing, finding, now, partitions=partitions, jitter=self._jitter)
        left = self._left.of(look.feed_id)

        def settled_beside(siblings: Sequence[Sibling]) -> Settled:
            jitter = self._jitter
            return settle(standing, finding, now, partitions=partitions, jitter=jitter, siblings=siblings, left=left)

        siblings, some_are_away = self._siblings(look, finding)
        settled = settled_beside(siblings)
        if some_are_away and settled.first_seen:
            # Whoever has those may be bringing the same at this moment, and the rows of the store do not say so yet.
            feed, known = standing.feed, settled.standing.cursor.known
            mine = claims_of(settled.first_seen, known, feed.id, feed.publisher.id)
            if others := claimants(self._store.claim_articles(mine, at=now), mine):
                settled = settled_beside([*siblings, *others])
        return settled

    def _siblings(self, look: Look, found: Answered) -> tuple[list[Sibling], bool]:
        """Return the other feeds that may have brought what ``look`` found, as they stand with all that was settled, and whether
        another poller has some of them.

        :raises RetriableError: the store cannot be asked for those.
        """
        assert found.document is not None
        ids = list(self._kin.of(self._feeds[look.feed_id], found.document))
        held = [id_ for id_ in ids if id_ in self._roster]
        stand = {id_: knowing(self._writing.standing(id_).cursor, self._left.of(id_)) for id_ in held}
        if away := [id_ for id_ in ids if id_ not in stand]:  # A folder, or what is pushed, that another poller has.
            stand |= {id_: cursor_of(row) for id_, row in self._store.feed_rows(away).items()}
        siblings = [Sibling(id_, self._feeds[id_].publisher.id, cursor) for id_, cursor in stand.items()]
        return siblings, bool(away)

    def _hear_host(self, standing: FeedStanding, look: Look, now: datetime, quiet: dict[str, datetime]) -> None:
        """Take in whether the host refused us; put into ``quiet`` until when it is left alone."""
        assert not isinstance(look.finding, PutOff)
        host = look.finding.host or host_of(standing.address)
        if not isinstance(look.finding, Failed):
            self._hosts.answered(host)
            self._roster.leads_to(look.feed_id, host)
        elif look.finding.refused:
            until = self._hosts.refused(host, now, look.finding.retry_after_s)
            if until is not None:
                logger.warning("host %s is asked nothing until %s: %s", host, f"{until:%H:%M:%S}", look.finding.reason)
                quiet[host] = until
