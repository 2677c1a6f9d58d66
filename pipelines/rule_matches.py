"""Which articles a watch finds, whatever is normal: signals in, headlines with the words that matched out, newest first.

signals ──▶ newest revision of each article ──▶ hits of the watch ──▶ by event time
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from alerts.rules.match import compile_watch
from alerts.rules.model import Rule
from pipelines.signal_history import read_range
from schemas.errors import BrokenRecordError
from schemas.model import Part, UtcDatetime
from schemas.ports.log import Log
from schemas.signal import Signal
from schemas.topics import SIGNALS
from schemas.wire import decode_signals


class Match(Part):
    """An article a watch finds. ``matched``: ids, and keywords as the article spells them; ``excerpt``: where."""

    article_id: str
    event_time: UtcDatetime
    source: str
    title: str
    url: str | None
    keys: tuple[str, ...]
    matched: tuple[str, ...]
    excerpt: str


def rule_matches(rule: Rule, signals: Iterable[Signal]) -> Sequence[Match]:
    """Return what the watch of ``rule`` finds, newest first; of an article its newest revision counts, if not withdrawn."""
    watch = compile_watch(rule)
    revisions: dict[str, int] = {}
    found: dict[str, Match] = {}
    for signal in signals:
        if signal.revision < revisions.get(signal.article_id, signal.revision):
            continue
        revisions[signal.article_id] = signal.revision
        found.pop(signal.article_id, None)
        if hits := watch.hits(signal):
            found[signal.article_id] = Match(
                article_id=signal.article_id,
                event_time=signal.event_time,
                source=signal.source.name or signal.source.id,
                title=signal.title,
                url=signal.url,
                keys=tuple(hit.key for hit in hits),
                matched=tuple(dict.fromkeys(name for hit in hits for name in hit.matched)),
                excerpt=_excerpt(signal, [place for hit in hits for place in hit.sentences]),
            )
    return sorted(found.values(), key=lambda match: (match.event_time, match.article_id), reverse=True)


def _excerpt(signal: Signal, places: Iterable[int]) -> str:
    first = min(places, default=None)
    if first is None or first >= len(signal.sentences):
        return ""
    sentence = signal.sentences[first]
    return " ".join(signal.text[sentence.start : sentence.end].split())


def signals_in_log(log: Log, progress: Callable[[int, int | None], None]) -> Iterator[Signal]:
    """Yield the signals the log still holds, oldest first; ``progress`` hears of records done and all."""
    first, end = log.start_offset(SIGNALS, 0), log.end_offset(SIGNALS, 0)
    for record in read_range(log, first, end):
        progress(record.offset - first + 1, end - first)
        try:
            decoded = decode_signals(record.value)
        except BrokenRecordError:
            continue  # The extractor of another version wrote it; deciding passes over it in the same way.
        if isinstance(decoded, Signal):
            yield decoded
