"""One poller among several: it renews itself, takes what it is to hold and gives back what another is to have.

Time is the log's, which all pollers share; a wrong clock of one machine takes nothing from another.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from pipelines.polling.parts import PARTS, TELLING, wanted_parts
from schemas.errors import FatalError
from schemas.ports.pollers import PollerEntry, PollerStore, PollProgress

logger = logging.getLogger(__name__)


class Membership:
    """What the poller ``name`` holds. ``shared_now`` is the clock that all pollers share; ``lease_s`` is how long one that
    was killed is waited for."""

    def __init__(
        self,
        store: PollerStore,
        name: str,
        *,
        feeds_hash: str,
        lease_s: float,
        shared_now: Callable[[], datetime],
        monotonic_s: Callable[[], float],
    ) -> None:
        self._store = store
        self._name = name
        self._instance = secrets.token_hex(8)
        self._feeds_hash = feeds_hash
        self._lease_s = lease_s
        self._shared_now = shared_now
        self._monotonic_s = monotonic_s
        self._renewed_s: float | None = None
        self._said = ""
        self.held: frozenset[str] = frozenset()
        self.unwanted: frozenset[str] = frozenset()  # held, and to be given back as soon as nothing of it is on its way
        self.others: tuple[PollerEntry, ...] = ()

    @property
    def tells(self) -> bool:
        """Whether this poller tells coverage."""
        return TELLING in self.held

    @property
    def alike(self) -> bool:
        """Whether all pollers have the same feeds in their settings."""
        return all(other.feeds_hash == self._feeds_hash for other in self.others)

    @property
    def due(self) -> bool:
        """Whether it is time to renew."""
        return self._renewed_s is None or self._monotonic_s() - self._renewed_s >= self._lease_s / 4

    @property
    def late(self) -> bool:
        """Whether our time is over, so that others may have taken what we hold, also some that we have never heard of."""
        return self._renewed_s is not None and self._monotonic_s() - self._renewed_s >= self._lease_s

    @property
    def certain(self) -> bool:
        """Whether nobody else can hold what we hold: where others are alive, not once our time is over."""
        if self._renewed_s is None:
            return False
        return not self.others or self._monotonic_s() - self._renewed_s < self._lease_s

    def renew(self, settled_until: datetime) -> None:
        """Put off our end; take what nobody holds and we are to have.

        :raises FatalError: another process polls under our name.
        :raises RetriableError: the log or the store cannot be asked.
        """
        began_s = self._monotonic_s()
        now = self._shared_now()
        entry = PollerEntry(
            poller=self._name,
            instance=self._instance,
            until=now + timedelta(seconds=self._lease_s),
            settled_until=settled_until,
            feeds_hash=self._feeds_hash,
        )
        renewal = self._store.renew_poller(entry, now=now, first=self._renewed_s is None)
        if renewal is None:
            raise FatalError(
                f"another process polls under the name {self._name!r}",
                remedy="end one of the two, or give each folder a name of its own: [polling] name",
            )
        self.others = tuple(other for other in renewal.pollers if other.poller != self._name)
        wanted = wanted_parts(self._name, [other.poller for other in renewal.pollers])
        held = renewal.held
        missing = (wanted | {TELLING}) - held
        if missing:
            held |= self._store.take_names(missing, poller=self._name)
        self.unwanted = (held & frozenset(PARTS)) - wanted
        self._tell(held)
        self.held = held
        self._renewed_s = began_s

    def give_back(self, names: frozenset[str]) -> None:
        """Let go of ``names``, of which nothing is on its way any more."""
        self._store.give_back(names, poller=self._name)
        self.held -= names
        self.unwanted -= names

    def save(self, progress: PollProgress, names: frozenset[str]) -> bool:
        """Keep ``progress`` in the store; False: we no longer hold ``names``, and nothing was kept."""
        return self._store.save_polls(progress, poller=self._name, instance=self._instance, names=names)

    def leave(self) -> None:
        """Give everything back: the others need not wait until our time is over."""
        if self._renewed_s is not None:
            self._store.leave(poller=self._name, instance=self._instance)
            self.held = frozenset()
            self._renewed_s = None

    def _tell(self, held: frozenset[str]) -> None:
        """Say who shares the feeds, where that has changed."""
        if not self.others and not self._said:
            return
        names = ", ".join(other.poller for other in self.others) or "nobody"
        parts = len(held & frozenset(PARTS))
        said = f"{self._name} has {parts} of {len(PARTS)} parts of the feeds; others: {names}"
        if said != self._said:
            self._said = said
            logger.info("%s", said)
            if not self.alike:
                logger.warning("the pollers have different feeds in their settings: give all of them the same")
