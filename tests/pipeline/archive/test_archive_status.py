"""How `tocsin status` and the watchdog see the archive job: told of, and needed by nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from pipelines.archive_job import GROUPS, JOB
from pipelines.notifying.health import WATCHED_JOBS
from pipelines.service_status import ARCHIVE, EXTRACT_GROUP, ServiceStatus, judge_service
from tests.pipeline.test_status_command import GOOD_LOG, GOOD_STORE, NOW, beats


def status(ago_s: float | None, detail: Mapping[str, str | int] | None = None) -> ServiceStatus:
    here = dict(beats())
    archive = {} if ago_s is None else {JOB: (NOW - timedelta(seconds=ago_s), detail or {})}
    return judge_service(GOOD_LOG, replace(GOOD_STORE, beats={**here, **archive}), now=NOW, supervisor=1)


def test_names_written_twice_are_the_same() -> None:
    assert ARCHIVE == JOB
    assert GROUPS == (EXTRACT_GROUP,)
    assert JOB not in WATCHED_JOBS


def test_where_it_never_worked_nobody_misses_it() -> None:
    assert status(None).problems == []
    assert JOB not in [job.name for job in status(None).jobs]


def test_its_lag_is_shown() -> None:
    well = status(5, {"behind": 17})
    assert well.problems == []
    assert [(job.behind, job.fresh) for job in well.jobs if job.name == JOB] == [(17, True)]


@pytest.mark.parametrize(
    ("ago_s", "detail", "told"),
    [
        (3_000, {"behind": 1}, "archive gave no sign of life since 2025-06-30 13:10:00: the log grows"),
        (5, {"problem": "no room"}, "nothing is archived: no room"),
    ],
)
def test_what_keeps_it_from_its_work_is_a_problem(ago_s: float, detail: Mapping[str, str | int], told: str) -> None:
    assert status(ago_s, detail).problems == [told]
