"""The whole report of a finished demonstration: what was shown, the story, figures, where to look next; also as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from alerts.explanation.names import ActorNames
from pipelines.demo.demonstration import Demonstration
from pipelines.demo.telling import Line, Style, told, wrapped
from pipelines.demo.timeline import START
from schemas.ids import Json
from schemas.plain_text import plural


def failed(shown: Demonstration) -> str:
    """Return what went wrong; empty where something rang and the ledger is what the log says."""
    if not shown.verification.ok:
        return "the ledger is NOT what the log says"
    return "" if shown.story.rang else "nothing rang"


def report(shown: Demonstration, names: ActorNames, program: str) -> Iterator[Line]:
    """Yield the lines; ``program`` is how this computer calls the command."""
    timeline = shown.timeline
    items = sum(len(postings) for postings in timeline.postings.values())
    yield Line("TOCSIN, A DEMONSTRATION", Style.HEADING)
    yield from wrapped(
        f"{len(timeline.outlets)} invented outlets told {items:,} items, {_months(shown)}: public facts"
        f" in our own words, and made-up local news around them. {len(shown.desk.rules.rules)} rules listened, every spike"
        " with its default floors.",
        2,
    )
    yield Line()
    yield from told(shown.story, shown.performance.bystanders.most_copied, names)
    yield Line()
    yield from _figures(shown)
    yield Line()
    yield from _verified(shown)
    yield Line()
    yield from _next(shown, program)


def _months(shown: Demonstration) -> str:
    first, last = START, shown.until - timedelta(seconds=1)
    return f"{first:%B %Y}" if first.month == last.month else f"{first:%B %Y} to {last:%B %Y}"


def _figures(shown: Demonstration) -> Iterator[Line]:
    done, polls = shown.performance, shown.polls
    asked, unchanged = sum(polls.values()), polls.get(304, 0)
    hours = shown.story.hours
    yield Line("FIGURES", Style.HEADING)
    yield from wrapped(
        f"{hours / 24:,.0f} days in {done.elapsed_s:,.0f} seconds: {asked:,} polls over HTTP ({unchanged:,} answered “not"
        f" modified”), {done.articles:,} articles and revisions extracted by Beam in {done.batches:,} batches, decided hour by"
        " hour.",
        2,
    )
    for job, records, what in (
        ("poll", asked, "polls"),
        ("extract", done.articles, "articles"),
        ("decide", shown.verification.records, "records"),
    ):
        seconds = done.seconds[job]
        yield Line(f"    {job:<8}{seconds:6.1f} s  {records / max(seconds, 0.001):8,.0f} {what} a second", Style.FAINT)


def _verified(shown: Demonstration) -> Iterator[Line]:
    result = shown.verification
    yield Line("VERIFIED" if result.ok else "NOT VERIFIED", Style.HEADING)
    yield from wrapped(
        f"{plural(result.records, 'record', 'records')} of the log decided again and {plural(result.events, 'event', 'events')}"
        f" compared byte by byte: {'the ledger is what the log says.' if result.ok else 'they DIFFER.'}",
        2,
    )
    yield from (Line(f"  DIFFERS: {difference}") for difference in result.differences)
    yield Line(f"  ledger digest {result.digest}")


def _next(shown: Demonstration, program: str) -> Iterator[Line]:
    place = f"--folder {shown.desk.folder}"
    yield Line("WHERE TO LOOK NEXT", Style.HEADING)
    commands = [f"{program} alerts list {place}"]
    if shown.story.rang:
        opened = shown.story.rang[0].opened
        commands.append(f"{program} alerts show {opened.alert_id[:12]} {place}")
        commands.append(f"{program} rules explain {opened.rule} {place}")
    commands.append(f'{program} rules match "Azerbaijan & Ukraine" --limit 10 {place}')
    commands.append(f"{program} verify {place}")
    yield from (Line(f"  {command}") for command in commands)
    yield Line("  The folder stays until you delete it; its rules are in rules/demo.yaml there.", Style.FAINT)


def report_as_json(shown: Demonstration) -> Mapping[str, Json]:
    """Return the report as one JSON object."""
    story, silent = shown.story, shown.performance.bystanders.most_copied
    return {
        "folder": str(shown.desk.folder.absolute()),
        "alerts": [
            {
                "alert_id": rang.opened.alert_id,
                "events": [event.model_dump(mode="json") for event in rang.events],
                "headlines": [item.model_dump(mode="json") for item in rang.headlines],
            }
            for rang in story.rang
        ],
        "silent": None
        if silent is None
        else {
            "rule": silent.rule,
            "key": silent.key,
            "end": silent.end.isoformat(),
            "hours": silent.window_h,
            "counts": silent.counts.model_dump(),
            "expected": silent.expected,
            "score": silent.score,
            "bars": [{"name": b.name, "was": b.was, "needed": b.needed, "held": b.held} for b in silent.bars],
            "headlines": [item.title for item in silent.evidence],
        },
        "outages": [
            {
                "feed": outage.feed,
                "began": outage.began.isoformat(),
                "back": outage.back.isoformat() if outage.back is not None else None,
                "failed_polls": outage.failed,
                "caught_up": outage.caught_up,
                "closed": outage.closed,
            }
            for outage in story.outages
        ],
        "blind": [
            {
                "began": blind.began.isoformat(),
                "ended": blind.ended.isoformat() if blind.ended is not None else None,
                "rules": blind.rules,
                "feeds": list(blind.feeds),
            }
            for blind in story.blind
        ],
        "polls": {str(status): count for status, count in sorted(shown.polls.items())},
        "articles": shown.performance.articles,
        "seconds": round(shown.performance.elapsed_s, 3),
        "verified": shown.verification.ok,
        "digest": shown.verification.digest,
    }
