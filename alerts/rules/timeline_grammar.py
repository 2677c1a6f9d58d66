"""Timeline tests in YAML → compiled tests, or all mistakes at once with their lines; and the JSON Schema of the files."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from alerts.rules.actor_grammar import ACTORS, ACTORS_DEFINITION
from alerts.rules.directory import ActorDirectory
from alerts.rules.fields import Fields, Key, Values
from alerts.rules.mistakes import RulesError
from alerts.rules.readers import Items, JsonSchema, Number, Text, Whole, Word
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
from alerts.rules.yaml_tree import parse
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


def _step(values: Values) -> Step | None:
    kinds = [key for key in (_PUSH, _OUTAGE, _BETWEEN) if key.name in values.written]
    if len(kinds) != 1:
        names = " and ".join(key.name for key in kinds) or "none of them"
        values.wrong(None, f"a step has push, outage or between; this one has {names}", "write one of the three")
        return None
    allowed = {
        _PUSH.name: (_AT, _PUSH, *_OF_PUSH),
        _OUTAGE.name: (_AT, _OUTAGE, _FOR),
        _BETWEEN.name: (_BETWEEN, *_OF_EXPECTATION),
    }[kinds[0].name]
    strange = [name for name in values.written if name not in {key.name for key in allowed}]
    for name in strange:
        values.reading.wrong(
            values.written[name], f"{values.path}.{name}", f"{name} does not belong to {kinds[0].name}", "remove it"
        )
    if strange:
        return None
    if kinds[0] is _BETWEEN:
        return _expectation(values)
    at = values.get(_AT)
    if at is None:
        values.wrong(None, "the key 'at' is missing", _AT.about)
        return None
    return _push(values, at) if kinds[0] is _PUSH else _outage(values, at)


def _push(values: Values, at: int) -> Push | None:
    text, pair, actor = values.get(_TEXT), values.get(_PAIR), values.get(_ACTOR)
    if sum(given is not None for given in (text, pair, actor)) != 1:
        values.wrong(_PUSH, "what is pushed needs exactly one of text, pair and actor", "write one of the three")
        return None
    found = [key for key in (_TOPICS, _TONE, _PROMINENCE) if text is not None and key.name in values.written]
    if found:
        values.wrong(found[0], f"the text itself says what {found[0].name} it has", "remove it, or write pair")
        return None
    articles = values.get_or(_PUSH, 1)
    stories = values.get_or(_STORIES, articles)
    if stories > articles:
        values.wrong(_STORIES, f"{articles} articles cannot tell {stories} stories", "push more articles")
        return None
    return Push(
        line=values.node.line,
        at=at,
        articles=articles,
        stories=stories,
        over=values.get_or(_OVER, 0),
        sources=values.get_or(_SOURCES, 0),
        text=text or "",
        language=values.get(_LANGUAGE),
        meeting=pair if pair is not None else Meeting(actor) if actor is not None else None,
        topics=values.get_or(_TOPICS, ()),
        tone=values.get_or(_TONE, Tone.NEUTRAL),
        prominence=values.get_or(_PROMINENCE, Prominence.TITLE),
    )


def _outage(values: Values, at: int) -> Outage | None:
    length = values.get(_FOR)
    if not length:
        values.wrong(None, "the key 'for' is missing", _FOR.about)
        return None
    return Outage(values.node.line, at, at + length, values.get_or(_OUTAGE, 0))


def _expectation(values: Values) -> Expectation | None:
    outcome = values.get(_EXPECT)
    first, last = values.get_or(_BETWEEN, (0, 0))
    if outcome is None:
        values.wrong(None, "the key 'expect' is missing", _EXPECT.about)
        return None
    if first > last:
        values.wrong(_BETWEEN, "it ends before it begins", "exchange the two times")
        return None
    if outcome is Outcome.QUIET and (_REASON.name in values.written or _SEVERITY.name in values.written):
        values.wrong(_EXPECT, "quiet has neither reason nor severity", "remove them")
        return None
    return Expectation(
        line=values.node.line,
        first=first,
        last=last,
        outcome=outcome,
        rule=values.get(_RULE),
        key=values.get(_KEY),
        reason=values.get(_REASON),
        severity=values.get(_SEVERITY),
    )


_RATE = Key("stories_per_hour", Number(least=0, most=50), "Stories an hour of each subject; 0.2 by default.")
_PUBLISHERS = Key("publishers", Whole(least=1, most=200), "Publishers that are polled; 8 by default.")
_DAYS = Key("days", Whole(least=0, most=800), "Days before the start; 30 by default.")
_SEED = Key("seed", Whole(least=0), "Which of many backgrounds; 1 by default.")


def _background(values: Values) -> Background | None:
    default = Background()
    made = Background(
        stories_per_hour=values.get_or(_RATE, default.stories_per_hour),
        publishers=values.get_or(_PUBLISHERS, default.publishers),
        days=values.get_or(_DAYS, default.days),
        seed=values.get_or(_SEED, default.seed),
    )
    if made.stories_per_hour * 24 * made.days > _MOST_IN_BACKGROUND:
        values.wrong(None, f"more than {_MOST_IN_BACKGROUND:,} stories in the background", "fewer days or stories")
        return None
    return made


_BACKGROUND = Key(
    "background",
    Fields((_RATE, _PUBLISHERS, _DAYS, _SEED), _background, may_be_empty=True),
    "The quiet weeks before.",
)
_NAME = Key("name", Text(max_characters=200), "What the test shows.", required=True)
_STARTS = Key("starts", Day(), f"The day the timeline begins on; {FIRST_DAY} by default.")
_STEP: Fields[Step] = Fields((_AT, _PUSH, *_OF_PUSH, _OUTAGE, _FOR, _BETWEEN, *_OF_EXPECTATION), _step, about="A step.")
_STEPS: Key[tuple[Step, ...]] = Key(
    "steps",
    Items(_STEP, most=500),
    "What is pushed when, and what is expected when.",
    required=True,
)


def _test(values: Values) -> tuple[Timeline, bool] | None:
    steps = values.get_or(_STEPS, ())
    if not any(isinstance(step, Expectation) for step in steps):
        values.wrong(_STEPS, "nothing is expected, so nothing can fail", "write a step with between and expect")
        return None
    made = Timeline(
        name=values.get_or(_NAME, ""),
        line=values.node.line,
        steps=steps,
        background=values.get_or(_BACKGROUND, Background()),
        starts=values.get_or(_STARTS, FIRST_DAY),
        rule=values.get(_RULE),
    )
    return made, _BACKGROUND.name in values.written


_TESTS = Key(
    "tests",
    Items(Fields((_NAME, _RULE, _STARTS, _BACKGROUND, _STEPS), _test, about="A test."), most=_MOST_TESTS),
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
    reading = TimelineReading(name, directory, topics, rules=rules)
    tests = _FILE.read(parse(text, name), "", reading)
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
