"""The same on Apache Kafka, whose offsets have gaps and whose keys may be missing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from connectors.archive.archived_log import ArchivedLog
from connectors.archive.log_tier import LogTier
from connectors.clock import SystemClock
from connectors.log.open import open_log
from pipelines.archive_job import GROUPS, ArchiveJob, ArchiveSettings
from pipelines.trimming import Retention
from schemas.ports.log import Entry
from schemas.topics import ARTICLES, DEAD_LETTERS, SIGNALS
from tests.pipeline.archive.living import Life, all_of


@pytest.mark.kafka
def test_a_kafka_log_is_archived_trimmed_and_read_again(tmp_path: Path, kafka_url: str) -> None:
    life = Life(tmp_path)
    with life.opened() as (_, store), open_log(kafka_url, SystemClock()) as log:
        log.create_topic(ARTICLES, 2)
        log.create_topic(SIGNALS, 1)
        log.create_topic(DEAD_LETTERS, 1)
        for number in range(30):
            log.append(ARTICLES, [Entry(number % 2, b'{"kind":"article","n":%d}' % number, b"key")])
            log.append(SIGNALS, [Entry(0, b"\xff%d" % number)])
        streams = [(ARTICLES, 0), (ARTICLES, 1), (SIGNALS, 0)]
        written = {stream: all_of(log, *stream) for stream in streams}
        log.commit(GROUPS[0], ARTICLES, {0: log.end_offset(ARTICLES, 0), 1: written[ARTICLES, 1][5].offset})
        keep_nothing = Retention(articles=timedelta(0), signals=timedelta(0), dead_letters=timedelta(0))
        tier = LogTier(tmp_path / "archive", log.log_id)
        job = ArchiveJob(log, store, SystemClock(), tier, ArchiveSettings(retention=keep_nothing, roll_records=7))
        assert job.step(all_of_it=True) == 60
        job.trim()
        archived = ArchivedLog(tmp_path / "archive", log.log_id)
        for stream in streams:
            assert all_of(archived, *stream) == written[stream]
            assert len(tier.spans(*stream)) == 1
        assert all_of(log, ARTICLES, 0) == []
        assert all_of(log, ARTICLES, 1) == written[ARTICLES, 1][5:], "extraction has not read on"
        assert all_of(log, SIGNALS) == written[SIGNALS, 0], "nothing was decided"
        again = ArchiveJob(log, store, SystemClock(), tier, ArchiveSettings())
        assert again.step(all_of_it=True) == 0
        log.append(ARTICLES, [Entry(0, b"{}")])
        assert again.step(all_of_it=True) == 1
        assert len(tier.spans(ARTICLES, 0)) == 1
