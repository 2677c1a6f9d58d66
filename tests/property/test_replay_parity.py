"""What was decided live and what a replay of the same signals decides: one chain, to the byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.replay.ledger_file import write_ledger
from pipelines.replay.replay import replay
from schemas.alert_event import AlertEvent, ChainHead, ledger_digest
from schemas.control import RulesActivated
from schemas.ids import canonical_json
from schemas.reasons import EventKind
from schemas.wire import SignalsRecord, decode_signals, encode
from tests.streams.deciding import desk_in
from tests.streams.world import invented_stream


def stream_of(seed: int) -> list[SignalsRecord]:
    """A stream whose rules stand at its beginning and stay, as in a replay."""
    first, *others = invented_stream(seed)
    assert isinstance(first, RulesActivated)
    return [first, *(record for record in others if not isinstance(record, RulesActivated))]


@pytest.mark.parametrize(("seed", "batch"), [(0, 1), (1, 57), (2, 400)])
def test_live_and_replay_decide_the_same(tmp_path: Path, seed: int, batch: int) -> None:
    stream = stream_of(seed)
    desk = desk_in(tmp_path, stream)
    desk.decide(batch=batch, snapshot_every=150)
    live = [(stored.hash, stored.body) for stored in desk.ledger()]
    again = (decode_signals(encode(record)) for record in stream)
    summary = write_ledger(tmp_path / "rang.jsonl", replay(lambda: again, lambda *_: None))
    replayed = [AlertEvent.model_validate_json(line) for line in (tmp_path / "rang.jsonl").read_text().splitlines()]
    assert [(event.chain_hash(), canonical_json(event.model_dump(mode="json"))) for event in replayed] == live
    assert EventKind.OPENED in {event.event for event in replayed}
    heads = [head for head in desk.heads().values() if isinstance(head, ChainHead)]
    assert summary.digest == ledger_digest(heads)
