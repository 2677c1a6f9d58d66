"""`tocsin status`: whether the watch works, job by job, and what a person must see to."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connectors.clock import SystemClock
from schemas.errors import TocsinError
from schemas.ids import Json
from schemas.plain_text import plain_line, shown_bytes
from schemas.reasons import FeedState
from tocsin.disk_use import DiskUse, disk_use, file_of
from tocsin.folder_lock import supervisor_at_work
from tocsin.workplace import folder_option, json_option, open_workplace

if TYPE_CHECKING:
    from pipelines.service_status import LogFacts, ServiceStatus, StoreFacts
    from schemas.ports.store import FeedRow
    from tocsin.settings import Workplace

_SHOWN = 10
_TEXT = 160


@click.command(name="status", epilog="Example: tocsin status --folder desk")
@folder_option
@json_option
def command(folder: Path, as_json: bool) -> None:
    """Show the health of every job, lag, feeds, open and blind alerts, deliveries, dead letters, sizes.

    Works beside `tocsin run` and without it. Exit code 0 when all is well, 1 when something is wrong.
    """
    from pipelines.service_status import judge_service

    workplace = open_workplace(folder)
    now = SystemClock().now()
    unreachable: list[str] = []
    store = _store_facts(workplace, now, unreachable)
    log = _log_facts(workplace, store, unreachable)
    supervisor = supervisor_at_work(workplace.folder.absolute())
    disk = disk_use(workplace)
    unreachable += disk.problems
    latency = _latency(workplace, now) if store is not None and log is not None else {}
    status = judge_service(log, store, now=now, supervisor=supervisor, unreachable=unreachable)
    if as_json:
        click.echo(json.dumps({**as_object(status, supervisor, disk), "latency_s": latency}))
    else:
        for line in lines_of(status, folder.absolute(), supervisor, disk, latency):
            click.echo(line)
    sys.exit(1 if status.problems else 0)


def _store_facts(workplace: Workplace, now: datetime, unreachable: list[str]) -> StoreFacts | None:
    from connectors.store.open import open_store
    from pipelines.service_status import read_store

    path = file_of(workplace, workplace.settings.store)
    if path is not None and not path.exists():
        unreachable.append("there is no store yet: nothing ever ran here; start it with `tocsin run`")
        return None
    try:
        store = open_store(workplace.url(workplace.settings.store), migrate=False)
        try:
            return read_store(store, now)
        finally:
            store.close()
    except TocsinError as error:
        unreachable.append(f"the store cannot be read: {_in_a_line(error)}")
        return None


def _log_facts(workplace: Workplace, store: StoreFacts | None, unreachable: list[str]) -> LogFacts | None:
    from connectors.log.open import open_log
    from pipelines.service_status import read_log

    path = file_of(workplace, workplace.settings.log)
    if path is not None and not path.exists():
        if store is not None:
            unreachable.append(f"the log {path} is missing, although there is a store: restore both from one backup")
        return None
    try:
        with open_log(workplace.url(workplace.settings.log), SystemClock()) as log:
            return read_log(log, store.head if store is not None else None)
    except TocsinError as error:
        unreachable.append(f"the log cannot be read: {_in_a_line(error)}")
        return None


def _latency(workplace: Workplace, now: datetime) -> Mapping[str, Mapping[str, float]]:
    """Return seconds by stage of the alerts of the last week; empty where they cannot be read, which is told elsewhere."""
    from connectors.log.open import open_log
    from connectors.store.open import open_store
    from pipelines.latency import percentiles, recent_latencies

    try:
        store = open_store(workplace.url(workplace.settings.store), migrate=False)
        try:
            with open_log(workplace.url(workplace.settings.log), SystemClock()) as log:
                return percentiles(recent_latencies(log, store, now))
        finally:
            store.close()
    except TocsinError:
        return {}


def _in_a_line(error: TocsinError) -> str:
    return plain_line(error.message + (f" ({error.remedy})" if error.remedy else ""), 400)


def lines_of(
    status: ServiceStatus,
    folder: Path,
    supervisor: int | None,
    disk: DiskUse,
    latency: Mapping[str, Mapping[str, float]] | None = None,
) -> list[str]:
    """Return the page for people."""
    running = f"`tocsin run` is at work (process {supervisor})" if supervisor else "`tocsin run` is not at work here"
    lines = [f"{folder}: {running}", ""]
    if status.store is not None:
        lines += _job_lines(status)
        lines += _feed_lines(status.store.feeds)
        lines += _alert_lines(status.store)
        lines += _latency_lines(latency or {})
    if status.log is not None:
        lines.append(f"dead letters {sum(status.log.open_dead_letters.values())} open")
    used = ", ".join(f"{name} {shown_bytes(size)}" for name, size in disk.used_bytes.items())
    lines += [f"room         {used}; free {shown_bytes(disk.free_bytes)}", ""]
    lines += [f"note: {plain_line(note, 400)}" for note in status.notes]
    lines += [f"PROBLEM: {plain_line(problem, 400)}" for problem in status.problems]
    return lines if status.problems else [*lines, "all is well"]


def _job_lines(status: ServiceStatus) -> list[str]:
    lines = []
    for job in status.jobs:
        last = f"{_ago(status.at, job.last)} ago" if job.last else "never"
        behind = f", {job.behind} {job.unit} to do" if job.behind is not None else ""
        lines.append(f"{job.name:<12} last sign of life {last}{behind}{'' if job.fresh else '  ← stands still'}")
    if status.engine_time is not None:
        lag = _ago(status.at, status.engine_time)
        lines.append(f"engine time  {status.engine_time:%Y-%m-%d %H:%M:%S} UTC, {lag} behind the clock")
    else:
        lines.append("engine time  has not moved yet")
    return lines


def _feed_lines(feeds: Mapping[str, FeedRow]) -> list[str]:
    shown = [row for row in feeds.values() if row.state is not FeedState.REMOVED]
    states = Counter(row.state.value for row in shown)
    counted = ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "none polled yet"
    lines = [f"feeds        {counted}"]
    bad = [row for row in shown if row.state in (FeedState.FAILING, FeedState.MUTED, FeedState.SILENT)]
    for row in bad[:_SHOWN]:
        why = plain_line(row.last_error or row.state_reason, _TEXT)
        last = f"{row.last_success_at:%Y-%m-%d %H:%M}" if row.last_success_at else "never"
        lines.append(f"  {row.feed_id} {row.state.value}: {why} (last success {last})")
    return [*lines, *_more(len(bad))]


def _alert_lines(store: StoreFacts) -> list[str]:
    lines = [f"alerts       {len(store.open_alerts)} open, {len(store.blind)} blind"]
    for event in store.open_alerts[-_SHOWN:]:
        key = plain_line(event.key or "-", 60)
        lines.append(
            f"  {event.severity.value.upper()} {event.rule} {key} {event.event.value} {event.at:%Y-%m-%d %H:%M}"
        )
    lines += _more(len(store.open_alerts))
    dead = len(store.dead_deliveries)
    return [*lines, f"deliveries   {len(store.open_deliveries)} open, {dead} dead within a day"]


def _latency_lines(latency: Mapping[str, Mapping[str, float]]) -> list[str]:
    told = {"from_fetch_to_told": "fetched to told", "in_all": "published to told"}
    parts = [
        f"{words} {shown_seconds(latency[stage]['p50'])}, 95 % within {shown_seconds(latency[stage]['p95'])}"
        for stage, words in told.items()
        if stage in latency
    ]
    return [f"latency      {'; '.join(parts)} (alerts of a week)"] if parts else []


def shown_seconds(seconds: float) -> str:
    """Return ``1.4 s``, ``12 min`` or ``3 h``."""
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def _more(count: int) -> list[str]:
    return [f"  … and {count - _SHOWN} more"] if count > _SHOWN else []


def _ago(now: datetime, then: datetime) -> str:
    seconds = max(0.0, (now - then).total_seconds())
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 172_800 else f"{seconds / 86_400:.0f} days"


def as_object(status: ServiceStatus, supervisor: int | None, disk: DiskUse) -> Mapping[str, Json]:
    """Return the page for machines."""
    store, log = status.store, status.log
    return {
        "ok": not status.problems,
        "problems": list(status.problems),
        "notes": list(status.notes),
        "at": _stamp(status.at),
        "supervisor": supervisor,
        "jobs": [{**asdict(job), "last": _stamp(job.last)} for job in status.jobs],
        "engine_time": _stamp(status.engine_time),
        "lag_s": status.lag_s,
        "feeds": {
            id_: row.model_dump(mode="json", exclude={"cursor", "feed_id", "url"})  # a URL may hold a password
            for id_, row in (store.feeds if store else {}).items()
        },
        "open_alerts": [event.model_dump(mode="json") for event in (store.open_alerts if store else ())],
        "blind": [event.model_dump(mode="json") for event in (store.blind if store else ())],
        "deliveries": {
            "open": [delivery.model_dump(mode="json") for delivery in (store.open_deliveries if store else ())],
            "dead_within_a_day": [d.model_dump(mode="json") for d in (store.dead_deliveries if store else ())],
        },
        "dead_letters": dict(log.open_dead_letters) if log else {},
        "articles_behind": {str(partition): count for partition, count in (log.articles_behind if log else {}).items()},
        "disk": {"used_bytes": dict(disk.used_bytes), "free_bytes": disk.free_bytes},
    }


def _stamp(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None
