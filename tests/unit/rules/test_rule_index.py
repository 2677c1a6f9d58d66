"""The index finds exactly what asking every rule alone finds, whatever the rules and the article."""

from __future__ import annotations

from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.rules.match import RuleIndex, compile_watch
from alerts.rules.model import Rule
from schemas.reasons import Prominence, Tone
from schemas.signal import Signal
from tests.unit.rules.world import rule, signal

WATCHES = (
    "{pair: [AZE, RUS]}",
    "{pair: AZE>RUS}",
    "{pair: RUS>AZE}",
    '{pair: [AZE, "*"]}',
    "{pair: [{type: country}, {type: body}]}",
    "{pair: [{any: [AZE, UKR]}, {any: [RUS, EU, GEO]}], tone: conflict}",
    "{pair: [UKR, {except: [RUS]}], scope: article}",
    "{each: pair}",
    "{each: pair, scope: paragraph}",
    "{pair: [AZE, RUS], keywords: {any: [corridor], none: [route]}}",
    "{pair: [AZE, RUS], topics: energy, scope: paragraph}",
    "{actor: AZE}",
    "{actor: {any: [EU], all: [UKR]}}",
    "{actor: {all: [UKR]}, keywords: route}",
    "{actor: {none: [RUS]}, keywords: route}",
    "{each: actor, prominence: [title, main, mention]}",
    "{each: actor, pair: [AZE, RUS]}",
    "{actor: {type: country}}",
    "{topics: energy}",
    "{topics: {all: [energy, protest]}}",
    "{each: topic}",
    "{each: topic, topics: {none: [energy]}}",
    "{keywords: Corridor}",
    "{keywords: [{text: TRIPP, case: true}]}",
    "{keywords: {all: [corridor, TRIPP]}, scope: sentence}",
    "{keywords: [{pattern: 'rout?e'}]}",
    "{keywords: {any: [route, {pattern: 'x+'}]}}",
    "{keywords: [{near: [corridor, {any: [route, TRIPP]}], words: 1}]}",
    "{keywords: [{stem: коридор, language: ru}], languages: ru}",
    "{keywords: {none: [route]}, topics: protest}",
)
WORDS = ("corridor", "CORRIDOR", "route", "TRIPP", "tripp", "коридора", "xx", "and", "in")
ACTORS = ("AZE", "RUS", "UKR", "EU", "GEO")


@cache
def named(watch: str, place: int) -> Rule:
    """The rule of ``watch``; reading it takes longer than all that is tested here."""
    return rule(watch, name=f"rule-{place:02d}")


rules = st.lists(st.sampled_from(WATCHES), min_size=1, max_size=8, unique=True).map(
    lambda watches: [named(watch, i) for i, watch in enumerate(watches)]
)


@st.composite
def articles(draw: st.DrawFn) -> Signal:
    count = draw(st.integers(1, 4))
    sentences = [" ".join(draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=5))) for _ in range(count)]
    where = st.lists(st.integers(0, count - 1), min_size=1, max_size=count, unique=True).map(sorted)
    ends = st.lists(st.sampled_from(ACTORS), min_size=2, max_size=2, unique=True)
    pairs = st.lists(st.tuples(ends, where).map(lambda p: (p[0][0], p[0][1], p[1])), max_size=3)
    return signal(
        *sentences,
        actors=draw(st.dictionaries(st.sampled_from(ACTORS), where, max_size=3)),
        pairs=draw(pairs),
        directed=draw(pairs),
        topics=draw(st.dictionaries(st.sampled_from(("energy", "protest", "sanctions")), where, max_size=2)),
        tones=draw(st.lists(st.sampled_from(Tone), min_size=count, max_size=count)),
        tone=draw(st.sampled_from(Tone)),
        prominence=draw(st.sampled_from(Prominence)),
        language=draw(st.sampled_from(("en", "ru"))),
        breaks=draw(st.lists(st.integers(0, 3), max_size=3)),
    )


@settings(max_examples=300, deadline=None)
@given(rules, articles())
def test_the_index_equals_asking_every_rule_alone(some: list[Rule], article: Signal) -> None:
    alone = {r.name: found for r in some if (found := compile_watch(r).hits(article))}
    together = RuleIndex(some).hits(article)
    assert dict(together) == alone
    assert list(together) == list(alone)


@settings(max_examples=50, deadline=None)
@given(articles())
def test_all_rules_at_once(article: Signal) -> None:
    everything = [named(watch, i) for i, watch in enumerate(WATCHES)]
    alone = {r.name: found for r in everything if (found := compile_watch(r).hits(article))}
    assert dict(RuleIndex(everything).hits(article)) == alone


PAIRS = (
    "pair: [AZE, RUS]",
    "pair: AZE>RUS",
    'pair: [AZE, "*"]',
    "pair: [{type: country}, {type: body}], scope: paragraph",
    "pair: [UKR, {except: [RUS]}], scope: article",
    "each: pair",
    "each: pair, prominence: [title]",
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PAIRS), articles())
def test_a_tone_that_leaves_nothing_out_changes_nothing(watch: str, article: Signal) -> None:
    """What has to be weighed with other conditions, and a pair that stands alone, find the same."""
    every = ", ".join(Tone)
    alone = compile_watch(named(f"{{{watch}}}", 0)).hits(article)
    assert compile_watch(named(f"{{{watch}, tone: [{every}]}}", 0)).hits(article) == alone
