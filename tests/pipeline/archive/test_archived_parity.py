"""What was decided live and what an archived log decides: one ledger, to the byte, after the log itself has forgotten."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from alerts.rules.model import RuleSet
from connectors.archive.tiered_log import TieredLog
from pipelines.archive_job import ArchiveSettings
from pipelines.replay.ledger_file import write_ledger
from pipelines.replay.log_range import range_between, replay_recorded, replay_rules
from pipelines.signal_history import WARM_UP
from pipelines.verify import verify
from schemas.alert_event import AlertEvent, ChainHead, ledger_digest
from schemas.control import RulesActivated
from schemas.ids import canonical_json
from schemas.reasons import EventKind
from schemas.topics import SIGNALS
from schemas.wire import encode
from tests.pipeline.archive.living import Life, all_of
from tests.streams.deciding import Desk
from tests.streams.world import START, invented_stream, rules

_DAYS = 42
_SETTINGS = ArchiveSettings(roll_records=400, roll_after=timedelta(hours=5))


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Life:
    """Six weeks: rules are exchanged half way, a new one is warmed, and the log forgets what is older than 35 days."""
    life = Life(tmp_path_factory.mktemp("life"))
    life.live(invented_stream(3, days=_DAYS), _SETTINGS)
    return life


def test_every_record_is_archived_as_it_was(life: Life) -> None:
    archived = all_of(life.archived(), SIGNALS)
    assert [record.offset for record in archived] == list(range(len(archived)))
    assert [record.value for record in archived] == [encode(record) for record in invented_stream(3, days=_DAYS)]
    with life.opened() as (log, _):
        kept = all_of(log, SIGNALS)
    assert 0 < len(kept) < len(archived), "the log was trimmed"
    assert archived[-len(kept) :] == kept, "with keys and append times"


def test_a_replay_of_the_archived_log_is_the_live_ledger(life: Life, tmp_path: Path) -> None:
    live = life.ledger()
    again = range_between(life.archived(), None, None)
    summary = write_ledger(tmp_path / "rang.jsonl", replay_recorded(again, lambda *_: None))
    replayed = [AlertEvent.model_validate_json(line) for line in (tmp_path / "rang.jsonl").read_text().splitlines()]
    assert [(e.chain_hash(), canonical_json(e.model_dump(mode="json"))) for e in replayed] == [
        (row.hash, row.body) for row in live
    ]
    kinds = {event.event for event in replayed}
    assert {EventKind.OPENED, EventKind.RULE_READY, EventKind.RULE_REMOVED} <= kinds
    heads = [head for head in Desk(life.folder).heads().values() if isinstance(head, ChainHead)]
    assert summary.digest == ledger_digest(heads)


def test_other_rules_can_be_tried_on_it(life: Life) -> None:
    mine = RuleSet.of(rules()[1])
    every = range_between(life.archived(), None, None)
    tried = list(replay_rules(every, mine, "", lambda *_: None))
    assert {decision.event.rule for decision in tried} == {"gbr-ukr"}
    assert EventKind.OPENED in {decision.event.event for decision in tried}
    few = range_between(life.archived(), (START + timedelta(days=10)).date(), (START + timedelta(days=12)).date())
    assert every.first < few.first < few.before < every.before
    assert few.first_day == (START + timedelta(days=10)).date()
    assert few.last_day == (START + timedelta(days=12)).date()


def test_the_log_keeps_what_the_decider_and_new_rules_need(life: Life) -> None:
    with life.opened() as (log, store):
        head = store.decider_head()
        assert head is not None
        start = log.start_offset(SIGNALS, 0)
        assert 0 < start <= head.snapshot_offset
        oldest = log.read(SIGNALS, 0, start, max_records=1)[0].append_time_ms
        assert log.now_ms() - oldest >= WARM_UP / timedelta(milliseconds=1) - 86_400_000
        result = verify(log, store, snapshots=life.snapshots)
        assert result.ok, result.differences
        again = life.decider(log, store)
        assert again.offset == head.next_offset


def test_with_its_archive_a_trimmed_log_is_verified_from_its_first_record(life: Life) -> None:
    with life.opened() as (log, store):
        alone = verify(log, store, snapshots=life.snapshots)
        whole = verify(TieredLog(log, life.archive), store)
        assert whole.ok, whole.differences
        assert whole.recomputed == whole.events == len(life.ledger()) > alone.recomputed
        assert whole.records == log.end_offset(SIGNALS, 0)
        assert whole.digest == whole.recomputed_digest
        tiered = TieredLog(log, life.archive)
        times = [record.append_time_ms for record in all_of(life.archived(), SIGNALS)]
        for at in sorted({*times[::150], *(time + 1 for time in times[::150])}):
            expected = next((offset for offset, time in enumerate(times) if time >= at), len(times))
            assert tiered.offset_at(SIGNALS, 0, at) == expected
        file = next(file for file in life.archived().files(SIGNALS, 0) if file.first > 0)
        file.path.rename(file.path.with_suffix(".away"))
        try:
            holed = TieredLog(log, life.archive).start_offset(SIGNALS, 0)
            assert 0 < file.until <= holed <= log.start_offset(SIGNALS, 0)
        finally:
            file.path.with_suffix(".away").rename(file.path)


def test_the_rules_are_archived_too(life: Life) -> None:
    kinds = [record for record in invented_stream(3, days=_DAYS) if isinstance(record, RulesActivated)]
    found = [record for record in all_of(life.archived(), SIGNALS) if b'"rules_activated"' in record.value[:200]]
    assert len(found) == len(kinds) == 2
