"""How the whole service stands: what log and store say ──read──▶ facts ──judge──▶ status, with every problem in words.

Reads only, and works beside running jobs as well as without them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pipelines.notifying.health import WATCHED_JOBS, Beats, WatchdogSettings, engine_time_of
from schemas.alert_event import AlertEvent
from schemas.errors import BrokenRecordError
from schemas.plain_text import plural
from schemas.ports.log import Log
from schemas.ports.store import DeciderHead, Delivery, FeedRow, Store
from schemas.reasons import DeliveryStatus, FeedState
from schemas.topics import ARTICLES, DEAD_LETTERS, SIGNALS
from schemas.wire import decode_dead_letter

#: The consumer group of extraction. Written here again because its module needs Beam, which takes seconds to import.
EXTRACT_GROUP = "extract"

#: Dead deliveries younger than this are a problem; older ones nobody will mend any more.
_DEAD_WITHIN = timedelta(days=1)

#: A delivery that is open for longer means a receiver that cannot be reached.
_OPEN_FOR = timedelta(minutes=10)

#: A page that gave no sign of life for longer is not shown.
_PAGE_SHOWN = timedelta(days=1)

#: Outbox entries counted at most.
_MOST_WAITING = 1000

#: The job that archives. It is no part of the watch: without it the log grows, and no more.
ARCHIVE = "archive"

#: The job that serves the page. It only looks on.
WEB = "web"


@dataclass(frozen=True)
class LogFacts:
    """What the log says. ``articles_behind`` is by partition; ``foreign``: the ledger belongs to another log."""

    articles_behind: Mapping[int, int]
    signals_behind: int
    foreign: bool
    open_dead_letters: Mapping[str, int]  # by stage and reason


@dataclass(frozen=True)
class StoreFacts:
    """What the store says."""

    beats: Beats
    head: DeciderHead | None
    feeds: Mapping[str, FeedRow]
    open_alerts: Sequence[AlertEvent]  # the last event of each
    blind: Sequence[AlertEvent]  # of rules and of alerts
    waiting_events: int  # in the outbox, not yet planned
    open_deliveries: Sequence[Delivery]
    dead_deliveries: Sequence[Delivery]


@dataclass(frozen=True)
class JobStatus:
    """``behind`` counts what the job still has to do, in the words of ``unit``; None where that cannot be known."""

    name: str
    last: datetime | None
    fresh: bool
    behind: int | None
    unit: str


@dataclass(frozen=True)
class ServiceStatus:
    """The whole. All is well exactly when ``problems`` is empty; ``notes`` are worth knowing and no more."""

    at: datetime
    jobs: Sequence[JobStatus]
    engine_time: datetime | None
    lag_s: float | None
    log: LogFacts | None
    store: StoreFacts | None
    problems: Sequence[str]
    notes: Sequence[str] = field(default=())


def read_log(log: Log, head: DeciderHead | None) -> LogFacts:
    """Return what ``log`` says; ``head`` is where the ledger stands."""
    committed = log.committed(EXTRACT_GROUP, ARTICLES)
    behind = {
        partition: log.end_offset(ARTICLES, partition) - committed.get(partition, log.start_offset(ARTICLES, partition))
        for partition in range(log.partitions(ARTICLES))
    }
    foreign = head is not None and head.log_id != log.log_id
    decided = log.start_offset(SIGNALS, 0) if head is None or foreign else head.next_offset
    return LogFacts(
        articles_behind=behind,
        signals_behind=log.end_offset(SIGNALS, 0) - decided,
        foreign=foreign,
        open_dead_letters=_open_dead_letters(log),
    )


def _open_dead_letters(log: Log) -> Mapping[str, int]:
    """Return how many dead letters are open, by stage and reason; the last record of each says how it stands."""
    opened: dict[str, str] = {}
    offset = log.start_offset(DEAD_LETTERS, 0)
    while records := log.read(DEAD_LETTERS, 0, offset, max_records=500):
        offset = records[-1].offset + 1
        for record in records:
            try:
                letter = decode_dead_letter(record.value)
            except BrokenRecordError:
                opened[f"offset {record.offset}"] = "unreadable"
                continue
            if letter.status == "open":
                opened[letter.dead_letter_id] = f"{letter.stage}: {letter.reason.value}"
            else:
                opened.pop(letter.dead_letter_id, None)
    return dict(sorted(Counter(opened.values()).items()))


def read_store(store: Store, now: datetime) -> StoreFacts:
    """Return what ``store`` says."""
    standing = store.standing()
    return StoreFacts(
        beats=store.heartbeats(),
        head=store.decider_head(),
        feeds=store.feed_rows(),
        open_alerts=standing.alerts,
        blind=standing.blind,
        waiting_events=len(store.outbox_after(store.outbox_cursor(), _MOST_WAITING)),
        open_deliveries=store.deliveries(open_only=True),
        dead_deliveries=store.dead_deliveries(now - _DEAD_WITHIN),
    )


def judge_service(
    log: LogFacts | None,
    store: StoreFacts | None,
    *,
    now: datetime,
    supervisor: int | None,
    unreachable: Sequence[str] = (),
    settings: WatchdogSettings | None = None,
    over: bool = False,
) -> ServiceStatus:
    """Return how the service stands at ``now``. ``supervisor`` is the process of `tocsin run`, None where there is none;
    ``unreachable`` says what kept ``log`` or ``store`` from being read; ``over``: nothing is meant to run any more."""
    settings = settings or WatchdogSettings()
    problems = list(unreachable)
    notes: list[str] = []
    jobs: list[JobStatus] = []
    engine_time, lag_s = None, None
    if store is not None:
        engine_time = engine_time_of(store.beats)
        lag_s = max(0.0, (now - engine_time).total_seconds()) if engine_time is not None else None
        if not over:
            jobs = _jobs(log, store, now, settings)
            _judge_running(jobs, supervisor, problems, notes)
            jobs += _archive_job(store, now, settings, problems)
        if any(job.fresh for job in jobs):
            problems += _lag_problem(engine_time, lag_s, settings)
        if not over:
            jobs += _web_job(store, now, settings, problems)
        _judge_feeds(store.feeds, problems, notes)
        _judge_warming(store.beats, problems, notes)
        problems += [f"blind: {_name(event)} ({_feeds_of(event)})" for event in store.blind]
        _judge_deliveries(store, now, problems, notes)
    if log is not None:
        problems += _log_problems(log)
    return ServiceStatus(now, jobs, engine_time, lag_s, log, store, problems, notes)


def _jobs(log: LogFacts | None, store: StoreFacts, now: datetime, settings: WatchdogSettings) -> list[JobStatus]:
    behind: dict[str, tuple[int | None, str]] = {
        "poll": (None, ""),
        "extract": (sum(log.articles_behind.values()) if log else None, "records of articles"),
        "decide": (log.signals_behind if log else None, "records of signals"),
        "notify": (store.waiting_events + len(store.open_deliveries), "messages"),
    }
    jobs = []
    for name in WATCHED_JOBS:
        last = store.beats[name][0] if name in store.beats else None
        fresh = last is not None and (now - last).total_seconds() <= settings.fresh_s
        jobs.append(JobStatus(name, last, fresh, *behind[name]))
    return jobs


def _archive_job(store: StoreFacts, now: datetime, settings: WatchdogSettings, problems: list[str]) -> list[JobStatus]:
    """Return how archiving stands, where it was ever at work, and tell what keeps it from its work."""
    if ARCHIVE not in store.beats:
        return []
    last, detail = store.beats[ARCHIVE]
    fresh = (now - last).total_seconds() <= settings.fresh_s
    behind = detail.get("behind")
    if problem := detail.get("problem"):
        problems.append(f"nothing is archived: {problem}")
    elif not fresh:
        problems.append(f"archive gave no sign of life since {last:%Y-%m-%d %H:%M:%S}: the log grows")
    return [JobStatus(ARCHIVE, last, fresh, behind if isinstance(behind, int) else None, "records")]


def _web_job(store: StoreFacts, now: datetime, settings: WatchdogSettings, problems: list[str]) -> list[JobStatus]:
    """Return how the page stands, where it gave a sign of life within a day, and tell why it cannot be seen."""
    if WEB not in store.beats or now - store.beats[WEB][0] > _PAGE_SHOWN:
        return []  # Who leaves the page out need not hear of it for ever.
    last, detail = store.beats[WEB]
    fresh = (now - last).total_seconds() <= settings.fresh_s
    if fresh and (problem := detail.get("problem")):
        problems.append(f"the page is not there: {problem}")
    return [JobStatus(WEB, last, fresh, None, "")]


def _judge_running(jobs: Sequence[JobStatus], supervisor: int | None, problems: list[str], notes: list[str]) -> None:
    fresh = [job.name for job in jobs if job.fresh]
    silent = [job for job in jobs if not job.fresh]
    if supervisor is None and not fresh:
        problems.append("nothing runs here: start it with `tocsin run`")
        return
    if supervisor is None:
        notes.append(
            f"no `tocsin run` holds this folder; {', '.join(fresh)} gave a sign of life within minutes: stopped just now,"
            " or at work on another machine"
        )
    for job in silent:
        since = f"since {job.last:%Y-%m-%d %H:%M:%S}" if job.last else "yet"
        problems.append(f"{job.name} gave no sign of life {since}")


def _lag_problem(engine_time: datetime | None, lag_s: float | None, settings: WatchdogSettings) -> list[str]:
    if engine_time is None or lag_s is None:
        return ["engine time has not moved yet: no alert can ring before the first coverage is decided"]
    if lag_s > settings.lag_s:
        return [f"engine time is {_in_words(lag_s)} behind the clock: no alert can ring until it moves"]
    return []


def _in_words(lag_s: float) -> str:
    """Return minutes for the first two hours, hours for the first two days, then days."""
    if lag_s < 2 * 3_600:
        return f"{lag_s / 60:.0f} min"
    return f"{lag_s / 3_600:.0f} h" if lag_s < 2 * 86_400 else f"{lag_s / 86_400:.0f} days"


def _judge_feeds(feeds: Mapping[str, FeedRow], problems: list[str], notes: list[str]) -> None:
    """One failing feed among many is news for a person, not a broken watch; most of them failing is."""
    polled = [row for row in feeds.values() if row.state not in (FeedState.PAUSED, FeedState.REMOVED)]
    failing = [row for row in polled if row.state in (FeedState.FAILING, FeedState.MUTED)]
    if failing:
        words = f"{len(failing)} of {len(polled)} feeds {'fails' if len(failing) == 1 else 'fail'}"
        (problems if 2 * len(failing) > len(polled) else notes).append(words)
    silent = [row for row in polled if row.state is FeedState.SILENT]
    if silent:
        notes.append(
            f"{len(silent)} of {len(polled)} feeds {'answers' if len(silent) == 1 else 'answer'} with nothing new"
        )


def _judge_warming(beats: Beats, problems: list[str], notes: list[str]) -> None:
    """Say of rules whose activation waits that they are being warmed, or why they cannot be."""
    detail = beats["decide"][1] if "decide" in beats else {}
    if waiting := detail.get("rules_warming"):
        notes.append(f"rules {waiting} are being warmed on the history; those of before decide until they are")
        if problem := detail.get("problem"):
            problems.append(f"rules {waiting} cannot take force: {problem}; correct them and apply them again")


def _judge_deliveries(store: StoreFacts, now: datetime, problems: list[str], notes: list[str]) -> None:
    """A first failure is worth a note; a receiver that stays away, and what was never delivered, are problems."""
    stuck = Counter(d.receiver for d in store.open_deliveries if now - d.created_at > _OPEN_FOR)
    tried = Counter(d.receiver for d in store.open_deliveries if d.status is DeliveryStatus.RETRYING)
    for receiver, count in sorted(({**tried, **stuck}).items()):
        reason = next((d.reason for d in store.open_deliveries if d.receiver == receiver and d.reason), "")
        (problems if receiver in stuck else notes).append(
            f"receiver {receiver} cannot be reached: {_messages(count, 'waits', 'wait')}{f' ({reason})' if reason else ''}"
        )
    dead = Counter(d.receiver for d in store.dead_deliveries)
    problems += [
        f"receiver {name}: {_messages(count, 'was', 'were')} never delivered" for name, count in sorted(dead.items())
    ]


def _messages(count: int, one: str, many: str) -> str:
    return f"{plural(count, 'message')} {one if count == 1 else many}"


def _log_problems(log: LogFacts) -> list[str]:
    problems = []
    if log.foreign:
        problems.append("the ledger belongs to another log than the one of the settings")
    count = sum(log.open_dead_letters.values())
    if count:
        kinds = ", ".join(f"{number} × {kind}" for kind, number in log.open_dead_letters.items())
        problems.append(f"{count} dead letters are open ({kinds}): see `tocsin dead-letters list`")
    return problems


def _name(event: AlertEvent) -> str:
    return f"{event.rule} {event.key}" if event.key else f"rule {event.rule}"


def _feeds_of(event: AlertEvent) -> str:
    return (
        ", ".join(event.blind_feeds[:5]) + (" …" if len(event.blind_feeds) > 5 else "")
        if event.blind_feeds
        else "feeds"
    )
