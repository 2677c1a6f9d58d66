"""An archive job that is killed with SIGKILL again and again, while the log grows, archives every record once."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from pathlib import Path

from connectors.archive.archived_log import ArchivedLog
from connectors.archive.log_tier import LogTier
from connectors.clock import ManualClock
from schemas.ports.log import Entry
from schemas.topics import ARTICLES, SIGNALS
from tests.chaos.archiving import KILLED, Archiver
from tests.pipeline.archive.living import Life, all_of

_KILLS = 8


def test_killed_again_and_again(tmp_path: Path) -> None:
    r = random.Random(5)
    life = Life(tmp_path, clock=ManualClock(datetime(2025, 1, 22, tzinfo=UTC)))  # So all these days are over.
    with life.opened() as (log, store):
        tier = LogTier(life.archive, log.log_id)
        urls = f"sqlite:///{tmp_path / 'log.db'}", f"sqlite:///{tmp_path / 'store.db'}"
        seen = []
        archived = ArchivedLog(life.archive, log.log_id)
        for number in range(_KILLS):
            archiver = Archiver(*urls, life.archive)
            before = _archived(tier)
            deadline_s = time.monotonic() + 120
            while _archived(tier) <= before + r.choice((0, 0, 30, 90)) and archiver.works():
                life.clock.sleep(3_600)
                log.append(SIGNALS, [Entry(0, b'{"kind":"coverage","n":%d}' % n) for n in range(r.randrange(1, 20))])
                log.append(ARTICLES, [Entry(0, b'{"kind":"article"}')])
                time.sleep(0.01)  # Else this process alone works, and what has to be read and compared below grows.
                assert time.monotonic() < deadline_s, f"nothing more is archived in life {number}"
            time.sleep(r.uniform(0, 0.02))  # Not to wait for anything: the kill has to fall anywhere.
            assert archiver.kill() == KILLED
            seen.append(_archived(tier))
            for topic in (SIGNALS, ARTICLES):
                known = all_of(archived, topic)
                assert known == all_of(log, topic)[: len(known)]
        assert seen == sorted(seen)
        assert len(set(seen)) == _KILLS
        with tier.writing():
            job = life.job(log, store)
            job.step(all_of_it=True)
            job.merge()
        for topic in (SIGNALS, ARTICLES):
            assert all_of(archived, topic) == all_of(log, topic)
            assert len(tier.spans(topic, 0)) == 1
        counting = {file.path for topic in (SIGNALS, ARTICLES) for file in tier.files(topic, 0)}
        assert set(tier.folder.rglob("*.parquet")) == counting
        assert not list(tier.folder.rglob(".*.unfinished"))


def _archived(tier: LogTier) -> int:
    spans = tier.spans(SIGNALS, 0)
    return spans[-1].until if spans else 0
