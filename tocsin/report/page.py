"""A backtest's report as one HTML page: no script, no request to anybody, every word of the world escaped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from alerts.explanation.names import ActorNames
from pipelines.archive_summary import ArchiveSummary
from pipelines.backtest.intervals import Share, quartiles
from pipelines.backtest.judging import EventFate, JudgedAlarm, JudgedEvent
from pipelines.backtest.report import Report, RuleReport
from pipelines.backtest.variants import has_fixed_keys
from tocsin.report import charts, tables, words
from tocsin.report.alert_card import watch_name
from tocsin.report.alert_list import alert_list

#: Charts of watches on one page, and events; beyond, the page says how many there are.
MOST_TIMELINES = 40
MOST_EVENTS = 300

#: Of the charts, those that are printed: a printed report is a few pages, and the page on screen has the rest.
PRINTED_TIMELINES = 12

#: A source whose first article comes so long after the first of all joined later.
_JOINED_AFTER = timedelta(days=7)

_MARKS = (
    ("▲", "hit", "rang for a listed event"),
    ("⋎", "repeat", "rang for it again"),
    ("✕", "false", "rang without a listed event"),
    ("◆", "during", "rang while one went on"),
    ("•", "other", "rang in the first week, before normal was known"),
    ("▒", "during", "no sight: most sources were silent"),
    ("▏", "event", "a listed event begins; the shade lasts as long as it (dotted: not found)"),
)

_STYLE_OF_FATE = {EventFate.FOUND: "found", EventFate.MISSED: "missed"}


def report_page(report: Report, names: ActorNames) -> str:
    """Return the page of ``report``."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(files("tocsin.report").joinpath("page.html").read_text(encoding="utf-8"))
    judged = report.truth is not None
    timelines, timelines_left_out = _timelines(report, names)
    return template.render(
        title="What these rules would have done",
        subtitle=f"{words.day(report.stretch.first)} – {words.last_day(report.stretch.last)} · all times UTC",
        summary=words.summary(report),
        figures=_figures(report),
        events=[_event(event, names) for event in report.events[:MOST_EVENTS]],
        events_left_out=_left_out(len(report.events) - MOST_EVENTS, "event"),
        marks=[
            {"sign": sign, "style": style, "name": name}
            for sign, style, name in (_MARKS if judged else (("▲", "other", "rang"), _MARKS[4], _MARKS[5]))
        ],
        timelines=timelines,
        timelines_left_out=_left_out(timelines_left_out, "other watch", "other watches"),
        timelines_unprinted=_unprinted(PRINTED_TIMELINES, len(timelines), "watches that rang most"),
        rule_columns=tables.columns("Rule", judged=judged),
        rule_rows=[tables.row(one.rule.name, one.score) for one in report.rules]
        + [tables.row("All rules", report.total)],
        sweep=tables.sweep_section(report),
        compared=tables.compared_section(report.compared, judged=judged),
        sources=_sources(report.archive),
        holes=[
            f"{hole.first.replace('T', ' ')}h to {hole.last.replace('T', ' ')}h" for hole in report.archive.shared_holes
        ],
        alerts=alert_list(report.alarms, names),
        how=_how(report),
    )


def _sources(archive: ArchiveSummary) -> list[list[str]]:
    joined_after = str(date.fromisoformat(archive.first[:10]) + _JOINED_AFTER)
    return [
        [
            one.source,
            f"{one.articles:,}",
            f"{one.first[:10]}{' (joined)' if one.first[:10] > joined_after else ''}",
            f"{one.last[:10]}{' (ended)' if one.ended else ''}",
            tables.holes_in_words(len(one.holes), sum(hole.hours for hole in one.holes)),
        ]
        for one in archive.sources
    ]


def _left_out(count: int, one: str, more: str = "") -> str:
    if count <= 0:
        return ""
    return f"{count:,} {one if count == 1 else more or f'{one}s'} not shown here; report.json has everything."


def _unprinted(printed: int, every: int, which: str) -> str:
    if every <= printed:
        return ""
    return f"Printed are the {printed} of {every:,} {which}; the page on screen has all."


def _figures(report: Report) -> list[dict[str, str]]:
    total = report.total
    found = [{"value": f"{total.openings:,}", "name": f"alerts opened, {words.a_week(total.a_week)}"}]
    if total.judged:
        found += [
            _share(total.recall, "of events found"),
            _share(total.precision, "of alarms right, by this list"),
        ]
        delays = quartiles(total.delays_h)
        found.append(
            {"value": words.signed(delays[1]) if delays else "–", "name": "median from an event's start to the ring"}
        )
    found += [
        {"value": f"{total.rings_a_seen_week:.1f}", "name": "messages for an analyst in a week of sight"},
        {
            "value": f"{total.firing_h / total.hours:.1%}" if total.hours else "–",
            "name": "of the time something was ringing",
        },
        {"value": f"{total.blind_h / total.hours:.1%}" if total.hours else "–", "name": "of the time blind"},
    ]
    return found


def _share(share: Share, name: str) -> dict[str, str]:
    if share.value is None:
        return {"value": "–", "name": name}
    low, high = share.interval
    return {
        "value": f"{share.value:.0%}",
        "name": f"{name} ({share.part} of {share.whole}; likely {low:.0%} to {high:.0%})",
    }


def _event(judged: JudgedEvent, names: ActorNames) -> list[str | dict[str, str]]:
    event = judged.event
    return [
        event.event,
        watch_name("", event.watch, names),
        words.moment(event.start),
        {"text": judged.fate.value, "style": _STYLE_OF_FATE.get(judged.fate, "other")},
        words.moment(judged.found),
        "–" if judged.delay_h is None else words.signed(judged.delay_h),
    ]


def _timelines(report: Report, names: ActorNames) -> tuple[list[dict[str, object]], int]:
    by_key: dict[tuple[str, str], list[JudgedAlarm]] = {}
    for rule in report.rules:
        for alarm in rule.judgement.alarms:
            by_key.setdefault((rule.rule.name, alarm.alarm.key), []).append(alarm)
    wanted = [place for place in report.days if place in by_key or has_fixed_keys(_rule(report, place[0]).rule)]
    wanted.sort(key=lambda place: (-len(by_key.get(place, ())), place))
    found: list[dict[str, object]] = []
    for rule_name, key in wanted[:MOST_TIMELINES]:
        rule = _rule(report, rule_name)
        alarms = by_key.get((rule_name, key), [])
        events = [event for event in rule.judgement.events if _concerns(rule, key, event)]
        days = report.days[rule_name, key]
        svg = charts.timeline(f"{rule_name} {key}", days, alarms, events, rule.book.blind, report.stretch)
        # The chart is made of numbers and of dates only: it holds no word of the world.
        found.append(
            {
                "name": watch_name(rule_name, key, names),
                "rule": f"rule {rule_name}",
                "svg": Markup(svg),
                "printed": len(found) < PRINTED_TIMELINES,
                "caption": _caption(alarms, events, [day.count for day in days]),
            }
        )
    return found, len(wanted) - len(found)


def _rule(report: Report, name: str) -> RuleReport:
    return next(rule for rule in report.rules if rule.rule.name == name)


def _concerns(rule: RuleReport, key: str, event: JudgedEvent) -> bool:
    from pipelines.backtest.concern import is_about

    return event.fate is not EventFate.OUTSIDE and is_about(rule.rule, key, event.event.watch)


def _caption(alarms: Sequence[JudgedAlarm], events: Sequence[JudgedEvent], counts: Sequence[int]) -> str:
    mean = sum(counts) / len(counts) if counts else 0.0
    said = f"{words.stories_a_day(mean)} on average"
    said += f", at most {max(counts)} in a day. " if mean else ". "
    said += words.many(len(alarms), "alert") if alarms else "No alert"
    if alarms:
        said += ": " + ", ".join(f"{one.alarm.opened:%Y-%m-%d}" for one in alarms[:6])
        said += f" and {len(alarms) - 6} more" if len(alarms) > 6 else ""
    if events:
        said += f". Listed: {'; '.join(f'{one.event.event} ({one.fate.value})' for one in events[:4])}"
    return f"{said}."


def _how(report: Report) -> list[str]:
    said = words.matching_in_words(report.matching, report.arrival_delay, report.order)
    said.append(
        "A rule learns what is normal in its first seven days; alarms and events in them are shown and not judged, unless they "
        "belong together. Alarms that rang while a listed event went on count neither as right nor as wrong."
    )
    said.append(
        "Blind: most of the sources that normally bring such news were silent. Events that fall into such time are shown and not "
        "counted as missed. A week of sight is a week less the time blind."
    )
    said.append(f"Made by the same program that watches live (extractor {report.extractor_version}).")
    return said
