"""`tocsin alerts show`: one alert with everything that led to it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alerts.explanation.phrases import counted
from schemas.alert_event import AlertEvent, Evidence
from schemas.errors import FatalError, UsageError
from schemas.plain_text import plural
from schemas.ports.store import Delivery, Store
from schemas.reasons import EventKind
from tocsin.alert_answers import answer_lines, answers_to, as_objects
from tocsin.event_lines import event_line, printable
from tocsin.progress import Progress
from tocsin.workplace import folder_option, json_option, open_log_of, open_store_of, open_workplace

if TYPE_CHECKING:
    from pipelines.explaining.alert_then import AlertThen, RungBy
    from tocsin.settings import Workplace


#: Ids shown where several alerts begin as somebody wrote.
_SHOWN = 5


@dataclass(frozen=True)
class StoredAlert:
    """An alert as the store holds it."""

    events: tuple[AlertEvent, ...]
    evidence: dict[str, Evidence]
    deliveries: tuple[Delivery, ...]

    @property
    def opened(self) -> AlertEvent:
        """The event it began with."""
        return next((e for e in self.events if e.event is EventKind.OPENED), self.events[0])

    @property
    def articles(self) -> list[Evidence]:
        """The evidence of all its events, each article once, in order."""
        names = dict.fromkeys(name for event in self.events for name in event.evidence)
        return [self.evidence[name] for name in names if name in self.evidence]


def stored_alert(store: Store, begins: str) -> StoredAlert:
    """Return the one alert whose id begins so; :raises UsageError: none, or several."""
    ids = store.alert_ids(begins, _SHOWN + 1)
    if len(ids) != 1:
        several = f"{len(ids)} alerts begin" if len(ids) <= _SHOWN else f"more than {_SHOWN} alerts begin"
        found = f"{several} so: {', '.join(ids[:_SHOWN])}" if ids else "no alert has that id"
        raise UsageError(f"{begins}: {found}", remedy="`tocsin alerts list` shows the ids")
    events = list(store.events(alert_id=ids[0]))
    evidence = store.evidence([name for event in events for name in event.evidence])
    return StoredAlert(tuple(events), dict(evidence), tuple(store.deliveries(alert_id=ids[0])))


@click.command(name="show", epilog="Example: tocsin alerts show 3f2a9c")
@click.argument("alert")
@click.option("--short", is_flag=True, help="Only what the ledger holds; nothing is computed again.")
@folder_option
@json_option
def show(alert: str, short: bool, folder: Path, as_json: bool) -> None:
    """Show one alert (its id or the beginning of it) with everything that led to it.

    Counts by hour against expectation, score, windows, evidence by story, the words that are new against the key's last 28
    days, the rule as it was written then, what would have silenced it and which sensitivity would have rung sooner: these
    are computed again from the log. Then its life, who was told, and who answered.
    """
    workplace = open_workplace(folder)
    store = open_store_of(workplace)
    try:
        found = stored_alert(store, alert)
        then, note = (None, "") if short else explained(workplace, store, found)
        text = "" if short else _rule_text(store, found)
        answers = answers_to(store, found.opened)
        latency = {} if short else _latency(workplace, store, found.opened.alert_id)
    finally:
        store.close()
    if as_json:
        for event in found.events:
            texts = [found.evidence[n].model_dump(mode="json") for n in event.evidence if n in found.evidence]
            more: dict[str, object] = (
                {"explained": as_document(then, text)} if event is found.opened and then is not None else {}
            )
            if event is found.opened and latency:
                more["latency"] = latency
            if event is found.opened:
                more["answers"] = as_objects(answers)
            click.echo(json.dumps({**event.model_dump(mode="json"), "evidence_texts": texts, **more}))
        return
    for line in (*lines_of(found, then, text, note), "", *answer_lines(answers)):
        click.echo(printable(line))


def explained(workplace: Workplace, store: Store, found: StoredAlert) -> tuple[AlertThen | None, str]:
    """Return what the log tells of the alert, or why it tells nothing any more."""
    from pipelines.explaining.alert_then import alert_then
    from tocsin.rule_files import names_of

    with open_log_of(workplace) as log, Progress("deciding again") as progress:
        try:
            snapshots = workplace.path(workplace.settings.snapshots)
            names = names_of(workplace)
            opened = found.opened
            evidence = [found.evidence[name] for name in opened.evidence if name in found.evidence]
            return alert_then(log, store, snapshots, opened, evidence, names, progress.update), ""
        except FatalError as error:
            return None, error.message


def _latency(workplace: Workplace, store: Store, alert: str) -> dict[str, object]:
    """Return the times of the article that made the alert open, and seconds by stage; empty where the log has forgotten."""
    from pipelines.latency import latency_of_alert

    with open_log_of(workplace) as log:
        found = latency_of_alert(log, store, alert)
    if found is None:
        return {}
    moments = {"published": found.published, "fetched": found.fetched, "signal": found.signal, "decided": found.decided}
    return {
        **{name: None if at is None else at.isoformat() for name, at in moments.items()},
        "accepted": {receiver: at.isoformat() for receiver, at in found.accepted.items()},
        "stages_s": dict(found.stages_s()),
    }


def _rule_text(store: Store, found: StoredAlert) -> str:
    from pipelines.explaining.alert_then import rule_set_of
    from pipelines.explaining.rule_text import rule_text

    return rule_text(rule_set_of(store, found.opened), found.opened.rule)


def lines_of(found: StoredAlert, then: AlertThen | None, text: str, note: str = "") -> Iterator[str]:
    """Yield everything about the alert for people."""
    opened = found.opened
    shadow = " in shadow" if opened.mode == "shadow" else ""
    yield f"{opened.severity.value.upper()} {opened.key} — rule {opened.rule}{shadow}, alert {opened.alert_id}"
    yield ""
    yield "Life"
    for event in found.events:
        detail = f": {event.detail}" if event.detail else ""
        yield f"  {event_line(event)}  [{event.reason.value}{detail}]"
    yield ""
    yield "Numbers when it opened"
    yield from _numbers(opened)
    if then is not None:
        yield from _then(then)
    elif note:
        yield f"  (the hours cannot be computed again: {note})"
    yield ""
    yield "Evidence by story"
    yield from _evidence(found.articles)
    yield from _not_shown(found)
    if text:
        yield ""
        yield "The rule as it was then"
        yield from (f"  {line}" for line in text.splitlines())
    if found.deliveries:
        yield ""
        yield "Deliveries"
    for delivery in found.deliveries:
        why = f" ({delivery.reason})" if delivery.reason else ""
        yield f"  {delivery.receiver}: {delivery.status.value} after {plural(delivery.attempts, 'attempt')}{why}"


def _numbers(opened: AlertEvent) -> Iterator[str]:
    if opened.window is not None:
        window = opened.window
        yield f"  window     {window.start:%Y-%m-%d %H:%M} to {window.end:%Y-%m-%d %H:%M} ({window.hours} h)"
    counts = opened.counts
    yield f"  counted    {counted(counts, articles=True)}"
    if opened.expected is not None:
        times = f", {opened.ratio:g} times" if opened.ratio is not None else ""
        yield f"  expected   {opened.expected:g}{times}"
    if opened.score is not None:
        yield f"  score      {opened.score:g} (−log10 of the chance that normal news gives as much)"
    if opened.coverage is not None:
        blind = f", blind: {', '.join(opened.blind_feeds)}" if opened.blind_feeds else ""
        yield f"  coverage   {opened.coverage:.0%} of the feeds{blind}"
    if opened.feeds_changed:
        yield f"  changed    feeds in the last 14 days: {', '.join(opened.feeds_changed)}"
    if len(opened.extractor_versions) > 1:
        versions = ", ".join(version[:12] for version in opened.extractor_versions)
        yield f"  changed    extractors in the last 14 days: {versions}"


def _rung_by(one: RungBy) -> str:
    what = f"“{one.title or '(no title)'}” ({one.source}), taken in" if one.source else "the end of an hour, told"
    return f"{what} {one.at:%Y-%m-%d %H:%M}"


def _then(then: AlertThen) -> Iterator[str]:
    from alerts.explanation.standing_words import standing_line
    from tocsin.hour_chart import hour_chart

    if then.rung_by is not None:
        yield f"  rung by    {_rung_by(then.rung_by)}"
    for window in then.windows:
        yield f"  window     {standing_line(window)}"
    for name, one in then.sooner.items():
        yield f"  near miss  sensitivity {name.value} would have rung at {one.at:%Y-%m-%d %H:%M} (score {one.score:.3g})"
    for number, text in enumerate(then.silenced_by):
        yield f"  {'silenced by' if number == 0 else '        or '} {text}"
    if then.silenced_by and then.silenced_until is not None:
        yield f"             (each alone, for as long as it was open up to {then.silenced_until:%Y-%m-%d %H:%M})"
    elif then.silenced_until is not None:
        yield "  silenced by no single setting"
    if then.new_words:
        yield f"  new words  {', '.join(then.new_words)} (against {then.words_against})"
    if then.conflict:
        yield f"  {then.conflict}"
    lines = list(hour_chart(then.hours))
    if lines:
        yield ""
        yield "By the hour: counted, expected"
        yield from (f"  {line}" for line in lines)


def _evidence(articles: Sequence[Evidence]) -> Iterator[str]:
    stories: dict[str, list[Evidence]] = {}
    for item in articles:
        stories.setdefault(item.story, []).append(item)
    for items in stories.values():
        first = min(items, key=lambda e: (e.article_id != e.story, e.event_time, e.article_id))
        carriers = ", ".join(sorted({e.source.name or e.source.id for e in items}))
        yield f"  {first.event_time:%m-%d %H:%M}  {first.title}"
        yield f"               {carriers}  {first.url or ''}"
        if first.excerpt and first.excerpt != first.title:
            yield f"               “{first.excerpt}”"


def _not_shown(found: StoredAlert) -> Iterator[str]:
    """Yield which evidence is missing: what an event does not name, and what was erased."""
    from pipelines.pages.alert_page import left_out
    from pipelines.pages.ledger_view import AlertLife

    if more := left_out(AlertLife(found.events).strongest):
        yield f"  {more}"
    if erased := len({name for event in found.events for name in event.evidence} - found.evidence.keys()):
        yield f"  {plural(erased, 'text was', 'texts were')} erased since; the ledger keeps the hashes."


def as_document(then: AlertThen, text: str) -> dict[str, object]:
    """Return what was computed again, for scripts."""
    from schemas.ids import hour_start

    by = then.rung_by
    return {
        "rung_by": None if by is None else {"at": by.at.isoformat(), "title": by.title, "source": by.source},
        "hours": [
            {"hour": hour_start(h.hour).isoformat(), "count": h.count, "expected": h.expected, "seen": h.exposure}
            for h in then.hours
        ],
        "windows": [
            {
                "hours": standing.verdict.window_h,
                "counts": standing.verdict.counts.model_dump(),
                "expected": standing.verdict.expected,
                "score": standing.verdict.score,
                "conditions": [{"need": c.need.value, "has": c.has, "needs": c.needs} for c in standing.conditions],
            }
            for standing in then.windows
        ],
        "silenced_by": then.silenced_by,
        "silenced_until": None if then.silenced_until is None else then.silenced_until.isoformat(),
        "sooner": [
            {"sensitivity": name.value, "at": one.at.isoformat(), "score": one.score}
            for name, one in then.sooner.items()
        ],
        "new_words": then.new_words,
        "rule_text": text,
    }
