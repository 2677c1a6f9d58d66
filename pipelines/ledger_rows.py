"""What can be said of the rows of a ledger without the log: their hashes, chains and evidence, and what they leave standing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from pydantic import ValidationError

from schemas.alert_event import AlertEvent, ChainHead
from schemas.ids import canonical_json, digest
from schemas.ports.store import Store, StoredEvent, StoredStandings
from schemas.standing import Standings

Differ = Callable[[str], None]

#: The way to make what lies beside the ledger anew from it.
REBUILD = "`tocsin db rebuild` makes it anew"


def event_row(event: AlertEvent, log_offset: int) -> StoredEvent:
    """Return the row that ``event`` makes; its position is the ledger's business."""
    return StoredEvent(
        position=0,
        rule=event.rule,
        seq=event.seq,
        alert_id=event.alert_id,
        previous=event.previous,
        hash=event.chain_hash(),
        body=canonical_json(event.model_dump(mode="json")),
        log_offset=log_offset,
    )


def check_rows(rows: Sequence[StoredEvent], differ: Differ) -> None:
    """Check that positions have no gap, that each hash is that of the bytes beside it, and that the columns say the same."""
    for expected, row in enumerate(rows, start=1):
        if row.position != expected:
            differ(f"event {expected} is missing: the next one is at position {row.position}")
            break
    for row in rows:
        if digest("alert-event", row.body, length=64) != row.hash:
            differ(f"event {row.position}, {row.name}: its hash is not that of its bytes")
        body = _read(row.body)
        columns = {"rule": row.rule, "seq": row.seq, "alert_id": row.alert_id, "previous": row.previous}
        names = [name for name, value in columns.items() if body.get(name) != value]
        if names:
            differ(f"event {row.position}, {row.name}: {', '.join(names)} beside it and in its bytes differ")


def check_chains(
    rows: Sequence[StoredEvent], heads: Mapping[str, ChainHead], differ: Differ
) -> Mapping[str, ChainHead]:
    """Check that each event continues its rule's chain and that the stored heads are its ends; return the ends."""
    ends: dict[str, ChainHead] = {}
    for row in rows:
        before = ends.get(row.rule)
        expected = (before.seq + 1, before.hash) if before else (1, "")
        if (row.seq, row.previous) != expected:
            differ(
                f"event {row.position}, {row.name}, does not continue the chain of {row.rule} after #{expected[0] - 1}"
            )
        ends[row.rule] = row.chain_head()
    for rule in sorted(ends.keys() | heads.keys()):
        if rule not in ends:
            differ(f"there is a stored head of {rule}, but no event")
        elif heads.get(rule) != ends[rule]:
            differ(f"the stored head of {rule} is not its last event, #{ends[rule].seq}")
    return ends


def check_evidence(rows: Sequence[StoredEvent], store: Store, differ: Differ) -> int:
    """Check that what lies under each evidence hash has that hash; return how many were erased."""
    named: dict[str, StoredEvent] = {}
    for row in rows:
        found = _read(row.body).get("evidence")
        for name in found if isinstance(found, list) else ():
            if isinstance(name, str):
                named.setdefault(name, row)
    kept = store.stored_evidence(list(named))
    for name, body in kept.items():
        if digest("evidence", body) != name:
            differ(
                f"evidence {name} of event {named[name].position}, {named[name].name}, is not what rang: it was changed"
            )
    return len(named) - len(kept)


def check_standings(rows: Sequence[StoredEvent], stored: StoredStandings, differ: Differ) -> None:
    """Check that what is kept beside the ledger, of what stands, is what its first ``stored.position`` events say."""
    if stored.position > len(rows):
        differ(f"what stands was told {stored.position} events, but the ledger holds {len(rows)}: {REBUILD}")
        return
    folded = Standings()
    for row in rows[: stored.position]:
        try:
            folded.add(row.position, AlertEvent.model_validate_json(row.body))
        except ValidationError:
            return  # What no event can be read from is told of its row.
    said, kept = {row.place: row for row in folded.rows}, {row.place: row for row in stored.rows}
    for place in sorted(said.keys() | kept.keys()):
        if said.get(place) != kept.get(place):
            kind, rule, subject = place
            differ(f"what stands, {kind} {rule} {subject or '(the rule)'}, is not what the ledger says: {REBUILD}")


def _read(body: bytes) -> Mapping[str, object]:
    """Return the object in ``body``; an empty one where it is none, which its hash tells."""
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
