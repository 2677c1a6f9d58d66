"""Rules of which nothing is left: told as a mistake with its line; rules that may ring, however narrow, are not touched."""

from __future__ import annotations

import pytest

from alerts.rules.load import RulesError, load_rules
from alerts.rules.mistakes import Mistake
from tests.unit.rules.world import DIRECTORY, TOPICS


def mistakes(watch: str, when: str = "spike", more: str = "", above: str = "") -> list[Mistake]:
    text = f"{above}rules:\n  - name: one\n    watch: {watch}\n    when: {when}\n    {more}\n"
    try:
        load_rules(text, "rules.yaml", DIRECTORY, topics=TOPICS, understands=lambda language: language == "en")
    except RulesError as error:
        return list(error.mistakes)
    return []


PAIR = "{pair: [AZE, RUS]}"
HOSTILE = "{pair: [AZE, RUS], tone: conflict}"
ONE_COUNTRY = "{pair: [AZE, RUS], sources: {countries: [Russia, Ukraine], except: {countries: Ukraine}}}"
TO_CONFLICT = "{shift: {to: {tone: conflict}}}"
TWO = "corroborated_by: {source_countries: 2}"


NOBODY_IS_LEFT = [
    ("{pair: [AZE, RUS], actor: {none: [Russia]}}", "spike", "", 3, "everybody on one side of the pair is refused"),
    ("{pair: [AZE, '*'], actor: {none: [{type: country}]}}", "spike", "", 3, "everybody on one side of the pair"),
    ("{each: pair, actor: {none: ['*']}}", "spike", "", 3, "everybody on one side of the pair"),
    ("{actor: {any: [AZE, RUS], none: [{type: country}]}}", "spike", "", 3, "everybody who is wanted is refused"),
    ("{actor: {any: [{type: body}], none: [{type: body}]}}", "spike", "", 3, "everybody who is wanted is refused"),
    ("{each: actor, actor: {none: ['*']}}", "spike", "", 3, "everybody who is wanted is refused"),
]

ONE_ID = "{pair: [AZE, RUS], sources: tass}"
TWO_IDS = "{pair: [AZE, RUS], sources: {ids: [tass, apa, bbc], except: {ids: bbc}}}"
OF_PUBLISHERS = [
    (ONE_ID, "spike", "", 4, "only 1 publisher counts, spike needs 3"),
    ("{pair: [AZE, RUS], sources: {groups: mir}}", "cusum", "", 4, "only 1 publisher counts, cusum needs 3"),
    (
        TWO_IDS,
        "{threshold: {count: 3, within: 6h, of: publishers}}",
        "",
        4,
        "only 2 publishers count, threshold needs 3",
    ),
    (TWO_IDS, "{threshold: {count: 3, within: 6h, min: {publishers: 4}}}", "", 4, "threshold needs 4"),
    (TWO_IDS, "{new: {quiet_for: 30d, confirm: {publishers: 3}}}", "", 4, "only 2 publishers count, new needs 3"),
    (PAIR, "{shift: {to: {sources: tass}}}", "", 4, "only 1 publisher belongs to the part, shift needs 3"),
    (PAIR, "{shift: {to: {sources: {countries: Russia}}}}", TWO, 5, "1 country belong to the part of its shift"),
    (ONE_ID, "{threshold: {count: 3, within: 6h}}", TWO, 5, "only publishers of 1 country count"),
    (
        "{pair: [AZE, RUS], sources: {countries: Russia}}",
        "{shift: {to: {sources: {countries: [Ukraine, Georgia]}}}}",
        "",
        4,
        "no publisher of the part is among those the watch counts",
    ),
    (
        "{pair: [AZE, RUS], sources: {except: {countries: Russia}}}",
        "{shift: {to: {sources: {countries: Russia}}}}",
        "",
        4,
        "the part is always empty",
    ),
    (
        "{pair: [AZE, RUS], sources: {countries: Russia}}",
        "{shift: {to: {sources: {countries: [Russia, Georgia]}}}}",
        "",
        4,
        "the part is always the whole",
    ),
    (
        TWO_IDS,
        "{threshold: {count: 3, within: 6h}}",
        "severities: {high: {publishers: 3}}",
        5,
        "only 2 publishers can have it: high is never reached",
    ),
]

OF_TOPICS_AND_WORDS = [
    (
        "{pair: [AZE, RUS], topics: {none: [energy, protest]}}",
        "{spike: {only: {topics: energy}}}",
        "",
        4,
        "the watch refuses energy, so only is always empty",
    ),
    (
        "{pair: [AZE, RUS], topics: {none: energy}}",
        "{shift: {to: {topics: energy}}}",
        "",
        4,
        "so the part is always empty",
    ),
    ("{topics: {any: [energy, protest]}}", "{shift: {to: {topics: [protest, energy]}}}", "", 4, "always the whole"),
    ("{topics: {all: [energy, protest]}}", "{shift: {to: {topics: protest}}}", "", 4, "always the whole"),
    ("{keywords: {any: TRIPP, none: [x, tripp]}}", "spike", "", 3, "'TRIPP' never counts: none refuses 'tripp' in it"),
    (
        "{keywords: {any: ['Zangezur corridor'], none: corridor}}",
        "spike",
        "",
        3,
        "'Zangezur corridor' never counts: none refuses 'corridor' in it",
    ),
    ("{keywords: {all: {near: [gas, [oil, 'oil well']], words: 3}, none: oil}}", "spike", "", 3, "refuses 'oil' in it"),
    ("{keywords: {any: {pattern: 'a+b'}, none: {pattern: 'a+b'}}}", "spike", "", 3, "wanted and refused at once: a+b"),
]

ALL_IS_KNOWN = [
    (PAIR, "{new: {quiet_for: 30d, known: [RUS-AZE]}}", "", 4, "every key is AZE-RUS, which is known"),
    ("{actor: [AZE, RUS]}", "{new: {quiet_for: 30d, known: [RUS, AZE, GEO]}}", "", 4, "every key holds AZE or RUS"),
    ("{each: topic, topics: energy}", "{new: {quiet_for: 30d, known: energy}}", "", 4, "every key is energy"),
]

IN_ITS_LANGUAGES = [
    ("{topics: energy, languages: [ru, fr]}", "spike", "", 3, "topics are not read in articles in fr or ru"),
    ("{each: topic, languages: ru}", "spike", "", 3, "topics are not read in articles in ru"),
    ("{pair: [AZE, RUS], tone: conflict, languages: ru}", "spike", "", 3, "tone is not read in articles in ru"),
    ("{pair: {from: AZE, to: RUS}, languages: ru}", "spike", "", 3, "who acts on whom is not read in articles in ru"),
    ("{pair: [AZE, RUS], languages: ru}", TO_CONFLICT, "", 4, "nothing that is counted is conflict"),
    ("{pair: [AZE, RUS], languages: ru}", "{spike: {only: {topics: energy}}}", "", 4, "topics are not read"),
]


@pytest.mark.parametrize(
    ("watch", "when", "more", "line", "message"),
    [
        (HOSTILE, TO_CONFLICT, "", 4, "all that is counted is conflict: the part is always the whole"),
        (PAIR, "{shift: {to: {tone: [conflict, neutral, cooperation]}}}", "", 4, "the part is always the whole"),
        (PAIR, "{shift: {to: {tone: conflict}, only: {tone: conflict}}}", "", 4, "the part is always the whole"),
        ("{pair: [AZE, RUS], tone: {none: conflict}}", TO_CONFLICT, "", 4, "the part is always empty"),
        (PAIR, "{shift: {to: {tone: conflict}, only: {tone: neutral}}}", "", 4, "the part is always empty"),
        (
            HOSTILE,
            "[spike, {drop: {only: {tone: neutral}}}]",
            "",
            4,
            "only what is neutral is counted of what is conflict",
        ),
        (ONE_COUNTRY, "spike", TWO, 5, "only publishers of 1 country count"),
        ("{pair: [AZE, RUS], sources: {ids: tass, except: {ids: [apa, tass]}}}", "spike", "", 3, "nobody is left"),
        *NOBODY_IS_LEFT,
        *OF_PUBLISHERS,
        *OF_TOPICS_AND_WORDS,
        *ALL_IS_KNOWN,
        *IN_ITS_LANGUAGES,
    ],
)
def test_what_can_never_ring_is_one_mistake(watch: str, when: str, more: str, line: int, message: str) -> None:
    (mistake,) = mistakes(watch, when, more)
    assert message in mistake.message
    assert mistake.line == line
    assert mistake.remedy


@pytest.mark.parametrize(
    ("watch", "when", "more"),
    [
        (PAIR, TO_CONFLICT, TWO),
        ("{pair: [AZE, RUS], tone: [conflict, neutral]}", TO_CONFLICT, ""),
        (HOSTILE, "{shift: {to: {tone: conflict, topics: energy}}}", ""),
        (HOSTILE, "{shift: {to: {sources: {countries: Russia}}}}", ""),
        (HOSTILE, "{spike: {only: {tone: [conflict, neutral]}}}", ""),
        # A paragraph holds sentences of several tones.
        ("{pair: [AZE, RUS], tone: conflict, scope: paragraph}", "{spike: {only: {tone: neutral}}}", ""),
        ("{pair: [AZE, RUS], tone: conflict, scope: paragraph}", "{shift: {to: {tone: neutral}}}", ""),
        ("{pair: [AZE, RUS], sources: {countries: Russia, ids: bbc}}", "spike", TWO),
        ("{pair: [AZE, RUS], sources: {countries: Russia, except: {ids: tass}}}", "spike", ""),
        ("{pair: [AZE, RUS], sources: {except: {countries: Russia}}}", "spike", TWO),
        ("{pair: [AZE, RUS], sources: {groups: mir}}", "{threshold: {count: 1, within: 6h}}", TWO),
        (ONE_ID, "{drop: {}}", TWO),
        (ONE_ID, "{spike: {min: {publishers: 1}}}", ""),
        # Where all feeds together have two publishers, the floor of three is two.
        (TWO_IDS, "spike", ""),
        ("{pair: [AZE, RUS], sources: {groups: [mir, apa]}}", "{new: {quiet_for: 2d, confirm: {publishers: 2}}}", ""),
        (
            "{pair: [AZE, RUS], sources: {groups: mir}}",
            "{shift: {to: {sources: {countries: Russia}}, min: {publishers: 1}}}",
            "",
        ),
        ("{pair: [AZE, RUS], topics: {none: energy}}", "{spike: {only: {topics: [energy, protest]}}}", ""),
        ("{topics: {any: [energy, protest]}}", "{shift: {to: {topics: energy}}}", ""),
        ("{topics: energy}", "{shift: {to: {topics: energy, tone: conflict}}}", ""),
        ("{keywords: TRIPP, actor: {none: ['*']}}", "spike", ""),
        ("{pair: [AZE, {any: [RUS, EU]}], actor: {none: [Russia]}}", "spike", ""),
        ("{actor: {any: [{type: country}], none: [{type: country, except: AZE}]}}", "spike", ""),
        ("{keywords: {any: [corridor], none: ['Zangezur corridor']}}", "spike", ""),
        ("{keywords: {any: [tripp], none: {text: TRIPP, case: true}}}", "spike", ""),
        ("{keywords: {any: {near: [gas, [oil, coal]], words: 3}, none: oil}}", "spike", ""),
        ("{pair: [AZE, {any: [RUS, GEO]}]}", "{new: {quiet_for: 30d, known: [AZE-RUS]}}", ""),
        ("{pair: {from: AZE, to: RUS}}", "{new: {quiet_for: 30d, known: [RUS>AZE]}}", ""),
        ("{actor: {type: country}}", "{new: {quiet_for: 30d, known: [RUS, AZE]}}", ""),
        ("{topics: energy, languages: [ru, en]}", "spike", ""),
        ("{pair: [AZE, RUS], tone: {none: conflict}, languages: ru}", "spike", ""),
        ("{keywords: газ, languages: ru}", "spike", ""),
    ],
)
def test_what_may_ring_is_none(watch: str, when: str, more: str) -> None:
    assert mistakes(watch, when, more) == []


@pytest.mark.parametrize(
    ("watch", "when"),
    [
        ("{pair: [AZE, RUS], tone: [conflict, neutrl]}", TO_CONFLICT),
        (HOSTILE, "{shift: {to: {tone: [conflict, neutrl]}}}"),
        (HOSTILE, "{spike: {only: {tone: [neutral, conflct]}}}"),
    ],
)
def test_what_hangs_on_a_wrong_word_is_not_guessed(watch: str, when: str) -> None:
    (mistake,) = mistakes(watch, when)
    assert "is needed, this is the text" in mistake.message


def test_what_is_missing_from_the_defaults_is_told_of_each_rule_it_silences() -> None:
    above = "defaults: {corroborated_by: {source_countries: 2}}\n"
    (mistake,) = mistakes(ONE_COUNTRY, above=above)
    assert mistake.message.startswith(
        "the defaults ask that publishers of 2 countries corroborate it, and only publishers"
    )
    assert (mistake.line, mistake.path) == (4, "rules[0].watch")
    assert "corroborated_by: {source_countries: 1}" in mistake.remedy
    assert mistakes(ONE_COUNTRY, more="corroborated_by: {source_countries: 1}", above=above) == []
    assert mistakes(ONE_COUNTRY, "drop", above=above) == []
    assert mistakes(PAIR, above=above) == []


def test_defaults_that_are_wrong_silence_nobody() -> None:
    (mistake,) = mistakes(ONE_COUNTRY, above="defaults: {corroborated_by: {source_countries: 0}}\n")
    assert mistake.path == "defaults.corroborated_by.source_countries"
