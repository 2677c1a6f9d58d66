"""What a message says about what is written: what it is, what it only looks like, and what to write instead."""

from __future__ import annotations

import pytest

from alerts.rules.load import RulesError, load_rules
from alerts.rules.mistakes import Mistake
from alerts.rules.model import New
from alerts.rules.words import describe
from tests.unit.rules.world import DIRECTORY, TOPICS, rule


def mistakes(text: str) -> list[Mistake]:
    with pytest.raises(RulesError) as caught:
        load_rules(text, "rules.yaml", DIRECTORY, topics=TOPICS)
    return list(caught.value.mistakes)


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("1_000", "1000"),
        ("1 000", "1000"),
        ('"5"', "5"),
        ("1.5", "2"),
        ("1e999", "1000000"),
        (".nan", "1"),
        ("-3", "1"),
        ("true", "1"),
        ("ten", "1"),
    ],
)
def test_a_number_that_will_not_do_names_the_nearest_that_does(written: str, wanted: str) -> None:
    text = "rules: [{name: a, watch: {pair: [AZE, RUS]}, when: {threshold: {count: %s, within: 6h}}}]"
    (mistake,) = mistakes(text % written)
    assert mistake.remedy == f"write for example {wanted}"
    load_rules(text % wanted, "rules.yaml", DIRECTORY, topics=TOPICS)


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("rules: [{}]", ["name", "watch", "when"]),
        ("rules: [{name: a, watch: {pair: {}}, when: {threshold: {}}}]", ["count", "from", "to", "within"]),
        ("rules: [{name: a, watch: {keywords: {stem: x}}, when: {shift: {}}}]", ["language", "to"]),
        ("rules: [{name: a, watch: {keywords: {near: [a, b]}}, when: {new: {}}}]", ["quiet_for", "words"]),
        ("rules: [{name: a, watch: {actor: AZE}, when: {spike: {budget: {}}}}]", ["false_alarms", "per"]),
        ("defaults: {corroborated_by: {}}", ["rules", "source_countries"]),
    ],
)
def test_a_key_that_is_missing_is_shown_as_it_may_be_written(text: str, missing: list[str]) -> None:
    found = {m.message.split("'")[1]: m.remedy for m in mistakes(text) if m.message.endswith("is missing")}
    assert sorted(found) == missing
    for key, remedy in found.items():
        assert remedy.startswith(f"add for example {key}:")


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("Ruѕsia", "'ѕ' in it is CYRILLIC SMALL LETTER DZE"),
        ("Russia\u200b", "'\\u200b' in it is ZERO WIDTH SPACE"),
        ("\u202eRussia", "RIGHT-TO-LEFT OVERRIDE"),
    ],
)
def test_a_letter_that_only_looks_like_another_is_named(name: str, what: str) -> None:
    (mistake,) = mistakes(f"rules: [{{name: a, watch: {{actor: '{name}'}}, when: spike}}]")
    assert what in mistake.message
    assert mistake.remedy == "did you mean RUS?"


@pytest.mark.parametrize("name", ["Атлантида", "Atlântida"])
def test_a_name_in_its_own_alphabet_is_only_unknown(name: str) -> None:
    (mistake,) = mistakes(f"rules: [{{name: a, watch: {{actor: {name}}}, when: spike}}]")
    assert mistake.message == f"unknown actor {name!r}"


def test_the_name_of_a_rule_tells_the_letter_that_will_not_do() -> None:
    (mistake,) = mistakes("rules: [{name: bаku, watch: {actor: AZE}, when: spike}]")
    assert "'а' in it is CYRILLIC SMALL LETTER A" in mistake.message


@pytest.mark.parametrize(
    ("key", "written", "remedy"),
    [
        ("for", "90m", "write for example 2h"),
        ("for", "6H", "write 6h"),
        ("for", "3 days", "write 3d"),
        ("for", "6", "write 6h or 6d"),
        ("for", "soon", "write for example 6h, 14d or 2w"),
        ("corroborated_by", "2", "write for example {source_countries: 2}"),
        ("active", "{days: weekdays}", "write mon-fri"),
        ("active", "{hours: 9-17}", 'write "09:00-17:00"'),
        ("active", "{hours: 9:00 – 17:00}", 'write "09:00-17:00"'),
        ("active", "{hours: by day}", 'write for example "07:00-22:00"'),
        ("active", "{days: sun, timezone: Baku}", "did you mean Asia/Baku?"),
        ("active", "{days: sun, timezone: Nowhere}", "write for example UTC or Europe/London"),
        ("severities", "{high: 12}", "its keys are stories, publishers, articles, times or score"),
    ],
)
def test_what_people_write_instead_is_shown_as_it_is_written_here(key: str, written: str, remedy: str) -> None:
    (mistake,) = mistakes(f"rules: [{{name: a, watch: {{actor: AZE}}, when: spike, {key}: {written}}}]")
    assert mistake.remedy == remedy


def test_a_value_where_keys_are_needed_is_shown_with_those_that_must_be_there() -> None:
    (mistake,) = mistakes("rules: [{name: a, watch: {actor: AZE}, when: {threshold: 3}}]")
    assert mistake.remedy == "write for example {count: 3, within: 24h}"
    (mistake,) = mistakes("rules: [a]")
    assert mistake.remedy.startswith("write for example {name: baku-moscow, watch: {pair: ")


def test_a_tab_is_called_one() -> None:
    (mistake,) = mistakes("rules:\n  - name: a\n\twatch: {actor: AZE}\n")
    assert (mistake.line, mistake.remedy) == (3, "indent with spaces instead")


def test_a_set_stands_for_countries_of_publishers_and_for_who_is_known() -> None:
    text = (
        "sets: {near: [AZE, GEO], firms: [SOCAR], all: [{type: country}]}\n"
        "rules: [{name: a, watch: {pair: [RUS, '*'], sources: {countries: near, except: {countries: [near, RUS]}}},"
        " when: {new: {quiet_for: 30d, known: [near, firms, Energy]}}}]"
    )
    (mistake,) = mistakes(text)
    assert mistake.message == "everybody is excepted, nobody is left"
    found = load_rules(text.replace("[near, RUS]", "RUS"), "rules.yaml", DIRECTORY, topics=TOPICS).rules[0]
    assert found.watch.sources is not None
    assert found.watch.sources.countries == ("AZE", "GEO")
    assert isinstance(found.when[0], New)
    assert found.when[0].known == ("AZE", "GEO", "SOCAR", "energy")
    wrong = text.replace("countries: near", "countries: firms").replace("known: [near", "known: [all")
    assert {m.message for m in mistakes(wrong)} == {
        "a country is needed here",
        "the set 'all' does not name its actors",
    }


def test_publishers_that_are_excepted_may_be_a_list_as_those_that_count_may() -> None:
    short, long = (
        rule(f"{{pair: [AZE, RUS], sources: {{except: {written}}}}}")
        for written in ("[tass, apa]", "{ids: [apa, tass]}")
    )
    assert short == long


def test_one_is_said_as_one() -> None:
    one = rule(
        "{keywords: {near: [a, b], words: 1}}", when="{shift: {to: {tone: conflict}, min: {stories: 1, part: 1}}}"
    )
    said = describe(one.model_copy(update={"max_keys": 1, "limit": 1}))
    for words in ("at most 1 word between", "among 1 story", "At most 1 count is kept, and 1 alert may be open"):
        assert words in said


def test_what_is_missing_is_said_to_need_nobody_else() -> None:
    def said(when: str) -> str:
        text = "rules: [{name: a, watch: {actor: AZE}, when: %s, corroborated_by: {source_countries: 2}}]"
        return describe(load_rules(text % when, "rules.yaml", DIRECTORY, topics=TOPICS).rules[0])

    assert "Only once publishers of at least 2 countries have it." in said("spike")
    assert "but not where there are too few" in said("[spike, drop]")
    assert "countries" not in said("drop")
    assert "at most 50 % of them came" in said("drop")
    assert said("{drop: {min: {times: 0}}}").count("12 or more are expected;") == 1


def test_a_pair_of_two_of_the_same_is_told_as_that() -> None:
    def told(pair: str) -> str:
        text = f"rules: [{{name: a, watch: {{pair: {pair}}}, when: spike}}]"
        return describe(load_rules(text, "rules.yaml", DIRECTORY, topics=TOPICS).rules[0]).split("\n")[0]

    assert "in which any two actors meet, either way" in told('["*", "*"]')
    assert "in which any country and another meet, either way" in told("[{type: country}, {type: country}]")
    both = "{any: [AZE, GEO]}"
    assert "in which two of AZE or GEO meet, either way" in told(f"[{both}, {both}]")
    assert "in which anybody acts on anybody" in told('{from: "*", to: "*"}')


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("EN", "write en"),
        ("en-US", "write en"),
        ("english", "write en"),
        ("ua", "write uk"),
        ("cz", "write cs"),
        ("xx", "write its two letters (ISO 639-1): en, ru, az"),
        ("rus", "write ru"),
        ("klingon", "write its two letters (ISO 639-1): en, ru, az"),
    ],
)
def test_a_language_that_is_called_otherwise_is_met_with_its_two_letters(written: str, remedy: str) -> None:
    text = "rules: [{name: a, watch: {pair: [AZE, RUS], languages: %s}, when: spike}]"
    (mistake,) = mistakes(text % written)
    assert (mistake.message, mistake.remedy) == (f"{written!r} is no language", remedy)
    load_rules(text % "[en, uk, ka, arz, ckb]", "rules.yaml", DIRECTORY, topics=TOPICS)


@pytest.mark.parametrize(
    ("term", "told", "remedy"),
    [
        ("Baku OR Yerevan", "OR is looked for as a word", 'write any: ["Baku", "Yerevan"]'),
        ("NATO OR EU", "OR is looked for as a word", 'write any: ["NATO", "EU"]'),
        ("巴库 OR 北京", "OR is looked for as a word", 'write any: ["巴库", "北京"]'),
        ('"Baku" AND "natural gas"', "AND is looked for as a word", 'write all: ["Baku", "natural gas"]'),
        ("(Baku OR Ganja) AND gas", "OR is looked for as a word", "write all: […], any: […] and none: […]"),
        ("Baku NOT football", "NOT is looked for as a word", "write all: […], any: […] and none: […]"),
        ("Baku NEAR/5 gas", "NEAR/5 is looked for as a word", "write {near: [word, other], words: 5}"),
        ('"Zangezur corridor"', "the quotes are looked for, too", 'write "Zangezur corridor": words in a row'),
        ("«Зангезурский коридор»", "the quotes are looked for, too", 'write "Зангезурский коридор": words'),
        ("sanction*", "* is looked for as it stands", r"write {pattern: 'sanction\pL*'}"),
        ("gas sanction*", "* is looked for as it stands", r"write {pattern: 'gas\s+sanction\pL*'}"),
        ("Baku|Yerevan", "| is looked for as it stands", 'write any: ["Baku", "Yerevan"]'),
        ("/baku|yerevan/", "the strokes are looked for as they stand", "write {pattern: 'baku|yerevan'}"),
        ("-football", "- is looked for as it stands", 'write none: ["football"]'),
        ("+Baku", "+ is looked for as it stands", 'write "Baku"'),
    ],
)
def test_a_term_in_the_signs_of_a_search_engine_is_met_with_how_it_is_written(
    term: str, told: str, remedy: str
) -> None:
    text = "rules: [{name: a, watch: {keywords: %s}, when: spike}]"
    (mistake,) = mistakes(text % yaml_text(term))
    assert told in mistake.message
    assert mistake.remedy.startswith(remedy)
    if remedy.startswith(("write {", "write any", "write all")) and "…" not in remedy:
        written = mistake.remedy.removeprefix("write ").split(";")[0].split(", or ")[0]
        load_rules(text % (written if written.startswith("{") else f"{{{written}}}"), "rules.yaml", DIRECTORY)


@pytest.mark.parametrize(
    "term",
    [
        *(
            "Baku or Yerevan",
            "NOT GUILTY",
            "AT&T",
            "C++",
            "M*A*S*H",
            "Sagittarius A*",
            "rock 'n' roll",
            "O'Brien",
            "don't",
        ),
        *("24/7", "F-16", "'Ndrangheta", "+44", "R&D and more", "Guns N' Roses", "Yahoo!", "and/or", "OR-Tools"),
    ],
)
def test_a_term_with_signs_of_its_own_is_left_alone(term: str) -> None:
    text = "rules: [{name: a, watch: {keywords: %s}, when: spike}]"
    load_rules(text % yaml_text(term), "rules.yaml", DIRECTORY)


def yaml_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("Azerbaijan & Russia", 'write {pair: "Azerbaijan & Russia"}'),
        ("AZE>RUS", 'write {pair: "AZE>RUS"}'),
        ("Georgia", 'write {actor: "Georgia"}'),
        ("'keyword:Zangezur corridor'", 'write {keywords: "Zangezur corridor"}'),
        ("'topic:sanctions'", 'write {topics: "sanctions"}'),
        ("a word", 'write {keywords: "a word"}, or pair, actor or topics'),
    ],
)
def test_a_watch_in_few_words_is_met_with_its_mapping(written: str, remedy: str) -> None:
    text = "rules: [{name: a, watch: %s, when: spike}]"
    (mistake,) = mistakes(text % written)
    assert mistake.remedy == remedy
    load_rules(text % remedy.removeprefix("write ").split(", or ")[0], "rules.yaml", DIRECTORY, topics=TOPICS)
