"""Feeds that join and leave in mid-stream: with any batches, snapshots and deaths the ledger is the same to the byte."""

from __future__ import annotations

import json
from pathlib import Path

from schemas.coverage import Coverage
from schemas.wire import SignalsRecord
from tests.streams.deciding import desk_in
from tests.streams.records import HOUR
from tests.streams.world import START, invented_stream

_DAYS = 9
_LATE = frozenset({"echo", "foxtrot"})  # there from the third day on, but for one of them on the seventh
_JOIN, _LEAVE, _RETURN = START + 60 * HOUR, START + 150 * HOUR, START + 175 * HOUR


def _with_late_feeds(record: SignalsRecord) -> SignalsRecord:
    if not isinstance(record, Coverage):
        return record
    away = _LATE if record.at <= _JOIN else {"foxtrot"} if _LEAVE < record.at <= _RETURN else set()
    return record.model_copy(update={"feeds": tuple(f for f in record.feeds if f.feed_id not in away)})


def test_any_batches_and_deaths(tmp_path: Path) -> None:
    stream = [_with_late_feeds(record) for record in invented_stream(1, _DAYS)]
    ledgers = []
    for number, (batch, snapshot_every, commits) in enumerate(((200, 20_000, 0), (1, 7, 0), (33, 60, 5))):
        folder = tmp_path / str(number)
        folder.mkdir()
        desk = desk_in(folder, stream)
        if commits:
            assert desk.life(commits=commits, after=True, batch=batch, snapshot_every=snapshot_every)
        desk.decide(batch=batch, snapshot_every=snapshot_every)
        ledgers.append([(stored.hash, stored.body) for stored in desk.ledger()])
    assert ledgers[1] == ledgers[0]
    assert ledgers[2] == ledgers[0]
    named = {feed for _, body in ledgers[0] for feed in json.loads(body)["feeds_changed"]}
    assert named >= _LATE
