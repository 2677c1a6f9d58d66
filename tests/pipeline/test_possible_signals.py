"""What is left out of history before it is decoded: nothing that any rule hits, and no ledger is another for it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from alerts.engine import Engine
from alerts.rules.match import compile_watch
from alerts.rules.model import Mode, Rule, RuleSet
from connectors.archive.folder import Archive
from pipelines.explaining.rule_replay import replay_rules
from pipelines.extraction.extractor import extractor_for
from pipelines.possible_signals import PossibleSignals
from pipelines.replay.cached_signals import cached_signals, extract_days
from pipelines.replay.replay import activation, days_between, in_order, records_of, replay
from schemas.alert_event import AlertEvent
from schemas.article import Article
from schemas.control import RulesActivated
from schemas.coverage import Coverage
from schemas.reasons import ArticleStatus, EventKind
from schemas.signal import Signal
from schemas.wire import SignalsRecord, encode
from tests.pipeline.invented_history import HOUR, START, history, imported
from tests.pipeline.parity_desk import article_of
from tests.streams import world
from tests.streams.deciding import Desk
from tests.streams.records import signal
from tocsin.history import rules_in

#: Rules of every kind of watch, and words that JSON, readers and dictionaries write in other ways.
RULES = """
rules:
  - {name: pair, watch: {pair: [Norway, Iceland]}, when: {threshold: {count: 2, within: 24h}}}
  - {name: directed, watch: {pair: {from: Norway, to: Iceland}}, when: {threshold: {count: 1, within: 24h}}}
  - {name: wild, watch: {pair: [Norway, "*"]}, when: {threshold: {count: 2, within: 24h}}}
  - {name: together, watch: {pair: [Norway, {type: country}], scope: article}, when: {threshold: {count: 1, within: 24h}}}
  - {name: every-pair, watch: {each: pair}, when: {threshold: {count: 2, within: 24h}}}
  - {name: actor, watch: {actor: [Iceland]}, when: {threshold: {count: 2, within: 24h}}}
  - {name: any-country, watch: {actor: {any: [{type: country}]}}, when: {threshold: {count: 3, within: 24h}}}
  - {name: topic, watch: {topics: [sanctions]}, when: {threshold: {count: 1, within: 24h}}}
  - {name: every-topic, watch: {each: topic}, when: {threshold: {count: 2, within: 24h}}}
  - {name: words, watch: {keywords: {any: [lantern, "silver spring"]}}, when: {threshold: {count: 2, within: 24h}}}
  - {name: all-words, watch: {keywords: {all: [lantern, zipper]}}, when: {threshold: {count: 1, within: 24h}}}
  - {name: accents, watch: {keywords: {any: ["Åland", "O’Neill", "naïve"]}}, when: {threshold: {count: 1, within: 24h}}}
  - {name: quoted, watch: {keywords: {any: [{pattern: '"fish"'}]}}, when: {threshold: {count: 1, within: 24h}}}
  - {name: stem, watch: {keywords: {any: [{stem: мост, language: ru}]}}, when: {threshold: {count: 1, within: 24h}}}
  - {name: pattern, watch: {keywords: {any: [{pattern: "lant.rn"}]}}, when: {threshold: {count: 2, within: 24h}}}
  - {name: both, watch: {pair: [Norway, Iceland], keywords: {any: [anchor, basket]}}, when: {threshold: {count: 1, within: 24h}}}
  - {name: exact, watch: {keywords: {any: [{text: LANTERN, case: true}]}}, when: {threshold: {count: 1, within: 24h}}}
"""

TEXTS = (
    "Norway and Iceland quarrel over the lantern",
    "Iceland and Norway quarrel over a basket",
    "NORWAY's zipper and a Lantern, says Iceland",
    "Quiet on A\u030aland; O'Neill was na\u00efve",
    "\u00c5LAND, o\u2018neill, nai\u0308ve \u2014 all at once",
    'He said "fish" and\tleft',
    "A silver\nspring; a lan\u00adtern; LANTERN",
    "A z\u200bipper\u2014lantern\u2019s light",
    "Новые мосты над рекой",
    "Norway imposes sanctions on Iceland\u2019s ships",
    "France meets Germany in the fjord of Norway. Iceland watches. A basket was there.",
    "Nothing of it here \u2013 \u00e9t\u00e9",
)

#: Rules of which nothing can be told before they have looked.
_UNTELLABLE = {"quoted", "pattern"}


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> RuleSet:
    path = tmp_path_factory.mktemp("rules") / "rules.yaml"
    path.write_text(RULES)
    return rules_in(path, ())[0]


@pytest.fixture(scope="module")
def signals() -> list[Signal]:
    articles = [
        article_of(signal(f"b{number}", world.START)).changed(title="", text=text, language=None)
        for number, text in enumerate(TEXTS)
    ]
    return extractor_for().extract_many(articles)


def _later(one: Signal, hours: int, **changes: object) -> Signal:
    at = one.revised_at + hours * HOUR
    return one.changed(revised_at=at, revision=int(at.timestamp() * 1000), **changes)


def test_what_a_rule_hits_is_never_left_out(rules: RuleSet, signals: list[Signal]) -> None:
    hit: set[str] = set()
    for rule in rules.rules:
        possible = PossibleSignals([rule])
        assert encode(signals[-1]) in possible, "the first one always passes"
        for one in signals:
            if compile_watch(rule).hits(one):
                hit.add(rule.name)
                assert encode(one) in possible, (rule.name, one.text)
    assert hit == {rule.name for rule in rules.rules}, "each rule hits one of the texts, else nothing was asked"


def test_what_no_rule_can_hit_is_left_out(rules: RuleSet, signals: list[Signal]) -> None:
    nothing = encode(signals[-1])
    for rule in rules.rules:
        possible = PossibleSignals([rule])
        assert encode(signals[-2]) in possible
        assert (nothing in possible) == (rule.name in _UNTELLABLE), rule.name
    assert nothing in PossibleSignals(rules.rules), "one rule of which nothing can be told is enough"


def test_rules_together_ask_for_what_each_of_them_asks_for(rules: RuleSet, signals: list[Signal]) -> None:
    nothing, told = encode(signals[-1]), [rule for rule in rules.rules if rule.name not in _UNTELLABLE]

    def passed(some: Iterable[Rule]) -> list[bool]:
        possible = PossibleSignals(some)
        assert nothing in possible, "the first one always passes"
        return [encode(one) in possible for one in signals[:-1]]

    draw = random.Random(4)
    alone = {rule.name: passed([rule]) for rule in told}
    for number in range(2, len(told) + 1):
        some = draw.sample(told, number)
        assert passed(some) == [any(of_one) for of_one in zip(*(alone[rule.name] for rule in some), strict=True)]
    assert len({tuple(of_rule) for of_rule in alone.values()}) > 3, "else any of them would do for the others"


def test_a_later_wording_of_what_was_hit_is_passed_on(rules: RuleSet, signals: list[Signal]) -> None:
    possible = PossibleSignals([rule for rule in rules.rules if rule.name == "pair"])
    hit, other, nothing = signals[0], signals[1], signals[-1]
    assert encode(other) in possible
    assert encode(hit) in possible
    withdrawn = _later(hit, 2, status=ArticleStatus.WITHDRAWN, pairs=(), actors=(), text="", title="", sentences=())
    assert encode(withdrawn) in possible
    assert encode(_later(nothing, 2)) not in possible


@pytest.mark.parametrize(
    "names",
    [["pair"], ["pair", "both"], ["directed", "actor"], ["topic"], ["wild"], ["words", "pair"], ["every-pair"]],
)
def test_of_a_whole_day_passes_what_would_pass_one_by_one(
    rules: RuleSet, signals: list[Signal], names: list[str]
) -> None:
    chosen, some = random.Random(5), [rule for rule in rules.rules if rule.name in names]
    raws = [encode(one) for one in signals]
    later = [
        encode(one.model_copy(update={"pairs": (), "actors": (), "topics": (), "title": "Rain", "text": ""}))
        for one in signals
    ]
    one_by_one, of_days = PossibleSignals(some), PossibleSignals(some)
    assert (of_days.look_for(b"") is not None) == (names not in (["words", "pair"], ["every-pair"]))
    passed = 0
    for size in (0, 1, 7, 40, 0, 200):
        day = chosen.choices([*raws, *later, b'{"kind":"coverage"}', b"not JSON", b"{"], k=size)
        text, starts = b"".join(day), np.cumsum([0, *map(len, day)], dtype=np.int32)
        expected = [raw for raw in day if raw in one_by_one]
        assert list(of_days.passed_of(text, starts, of_days.look_for(text))) == expected
        passed += len(expected)
    assert passed


def test_rules_that_are_off_ask_for_nothing(rules: RuleSet, signals: list[Signal]) -> None:
    off = [rule.model_copy(update={"mode": Mode.OFF}) for rule in rules.rules]
    possible = PossibleSignals(off)
    assert [encode(one) in possible for one in signals] == [True] + [False] * (len(signals) - 1)


def test_other_records_and_what_cannot_be_read_pass() -> None:
    possible = PossibleSignals([])
    first, second = (encode(signal(name, world.START)) for name in ("a", "b"))
    assert first in possible
    assert second not in possible
    records = [b"", b"no record", b'{"kind":"signal"}', encode(activation(RuleSet.of(), "", START.date()))]
    assert all(raw in possible for raw in records)


# -- no ledger is another for it ----------------------------------------------------------------------------------------


class _Plainly:
    """The bare extraction, without Beam."""

    def __init__(self, articles: list[Article]) -> None:
        self.signals: list[Signal] = extractor_for().extract_many(articles)
        self.failures: list[object] = []


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    rows = history(6, burst=START + timedelta(days=4, hours=9))
    archive = imported(tmp_path_factory.mktemp("past"), rows)
    extract_days(archive, extractor_for().version, archive.days(), _Plainly, batch=5_000)  # type: ignore[arg-type]
    return archive


def _everything(archive: Archive, begin: RulesActivated) -> Iterator[SignalsRecord]:
    yield begin
    for day, found in cached_signals(archive, extractor_for().version, days_between(archive, None, None)):
        yield from in_order(found, archive.coverage(day))


def test_a_replay_decides_what_it_would_on_everything(past: Archive, rules: RuleSet) -> None:
    version, days = extractor_for().version, days_between(past, None, None)
    rang: set[str] = set()
    for rule in rules.rules:
        begin = activation(RuleSet.of(rule), "", days[0])
        some = list(records_of(past, version, days, begin))
        every = list(_everything(past, begin))
        assert rule.name in _UNTELLABLE or len(some) < len(every), rule.name
        decided = [decision.event for decision in replay(partial(iter, some))]
        assert decided == [decision.event for decision in replay(partial(iter, every))], rule.name
        rang.update(event.rule for event in decided if event.event is EventKind.OPENED)
    assert rang >= {"pair", "wild", "every-pair", "actor", "words"}


def test_rules_tried_on_a_log_decide_what_they_would_on_everything(tmp_path: Path) -> None:
    """With edits, withdrawn articles and duplicates of articles that rules hit or do not."""
    desk = Desk(tmp_path)
    stream = [record for record in world.invented_stream(2, days=14) if isinstance(record, Signal | Coverage)]
    desk.append(stream)
    tried = {rule.name: rule for rule in world.rules()}
    for name, rule in tried.items():
        with desk.log() as log:
            found = replay_rules(log, {name: rule})
        engine, wanted = Engine(), list[AlertEvent]()
        for offset, record in enumerate([activation(RuleSet.of(rule), "", world.START.date()), *stream]):
            wanted += [decision.event for decision in engine.step(offset, record)]
        opened = [event for event in wanted if event.event is EventKind.OPENED]
        assert [one.opened.at for one in found.alerts[name]] == [event.at for event in opened]
        assert [one.opened.evidence for one in found.alerts[name]] == [event.evidence for event in opened]
    assert sum(len(rule.when) for rule in tried.values()) > 5
