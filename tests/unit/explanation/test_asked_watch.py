"""What a person means by a few words: a rule, its key, or what it watches."""

from __future__ import annotations

import pytest

from alerts.rules.model import ActorPart, KeywordsPart, NamedActors, Phrase, Rule, Scope, Threshold, Watch, WatchKind
from alerts.rules.watch_model import AnyActor, PairPart, TopicsPart
from pipelines.actor_directory import ActorDirectory, actor_directory
from pipelines.explaining.asked_key import can_have, must_be_key
from pipelines.explaining.asked_watch import AskedWatch, asked_watch
from schemas.errors import UsageError
from tests.streams.records import pair_rule

COUNT = Threshold(count=1, within_h=6)


def rule_on(name: str, watch: Watch) -> Rule:
    return Rule(name=name, watch=watch, when=(COUNT,))


DIRECTED = PairPart(one=(NamedActors(ids=("ARM",)),), other=(NamedActors(ids=("TUR",)),), directed=True)
ANYBODY = PairPart(one=(NamedActors(ids=("UKR",)),), other=(AnyActor(),))
WORDS = KeywordsPart(any=(Phrase(text="Zangezur corridor"), Phrase(text="TRIPP")))

RULES = [
    pair_rule("baku-moscow", COUNT),
    rule_on("yerevan-acts", Watch(kind=WatchKind.PAIR, pair=DIRECTED, scope=Scope.SENTENCE)),
    rule_on("ukraine-anybody", Watch(kind=WatchKind.PAIR, pair=ANYBODY, scope=Scope.SENTENCE)),
    rule_on(
        "tbilisi",
        Watch(kind=WatchKind.ACTOR, actor=ActorPart(any=(NamedActors(ids=("GEO",)),)), scope=Scope.ARTICLE),
    ),
    rule_on("corridor", Watch(kind=WatchKind.KEYWORDS, keywords=WORDS, scope=Scope.ARTICLE)),
    rule_on("arms", Watch(kind=WatchKind.TOPIC, topics=TopicsPart(any=("military_aid",)), scope=Scope.ARTICLE)),
]


@pytest.fixture(scope="module")
def names() -> ActorDirectory:
    return actor_directory()


@pytest.mark.parametrize(
    ("asked", "rule", "key"),
    [
        ("baku-moscow", "baku-moscow", None),
        ("Baku-Moscow", "baku-moscow", None),
        ("rule:baku-moscow", "baku-moscow", None),
        ("baku-moscow AZE-RUS", "baku-moscow", "AZE-RUS"),
        ("baku-moscow Russia & Azerbaijan", "baku-moscow", "AZE-RUS"),
        ("rule:baku-moscow  RUS-AZE", "baku-moscow", "AZE-RUS"),
        ("AZE-RUS", "baku-moscow", "AZE-RUS"),
        ("rus-aze", "baku-moscow", "AZE-RUS"),
        ("AZE>RUS", "baku-moscow", "AZE-RUS"),
        ("Azerbaijan & Russia", "baku-moscow", "AZE-RUS"),
        ("Russia and Azerbaijan", "baku-moscow", "AZE-RUS"),
        ("Azerbaijan–Russia", "baku-moscow", "AZE-RUS"),
        ("Armenia -> Turkey", "yerevan-acts", "ARM>TUR"),
        ("Turkey & Armenia", "yerevan-acts", "ARM>TUR"),
        ("Ukraine & Poland", "ukraine-anybody", "POL-UKR"),
        ("Georgia", "tbilisi", "GEO"),
        ("Ukraine", "ukraine-anybody", None),
        ("keyword:zangezur corridor", "corridor", None),
        ("keyword:corridor", "corridor", None),
        ("TRIPP", "corridor", None),
        ("topic:military_aid", "arms", None),
        ("military aid", "arms", None),
    ],
)
def test_what_is_meant(asked: str, rule: str, key: str | None, names: ActorDirectory) -> None:
    assert asked_watch(RULES, asked, names) == AskedWatch(rule, key)


@pytest.mark.parametrize(
    ("asked", "suggestion"),
    [
        ("baku-moscou", "did you mean baku-moscow?"),
        ("AZE-RUSS", "did you mean AZE-RUS?"),
        ("Azerbajan & Russia", "did you mean Azerbaijan & Russia?"),
        ("Armenia > Turky", "did you mean Armenia > Türkiye?"),
        (
            "keyword:Brexit",
            '`tocsin rules add "keyword:Brexit"` writes a rule that does, `tocsin rules history` lists what was in force',
        ),
    ],
)
def test_a_slip_of_the_pen_is_met_with_a_suggestion(asked: str, suggestion: str, names: ActorDirectory) -> None:
    with pytest.raises(UsageError, match="no rule is called") as caught:
        asked_watch(RULES, asked, names)
    assert caught.value.remedy == suggestion


def test_a_name_that_nobody_has_is_told_before_a_pair_that_is_a_little_like_it(names: ActorDirectory) -> None:
    with pytest.raises(UsageError) as caught:
        asked_watch(RULES, "Russland & Azerbaijan", names)
    assert caught.value.remedy.startswith("unknown actor 'Russland': did you mean Russia")


def test_several_that_are_meant_are_listed(names: ActorDirectory) -> None:
    rules = [*RULES, rule_on("azerbaijan-anybody", RULES[2].watch.model_copy(update={"pair": anybody_with("AZE")}))]
    with pytest.raises(UsageError, match="2 rules watch 'AZE-RUS'") as caught:
        asked_watch(rules, "AZE-RUS", names)
    assert caught.value.remedy == 'say which one: "baku-moscow AZE-RUS"; "azerbaijan-anybody AZE-RUS"'
    assert asked_watch(rules, "azerbaijan-anybody AZE-RUS", names) == AskedWatch("azerbaijan-anybody", "AZE-RUS")


def anybody_with(actor: str) -> PairPart:
    return PairPart(one=(NamedActors(ids=(actor,)),), other=(AnyActor(),))


@pytest.mark.parametrize("asked", ["", "{pair: [a", "*", "keyword:", "?" * 500])
def test_nonsense_is_a_mistake_of_use(asked: str, names: ActorDirectory) -> None:
    with pytest.raises(UsageError):
        asked_watch(RULES, asked, names)


@pytest.mark.parametrize(
    ("rule", "key", "has"),
    [
        ("baku-moscow", "AZE-RUS", True),
        ("baku-moscow", "FRA-GEO", False),
        ("baku-moscow", "AZE>RUS", False),
        ("baku-moscow", "AZE", False),
        ("yerevan-acts", "ARM>TUR", True),
        ("yerevan-acts", "ARM-TUR", False),
        ("yerevan-acts", "TUR>ARM", False),
        ("ukraine-anybody", "POL-UKR", True),
        ("ukraine-anybody", "FRA-POL", False),
        ("ukraine-anybody", "FRA-NOBODYANYMORE", True),
        ("tbilisi", "GEO", True),
        ("tbilisi", "FRA", False),
        ("corridor", "keyword:corridor", True),
        ("corridor", "keyword:TRIPP", False),
        ("arms", "topic:arms", True),
        ("arms", "topic:military_aid", False),
    ],
)
def test_which_keys_a_rule_can_have(names: ActorDirectory, rule: str, key: str, has: bool) -> None:
    (meant,) = (one for one in RULES if one.name == rule)
    assert can_have(meant, key, names) is has


def test_a_key_is_one_of_any_version_of_its_rule(names: ActorDirectory) -> None:
    before, now = pair_rule("r", COUNT), RULES[3].model_copy(update={"name": "r"})
    must_be_key([before, now], "AZE-RUS", names)
    with pytest.raises(UsageError, match="the rule r has no key 'AZE-RUS'") as caught:
        must_be_key([now], "AZE-RUS", names)
    assert caught.value.remedy == "what it counts is GEO"
