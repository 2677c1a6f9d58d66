"""The ledger: events in chains, one a rule, with evidence and outbox, written by one decider in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any  # The values of a row, whose types the table knows.

from sqlalchemy import ColumnElement, Connection, Select, bindparam, delete, func, literal, select, update

from connectors.store.database import Database
from connectors.store.parsed_events import parsed_event, parsed_evidence
from connectors.store.standings import tell_standings
from connectors.store.tables import chain_heads, decider_head, evidence, outbox
from connectors.store.tables import events as events_table
from connectors.store.upsert import Row, insert_all_new, insert_new
from schemas.alert_event import AlertEvent, ChainHead, Decision, Evidence, Provenance
from schemas.errors import AnotherDeciderError, FatalError
from schemas.ids import canonical_json
from schemas.ports.store import DeciderHead, Opening, StoredEvent

#: Rows read in one short transaction, so that a slow reader never keeps the WAL from being checkpointed.
_PAGE = 500
_HEAD_FIELDS = tuple(DeciderHead.model_fields)

#: How the body of an event says what it is.
_OPENED, _IN_SHADOW = b'"event":"opened"', b'"mode":"shadow"'


class Ledger:
    """Implements :class:`schemas.ports.store.LedgerStore`, without its rule sets."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def decider_head(self) -> DeciderHead | None:
        """Return the head, or None before the first commit."""
        with self._database.reading() as connection:
            return _stored_head(connection)

    def commit_decisions(
        self,
        *,
        expected: DeciderHead | None,
        head: DeciderHead,
        decisions: Sequence[tuple[Decision, Provenance]],
        notify: bool = True,
    ) -> None:
        """Write ``decisions`` and ``head`` in one transaction, on condition that nobody else wrote meanwhile.

        :raises AnotherDeciderError: the stored head or a chain head is another; nothing was written.
        :raises FatalError: ``head.events`` does not count the decisions.
        """
        before = expected.events if expected else 0
        if head.events != before + len(decisions):
            raise FatalError(
                f"the head says {head.events} events, but {before} were there and {len(decisions)} come",
                remedy="this is a defect of the decider: report it; nothing was written",
            )
        with self._database.writing() as connection:
            # First of all, because it locks the one row that every decider has to pass.
            if not _move_head(connection, expected, head):
                raise AnotherDeciderError(
                    "another decider has written to the ledger since this one read it; nothing was written",
                    remedy="run one decider only; this one must stop",
                )
            rows = [_event_row(before + n, *pair) for n, pair in enumerate(decisions, start=1)]
            _move_chains(connection, rows)
            if rows:
                connection.execute(events_table.insert(), rows)
                told = [(before + n, decision.event) for n, (decision, _) in enumerate(decisions, start=1)]
                tell_standings(connection, told)
            insert_all_new(connection, evidence, _evidence_rows(decisions))
            if rows and notify:
                connection.execute(outbox.insert(), [{"position": row["position"]} for row in rows])

    def chain_heads(self) -> Mapping[str, ChainHead]:
        """Return per rule the last event's seq and hash."""
        with self._database.reading() as connection:
            rows = connection.execute(select(chain_heads).order_by(chain_heads.c.rule)).mappings()
            return {row["rule"]: ChainHead.model_validate(dict(row)) for row in rows}

    def openings(self) -> Sequence[Opening]:
        """Return every event ``opened``, in the order they were written.

        The database looks for the words in the canonical JSON: inside of a text their quotes would be escaped. So no event is
        read, which takes ten times as long as all the rest.
        """
        table = events_table.c
        with self._database.reading() as connection:
            query = (
                select(table.rule, table.alert_id, _holds(connection, _IN_SHADOW))
                .where(_holds(connection, _OPENED), table.alert_id != "")
                .order_by(table.position)
            )
            rows = connection.execute(query).all()
        return [Opening(rule, "shadow" if in_shadow else "live", alert) for rule, alert, in_shadow in rows]

    def stored_events(self, *, first_position: int = 0) -> Iterator[StoredEvent]:
        """Yield the rows of the ledger as they lie there, unread and unchecked: what ``verify`` hashes again."""
        query = select(*(events_table.c[name] for name in StoredEvent.model_fields))
        for row in self._pages(query, first_position, None):
            yield StoredEvent.model_validate(dict(row))

    def events(
        self, *, rule: str | None = None, alert_id: str | None = None, first_position: int = 0, limit: int | None = None
    ) -> Iterator[AlertEvent]:
        """Yield events in the order they were written, positions from ``first_position`` on."""
        query = select(events_table.c.position, events_table.c.body)
        if rule is not None:
            query = query.where(events_table.c.rule == rule)
        if alert_id is not None:
            query = query.where(events_table.c.alert_id == alert_id)
        for row in self._pages(query, first_position, limit):
            yield parsed_event(row["position"], row["body"])

    def events_with_provenance(
        self, *, first_offset: int = 0, alert_id: str | None = None, limit: int | None = None
    ) -> Iterator[tuple[AlertEvent, Provenance]]:
        """Yield events computed at ``first_offset`` of the log or later, in the order they were written."""
        table = events_table.c
        query = select(table.position, table.body, table.log_offset, table.host, table.recorded_at_us)
        if alert_id is not None:
            query = query.where(table.alert_id == alert_id)
        for row in self._pages(query.where(table.log_offset >= first_offset), 0, limit):
            provenance = Provenance(log_offset=row["log_offset"], host=row["host"], recorded_at=row["recorded_at_us"])
            yield parsed_event(row["position"], row["body"]), provenance

    def evidence(self, hashes: Sequence[str]) -> Mapping[str, Evidence]:
        """Return what is known by ``hashes``; erased ones are absent."""
        return {name: parsed_evidence(name, body) for name, body in self.stored_evidence(hashes).items()}

    def stored_evidence(self, hashes: Sequence[str]) -> Mapping[str, bytes]:
        """Return the bytes under ``hashes`` as they lie there: what ``verify`` hashes again."""
        found: dict[str, bytes] = {}
        wanted = list(dict.fromkeys(hashes))
        for start in range(0, len(wanted), _PAGE):
            query = select(evidence.c.hash, evidence.c.body).where(evidence.c.hash.in_(wanted[start : start + _PAGE]))
            with self._database.reading() as connection:
                found.update({row.hash: row.body for row in connection.execute(query)})
        return found

    def evidence_of_article(self, article_id: str) -> Collection[str]:
        """Return the hashes of what is kept of an article."""
        query = select(evidence.c.hash).where(evidence.c.article_id == article_id)
        with self._database.reading() as connection:
            return set(connection.execute(query).scalars())

    def erase_evidence(self, article_id: str) -> int:
        """Forget an article's texts; return how many rows went."""
        with self._database.writing() as connection:
            return connection.execute(delete(evidence).where(evidence.c.article_id == article_id)).rowcount

    def _pages(self, query: Select[Any], first_position: int, limit: int | None) -> Iterator[Mapping[str, Any]]:
        position, left = first_position - 1, limit
        while left is None or left > 0:
            size = _PAGE if left is None else min(_PAGE, left)
            page = query.where(events_table.c.position > position).order_by(events_table.c.position).limit(size)
            with self._database.reading() as connection:
                rows = connection.execute(page).mappings().all()
            yield from (dict(row) for row in rows)
            if len(rows) < size:
                return
            position = rows[-1]["position"]
            left = None if left is None else left - size


def _holds(connection: Connection, words: bytes) -> ColumnElement[bool]:
    """Return whether the body of an event holds ``words``, as the database says it."""
    body = events_table.c.body
    if connection.dialect.name == "sqlite":
        return func.instr(body, words) > 0
    return func.position(literal(words).op("IN")(body)) > 0


def _stored_head(connection: Connection) -> DeciderHead | None:
    row = connection.execute(select(*(decider_head.c[name] for name in _HEAD_FIELDS))).mappings().one_or_none()
    return None if row is None else DeciderHead.model_validate(dict(row))


def _move_head(connection: Connection, expected: DeciderHead | None, head: DeciderHead) -> bool:
    values = head.model_dump()
    if expected is None:
        return insert_new(connection, decider_head, {"id": 1, **values})
    same = [decider_head.c[name] == value for name, value in expected.model_dump().items()]
    return connection.execute(update(decider_head).where(*same).values(**values)).rowcount == 1


def _event_row(position: int, decision: Decision, provenance: Provenance) -> dict[str, Any]:
    event = decision.event
    return {
        "position": position,
        "rule": event.rule,
        "seq": event.seq,
        "alert_id": event.alert_id,
        "previous": event.previous,
        "hash": event.chain_hash(),
        "body": canonical_json(event.model_dump(mode="json")),
        "log_offset": provenance.log_offset,
        "host": provenance.host,
        "recorded_at_us": provenance.recorded_at,
    }


def _evidence_rows(decisions: Sequence[tuple[Decision, Provenance]]) -> list[Row]:
    rows: dict[str, Row] = {}
    for decision, _ in decisions:
        for item in decision.evidence:
            name, body = item.evidence_hash(), canonical_json(item.model_dump(mode="json"))
            rows.setdefault(name, {"hash": name, "article_id": item.article_id, "body": body})
    return list(rows.values())


def _move_chains(connection: Connection, rows: Sequence[Row]) -> None:
    """Check that ``rows`` continue what is stored, link by link, and move the heads of their rules to the last of each."""
    stored: dict[str, tuple[int, str]] = {}
    rules = list(dict.fromkeys(str(row["rule"]) for row in rows))
    for start in range(0, len(rules), _PAGE):
        query = select(chain_heads).where(chain_heads.c.rule.in_(rules[start : start + _PAGE]))
        stored.update({row.rule: (row.seq, row.hash) for row in connection.execute(query)})
    heads = dict(stored)
    for row in rows:
        seq, previous = heads.get(row["rule"], (0, ""))
        if (row["seq"], row["previous"]) != (seq + 1, previous):
            raise AnotherDeciderError(
                f"event {row['seq']} of rule {row['rule']!r} does not continue the ledger, which stands at {seq}; "
                "nothing was written",
                remedy="run one decider only; this one must stop",
            )
        heads[row["rule"]] = (row["seq"], row["hash"])
    moved = [{"at_rule": rule, "seq": heads[rule][0], "hash": heads[rule][1]} for rule in rules]
    new = [{"rule": m["at_rule"], "seq": m["seq"], "hash": m["hash"]} for m in moved if m["at_rule"] not in stored]
    known = [m for m in moved if m["at_rule"] in stored]
    if new:
        connection.execute(chain_heads.insert(), new)
    if known:
        connection.execute(update(chain_heads).where(chain_heads.c.rule == bindparam("at_rule")), known)
