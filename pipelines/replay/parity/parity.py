"""A live ledger against a replay of its own articles: `tocsin replay --verify`.

    signals ──log order, recorded rules──▶ ledger, byte for byte ══▶ crossings ─┐
    articles ──extracted anew, by event time, recorded coverage──▶ crossings ───┴─▶ differences, each with its cause
    crossings ──▶ openings of the ledger, or the reason why there is none

It writes nothing but scratch files. A difference without a recorded cause is a mistake, and is told as one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from alerts.lifecycle import OPEN_TO_CHANGE_HOURS
from connectors.archive.folder import Archive
from pipelines.replay.cached_signals import NotExtracted
from pipelines.replay.parity.causes import Because, Records, causes
from pipelines.replay.parity.history_run import OtherRules, run_history
from pipelines.replay.parity.live_run import LiveRun, run_live
from pipelines.replay.parity.lives import NotOpened, NotSettled
from pipelines.replay.parity.logged_articles import ArticlesLog, Gathered, gather
from pipelines.replay.parity.settled import Crossing, Settled
from schemas.ports.store import Store
from schemas.topics import SIGNALS

#: Told what is done, how much of it, and how much there is of it.
Told = Callable[[str, int, int | None], None]

#: Makes signals of those days of an archive that have none; returns what it could make none of.
Extract = Callable[[Archive, Sequence[date]], Sequence[NotExtracted]]


@dataclass(frozen=True)
class Difference:
    """A crossing of one run only: ``live`` or not; without ``because`` nothing says why."""

    crossing: Crossing
    live: bool
    because: tuple[Because, ...]


@dataclass
class Parity:
    """The result. Hours are as in :func:`schemas.ids.hour_of`.

    ``complete`` is False where the log and its archive do not reach back to the first record: both runs then begin where
    they do, and openings, which stand on what was before, are not looked at. ``not_opened`` and ``not_settled`` hold for
    each crossing without an alert, and each alert without a crossing, the reason; None where nothing says why.
    """

    records: int = 0
    articles: int = 0
    first_hour: int | None = None
    last_hour: int | None = None
    complete: bool = True
    same: int = 0
    live: int = 0
    replayed: int = 0
    opened: int = 0
    differences: list[Difference] = field(default_factory=list)
    not_opened: dict[Crossing, NotOpened | None] = field(default_factory=dict)
    not_settled: dict[Crossing, NotSettled | None] = field(default_factory=dict)
    not_extracted: tuple[NotExtracted, ...] = ()
    gathered: Gathered = field(default_factory=Gathered)

    @property
    def unexplained(self) -> int:
        """How many differences have no cause, and openings no reason."""
        return (
            sum(not difference.because for difference in self.differences)
            + sum(reason is None for reason in self.not_opened.values())
            + sum(reason is None for reason in self.not_settled.values())
        )


def check_parity(
    log: ArticlesLog,
    store: Store,
    dead: set[str],
    version: str,
    extract: Extract,
    scratch: Path,
    told: Told,
    other: OtherRules | None = None,
) -> Parity:
    """Compare; ``dead`` are the articles among the dead letters, ``version`` the extractor of ``extract``.

    :param scratch: an empty folder for the articles and their signals.
    :param other: rules to replay instead of the recorded ones.
    :raises FatalError: the log is damaged.
    """
    head = store.decider_head()
    first = log.start_offset(SIGNALS, 0)
    before = head.next_offset if head is not None else first
    live = run_live(log, first, max(first, before), lambda done, total: told("live", done, total))
    result = Parity(records=live.before - live.first, complete=first == 0)
    settled = live.settled
    if settled.first is None:
        return result
    result.first_hour, result.last_hour = settled.first, settled.last
    archive, days = Archive(scratch / "archive"), scratch / "days"
    days.mkdir()
    fates = live.fates.by_article
    result.gathered = gather(
        log, fates, dead, live.now, settled.first, archive, days, lambda done, total: told("articles", done, total)
    )
    result.articles = result.gathered.articles
    result.not_extracted = tuple(extract(archive, archive.days()))
    again = run_history(log, live, archive, version, other, lambda done, total: told("replay", done, total))
    records = Records(fates, dead, result.gathered.gone, again.extracted, version)
    _compare(live.settled, again.settled, records, result)
    if result.complete:
        _look_at_openings(live, result)
    return result


def _compare(live: Settled, again: Settled, records: Records, result: Parity) -> None:
    result.live, result.replayed = len(live.crossed), len(again.crossed)
    result.same = len(live.crossed.keys() & again.crossed.keys())
    for crossing in sorted(live.crossed.keys() ^ again.crossed.keys(), key=lambda one: (one.hour, one)):
        because = tuple(causes(crossing, live, again, records))
        result.differences.append(Difference(crossing, crossing in live.crossed, because))


def _look_at_openings(live: LiveRun, result: Parity) -> None:
    """Say of each crossing why it opened nothing, and of each opening why it is no crossing."""
    settled, lives = live.settled, live.lives
    for name, known in settled.in_force.items():
        # The hour that settles first under other settings is a day older than the one they came in.
        lives.exchanged[name].extend(since + OPEN_TO_CHANGE_HOURS for since, _ in known[1:])
    opened = {Crossing(rule, key, span.crossing): span for (rule, key), spans in lives.spans.items() for span in spans}
    result.opened = len(opened)
    for crossing in sorted(settled.crossed.keys() - opened.keys(), key=lambda one: (one.hour, one)):
        result.not_opened[crossing] = lives.not_opened(
            crossing,
            settled.rule_at(crossing.rule, crossing.hour),
            _stretch(settled, crossing),
        )
    for crossing in sorted(opened.keys() - settled.crossed.keys(), key=lambda one: (one.hour, one)):
        result.not_settled[crossing] = lives.not_settled(opened[crossing], settled.last)


def _stretch(settled: Settled, crossing: Crossing) -> int:
    """Return how many hours on end cross around ``crossing``."""
    first = last = crossing.hour
    while crossing._replace(hour=first - 1) in settled.crossed:
        first -= 1
    while crossing._replace(hour=last + 1) in settled.crossed:
        last += 1
    return last - first + 1
