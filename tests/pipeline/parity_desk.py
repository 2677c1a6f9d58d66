"""A desk whose log holds articles, too, and an extraction that finds in each what its signal says: for tests of parity."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from connectors.archive.folder import Archive
from connectors.archive.tiered_log import TieredLog
from pipelines.replay.cached_signals import NotExtracted, extract_days
from pipelines.replay.parity.history_run import OtherRules
from pipelines.replay.parity.parity import Parity, check_parity
from schemas.article import Article
from schemas.ports.log import Entry
from schemas.reasons import DeadLetterReason
from schemas.signal import Signal
from schemas.topics import ARTICLES
from schemas.wire import SignalsRecord, encode
from tests.streams.deciding import Desk

#: What the signals of :mod:`tests.streams.records` say extracted them.
VERSION = "invented"

Change = Callable[[Signal], Signal]


def article_of(signal: Signal) -> Article:
    """Return the article ``signal`` could have been made of; its guid names the revision."""
    return Article(
        article_id=signal.article_id,
        revision=signal.revision,
        revised_at=signal.revised_at,
        status=signal.status,
        source=signal.source,
        feed_id=signal.feed_id,
        guid=f"{signal.article_id}@{signal.revision}",
        url=signal.url,
        title=signal.title,
        observed_at=signal.observed_at,
        event_time=signal.event_time,
        event_time_reason=signal.event_time_reason,
        content_hash=str(signal.revision),
    )


def _as_it_is(signal: Signal) -> Signal:
    return signal


@dataclass(frozen=True)
class _Failed:
    offset: int
    reason: DeadLetterReason = DeadLetterReason.EXTRACTION_FAILED
    error: str = "invented"


@dataclass
class _Found:
    signals: list[Signal] = field(default_factory=list)
    failures: list[_Failed] = field(default_factory=list)


@dataclass
class Extraction:
    """Finds in each article what ``signals`` says by its guid, as ``change`` has it; nothing in those of ``failing``."""

    signals: Mapping[str, Signal]
    version: str = VERSION
    change: Change = _as_it_is
    failing: Collection[str] = ()

    def __call__(self, archive: Archive, days: Sequence[date]) -> Sequence[NotExtracted]:
        """Cache the signals of ``days``."""
        return extract_days(archive, self.version, days, self._found, 1000).failed

    def _found(self, articles: Sequence[Article]) -> _Found:
        found = _Found()
        for number, article in enumerate(articles):
            if article.article_id in self.failing:
                found.failures.append(_Failed(number))
                continue
            assert article.guid is not None
            found.signals.append(
                self.change(self.signals[article.guid]).changed(
                    extractor_version=self.version,
                    revision=article.revision,
                    revised_at=article.revised_at,
                    observed_at=article.observed_at,
                    event_time=article.event_time,
                    event_time_reason=article.event_time_reason,
                )
            )
        return found


@dataclass
class ParityDesk:
    """A desk that has decided ``stream``, and its articles; ``unlogged`` are those whose articles are gone."""

    folder: Path
    stream: Sequence[SignalsRecord | bytes]
    extra: Sequence[Signal] = ()  # articles of which no signal came
    unlogged: Collection[str] = ()

    def __post_init__(self) -> None:
        self.desk = Desk(self.folder)
        self.desk.make_store()
        self.desk.append(self.stream)
        self.signals = [record for record in self.stream if isinstance(record, Signal)] + list(self.extra)
        with self.desk.log() as log:
            log.create_topic(ARTICLES, 1)
            entries = [Entry(0, encode(article_of(one))) for one in self.signals if one.article_id not in self.unlogged]
            log.append(ARTICLES, entries)
        self.desk.decide()

    def check(
        self,
        *,
        version: str = VERSION,
        change: Change = _as_it_is,
        failing: Collection[str] = (),
        dead: Collection[str] = (),
        other: OtherRules | None = None,
    ) -> Parity:
        """Compare, with an extraction like that."""
        by_guid = {f"{one.article_id}@{one.revision}": one for one in self.signals}
        extraction = Extraction(by_guid, version, change, failing)
        with tempfile.TemporaryDirectory() as scratch, self.desk.opened() as (log, store):
            tiered = TieredLog(log, self.folder / "archive")
            return check_parity(tiered, store, set(dead), version, extraction, Path(scratch), lambda *_: None, other)
