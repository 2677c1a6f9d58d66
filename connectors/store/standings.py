"""What stands after the events of the ledger, beside it: written in the transaction of the events, read instead of them all.

The ledger stays the truth. ``standings_read`` says up to which event the table was told; events beyond (of a program from
before the table, say) are read by whoever asks, and told to the table by the next commit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, and_, delete, or_, select, true, update

from connectors.store.database import Database
from connectors.store.parsed_events import parsed_event
from connectors.store.tables import events as events_table
from connectors.store.tables import standings, standings_read
from connectors.store.upsert import insert_or_replace
from schemas.alert_event import AlertEvent
from schemas.ports.store import StandingEvents, StoredStandings
from schemas.standing import Standing, StandingKind, Standings

#: Rows asked for at once.
_PAGE = 500

_IS_OPEN = standings.c.open.is_(True)

Positioned = tuple[int, AlertEvent]


class StandingTable:
    """Implements :class:`schemas.ports.store.StandingStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def standing(
        self, *, ended: bool = False, rule: str | None = None, newest_from: int = 1, last: int | None = None
    ) -> StandingEvents:
        """Return what stands, of ``rule`` or of all; with ``ended`` the newest event of every alert there ever was.

        Alerts: of which something happened at ``newest_from`` or later, the ``last`` that began.
        """
        with self._database.reading_one_moment() as connection:
            position, rows = _folded(
                connection, rule, _ended_wanted(connection, rule, newest_from, last) if ended else ()
            )
            shown: dict[StandingKind, list[int]] = {kind: [] for kind in StandingKind}
            for row in rows:
                if row.open and row.kind is not StandingKind.ALERT:
                    shown[row.kind].append(row.latest)
            alerts = [row for row in rows if row.kind is StandingKind.ALERT and row.newest >= newest_from]
            alerts = [row for row in alerts if ended or row.open]
            if last is not None:
                began = sorted(row.first for row in alerts)[-last:] if last else []
                alerts = [row for row in alerts if began and row.first >= began[0]]
            if ended:
                alerts.sort(key=lambda row: row.first)
            shown[StandingKind.ALERT] = [row.newest if ended else row.latest for row in alerts]
            known = _events_at(connection, [one for positions in shown.values() for one in positions])
        return StandingEvents(
            position=position,
            alerts=tuple(known[one] for one in shown[StandingKind.ALERT]),
            blind=tuple(known[one] for one in shown[StandingKind.BLIND]),
            pending=tuple(known[one] for one in shown[StandingKind.PENDING]),
        )

    def alert_ids(self, begins: str, limit: int) -> Sequence[str]:
        """Return up to ``limit`` ids of alerts that begin so, sorted. Ids are hexadecimal: anything else begins none."""
        if not set(begins) <= set("0123456789abcdef"):
            return ()
        ids = events_table.c.alert_id
        # By the index: "g" sorts behind every hexadecimal digit, whatever language the database sorts by.
        query = select(ids).where(ids >= begins, ids < f"{begins}g", ids != "").distinct().order_by(ids).limit(limit)
        with self._database.reading() as connection:
            return list(connection.execute(query).scalars())

    def stored_standings(self) -> StoredStandings:
        """Return the table as it lies there, unchecked: what ``verify`` compares with the ledger."""
        with self._database.reading_one_moment() as connection:
            return StoredStandings(position=_told_until(connection), rows=tuple(_stored(connection)))

    def rebuild_standings(self) -> None:
        """Forget the table and tell it the whole ledger anew."""
        with self._database.writing() as connection:
            _lock(connection)
            connection.execute(delete(standings))
            connection.execute(update(standings_read).values(position=0))
            tell_standings(connection)


def tell_standings(connection: Connection, fresh: Sequence[Positioned] = ()) -> None:
    """Tell the table the events it does not know yet, then ``fresh`` ones that are just being written."""
    _lock(connection)
    for page in _pages(connection, _told_until(connection), fresh[0][0] if fresh else None):
        _tell(connection, page)
    if fresh:
        _tell(connection, fresh)


def _lock(connection: Connection) -> None:
    """Wait until nobody else tells the table; it is held until the end of the transaction."""
    connection.execute(update(standings_read).values(position=standings_read.c.position))


def _tell(connection: Connection, told: Sequence[Positioned]) -> None:
    rules = {event.rule for _, event in told}
    alerts = {event.alert_id for _, event in told if event.alert_id}
    known = {row.place: row for row in _rows_of(connection, sorted(rules), sorted(alerts))}
    folded = Standings(known.values())
    for position, event in told:
        folded.add(position, event)
    after = {row.place: row for row in folded.rows}
    for kind, rule, subject in known.keys() - after.keys():
        same = (standings.c.kind == kind, standings.c.rule == rule, standings.c.subject == subject)
        connection.execute(delete(standings).where(*same))
    changed = [row.model_dump() for place, row in after.items() if known.get(place) != row]
    insert_or_replace(connection, standings, changed)
    connection.execute(update(standings_read).values(position=told[-1][0]))


def _ended_wanted(
    connection: Connection, rule: str | None, newest_from: int, last: int | None
) -> Sequence[ColumnElement[bool]]:
    """Return which rows of what ended are wanted, each at least of this; all of them where events may change their number."""
    table = events_table.c
    if connection.execute(select(table.position).where(table.position > _told_until(connection)).limit(1)).first():
        return (true(),)
    wanted = [standings.c.kind == StandingKind.ALERT, standings.c.newest >= newest_from]
    wanted += [] if rule is None else [standings.c.rule == rule]
    if last is not None:
        began = select(standings.c.first).where(*wanted).order_by(standings.c.first.desc()).limit(max(1, last))
        wanted.append(standings.c.first >= min(connection.execute(began).scalars(), default=0))
    return wanted


def _folded(
    connection: Connection, rule: str | None, ended: Sequence[ColumnElement[bool]]
) -> tuple[int, Sequence[Standing]]:
    """Return the position of the newest event and what stands after it, read from the table and the events behind it.

    Of what ended the rows are those of which ``ended`` holds; none where it is empty.
    """
    of_rule = [] if rule is None else [standings.c.rule == rule]
    position = _told_until(connection)
    folded = Standings(_stored(connection, *of_rule, or_(_IS_OPEN, and_(*ended)) if ended else _IS_OPEN))
    for page in _pages(connection, position, None):
        for position, event in page:
            if rule in (None, event.rule):
                folded.add(position, event)
    return position, folded.rows


def _told_until(connection: Connection) -> int:
    position: int = connection.execute(select(standings_read.c.position)).scalar_one()
    return position


def _stored(connection: Connection, *wanted: ColumnElement[bool]) -> list[Standing]:
    query = select(*(standings.c[name] for name in Standing.model_fields)).where(*wanted)
    return [Standing(**row) for row in connection.execute(query).mappings()]


def _rows_of(connection: Connection, rules: Sequence[str], alerts: Sequence[str]) -> Iterator[Standing]:
    """Yield what stands of ``rules``, and of ended alerts only those that are told of again."""
    for start in range(0, len(rules), _PAGE):
        yield from _stored(connection, standings.c.rule.in_(rules[start : start + _PAGE]), _IS_OPEN)
    for start in range(0, len(alerts), _PAGE):
        again = standings.c.subject.in_(alerts[start : start + _PAGE])
        yield from _stored(connection, standings.c.kind == StandingKind.ALERT, again, standings.c.open.is_(False))


def _pages(connection: Connection, after: int, before: int | None) -> Iterator[Sequence[Positioned]]:
    """Yield the events behind position ``after``, up to but not including ``before``."""
    table = events_table.c
    query = select(table.position, table.body).order_by(table.position).limit(_PAGE)
    if before is not None:
        query = query.where(table.position < before)
    while page := connection.execute(query.where(table.position > after)).all():
        yield [(row.position, parsed_event(row.position, row.body)) for row in page]
        after = page[-1].position


def _events_at(connection: Connection, positions: Sequence[int]) -> Mapping[int, AlertEvent]:
    found: dict[int, AlertEvent] = {}
    table = events_table.c
    for start in range(0, len(positions), _PAGE):
        query = select(table.position, table.body).where(table.position.in_(positions[start : start + _PAGE]))
        found |= {row.position: parsed_event(row.position, row.body) for row in connection.execute(query)}
    return found
