"""``/metrics``: the last reading in the text format of Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from pipelines.pages.reading import Reading
from tocsin.web.metric_names import Metric
from tocsin.web.site import site_of

router = APIRouter(include_in_schema=False)

Sample = tuple[Metric, Mapping[str, str], float]


@router.get("/metrics")
def metrics(request: Request) -> PlainTextResponse:
    """Tell every metric."""
    text = exposition(samples(site_of(request).reading))
    return PlainTextResponse(text, media_type="text/plain; version=0.0.4; charset=utf-8")


def samples(reading: Reading) -> Iterator[Sample]:
    """Yield what ``reading`` says, metric by metric; what cannot be read is left out rather than told as zero."""
    status, store, log = reading.status, reading.status.store, reading.status.log
    if status.engine_time is not None and status.lag_s is not None:
        yield Metric.ENGINE_TIME, {}, status.engine_time.timestamp()
        yield Metric.ENGINE_LAG, {}, status.lag_s
    for job in status.jobs:
        if job.last is not None:
            yield Metric.JOB_BEAT, {"job": job.name}, job.last.timestamp()
    for job in status.jobs:
        if job.behind is not None:
            yield Metric.JOB_BEHIND, {"job": job.name}, job.behind
    yield Metric.PROBLEMS, {}, len(status.problems)
    yield Metric.PAGE_BEHIND, {}, reading.live.behind
    for state, count in Counter(row.state.value for row in reading.watches).items():
        yield Metric.KEYS, {"state": state}, count
    if store is not None:
        yield Metric.LEDGER_EVENTS, {}, reading.ledger.events
        severities = Counter(event.severity.value for event in store.open_alerts)
        for severity in ("low", "normal", "high", "critical"):
            yield Metric.ALERTS_OPEN, {"severity": severity}, severities[severity]
        yield Metric.BLIND, {}, len(store.blind)
        for state, count in sorted(Counter(row.state.value for row in store.feeds.values()).items()):
            yield Metric.FEEDS, {"state": state}, count
        yield Metric.DELIVERIES_OPEN, {}, len(store.open_deliveries)
        yield Metric.DELIVERIES_DEAD, {}, len(store.dead_deliveries)
    if log is not None:
        for kind, count in log.open_dead_letters.items():
            yield Metric.DEAD_LETTERS, {"kind": kind}, count


def exposition(found: Iterator[Sample]) -> str:
    """Return ``found`` as text, each metric once with its help and type."""
    lines: list[str] = []
    told: set[Metric] = set()
    for metric, labels, value in found:
        name, kind, words = metric.value
        if metric not in told:
            told.add(metric)
            lines += [f"# HELP {name} {words}", f"# TYPE {name} {kind}"]
        inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        lines.append(f"{name}{'{' + inside + '}' if inside else ''} {value:.15g}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
