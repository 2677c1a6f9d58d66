"""Pollers that share the feeds: who is alive, who holds which name, what was polled and not told yet."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from connectors.store.database import Database
from connectors.store.feeds import move_times, write_rows
from connectors.store.tables import article_claims, poll_names, poll_reports, poll_told, pollers
from connectors.store.upsert import insert_all_new, insert_or_replace
from schemas.ports.pollers import Claim, PollerEntry, PollProgress, PollReport, Renewal

#: What was claimed longer ago is known from the rows of feeds by everybody.
_CLAIMED_FOR = timedelta(days=1)
#: Claims asked for by name in one statement.
_AT_ONCE = 5_000


class Pollers:
    """Implements :class:`schemas.ports.pollers.PollerStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def renew_poller(self, entry: PollerEntry, *, now: datetime, first: bool = False) -> Renewal | None:
        """Register or renew ``entry`` and forget who is dead; None: another process has its name."""
        with self._database.writing() as connection:
            # All rows, in one order: two pollers that take each other for dead do not wait for each other in a ring.
            query = select(pollers.c.poller, pollers.c.instance).order_by(pollers.c.poller).with_for_update()
            known = {row.poller: row.instance for row in connection.execute(query)}
            if not first and known.get(entry.poller, entry.instance) != entry.instance:
                return None
            row = {
                "poller": entry.poller,
                "instance": entry.instance,
                "until_us": entry.until,
                "settled_until_us": entry.settled_until,
                "feeds_hash": entry.feeds_hash,
            }
            insert_or_replace(connection, pollers, [row])
            dead = delete(pollers).where(pollers.c.until_us <= now, pollers.c.poller != entry.poller)
            connection.execute(dead)
            connection.execute(delete(poll_names).where(poll_names.c.poller.not_in(select(pollers.c.poller))))
            alive = connection.execute(select(pollers).order_by(pollers.c.poller)).mappings().all()
            return Renewal(
                _held(connection, entry.poller),
                tuple(
                    PollerEntry(
                        poller=other["poller"],
                        instance=other["instance"],
                        until=other["until_us"],
                        settled_until=other["settled_until_us"],
                        feeds_hash=other["feeds_hash"],
                    )
                    for other in alive
                ),
            )

    def take_names(self, names: Collection[str], *, poller: str) -> frozenset[str]:
        """Take what nobody holds; return what ``poller`` holds of ``names``."""
        with self._database.writing() as connection:
            # In one order, so that two pollers never wait for each other in a ring.
            insert_all_new(connection, poll_names, [{"name": name, "poller": poller} for name in sorted(names)])
            return _held(connection, poller) & frozenset(names)

    def give_back(self, names: Collection[str], *, poller: str) -> None:
        """Let go of ``names``."""
        if names:
            with self._database.writing() as connection:
                mine = delete(poll_names).where(poll_names.c.poller == poller)
                connection.execute(mine.where(poll_names.c.name.in_(sorted(names))))

    def leave(self, *, poller: str, instance: str) -> None:
        """Forget this process with what it holds."""
        with self._database.writing() as connection:
            mine = delete(pollers).where(pollers.c.poller == poller, pollers.c.instance == instance)
            if connection.execute(mine).rowcount:
                connection.execute(delete(poll_names).where(poll_names.c.poller == poller))

    def save_polls(self, progress: PollProgress, *, poller: str, instance: str, names: Collection[str]) -> bool:
        """Keep ``progress`` if this process still holds ``names``."""
        with self._database.writing() as connection:
            # Locked until the end: whoever would take the names from us waits.
            me = select(pollers.c.instance).where(pollers.c.poller == poller).with_for_update()
            if connection.execute(me).scalar() != instance or not _held(connection, poller) >= set(names):
                return False
            write_rows(connection, progress.rows)
            move_times(connection, progress.times)
            if progress.reports:
                connection.execute(poll_reports.insert(), [{"body": report} for report in progress.reports])
        return True

    def claim_articles(self, claims: Sequence[Claim], *, at: datetime) -> Sequence[Claim]:
        """Keep ``claims`` whose names are free; return who holds each name."""
        by_name = {claim.name: claim for claim in reversed(claims)}
        # In one order, so that two pollers never wait for each other in a ring.
        names = sorted(by_name)
        rows = [{**by_name[name]._asdict(), "at_us": at} for name in names]
        columns = (article_claims.c.name, article_claims.c.feed_id, article_claims.c.body)
        found: list[Claim] = []
        with self._database.writing() as connection:
            # PostgreSQL waits here for whoever is just claiming one of them; what is read then is what is committed.
            insert_all_new(connection, article_claims, rows)
            for start in range(0, len(names), _AT_ONCE):
                asked = select(*columns).where(article_claims.c.name.in_(names[start : start + _AT_ONCE]))
                found += [Claim(*row) for row in connection.execute(asked)]
            lost = _lost(claims, found)
            insert_or_replace(connection, article_claims, [{**claim._asdict(), "at_us": at} for claim in lost])
        return sorted({claim.name: claim for claim in (*found, *lost)}.values())

    def poll_reports(self) -> Sequence[PollReport]:
        """Return the reports that were not told, oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(select(poll_reports).order_by(poll_reports.c.report_id)).all()
        return [PollReport(row.report_id, row.body) for row in rows]

    def polls_told(self, numbers: Collection[int], *, until: datetime) -> None:
        """Forget reports; coverage is told ``until`` then."""
        with self._database.writing() as connection:
            if numbers:
                connection.execute(delete(poll_reports).where(poll_reports.c.report_id.in_(sorted(numbers))))
            connection.execute(delete(article_claims).where(article_claims.c.at_us < until - _CLAIMED_FOR))
            moved = connection.execute(update(poll_told).where(poll_told.c.id == 1).values(until_us=until)).rowcount
            if not moved:
                insert_all_new(connection, poll_told, [{"id": 1, "until_us": until}])

    def told_until(self) -> datetime | None:
        """Return until when coverage was told."""
        with self._database.reading() as connection:
            found: datetime | None = connection.execute(select(poll_told.c.until_us)).scalar()
        return found


def _lost(mine: Sequence[Claim], held: Sequence[Claim]) -> list[Claim]:
    """Return what becomes of the names that were free of articles of which another name was taken."""
    holder = {claim.name: claim for claim in held}
    taken = {claim.body: holder[claim.name] for claim in reversed(mine) if holder[claim.name] != claim}
    return [
        Claim(claim.name, taken[claim.body].feed_id, taken[claim.body].body)
        for claim in sorted(mine)
        if claim.body in taken and holder[claim.name] == claim
    ]


def _held(connection: Connection, poller: str) -> frozenset[str]:
    found = connection.execute(select(poll_names.c.name).where(poll_names.c.poller == poller))
    return frozenset(found.scalars())
