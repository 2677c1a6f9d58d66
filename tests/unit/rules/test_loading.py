"""Loading: names to ids, defaults, sets; and every mistake at once, each with its line and a remedy."""

from __future__ import annotations

import pytest

from alerts.rules.detector_words import detector_in_words
from alerts.rules.load import RulesError, load_rules
from alerts.rules.mistakes import Mistake
from alerts.rules.model import (
    ActorsOfType,
    AnyActor,
    Cusum,
    Drop,
    Floors,
    Mode,
    NamedActors,
    New,
    PartOf,
    Ratio,
    Record,
    RuleSet,
    Scope,
    Sensitivity,
    Shift,
    SourcesPart,
    Spike,
    Threshold,
    Unit,
    Zscore,
    rules_hash,
    state_identity,
)
from schemas.errors import FatalError
from schemas.reasons import Prominence, Severity, Tone
from tests.unit.rules.world import DIRECTORY, TOPICS, rule


def load(text: str) -> RuleSet:
    return load_rules(text, "rules.yaml", DIRECTORY, topics=TOPICS)


def mistakes(text: str) -> list[Mistake]:
    with pytest.raises(RulesError) as caught:
        load(text)
    return list(caught.value.mistakes)


def only(text: str) -> Mistake:
    found = mistakes(text)
    assert len(found) == 1, [str(mistake) for mistake in found]
    return found[0]


def watch_mistake(watch: str) -> Mistake:
    return only(f"rules:\n  - name: one\n    watch: {watch}\n    when: spike\n")


def when_mistake(when: str) -> Mistake:
    return only(f"rules:\n  - name: one\n    watch: {{pair: [AZE, RUS]}}\n    when: {when}\n")


FULL = """
sets:
  neighbours: [Georgia, Russia]
defaults:
  severity: low
  labels: {desk: caucasus, tier: two}
rules:
  - name: z-pair
    watch: {pair: [azerbaijan, neighbours], tone: conflict}
    when: {spike: {sensitivity: high, windows: [24h, 6h], min: {stories: 3}}}
    severity: high
    labels: {tier: one}
    corroborated_by: {source_countries: 2}
  - name: a-new
    watch: {pair: [Ukraine, {type: country, except: [Russia]}], topics: military aid}
    when: {new: {quiet_for: 180d, known: [Britain, RUS-UKR], confirm: {stories: 2, within: 2d}}}
    mode: shadow
"""


def test_a_file_becomes_rules_with_ids_hours_and_defaults() -> None:
    rules = load(FULL)
    new, pair = rules.rules
    assert [new.name, pair.name] == ["a-new", "z-pair"]
    assert pair.watch.pair is not None
    assert {pair.watch.pair.one, pair.watch.pair.other} == {
        (NamedActors(ids=("AZE",)),),
        (NamedActors(ids=("GEO", "RUS")),),
    }
    assert pair.watch.scope is Scope.SENTENCE
    assert pair.watch.prominence == (Prominence.TITLE, Prominence.MAIN)
    assert (pair.severity, pair.labels) == (Severity.HIGH, {"desk": "caucasus", "tier": "one"})
    assert pair.corroborated_by is not None
    assert pair.corroborated_by.source_countries == 2
    spike = pair.when[0]
    assert isinstance(spike, Spike)
    assert (spike.windows_h, spike.floors.stories, spike.floors.publishers) == ((6, 24), 3, 3)
    assert (new.severity, new.mode, new.labels["tier"]) == (Severity.LOW, Mode.SHADOW, "two")
    detector = new.when[0]
    assert isinstance(detector, New)
    assert (detector.quiet_for_h, detector.known, detector.confirm.within_h) == (4320, ("GBR", "RUS-UKR"), 48)
    assert new.watch.topics is not None
    assert new.watch.topics.any == ("military_aid",)
    assert new.watch.pair is not None
    assert ActorsOfType(type="country", excepted=("RUS",)) in (*new.watch.pair.one, *new.watch.pair.other)


MANY = """rules:
  - name: Two Words
    watch: {pair: [Azerbaijn, "*"], kewords: [x]}
    when: {spik: {}}
  - name: twice
    watch: {keywords: [no, 12, {patern: x}], scope: sentense}
    when: {threshold: {count: 0}}
  - name: twice
    watch: {}
    when: {shift: {to: {}}}
    colour: red
defaults: {severity: loud}
set: {}
"""


def test_all_mistakes_come_at_once_with_line_and_suggestion() -> None:
    found = {(m.line, m.message): m.remedy for m in mistakes(MANY)}
    lines = [line for line, _ in found]
    assert lines == sorted(lines)
    text = "\n".join(f"{line} {message} | {remedy}" for (line, message), remedy in found.items())
    for line, message, remedy in (
        (2, "'Two Words' is no name", "for example two-words"),
        (3, "unknown actor 'Azerbaijn'", "did you mean AZE?"),
        (3, "unknown key 'kewords'", "did you mean keywords?"),
        (4, "unknown detector 'spik'", "did you mean spike?"),
        (6, "a text is needed, this is the number 12", 'quote it: "12"'),
        (6, "unknown key 'patern'", "did you mean pattern?"),
        (6, "this is the text 'sentense'", "did you mean sentence?"),
        (7, "a whole number from 1", ""),
        (7, "the key 'within' is missing", ""),
        (8, "a rule of the name 'twice' is already on line 5", "a name of its own"),
        (9, "there is nothing to count", "pair, actor, keywords, topics or each"),
        (10, "nothing says what the part is", "write tone, topics or sources"),
        (11, "unknown key 'colour'", ""),
        (12, "this is the text 'loud'", ""),
        (13, "unknown key 'set'", "did you mean sets?"),
    ):
        assert any(f"{line} " in row[:3] and message in row and remedy in row for row in text.splitlines()), (
            message,
            text,
        )
    assert len(found) == 15
    assert "rules.yaml:3: rules[0].watch.pair[0]: unknown actor 'Azerbaijn'" in str(RulesError(mistakes(MANY)))


def test_yaml_is_version_1_2() -> None:
    words = rule('{keywords: [no, on, 22:00, 1_000, "12", 2025-01-01]}').watch.keywords
    assert words is not None
    texts = [term.text for term in words.any if term.kind == "phrase"]
    assert texts == ["no", "on", "22:00", "1_000", "12", "2025-01-01"]


@pytest.mark.parametrize("term", ["12", "1.5", "true", "0x1F", "~", ".inf"])
def test_a_term_that_is_not_text_asks_for_quotes(term: str) -> None:
    mistake = watch_mistake(f"{{keywords: [{term}]}}")
    assert mistake.line == 3
    assert "a text is needed" in mistake.message
    assert mistake.remedy == f'quote it: "{term}"'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rules: &a [*a]", "alias"),
        ("a: &x {b: c}\nrules: []", "anchor"),
        ("rules: !!python/object:os.system []", "tag"),
        ("rules: []\nrules: []", "here twice"),
        ("rules: []\n---\nrules: []", "second document"),
        ("rules: [", "no valid YAML"),
        ("%YAML 1.1\n---\nrules: []", "directives"),
        ("<<: {}\nrules: []", "merge key"),
        ("rules: " + "[" * 60 + "]" * 60, "deep"),
        ("# " + "x" * 49_000 + "\n" + ("# " + "y" * 49_000 + "\n") * 22 + "rules: []", "limit"),
        ("x" * 60_000, "limit"),
        ('rules: []\nsets: {a: "\\u0000"}', "cannot be written"),
        ("rules: \x07", "control character"),
        ("", "a mapping is needed, this is empty"),
        ("[]", "a mapping is needed"),
        ("sets: {}", "the key 'rules' is missing"),
        ("rules: {}", "a list of rules is needed"),
    ],
)
def test_hostile_and_broken_files_are_refused_with_words(text: str, message: str) -> None:
    assert any(message in mistake.message for mistake in mistakes(text))


@pytest.mark.parametrize(
    ("watch", "message"),
    [
        ("{pair: [AZE, AZE]}", "both sides are AZE"),
        ("{pair: [AZE]}", "a pair has two sides"),
        ("{pair: [AZE, [RUS, GEO]]}", "one actor is needed, this is a list"),
        ("{pair: AZE/RUS}", "is no pair"),
        ("{pair: {from: AZE}}", "the key 'to' is missing"),
        ("{pair: [AZE, {type: contry}]}", "unknown type 'contry'"),
        ("{pair: [AZE, {any: [RUS], type: country}]}", "exclude each other"),
        ("{pair: [AZE, {any: [RUS], except: [Russia]}]}", "nobody is left"),
        ("{pair: [AZE, {type: country, except: [{type: body}]}]}", "only actors and sets of named actors"),
        ("{actor: {all: [AZE, RUS]}}", "all alone does not say whom to count"),
        ("{actor: {any: [AZE], none: [AZE]}}", "everybody who is wanted is refused"),
        ("{topics: enrgy}", "unknown topic 'enrgy'"),
        ("{topics: {any: [energy], none: [energy]}}", "wanted and refused at once: energy"),
        ("{keywords: {none: [a]}}", "there is nothing to count"),
        ("{keywords: [TRIPP], prominence: title}", "prominence is that of a pair or an actor"),
        ("{keywords: []}", "0 items"),
        ('{keywords: ["—"]}', "no letter and no digit"),
        ("{keywords: [{stem: slovo, language: cs}]}", "no endings are known"),
        ("{keywords: [{stem: word}]}", "the key 'language' is missing"),
        ("{keywords: [{near: [a, {any: [b], none: [c]}], words: 3}]}", "unknown key 'none'"),
        ("{keywords: [{near: [a], words: 3}]}", "1 items"),
        ("{pair: [AZE, RUS], tone: {none: [conflict, cooperation, neutral]}}", "every tone is refused"),
        ("{pair: [AZE, RUS], sources: {countries: [EU]}}", "a country is needed here"),
        ("{pair: [AZE, RUS], languages: [english]}", "is no language"),
    ],
)
def test_what_makes_no_sense_in_a_watch(watch: str, message: str) -> None:
    mistake = watch_mistake(watch)
    assert mistake.line == 3
    assert message in mistake.message
    assert mistake.path.startswith("rules[0].watch")


@pytest.mark.parametrize(
    "pattern", ["(a+)+(", r"(?=x)", r"(a)\1", "((a{1,100}){1,100}){1,100}", "a*", "x" * 2000, "[z-a]"]
)
def test_a_pattern_that_cannot_be_used_is_a_mistake(pattern: str) -> None:
    mistake = watch_mistake(f"{{keywords: [{{pattern: '{pattern}'}}]}}")
    assert mistake.path.endswith(".pattern")
    assert mistake.remedy


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ("{threshold: {count: 1, within: 90m}}", "a duration in whole hours"),
        ("{threshold: {count: 1, within: 24}}", "a duration in whole hours"),
        ("{threshold: {count: 1, within: 90d}}", "more than is kept"),
        ("{spike: {sensitivity: low, budget: {false_alarms: 1, per: month}}}", "exclude each other"),
        ("{spike: {windows: [30d]}}", "too long"),
        ("{spike: {only: {}}}", "nothing is listed here"),
        ("{new: {quiet_for: 180d, known: [Azerbaijan]}}", "it can never ring"),
        ("{shift: {to: {tone: [conflict, neutral, cooperation]}}}", "the part is always the whole, it can never ring"),
        (
            "{shift: {to: {tone: conflict}, only: {tone: conflict}}}",
            "all that is counted is conflict: the part is always",
        ),
        ("{shift: {to: {tone: conflict}, only: {tone: neutral}}}", "nothing that is counted is conflict: the part is"),
        ("{new: {quiet_for: 180d, known: [Nobody]}}", "no actor, topic or pair is called"),
        ("{new: {}}", "the key 'quiet_for' is missing"),
        ("{spike: {}, drop: {}}", "a detector is needed"),
        ("[]", "0 items"),
        ("shift", "a mapping is needed"),
        ("{shift: {window: 3d}}", "the key 'to' is missing"),
        ("{shift: {to: {}}}", "nothing says what the part is"),
        ("{shift: {to: {tone: conflict}, window: 7d, baseline: 10d}}", "too few for a window of 168h"),
        ("{shift: {to: {tone: conflict}, window: 30d}}", "too long"),
        ("{drop: {sensitivity: low, budget: {false_alarms: 1, per: month}}}", "exclude each other"),
        ("{drop: {min: {stories: 3}}}", "unknown key 'stories'"),
        ("{cusum: {windows: [6h]}}", "unknown key 'windows'"),
        ("{ratio: {ratio: 0}}", "a number from 1"),
        ("threshold", "a mapping is needed"),
    ],
)
def test_what_makes_no_sense_in_a_detector(when: str, message: str) -> None:
    assert message in when_mistake(when).message


def test_sets_may_stand_below_and_hold_earlier_sets() -> None:
    text = """
rules:
  - {name: one, watch: {pair: [Ukraine, wide]}, when: spike}
sets: {near: [Georgia, Russia], wide: [near, Britain]}
"""
    pair = load(text).rules[0].watch.pair
    assert pair is not None
    assert NamedActors(ids=("GBR", "GEO", "RUS")) in (*pair.one, *pair.other)


def test_a_set_may_not_take_the_name_of_an_actor_and_a_broken_set_is_one_mistake() -> None:
    assert "is already an actor" in only("sets: {Russia: [Georgia]}\nrules: []").message
    broken = "sets: {near: [Nowhere]}\nrules: [{name: one, watch: {pair: [near, AZE]}, when: spike}]"
    assert only(broken).message == "unknown actor 'Nowhere'"


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("{pair: [Russia, Azerbaijan]}", "{pair: [AZE, RUS]}"),
        ("{pair: AZE-RUS}", "{pair: [AZE, RUS]}"),
        ("{pair: Azerbaijan & Russia}", "{pair: [AZE, RUS]}"),
        ("{pair: AZE>RUS}", "{pair: {from: Azerbaijan, to: Russia}}"),
        ("{pair: Guinea-Bissau - Georgia}", "{pair: [GEO, GNB]}"),
        ('{pair: ["*", AZE]}', "{pair: AZE-*}"),
        ("{pair: [AZE, {any: [RUS, {any: [GEO]}, RUS]}]}", "{pair: [{any: [GEO, RUS]}, AZE]}"),
        ("{each: pair}", '{pair: ["*", "*"]}'),
        ("{actor: SOCAR}", "{actor: {any: [SOCAR]}}"),
        ("{keywords: TRIPP}", "{keywords: {any: [{text: TRIPP, case: false}]}}"),
        ("{topics: [energy, protest]}", "{topics: {any: [protest, energy, energy]}}"),
        ("{pair: [AZE, {except: [RUS]}]}", '{pair: [AZE, {any: ["*"], except: [Russian Federation]}]}'),
    ],
)
def test_two_spellings_of_a_watch_are_one(written: str, same: str) -> None:
    assert rule(written) == rule(same)
    assert state_identity(rule(written)) == state_identity(rule(same))


def test_direction_matters() -> None:
    assert rule("{pair: AZE>RUS}") != rule("{pair: RUS>AZE}")
    assert rule("{pair: AZE>RUS}") != rule("{pair: AZE-RUS}")


def test_wildcards() -> None:
    pair = rule('{pair: [AZE, "*"]}').watch.pair
    assert pair is not None
    assert (pair.one, pair.other) == ((NamedActors(ids=("AZE",)),), (AnyActor(),))


def test_the_compiled_form_comes_back_and_its_hash_does_not_depend_on_the_writing() -> None:
    rules = load(FULL)
    assert RuleSet.from_compiled(rules.compiled()) == rules
    assert rules_hash(RuleSet.from_compiled(rules.compiled()).compiled()) == rules_hash(rules.compiled())
    rewritten = FULL.replace("azerbaijan, neighbours", "neighbours, AZE").replace("[24h, 6h]", "[6h, 1d]")
    rewritten += "\n# a comment\n"
    assert rewritten != FULL
    assert rules_hash(load(rewritten).compiled()) == rules_hash(rules.compiled())
    louder = FULL.replace("severity: high", "severity: critical")
    assert rules_hash(load(louder).compiled()) != rules_hash(rules.compiled())


def test_the_hash_of_a_rule_is_the_same_in_every_version_of_the_loader() -> None:
    compiled = load("rules: [{name: one, watch: {pair: [AZE, RUS]}, when: spike}]").compiled()
    assert rules_hash(compiled) == "aca4e75773391522b5c1db7cbec90e71"


def test_compiled_rules_of_another_version_are_refused_with_a_remedy() -> None:
    with pytest.raises(FatalError, match="apply the rules again"):
        RuleSet.from_compiled('{"language_version":2,"rules":[]}')


def test_what_a_rule_remembers_does_not_depend_on_how_loudly_it_rings() -> None:
    quiet = rule("{pair: [AZE, RUS]}", when="{spike: {sensitivity: low, min: {stories: 9}, cooldown: 2d}}")
    assert state_identity(quiet) == state_identity(rule("{pair: [AZE, RUS]}"))
    for other in ("{spike: {windows: 12h}}", "{spike: {of: articles}}", "{spike: {only: {tone: conflict}}}"):
        assert state_identity(rule("{pair: [AZE, RUS]}", when=other)) != state_identity(quiet)


def test_a_threshold_applies_only_the_floors_that_are_written() -> None:
    bare = rule("{actor: SOCAR}", when="{threshold: {count: 2, within: 1d}}").when[0]
    floored = rule("{actor: SOCAR}", when="{threshold: {count: 2, within: 1d, min: {publishers: 2}}}").when[0]
    assert isinstance(bare, Threshold)
    assert (bare.floors.stories, bare.floors.publishers) == (0, 0)
    assert (floored.floors.stories, floored.floors.publishers) == (0, 2)


def test_the_detectors_that_compare_have_their_defaults_and_take_what_is_written() -> None:
    shift, drop, cusum, ratio, zscore, record = (
        rule("{pair: [AZE, RUS]}", when=when).when[0]
        for when in (
            "{shift: {to: {tone: conflict, sources: {countries: Georgia}}, min: {stories: 9, part: 2, publishers: 2}}}",
            "{drop: {min: {expected: 30, times: 3}, sensitivity: low}}",
            "{cusum: {ratio: 3}}",
            "ratio",
            "{zscore: {sd: 5, window: 48h}}",
            "{record: {baseline: 60d, of: publishers}}",
        )
    )
    assert isinstance(shift, Shift)
    assert (shift.window_h, shift.baseline_h, shift.part, shift.floors.stories, shift.floors.publishers) == (
        72,
        672,
        2,
        9,
        2,
    )
    assert shift.to == PartOf(tones=(Tone.CONFLICT,), sources=SourcesPart(countries=("GEO",)))
    assert drop == Drop(expected=30, floors=Floors(times=3), sensitivity=Sensitivity.LOW)
    assert cusum == Cusum(ratio=3)
    assert ratio == Ratio()
    assert zscore == Zscore(sd=5, window_h=48)
    assert record == Record(baseline_h=1440, of=Unit.PUBLISHERS)


@pytest.mark.parametrize(
    ("when", "words"),
    [
        (
            "{shift: {to: {tone: conflict}}}",
            "what is of conflict tone makes up far more of the stories of 3 days than normal",
        ),
        ("{shift: {to: {sources: [alfa]}, min: {publishers: 1}}}", "what is brought by alfa makes up"),
        (
            "drop",
            "far fewer stories than normal within 24 h or 3 days (sensitivity normal), where 12 or more are expected",
        ),
        ("cusum", "for long more stories than normal, about 2 times as many"),
        ("ratio", "the stories of 24 h are at least 3 times their mean over 28 days"),
        ("zscore", "at least 4 standard deviations above their mean"),
        ("record", "more than in any 24 h of the last 28 days"),
    ],
)
def test_a_detector_in_words(when: str, words: str) -> None:
    assert words in detector_in_words(rule("{pair: [AZE, RUS]}", when=when).when[0])


def test_thresholds_of_a_shift_keep_its_memory_and_its_part_does_not() -> None:
    base, floor, other = (
        state_identity(rule("{pair: [AZE, RUS]}", when=when))
        for when in (
            "{shift: {to: {tone: conflict}}}",
            "{shift: {to: {tone: conflict}, min: {part: 9}, sensitivity: high}}",
            "{shift: {to: {tone: cooperation}}}",
        )
    )
    assert base == floor != other


LASTING = """
defaults: {for: 2h, renotify: 12h}
rules:
  - name: a
    watch: {pair: [AZE, RUS]}
    when: [spike, {threshold: {count: 3, within: 6h, for: 0h, renotify: 1d}}]
  - name: b
    watch: {pair: [AZE, RUS]}
    when: spike
    for: 4h
"""


def test_how_long_a_crossing_lasts_and_how_often_it_is_told_stand_in_detector_rule_or_defaults() -> None:
    a, b = load(LASTING).rules
    assert [(d.for_h, d.renotify_h) for d in a.when] == [(2, 12), (0, 24)]
    assert [(d.for_h, d.renotify_h) for d in b.when] == [(4, 12)]
    words = detector_in_words(b.when[0])
    assert ", for 4 h on end; over after 12 h of calm" in words
    assert words.endswith("told again every 12 h while open")
    assert RuleSet.from_compiled(load(LASTING).compiled()) == load(LASTING)


def test_they_are_thresholds_and_rules_without_them_are_written_as_before() -> None:
    plain = rule("{pair: [AZE, RUS]}")
    patient = rule("{pair: [AZE, RUS]}", when="{spike: {for: 3h, renotify: 6h}}")
    assert state_identity(plain) == state_identity(patient)
    assert "for_h" not in RuleSet.of(plain).compiled()
    assert '"for_h":3' in RuleSet.of(patient).compiled()


@pytest.mark.parametrize(
    ("text", "line", "message", "remedy"),
    [
        ("    when: {spike: {windows: 6h, for: 25h}}", 4, "25h is more than a day", "wider window"),
        ("    when: {threshold: {count: 2, within: 2h}}\n    for: 2d", 5, "48h is more than a day", "at most 24h"),
        (
            "    when: {new: {quiet_for: 9d, confirm: {within: 3h}, for: 4h}}",
            4,
            "stays new (3h): it can never ring",
            "shorten",
        ),
        ("    when: {shift: {to: {tone: conflict}, for: 25h}}", 4, "more than a day", "at most 24h"),
        ("    when: {cusum: {for: 2d}}", 4, "more than a day", "at most 24h"),
        ("    when: {spike: {for: 90m}}", 4, "a duration in whole hours", "2h"),
        ("    when: spike\ndefaults: {for: 30h}", 5, "more than a day", "at most 24h"),
    ],
)
def test_a_crossing_cannot_last_longer_than_a_day_or_than_it_can_be_new(
    text: str, line: int, message: str, remedy: str
) -> None:
    mistake = only(f"rules:\n  - name: one\n    watch: {{pair: [AZE, RUS]}}\n{text}\n")
    assert mistake.line == line
    assert message in mistake.message
    assert remedy in mistake.remedy
