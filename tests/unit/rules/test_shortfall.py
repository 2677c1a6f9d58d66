"""Why an article is not found: the first part of the watch that fails; silent exactly where the matcher finds something."""

from __future__ import annotations

import pytest

from alerts.rules.match import compile_watch
from alerts.rules.shortfall import Short, shortfall
from schemas.article import Source
from schemas.reasons import ArticleStatus, LanguageSupport, Prominence, Tone
from schemas.signal import Signal
from tests.unit.rules.world import rule, signal

MEETING = signal("Azerbaijan meets Russia", pairs=[("AZE", "RUS", [0])])


@pytest.mark.parametrize(
    ("watch", "article", "short", "text"),
    [
        ("{pair: [AZE, RUS]}", signal("Azerbaijan", actors={"AZE": [0]}), Short.SUBJECT, "RUS was not found"),
        ("{pair: [AZE, RUS]}", signal("RUS and Azerbaijan", actors={"AZE": [0]}), Short.SUBJECT, "the word “RUS”"),
        (
            "{pair: [AZE, RUS]}",
            signal("Əlaqələr", language="az").model_copy(update={"language_support": LanguageSupport.NONE}),
            Short.LANGUAGE,
            "not found in az",
        ),
        (
            "{pair: [AZE, RUS]}",
            signal("A b", "c d", actors={"AZE": [0], "RUS": [1]}),
            Short.MEETING,
            "within one sentence",
        ),
        (
            "{pair: [AZE, RUS]}",
            signal("A b", pairs=[("AZE", "RUS", [0])], prominence=Prominence.MENTION),
            Short.PROMINENCE,
            "in passing",
        ),
        ("{pair: {from: RUS, to: AZE}}", MEETING, Short.MEETING, "in that direction"),
        ("{pair: [AZE, RUS], topics: energy}", MEETING, Short.WORDS, "not about energy"),
        ("{pair: [AZE, RUS], keywords: pipeline}", MEETING, Short.WORDS, "the words"),
        ("{pair: [AZE, RUS], keywords: {none: [meets]}}", MEETING, Short.REFUSED, "refuses"),
        ("{pair: [AZE, RUS], tone: conflict}", MEETING, Short.TONE, "conflict"),
        ("{pair: [AZE, RUS], sources: {countries: [GBR]}}", MEETING, Short.FILTER, "publisher"),
        ("{pair: [AZE, RUS], languages: [ru]}", MEETING, Short.FILTER, "language is not ru"),
        ("{keywords: TRIPP}", MEETING, Short.SUBJECT, "the words are not in it"),
        ("{topics: energy}", MEETING, Short.SUBJECT, "not about energy"),
        ("{actor: {any: [EU], none: [UKR]}}", MEETING, Short.SUBJECT, "EU was not found"),
        ("{actor: {any: [AZE], none: [RUS]}}", MEETING, Short.REFUSED, "refuses"),
        ("{actor: {any: [AZE], all: [EU]}}", MEETING, Short.WORDS, "as well"),
        (
            "{keywords: {all: [alpha, omega]}, scope: sentence}",
            signal("alpha one", "omega two"),
            Short.TOGETHER,
            "one sentence",
        ),
        (
            "{pair: [AZE, RUS]}",
            MEETING.model_copy(update={"status": ArticleStatus.WITHDRAWN}),
            Short.WITHDRAWN,
            "withdrawn",
        ),
    ],
)
def test_the_first_part_that_fails_is_named(watch: str, article: Signal, short: Short, text: str) -> None:
    if article.language == "en":
        article = article.model_copy(update={"language_support": LanguageSupport.FULL})
    found = shortfall(rule(watch, when="{threshold: {count: 1, within: 1h}}"), article)
    assert found is not None
    assert found.short is short, found
    assert text in found.text


@pytest.mark.parametrize(
    "watch",
    [
        "{pair: [AZE, RUS]}",
        "{pair: [AZE, '*'], tone: conflict, topics: energy}",
        "{actor: AZE}",
        "{keywords: meets}",
        "{each: pair}",
        "{topics: energy}",
        "{pair: [AZE, RUS], scope: article, sources: {ids: [alfa]}}",
    ],
)
def test_it_is_silent_exactly_where_the_matcher_finds_something(watch: str) -> None:
    articles = [
        MEETING,
        signal("Azerbaijan meets", actors={"AZE": [0]}, source=Source(id="bravo")),
        signal("A meets B", pairs=[("AZE", "RUS", [0])], topics={"energy": [0]}, tones=[Tone.CONFLICT]),
        signal("nothing"),
    ]
    for article in articles:
        asked = rule(watch, when="{threshold: {count: 1, within: 1h}}")
        assert (shortfall(asked, article) is None) == bool(compile_watch(asked).hits(article))
