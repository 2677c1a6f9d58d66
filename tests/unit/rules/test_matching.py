"""What a watch finds: scope, none, tone, prominence, direction, sources; terms as readers see them."""

from __future__ import annotations

import time

import pytest

from alerts.rules.match import compile_watch
from alerts.rules.model import Only, PartOf, Scope, SourcesPart
from alerts.rules.narrowing import Narrowing
from alerts.rules.view import SignalView
from alerts.rules.words import words_watched
from schemas.article import Source
from schemas.reasons import ArticleStatus, Prominence, Tone
from tests.unit.rules.world import hits, keys, rule, signal

MEET = signal(
    "Azerbaijan and Russia talk.", "Energy is the topic.", pairs=[("AZE", "RUS", [0])], topics={"energy": [1]}
)


def test_a_pair_is_found_either_way_by_key_with_where_and_what() -> None:
    (hit,) = hits("{pair: [Russia, Azerbaijan]}", MEET)
    assert (hit.key, hit.sentences, hit.matched) == ("AZE-RUS", (0,), ("AZE", "RUS"))
    assert keys("{pair: [AZE, UKR]}", MEET) == []


def test_a_directed_pair_needs_its_direction() -> None:
    acts = signal("Russia expels diplomats of Azerbaijan.", directed=[("RUS", "AZE", [0])])
    assert keys("{pair: RUS>AZE}", acts) == ["RUS>AZE"]
    assert keys("{pair: AZE>RUS}", acts) == []
    assert keys("{pair: AZE-RUS}", acts) == ["AZE-RUS"]
    assert keys("{pair: RUS>AZE}", MEET) == []


def test_wildcards_types_sets_and_exceptions_make_one_key_a_pair() -> None:
    article = signal("x y", pairs=[("AZE", "RUS", [0]), ("AZE", "EU", [0]), ("AZE", "SOCAR", [0]), ("UKR", "RUS", [0])])
    assert keys('{pair: [AZE, "*"]}', article) == ["AZE-EU", "AZE-RUS", "AZE-SOCAR"]
    assert keys("{pair: [AZE, {type: country}]}", article) == ["AZE-RUS"]
    assert keys("{pair: [AZE, {type: [country, body], except: [RUS]}]}", article) == ["AZE-EU"]
    assert keys("{pair: [AZE, {except: [EU, SOCAR]}]}", article) == ["AZE-RUS"]
    assert keys("{pair: [{any: [AZE, UKR]}, RUS]}", article) == ["AZE-RUS", "RUS-UKR"]
    assert keys("{each: pair}", article) == ["AZE-EU", "AZE-RUS", "AZE-SOCAR", "RUS-UKR"]
    assert keys("{each: actor, pair: [AZE, EU]}", article) == ["AZE", "EU", "RUS", "SOCAR", "UKR"]


def test_scope_is_the_sentence_for_pairs_unless_it_is_said_otherwise() -> None:
    assert keys("{pair: [AZE, RUS], topics: energy}", MEET) == []
    assert keys("{pair: [AZE, RUS], topics: energy, scope: paragraph}", MEET) == ["AZE-RUS"]
    parted = signal(
        "Azerbaijan and Russia talk.", "Of energy.", pairs=[("AZE", "RUS", [0])], topics={"energy": [1]}, breaks=[0]
    )
    assert keys("{pair: [AZE, RUS], topics: energy, scope: paragraph}", parted) == []
    assert keys("{pair: [AZE, RUS], topics: energy, scope: article}", parted) == ["AZE-RUS"]


def test_in_a_wider_scope_two_actors_meet_by_standing_in_it_together() -> None:
    apart = signal("Azerbaijan sells gas.", "Britain buys.", actors={"AZE": [0], "GBR": [1]})
    assert keys("{pair: [AZE, GBR]}", apart) == []
    assert keys("{pair: [AZE, GBR], scope: paragraph}", apart) == ["AZE-GBR"]
    assert keys("{pair: [AZE, GBR], scope: article}", apart) == ["AZE-GBR"]


def test_keywords_beside_a_pair_must_stand_in_its_sentence() -> None:
    assert keys("{pair: [AZE, RUS], keywords: topic}", MEET) == []
    assert hits("{pair: [AZE, RUS], keywords: TALK}", MEET)[0].matched == ("AZE", "RUS", "talk")


def test_none_looks_at_the_whole_article() -> None:
    assert keys("{pair: [AZE, RUS], keywords: {none: [topic]}}", MEET) == []
    assert keys("{pair: [AZE, RUS], topics: {none: [energy]}}", MEET) == []
    assert keys("{pair: [AZE, '*'], actor: {none: [RUS]}}", MEET) == []
    passing = signal("Azerbaijan speaks.", actors={"AZE": [0], "RUS": [0]}, prominence=Prominence.MENTION)
    assert keys("{keywords: speaks, actor: {none: [Russia]}}", passing) == []
    assert keys("{pair: [AZE, RUS], keywords: {none: [peace]}, topics: {none: [protest]}}", MEET) == ["AZE-RUS"]


def test_tone_is_that_of_the_sentence_or_of_the_article() -> None:
    mixed = signal(
        "Russia threatens Azerbaijan.",
        "They trade.",
        pairs=[("AZE", "RUS", [0])],
        tones=[Tone.CONFLICT, Tone.COOPERATION],
        tone=Tone.COOPERATION,
    )
    assert keys("{pair: [AZE, RUS], tone: conflict}", mixed) == ["AZE-RUS"]
    assert keys("{pair: [AZE, RUS], tone: cooperation}", mixed) == []
    assert keys("{pair: [AZE, RUS], tone: {none: [conflict]}}", mixed) == []
    assert keys("{pair: [AZE, RUS], tone: cooperation, scope: article}", mixed) == ["AZE-RUS"]
    assert keys("{pair: [AZE, RUS], tone: {none: [cooperation]}}", mixed) == [], "the article is of that tone"


@pytest.mark.parametrize("prominence", [Prominence.TITLE, Prominence.MAIN])
def test_pairs_and_actors_count_where_they_are_prominent(prominence: Prominence) -> None:
    article = signal("x", pairs=[("AZE", "RUS", [0])], prominence=prominence)
    assert keys("{pair: [AZE, RUS]}", article) == ["AZE-RUS"]
    assert keys("{actor: AZE}", article) == ["AZE"]


def test_what_is_mentioned_in_passing_counts_only_when_asked_for() -> None:
    article = signal("x", pairs=[("AZE", "RUS", [0])], prominence=Prominence.MENTION)
    assert keys("{pair: [AZE, RUS]}", article) == []
    assert keys("{actor: AZE}", article) == []
    assert keys("{pair: [AZE, RUS], prominence: [title, main, mention]}", article) == ["AZE-RUS"]
    assert keys("{actor: AZE, prominence: mention}", article) == ["AZE"]


def test_actors_in_groups() -> None:
    article = signal("x", "y", actors={"AZE": [0], "EU": [1], "GEO": [1]})
    assert keys("{actor: {any: [AZE, GEO], all: [EU]}}", article) == ["AZE", "GEO"]
    assert keys("{actor: {any: [AZE, GEO], all: [EU]}, scope: sentence}", article) == ["GEO"]
    assert keys("{actor: {any: [AZE], all: [UKR]}}", article) == []


def test_topics_have_one_key_a_rule_or_one_each() -> None:
    article = signal("x", "y", topics={"energy": [0], "sanctions": [1]})
    assert keys("{topics: [energy, protest]}", article) == ["topic:one"]
    assert keys("{topics: {all: [energy, sanctions]}}", article) == ["topic:one"]
    assert keys("{topics: {all: [energy, sanctions]}, scope: sentence}", article) == []
    assert keys("{each: topic}", article) == ["topic:energy", "topic:sanctions"]
    assert keys("{each: topic, topics: {any: [energy, protest]}}", article) == ["topic:energy"]
    assert keys("{each: topic, keywords: y, scope: sentence}", article) == ["topic:sanctions"]


def test_sources_and_languages() -> None:
    article = signal("TRIPP", source=Source(id="beta", name="B", country="GBR", group="wire"), language="ru")
    for part in (
        "beta",
        "{groups: wire}",
        "{countries: [Britain]}",
        "{ids: alfa, countries: GBR}",
        "{except: {ids: alfa}}",
    ):
        assert keys(f"{{keywords: TRIPP, sources: {part}}}", article) == ["keyword:one"], part
    for part in ("alfa", "{countries: AZE}", "{groups: wire, except: {ids: beta}}", "{except: {countries: GBR}}"):
        assert keys(f"{{keywords: TRIPP, sources: {part}}}", article) == [], part
    assert keys("{keywords: TRIPP, languages: [en, ru]}", article) == ["keyword:one"]
    assert keys("{keywords: TRIPP, languages: en}", article) == []


def test_a_withdrawn_article_is_found_by_nothing() -> None:
    gone = signal("Azerbaijan", pairs=[("AZE", "RUS", [0])], status=ArticleStatus.WITHDRAWN)
    assert keys("{pair: [AZE, RUS]}", gone) == []
    assert keys("{keywords: Azerbaijan}", gone) == []


@pytest.mark.parametrize(
    ("term", "text", "matched"),
    [
        ("zangezur", "The ZANGEZUR road", ["ZANGEZUR"]),
        ("zangezur", "Zangezurian road", []),
        ("Zangezur corridor", "the Zangezur\ncorridor", ["Zangezur corridor"]),
        ("Zangezur corridor", "Zangezur\n\ncorridor", []),
        ("Malatya", "Malatyá and MALATYÀ", ["Malatyá", "MALATYÀ"]),
        ("Şuşa", "a road to Susa", ["Susa"]),
        ("İsgəndərov", "isgəndərov came", ["isgəndərov"]),
        ("Ivane", "Ivane\u0301 spoke", ["Ivane\u0301"]),
        ("non-aligned", "the non–aligned, the non‑aligned", ["non–aligned", "non‑aligned"]),
        ("d'Ivoire", "Côte d’Ivoire", ["d’Ivoire"]),
        ("поезд", "ПОЕЗД ушёл", ["ПОЕЗД"]),
        ("ёлка", "елка стоит", ["елка"]),
        ("C++", "in C++ and C", ["C++"]),
        ("北京", "在北京举行", ["北京"]),
        ("soft hyphen", "soft hy\u00adphen", ["soft hy\u00adphen"]),
        ("{text: TRIPP, case: true}", "TRIPP and Tripp", ["TRIPP"]),
        ("{text: EU, case: true}", "eu Eu ÉU", []),
        (
            "{stem: Зангезурский коридор, language: ru}",
            "о Зангезурском коридоре и к коридору",
            ["Зангезурском коридоре"],
        ),
        ("{stem: санкция, language: ru}", "санкциями, санкций, санкциях", ["санкциями", "санкций", "санкциях"]),
        ("{stem: санкция, language: ru}", "санкционный", []),
        ("{stem: corridor, language: en}", "corridors and a corridor", ["corridors", "corridor"]),
        ("{stem: supply, language: en}", "supplied, supplies, supplier", ["supplied", "supplies"]),
        ("{stem: угода, language: uk}", "угоди про угоду", ["угоди", "угоду"]),
        (
            "{near: [Zangezur, {any: [corridor, route]}], words: 2}",
            "a route by the Zangezur",
            ["route by the Zangezur"],
        ),
        ("{near: [Zangezur, {any: [corridor, route]}], words: 1}", "a route by the Zangezur", []),
        ("{near: [a1, b1], words: 9}", "a1 here\n\nb1 there", []),
        ("{near: [a1, a1], words: 9}", "a1 alone", []),
        ("{pattern: 'drones?'}", "Drone and DRONES", ["Drone", "DRONES"]),
        ("{pattern: 'drones?', case: true}", "Drone and drones", ["drones"]),
        ("{pattern: 'c[ao]fé'}", "Café", ["Café"]),
    ],
)
def test_terms_are_found_as_a_reader_sees_them(term: str, text: str, matched: list[str]) -> None:
    found = hits(f"{{keywords: [{term}]}}", signal(text))
    assert [word for hit in found for word in hit.matched] == matched


def test_keywords_in_groups() -> None:
    article = signal("The corridor of Zangezur.", "A route is planned.")
    assert keys("{keywords: {all: [corridor, route]}}", article) == ["keyword:one"]
    assert keys("{keywords: {all: [corridor, route]}, scope: sentence}", article) == []
    assert keys("{keywords: {any: [corridor, tunnel], none: [bridge]}}", article) == ["keyword:one"]
    assert keys("{keywords: {any: [corridor, tunnel], none: [{stem: plan, language: en}]}}", article) == []


def test_a_hostile_pattern_costs_no_more_than_its_text() -> None:
    hostile = rule("{keywords: [{pattern: '(a|a)*b(a|aa)+$'}]}")
    article = signal("a" * 100_000)
    begun = time.process_time()
    assert compile_watch(hostile).hits(article) == ()
    assert time.process_time() - begun < 5


def test_a_signal_without_sentences_is_one_sentence() -> None:
    bare = signal("TRIPP route").model_copy(update={"sentences": ()})
    (hit,) = hits("{keywords: {all: [TRIPP, route]}, scope: sentence}", bare)
    assert (hit.key, hit.sentences) == ("keyword:one", ())


def test_a_detector_may_count_hits_of_a_tone_or_topic_alone() -> None:
    article = SignalView(
        signal(
            "Russia and Azerbaijan.",
            "And oil.",
            pairs=[("AZE", "RUS", [0])],
            tones=[Tone.CONFLICT],
            topics={"energy": [1]},
        )
    )
    assert Narrowing(Only(), Scope.SENTENCE).holds((0,), article)
    assert Narrowing(Only(tones=(Tone.CONFLICT,)), Scope.SENTENCE).holds((0,), article)
    assert not Narrowing(Only(tones=(Tone.NEUTRAL,)), Scope.SENTENCE).holds((0,), article)
    assert not Narrowing(Only(topics=("energy",)), Scope.SENTENCE).holds((0,), article)
    assert Narrowing(Only(topics=("energy",)), Scope.ARTICLE).holds((0,), article)
    both = Only(tones=(Tone.CONFLICT,), topics=("energy",))
    assert not Narrowing(both, Scope.SENTENCE).holds((0,), article)
    assert not Narrowing(both, Scope.SENTENCE).holds((1,), article)


def test_a_part_may_be_that_of_some_publishers() -> None:
    article = SignalView(signal("Russia and Azerbaijan.", pairs=[("AZE", "RUS", [0])], tones=[Tone.CONFLICT]))
    assert Narrowing(PartOf(sources=SourcesPart(countries=("AZE",))), Scope.SENTENCE).holds((0,), article)
    assert not Narrowing(PartOf(sources=SourcesPart(countries=("RUS",))), Scope.SENTENCE).holds((0,), article)
    theirs = PartOf(tones=(Tone.NEUTRAL,), sources=SourcesPart(countries=("AZE",)))
    assert not Narrowing(theirs, Scope.SENTENCE).holds((0,), article)


@pytest.mark.parametrize(
    ("watch", "words"),
    [
        ("{keywords: [Zangezur corridor, {text: TRIPP, case: true}]}", ("“Zangezur corridor”", "“TRIPP”")),
        (
            "{keywords: {any: [{near: [Zangezur, {any: [corridor, route]}], words: 5}]}}",
            ("“Zangezur” … “corridor”|“route”",),
        ),
        ("{keywords: {any: [{stem: коридор, language: ru}, {pattern: 'TR.PP'}]}}", ("“коридор”", "/TR.PP/")),
        ("{pair: [AZE, RUS], keywords: corridor}", ()),
    ],
)
def test_the_words_of_a_rule_about_words(watch: str, words: tuple[str, ...]) -> None:
    assert words_watched(rule(watch).watch) == words
