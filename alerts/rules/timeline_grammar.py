"""Timeline tests in YAML → compiled tests, or all mistakes at once with their lines; and the JSON Schema of the files."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from alerts.rules.actor_grammar import ACTORS, ACTORS_DEFINITION
from alerts.rules.directory import ActorDirectory
from alerts.rules.fields import Check, Fields, Key, Values
from alerts.rules.mistakes import RulesError
from alerts.rules.number_readers import Number, Whole
from alerts.rules.readers import Items, JsonSchema, Text, Word
from alerts.rules.schema_sharing import with_shared_parts
from alerts.rules.timeline_model import (
    FIRST_DAY,
    Background,
    Expectation,
    Meeting,
    Outage,
    Outcome,
    Push,
    Step,
    Timeline,
)
from alerts.rules.timeline_readers import AlertKey, Day, MeetingOf, Moment, OneActor, Outlets, RuleName, TimelineReading
from alerts.rules.watch_grammar import Topic
from alerts.rules.yaml_tree import Mapping_, Sequence_, readable
from schemas.reasons import EventReason, Prominence, Severity, Tone

_MOST_ARTICLES = 5_000
_MOST_IN_BACKGROUND = 60_000
_MOST_TESTS = 200

_AT = Key("at", Moment(), "When, since the start: 10h, 1d 6h.")
_PUSH = Key("push", Whole(least=1, most=_MOST_ARTICLES), "So many articles.")
_STORIES = Key("stories", Whole(least=1, most=_MOST_ARTICLES), "Of so many stories; as many as articles by default.")
_OVER = Key("over", Moment(), "Spread over so long; all at once by default.")
_SOURCES = Key("sources", Outlets(), "By so many of the background's publishers, or by these; by all by default.")
_TEXT = Key("text", Text(max_characters=20_000), "What the articles say; extracted as any article is.")
_LANGUAGE = Key("language", Text(max_characters=5), "The language of the text, where it should not be guessed.")
_PAIR = Key("pair", MeetingOf(), "Who meets, instead of a text.")
_ACTOR = Key("actor", OneActor(), "Who is in it, instead of a text.")
_TOPICS = Key("topics", Items(Topic(), or_one=True), "What it is about, beside pair or actor.")
_TONE = Key("tone", Word(Tone), "How they meet; neutral by default.")
_PROMINENCE = Key("prominence", Word(Prominence), "How prominently; in the title by default.")
_OUTAGE = Key("outage", Outlets(), "So many of the background's publishers, or these, do not answer.")
_FOR = Key("for", Moment(), "How long the outage is.")
_BETWEEN = Key("between", Items(Moment(), least=2, most=2), "From when to when something is expected.")
_EXPECT = Key("expect", Word(Outcome), "What must happen; quiet: nothing may open or escalate.")
_RULE = Key("rule", RuleName(), "Which rule is meant.")
_KEY = Key("key", AlertKey(), "On which key; any by default.")
_REASON = Key("reason", Word(EventReason), "For which reason; any by default.")
_SEVERITY = Key("severity", Word(Severity), "How loudly; any by default.")

_OF_PUSH = (_STORIES, _OVER, _SOURCES, _TEXT, _LANGUAGE, _PAIR, _ACTOR, _TOPICS, _TONE, _PROMINENCE)
_OF_EXPECTATION = (_EXPECT, _KEY, _REASON, _SEVERITY, _RULE)


_KINDS: dict[Key[Any], tuple[Key[Any], ...]] = {  # Any: keys of different types
    _PUSH: (_AT, _PUSH, *_OF_PUSH),
    _OUTAGE: (_AT, _OUTAGE, _FOR),
    _BETWEEN: (_BETWEEN, *_OF_EXPECTATION),
}


def _kind(values: Values) -> Key[Any] | None:  # Any: see above
    """Return which of the three kinds a step is; None where it is none or several."""
    kinds = [key for key in _KINDS if key.name in values.written]
    return kinds[0] if len(kinds) == 1 else None


def _one_kind(values: Values) -> None:
    """Note a step that is no kind or several, and what its kind does not have or lacks."""
    kind = _kind(values)
    if kind is None:
        names = " and ".join(key.name for key in _KINDS if key.name in values.written) or "none of them"
        values.wrong(None, f"a step has push, outage or between; this one has {names}", "write one of the three")
        return
    allowed = {key.name for key in _KINDS[kind]}
    for name, node in values.written.items():
        if name not in allowed:
            message = f"{name} does not belong to {kind.name}"
            values.reading.wrong(node, f"{values.path}.{name}", message, "remove it")
    for key in {_PUSH: (_AT,), _OUTAGE: (_AT, _FOR), _BETWEEN: (_EXPECT,)}[kind]:
        if key.name not in values.written:
            values.wrong(None, f"the key {key.name!r} is missing", key.about)


def _one_subject(values: Values) -> None:
    if _kind(values) is not _PUSH:
        return
    if sum(key.name in values.written for key in (_TEXT, _PAIR, _ACTOR)) != 1:
        values.wrong(_PUSH, "what is pushed needs exactly one of text, pair and actor", "write one of the three")
        return
    for key in (_TOPICS, _TONE, _PROMINENCE):
        if _TEXT.name in values.written and key.name in values.written:
            values.wrong(key, f"the text itself says what {key.name} it has", "remove it, or write pair")


def _enough_articles(values: Values) -> None:
    articles, stories = values.get_or(_PUSH, 1), values.get_or(_STORIES, 1)
    if _kind(values) is _PUSH and stories > articles:
        values.wrong(_STORIES, f"{articles} articles cannot tell {stories} stories", "push more articles")


def _some_time(values: Values) -> None:
    if values.get(_FOR) == 0:
        values.wrong(_FOR, "an outage lasts some time", "write for example 6h")


def _in_order(values: Values) -> None:
    first, last = values.get_or(_BETWEEN, (0, 0))
    if first > last:
        values.wrong(_BETWEEN, "it ends before it begins", "exchange the two times")


def _nothing_of_quiet(values: Values) -> None:
    if values.get(_EXPECT) is Outcome.QUIET and {_REASON.name, _SEVERITY.name} & values.written.keys():
        values.wrong(_EXPECT, "quiet has neither reason nor severity", "remove them")


_STEP_CHECKS = (
    Check((), _one_kind),
    Check((), _one_subject),
    Check((_PUSH, _STORIES), _enough_articles),
    Check((_FOR,), _some_time),
    Check((_BETWEEN,), _in_order),
    Check((_EXPECT,), _nothing_of_quiet),
)


def _step(values: Values) -> Step:
    kind = _kind(values)
    if kind is _PUSH:
        return _push(values)
    if kind is _OUTAGE:
        at = values.get_or(_AT, 0)
        return Outage(values.node.line, at, at + values.get_or(_FOR, 1), values.get_or(_OUTAGE, 0))
    return _expectation(values)


def _push(values: Values) -> Push:
    pair, actor = values.get(_PAIR), values.get(_ACTOR)
    articles = values.get_or(_PUSH, 1)
    return Push(
        line=values.node.line,
        at=values.get_or(_AT, 0),
        articles=articles,
        stories=values.get_or(_STORIES, articles),
        over=values.get_or(_OVER, 0),
        sources=values.get_or(_SOURCES, 0),
        text=values.get_or(_TEXT, ""),
        language=values.get(_LANGUAGE),
        meeting=pair if pair is not None else Meeting(actor) if actor is not None else None,
        topics=values.get_or(_TOPICS, ()),
        tone=values.get_or(_TONE, Tone.NEUTRAL),
        prominence=values.get_or(_PROMINENCE, Prominence.TITLE),
    )


def _expectation(values: Values) -> Expectation:
    first, last = values.get_or(_BETWEEN, (0, 0))
    return Expectation(
        line=values.node.line,
        first=first,
        last=last,
        outcome=values.get_or(_EXPECT, Outcome.QUIET),
        rule=values.get(_RULE),
        key=values.get(_KEY),
        reason=values.get(_REASON),
        severity=values.get(_SEVERITY),
    )


_RATE = Key("stories_per_hour", Number(least=0, most=50), "Stories an hour of each subject; 0.2 by default.")
_PUBLISHERS = Key("publishers", Whole(least=1, most=200), "Publishers that are polled; 8 by default.")
_DAYS = Key("days", Whole(least=0, most=800), "Days before the start; 30 by default.")
_SEED = Key("seed", Whole(least=0), "Which of many backgrounds; 1 by default.")


def _bounded(values: Values) -> None:
    stories = values.get_or(_RATE, Background().stories_per_hour) * 24 * values.get_or(_DAYS, Background().days)
    if stories > _MOST_IN_BACKGROUND:
        values.wrong(None, f"more than {_MOST_IN_BACKGROUND:,} stories in the background", "fewer days or stories")


def _background(values: Values) -> Background:
    default = Background()
    return Background(
        stories_per_hour=values.get_or(_RATE, default.stories_per_hour),
        publishers=values.get_or(_PUBLISHERS, default.publishers),
        days=values.get_or(_DAYS, default.days),
        seed=values.get_or(_SEED, default.seed),
    )


_BACKGROUND = Key(
    "background",
    Fields(
        (_RATE, _PUBLISHERS, _DAYS, _SEED), _background, may_be_empty=True, checks=(Check((_RATE, _DAYS), _bounded),)
    ),
    "The quiet weeks before.",
)
_NAME = Key("name", Text(max_characters=200), "What the test shows.", required=True)
_STARTS = Key("starts", Day(), f"The day the timeline begins on; {FIRST_DAY} by default.")
_STEP: Fields[Step] = Fields(
    (_AT, _PUSH, *_OF_PUSH, _OUTAGE, _FOR, _BETWEEN, *_OF_EXPECTATION), _step, about="A step.", checks=_STEP_CHECKS
)
_STEPS: Key[tuple[Step, ...]] = Key(
    "steps",
    Items(_STEP, most=500),
    "What is pushed when, and what is expected when.",
    required=True,
)


def _something_expected(values: Values) -> None:
    steps = values.written.get(_STEPS.name)
    if not isinstance(steps, Sequence_) or not steps.items:
        return
    if all(
        isinstance(step, Mapping_) and not {_BETWEEN.name, _EXPECT.name} & step.entries.keys() for step in steps.items
    ):
        values.wrong(_STEPS, "nothing is expected, so nothing can fail", "write a step with between and expect")


def _test(values: Values) -> tuple[Timeline, bool]:
    steps = values.get_or(_STEPS, ())
    made = Timeline(
        name=values.get_or(_NAME, ""),
        line=values.node.line,
        steps=steps,
        background=values.get_or(_BACKGROUND, Background()),
        starts=values.get_or(_STARTS, FIRST_DAY),
        rule=values.get(_RULE),
    )
    return made, _BACKGROUND.name in values.written


_TEST = Fields(
    (_NAME, _RULE, _STARTS, _BACKGROUND, _STEPS), _test, about="A test.", checks=(Check((), _something_expected),)
)
_TESTS = Key(
    "tests",
    Items(_TEST, most=_MOST_TESTS),
    "The tests.",
    required=True,
)


def _file(values: Values) -> tuple[Timeline, ...]:
    shared = values.get_or(_BACKGROUND, Background())
    return tuple(test if own else replace(test, background=shared) for test, own in values.get_or(_TESTS, ()))


_FILE = Fields((_BACKGROUND, _TESTS), _file, about="Timeline tests of rules of Tocsin.")


def load_timelines(
    text: str,
    name: str,
    directory: ActorDirectory,
    *,
    rules: Collection[str],
    topics: Collection[str] | None = None,
) -> tuple[Timeline, ...]:
    """Return the tests in ``text`` (YAML 1.2) of the file called ``name``; ``rules`` are the names of those there are.

    :raises RulesError: with every mistake there is.
    """
    root, mistakes = readable(text, name)
    reading = TimelineReading(name, directory, topics, rules=rules, mistakes=[*mistakes])
    tests = _FILE.read(root, "", reading)
    if tests is None or reading.mistakes:
        raise RulesError(reading.mistakes)
    return tests


def timelines_schema() -> JsonSchema:
    """Return the JSON Schema (draft 2020-12) of a file of tests."""
    return with_shared_parts(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Timeline tests of rules of Tocsin",
            **_FILE.schema(),
            "$defs": {ACTORS_DEFINITION: ACTORS.definition()},
        }
    )
