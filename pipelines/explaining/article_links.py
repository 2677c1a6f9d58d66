"""The links up to the counts: what was polled, seen, extracted, dated, matched and counted in the hours asked about."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime

from alerts.coverage import CoverageBook
from alerts.explanation.phrases import percent
from alerts.rule_state import BLIND_BELOW
from alerts.rules.model import Rule
from alerts.rules.shortfall import NameOf
from pipelines.explaining.behind import Behind, behind_at
from pipelines.explaining.engine_then import EngineThen
from pipelines.explaining.fates import Fate
from pipelines.explaining.links import Checked, Link, State
from pipelines.explaining.mentioning import mentions
from schemas.article import Article
from schemas.errors import BrokenRecordError
from schemas.ids import hour_start, milliseconds
from schemas.plain_text import plural
from schemas.ports.log import Log
from schemas.topics import ARTICLES, DEAD_LETTERS
from schemas.wire import decode_articles, decode_dead_letter

#: How articles begin on the log, so that those of other hours and those whose signals are there need not be decoded.
_REVISION_IN_JSON = re.compile(
    rb'\{"schema_version":\d+,"kind":"article","article_id":"([^"\\]*)","revision":(\d+)[,}]'
)

#: Articles named for one link.
_SHOWN = 5

#: Links on which articles that match fall out, then those on which others do.
_AFTER_MATCH = (Link.DATED, Link.NEWEST, Link.COUNTED)
_BEFORE_MATCH = (Link.LANGUAGE, Link.ACTORS, Link.MATCHED)


def article_links(
    log: Log, then: EngineThen, rule: Rule, fates: Sequence[Fate], hours: range, name_of: NameOf = str
) -> Iterator[Checked]:
    """Yield the links from ``polled`` to ``counted``."""
    state = then.engine.rules.get(rule.name)
    behind = behind_at(log, then.engine.coverage, then.moment)
    yield _polled(then.engine.coverage, hours, state.shadows() if state is not None else {}, behind)
    seen = f"{plural(len(fates), 'article', 'articles')} of these hours reached the rules"
    extracted = list(_extracted(log, then, hours, lambda article: mentions(rule, article, name_of), behind))
    waits = any(link.state is State.BROKEN for link in extracted)  # Then that is why none is seen.
    unseen = State.NOTE if waits else State.BROKEN
    yield Checked(Link.SEEN, State.HOLDS if fates else unseen, seen if fates else "no article of these hours")
    yield from extracted
    if not fates:
        return
    matching = [fate for fate in fates if fate.matches]
    if matching:
        yield from _matched(matching)
    else:
        yield from _unmatched(fates)


def _polled(coverage: CoverageBook, hours: range, shadows: Mapping[str, int], behind: Behind | None) -> Checked:
    feeds = coverage.counting()
    if behind is not None and not behind.polled:
        text = (
            f"no poll was recorded {behind.where}since {behind.since:%Y-%m-%d %H:%M} UTC: nothing is known after that"
        )
        return Checked(Link.POLLED, State.BROKEN, text)
    closed = [hour for hour in hours if hour in coverage.hours]
    if not feeds or not closed:
        return Checked(Link.POLLED, State.BROKEN, "no feed was polled in these hours")
    missing: dict[str, float] = {}
    for hour in closed:
        for feed, exposure in coverage.shortfalls(hour).items():
            missing[feed] = missing.get(feed, 0.0) + 1.0 - exposure
    mean = 1.0 - sum(missing.values()) / (len(feeds) * len(closed))
    details = tuple(
        f"{feed} was not seen in {lost:.0f} of {len(closed)} h"
        for feed, lost in sorted(missing.items(), key=lambda item: -item[1])[:_SHOWN]
        if lost >= 1
    )
    details += tuple(
        f"{feed} joined lately: it corroborates, and counts from {hour_start(hour):%Y-%m-%d %H:%M} UTC at the earliest"
        for feed, hour in list(shadows.items())[:_SHOWN]
    )
    text = f"{plural(len(feeds), 'feed', 'feeds')}, seen {percent(mean)} of the time"
    state = State.BROKEN if mean < BLIND_BELOW else State.HOLDS
    return Checked(Link.POLLED, state, text, details, {"feeds": len(feeds), "coverage": round(mean, 3)})


def _extracted(
    log: Log, then: EngineThen, hours: range, is_about: Callable[[Article], bool], behind: Behind | None
) -> Iterator[Checked]:
    """Compare the articles in the log with the signals: what waits, and what could not be extracted."""
    waiting = list(_without_signal(log, then, hour_start(hours.start)))
    still = []
    if behind is not None and behind.polled:
        still = [f"nothing was extracted {behind.where}since {behind.since:%Y-%m-%d %H:%M} UTC: hours wait for it"]
    if not waiting and still:
        yield Checked(Link.EXTRACTED, State.BROKEN, still[0])
        return
    if not waiting:
        yield Checked(Link.EXTRACTED, State.HOLDS, "every article was extracted")
        return
    dead = _dead_article_ids(log, milliseconds(hour_start(hours.start)))
    failed = [article for article in waiting if article.article_id in dead]
    late = len(waiting) - len(failed)
    about = [article for article in waiting if is_about(article)]
    parts = [*still, *([f"{plural(late, 'article', 'articles')} had not been extracted by then"] if late else [])]
    parts += [f"{plural(len(failed), 'article', 'articles')} could not be extracted"] if failed else []
    if about:
        parts.append(
            f"{len(about)} of them by {'its' if len(about) == 1 else 'their'} words about what the rule counts"
        )
    details = [f"“{a.title}”" + (f": {dead[a.article_id]}" if a.article_id in dead else "") for a in about or failed]
    numbers: dict[str, float | int | str] = {"waiting": late, "failed": len(failed), "about": len(about)}
    state = State.BROKEN if about or still else State.NOTE
    yield Checked(Link.EXTRACTED, state, "; ".join(parts), tuple(details[:_SHOWN]), numbers)


def _without_signal(log: Log, then: EngineThen, first: datetime) -> Iterator[Article]:
    have = {(one.signal.article_id, one.signal.revision) for one in then.signals}
    span_ms = range(milliseconds(first), milliseconds(then.moment) + 1)
    for partition in range(log.partitions(ARTICLES)):
        offset = max(log.offset_at(ARTICLES, partition, milliseconds(first)), log.start_offset(ARTICLES, partition))
        while records := log.read(ARTICLES, partition, offset, max_records=1000):
            offset = records[-1].offset + 1
            for record in records:
                head = _REVISION_IN_JSON.match(record.value)
                if head is not None and not _wanted(head[1].decode(), int(head[2]), have, span_ms):
                    continue
                try:
                    article = decode_articles(record.value)
                except BrokenRecordError:
                    continue
                known = not isinstance(article, Article) or (article.article_id, article.revision) in have
                if isinstance(article, Article) and not known and first <= article.revised_at <= then.moment:
                    yield article


def _wanted(article_id: str, revision: int, have: Collection[tuple[str, int]], span_ms: range) -> bool:
    """Tell whether a revision is of the hours that are asked about and has no signal; its number is its time."""
    return revision in span_ms and (article_id, revision) not in have


def _dead_article_ids(log: Log, since_ms: int) -> dict[str, str]:
    """Return why articles lie in the dead letters, by article id as far as the original can be read."""
    found: dict[str, str] = {}
    offset = max(log.offset_at(DEAD_LETTERS, 0, since_ms), log.start_offset(DEAD_LETTERS, 0))
    while records := log.read(DEAD_LETTERS, 0, offset, max_records=1000):
        offset = records[-1].offset + 1
        for record in records:
            try:
                letter = decode_dead_letter(record.value)
                article = None if letter.article_id else decode_articles(letter.original)
            except BrokenRecordError:
                continue
            name = letter.article_id or (article.article_id if isinstance(article, Article) else "")
            if name:
                found[name] = f"{letter.reason.value} ({letter.error})"
    return found


def _matched(matching: Sequence[Fate]) -> Iterator[Checked]:
    """Yield what became of the articles the watch finds: each link on which some fell out, until none is left."""
    found = plural(len(matching), "article", "articles")
    yield Checked(Link.LANGUAGE, State.HOLDS, "a language in which the watch can be found")
    yield Checked(Link.ACTORS, State.HOLDS, "what the rule counts was found")
    yield Checked(Link.MATCHED, State.HOLDS, f"{found} matched", _titles(matching))
    left = len(matching)
    for link in _AFTER_MATCH:
        fell = [fate for fate in matching if fate.fell_at is link]
        left -= len(fell)
        if fell:
            state = State.BROKEN if left == 0 else State.NOTE
            text = f"{len(fell)} of {found} fell out here, {left} left"
            yield Checked(link, state, text, _titles(fell), {"fell": len(fell), "left": left})
            if left == 0:
                return
        else:
            yield Checked(link, State.HOLDS, f"{plural(left, 'article', 'articles')}")


def _unmatched(fates: Sequence[Fate]) -> Iterator[Checked]:
    """Yield the link on which the article that came furthest fell out."""
    furthest = max((_BEFORE_MATCH.index(f.fell_at) for f in fates if f.fell_at in _BEFORE_MATCH), default=-1)
    if furthest < 0:
        yield Checked(Link.NEWEST, State.BROKEN, "every article of these hours was withdrawn", _titles(fates))
        return
    for link in _BEFORE_MATCH[:furthest]:
        yield Checked(link, State.HOLDS, "some articles came further")
    link = _BEFORE_MATCH[furthest]
    fell = sorted((fate for fate in fates if fate.fell_at is link), key=lambda f: (-f.depth, f.signal.article_id))
    near = [fate for fate in fell if fate.depth == fell[0].depth]
    text = f"none of {plural(len(fates), 'article', 'articles')} came further: {near[0].text}"
    yield Checked(link, State.BROKEN, text, _titles(near))


def _titles(fates: Sequence[Fate]) -> tuple[str, ...]:
    shown = [
        f"{fate.signal.event_time:%m-%d %H:%M} {fate.signal.source.name or fate.signal.source.id}:"
        f" “{fate.signal.title}”" + (f": {fate.text}" if fate.fell_at is not None else "")
        for fate in fates[:_SHOWN]
    ]
    more = [f"and {len(fates) - _SHOWN} more"] if len(fates) > _SHOWN else []
    return (*shown, *more)
