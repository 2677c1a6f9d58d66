"""The JSON Schema of ``report.json``: every field with its unit and meaning, for tools that read it. Pure.

A field may be added while ``report_version`` stays; one that goes away or means something else makes it grow.
"""

from __future__ import annotations

from enum import StrEnum

from pipelines.backtest.judging import AlarmVerdict, EventFate
from pipelines.backtest.report import EVIDENCE_SHOWN, REPORT_VERSION
from pipelines.replay.order import Order, OrderReason

Schema = dict[str, object]


def report_schema() -> Schema:
    """Return the schema (draft 2020-12)."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Report of a backtest",
        **_object(
            "What rules would have done on the history in an archive. All instants are UTC in ISO 8601.",
            kind={"const": "backtest"},
            report_version={"const": REPORT_VERSION},
            first=_text("the first instant that was decided on"),
            last=_text("the first instant behind it"),
            match=_text("from how long before to how long after the start of an event an alert is about it"),
            arrival_delay=_text(
                "how late articles were taken to arrive where the archive does not say: none, 30m, 30m/4h"
            ),
            order=_object(
                "In which order the articles came to the rules, and why",
                order=_one_of(Order, "as they arrived, or as they were published"),
                because=_one_of(OrderReason, "why that order was taken"),
                articles=_count("articles looked at to choose"),
                arrived=_count("of them those whose arrival is known"),
                late=_count("of them those that arrived too late to count"),
            ),
            extractor_version=_text("the version of extraction whose signals were read"),
            judged_by_truth={"type": "boolean", "description": "whether there was a list of what happened"},
            articles=_count("articles in these days"),
            archive=_archive(),
            total=_part("score"),
            rules=_list(_rule()),
            events=_list(_event()),
            alarms=_list(_alarm()),
            near_misses=_list(_near_miss()),
            days=_list(_days()),
            sweep=_or_null(_sweep(), "the settings tried with --sweep"),
            compared=_or_null(
                {"type": "object", "additionalProperties": _part("score")}, "the detectors of --compare, by name"
            ),
        ),
        "$defs": {
            "score": _score(),
            "share": _share(),
            "article": _article(),
            "hole": _hole(),
            "point": _point(),
        },
    }


def _score() -> Schema:
    return _object(
        "A rule, or all together: how often it rang, what it found, for how long",
        openings=_count("alerts that opened"),
        alarms=_by(AlarmVerdict, "alerts by what they turned out to be"),
        events=_by(EventFate, "listed events by what became of them"),
        precision=_or_null(
            _part("share"), "hits and repeats among the alerts that are right or wrong; null without a list"
        ),
        recall=_or_null(_part("share"), "events found among those found or missed; null without a list"),
        delay_h=_or_null(
            _object("Quartiles", lower=_number("a quarter"), median=_number("half"), upper=_number("three quarters")),
            "hours from the start of an event to the first ring, negative: before; null where none was found",
        ),
        alerts_a_week=_number("openings a week"),
        alarms_an_analyst_week=_number("openings and growths in a week of sight"),
        hours=_number("length of the time judged"),
        blind_hours=_number("of it without sight"),
        firing_hours=_number("of it with an alert open"),
        firing_share=_number("the same as a share of the time"),
    )


def _share() -> Schema:
    return _object(
        "A share with its 95 % Wilson interval",
        part=_count("how many"),
        whole=_count("of how many"),
        value=_or_null(_number("part / whole"), "null of nothing"),
        low=_number("lower end of the interval"),
        high=_number("upper end"),
    )


def _archive() -> Schema:
    return _object(
        "What the whole archive holds",
        articles=_count("articles"),
        days=_count("days with any"),
        first=_text("the first hour"),
        last=_text("the last hour"),
        sources=_list(
            _object(
                "A source and when it was watched, read off its own rhythm",
                source=_text("its id"),
                articles=_count("its articles"),
                first=_text("its first hour: later than the archive's where it joined"),
                last=_text("its last hour"),
                ended={"type": "boolean", "description": "whether it ended before the archive does"},
                holes=_list(_part("hole")),
            )
        ),
        shared_holes=_list(_part("hole")),
        signals=_list(
            _object(
                "Signals that are kept of one version of extraction",
                extractor_version=_text("which"),
                days=_count("days"),
                first=_text("the first day"),
                last=_text("the last day"),
                bytes=_count("size of the files"),
                written_at=_text("when they were last written"),
            )
        ),
    )


def _hole() -> Schema:
    return _object(
        "Hours without sight", first=_text("the first hour"), last=_text("the last hour"), hours=_count("how many")
    )


def _rule() -> Schema:
    stretch = {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": ["string", "null"]}}
    return _object(
        "A rule as it is written",
        rule=_text("its name"),
        setting=_text("its detectors, bars, windows and floors in words"),
        score=_part("score"),
        blind={"type": "array", "description": "from, to; to is null where it was blind to the end", "items": stretch},
        too_many_open=_count("times too many alerts were open to open another"),
    )


def _event() -> Schema:
    return _object(
        "A listed event",
        event=_text("what it is called"),
        watch=_text("what it concerns"),
        start=_text("its first instant"),
        end=_text("the first instant behind it"),
        fate=_one_of(EventFate, "what became of it, the best of what it was to any rule"),
        found=_or_null(_text("when the first rule rang for it")),
        delay_h=_or_null(_number("hours from its start to then")),
    )


def _alarm() -> Schema:
    return _object(
        "An alert",
        alert_id=_text("its id, the same in every run of the same rules on the same signals"),
        rule=_text("its rule"),
        key=_text("what it counted: AZE-RUS, AZE>RUS, AZE, keyword:RULE, topic:ID"),
        verdict=_one_of(AlarmVerdict, "what it turned out to be"),
        event=_or_null(_text("the listed event it was about")),
        opened=_text("when it rang"),
        escalated=_list(_text("when it grew")),
        ended=_or_null(_text("when it was over; null: open at the end")),
        retracted={"type": "boolean", "description": "whether it was taken back"},
        learning={"type": "boolean", "description": "whether normal was not known yet"},
        detector=_text("which of the rule's detectors crossed"),
        window_h=_or_null({"type": "integer", "description": "hours of the window that crossed"}),
        counts=_object(
            "What was counted in it",
            stories=_count("stories"),
            publishers=_count("publishers"),
            articles=_count("articles"),
        ),
        expected=_or_null(_number("what was expected of what the detector counts")),
        score=_or_null(_number("powers of ten by which chance is unlikely, or what stands for it")),
        coverage=_or_null(_number("share of the sources that were seen")),
        articles={"type": "array", "maxItems": EVIDENCE_SHOWN, "items": _part("article")},
    )


def _near_miss() -> Schema:
    return _object(
        "A window that nearly rang",
        rule=_text("the rule"),
        key=_text("what it counted"),
        end=_text("the end of the window"),
        window_h={"type": "integer", "description": "its hours"},
        stories=_count("stories in it"),
        expected=_or_null(_number("what was expected")),
        lacking=_text("what it lacked, in words"),
        articles=_list(_part("article")),
    )


def _article() -> Schema:
    return _object(
        "An article an alert stands on",
        article_id=_text("its id"),
        time=_text("when it appeared"),
        source=_text("who published it"),
        title=_text("its title"),
        url=_or_null(_text("where it is")),
        excerpt=_text("the sentence that counted"),
        story=_text("the id of the first article of its story: those of one story have the same"),
    )


def _days() -> Schema:
    day = {"type": "array", "minItems": 4, "maxItems": 4, "items": {"type": ["string", "number", "null"]}}
    about = "the day on which the 24 hours end, stories in them, expected, and what nineteen of twenty normal days do not pass"
    return _object(
        "A watched key day by day",
        rule=_text("its rule"),
        key=_text("the key"),
        days={"type": "array", "description": about, "items": day},
    )


def _sweep() -> Schema:
    return _object(
        "Other settings, all rules together",
        split=_text("settings are chosen on what is before and judged on what is from here on"),
        budget_a_week=_number("alerts a week that may ring"),
        chosen=_or_null(_part("point"), "null: no setting keeps to the budget"),
        curves={
            "type": "object",
            "description": "by detector, '' for the rules' own",
            "additionalProperties": _list(_part("point")),
        },
    )


def _point() -> Schema:
    words = ("detector", "bar", "windows", "floors")
    return _object(
        "A setting and what it did",
        setting=_object("What was changed", **{word: {"type": "string"} for word in words}),
        whole=_part("score"),
        chosen_on=_part("score"),
        judged_on=_part("score"),
    )


def _object(about: str, **fields: object) -> Schema:
    return {
        "type": "object",
        "description": about,
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }


def _part(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _text(about: str) -> Schema:
    return {"type": "string", "description": about}


def _number(about: str) -> Schema:
    return {"type": "number", "description": about}


def _count(about: str) -> Schema:
    return {"type": "integer", "minimum": 0, "description": about}


def _or_null(schema: Schema, about: str = "") -> Schema:
    described = {"description": about} if about else {}
    return {"anyOf": [schema, {"type": "null"}], **described}


def _one_of(words: type[StrEnum], about: str) -> Schema:
    return {"enum": [word.value for word in words], "description": about}


def _by(words: type[StrEnum], about: str) -> Schema:
    return _object(about, **{word.value: _count("how many") for word in words})
