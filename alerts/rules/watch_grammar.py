"""What to count, in a rule file: the parts of a watch, what may be left out, and what together makes no sense."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from enum import StrEnum

from alerts.rules.actor_grammar import ACTOR_PART, ACTORS, PAIR, split_pair
from alerts.rules.fields import Check, Fields, Key, Shorthand, Values
from alerts.rules.groups import AnyAllNone, Groups
from alerts.rules.mistakes import clipped, did_you_mean
from alerts.rules.model import (
    ActorPart,
    ActorSet,
    AnyActor,
    NamedActors,
    PairPart,
    Scope,
    SourcesPart,
    TonePart,
    TopicsPart,
    Watch,
    WatchKind,
)
from alerts.rules.never_rings import unread
from alerts.rules.readers import Items, JsonSchema, Reader, Text, Word
from alerts.rules.reading import Reading
from alerts.rules.refusals import all_refused, never_without, written
from alerts.rules.sources_left import nobody_left
from alerts.rules.term_grammar import KEYWORDS
from alerts.rules.yaml_tree import Node
from schemas.languages import CODES, LONG_CODES, language_meant
from schemas.reasons import Prominence, Tone

#: What a pair or an actor must at least be in its article: a long analysis mentions fifty pairs in passing.
_PROMINENT = (Prominence.TITLE, Prominence.MAIN)


class Each(StrEnum):
    """Of what there is one key each."""

    PAIR = "pair"
    ACTOR = "actor"
    TOPIC = "topic"


def topic_written(text: str) -> str:
    """Return the id that ``text`` stands for: case does not matter, a space or a dash is as good as an underscore."""
    return re.sub(r"[\s-]+", "_", text.lower())


class Topic(Reader[str]):
    """A topic by its id; case does not matter, and a space or a dash is as good as an underscore."""

    _text = Text()

    def read(self, node: Node, path: str, reading: Reading) -> str | None:
        """Return the id."""
        text = self._text.read(node, path, reading)
        if text is None:
            return None
        topic = topic_written(text)
        if reading.topics is not None and topic not in reading.topics:
            reading.wrong(node, path, f"unknown topic {clipped(text)!r}", did_you_mean(topic, reading.topics))
            return None
        return topic

    def schema(self) -> JsonSchema:
        """A string."""
        return self._text.schema()


class _LanguageCode(Reader[str]):
    def read(self, node: Node, path: str, reading: Reading) -> str | None:
        text = Text().read(node, path, reading)
        if text is None or text in CODES or text in LONG_CODES:
            return text
        meant = language_meant(text)
        remedy = f"write {meant}" if meant else "write its two letters (ISO 639-1): en, ru, az"
        reading.wrong(node, path, f"{clipped(text)!r} is no language", remedy)
        return None

    def schema(self) -> JsonSchema:
        return {"type": "string", "pattern": rf"^\s*({'|'.join(sorted(CODES | LONG_CODES))})\s*$"}


class _Countries(Reader[tuple[str, ...]]):
    """A country, or a set of countries."""

    def read(self, node: Node, path: str, reading: Reading) -> tuple[str, ...] | None:
        before = reading.noted
        match ACTORS.read(node, path, reading):
            case (NamedActors(ids=ids),) if all(reading.actors.type_of(actor) == "country" for actor in ids):
                return ids
        if reading.noted == before:
            reading.wrong(node, path, "a country is needed here", "write its name or its three letters: Georgia, GEO")
        return None

    def schema(self) -> JsonSchema:
        return ACTORS.schema()


def _sorted(values: Values, key: Key[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted(set(values.get_or(key, ()))))


def _countries(values: Values) -> tuple[str, ...]:
    return tuple(sorted({country for ids in values.get_or(_COUNTRIES, ()) for country in ids}))


_NAMES = Items(Text(), or_one=True)
_IDS = Key("ids", _NAMES, "Publishers by the id they have in the settings.")
_GROUPS = Key("groups", _NAMES, "Groups of publishers.")
_COUNTRIES = Key("countries", Items(_Countries(), or_one=True), "Countries publishers sit in.")


def _excepted_sources(values: Values) -> SourcesPart | None:
    return SourcesPart(
        except_ids=_sorted(values, _IDS),
        except_groups=_sorted(values, _GROUPS),
        except_countries=_countries(values),
    )


_NO_PUBLISHER = ("no publisher is named here", "write ids, groups, countries or except")
_EXCEPT = Key(
    "except",
    Shorthand(
        Fields(
            (_IDS, _GROUPS, _COUNTRIES), _excepted_sources, nothing=(_NO_PUBLISHER[0], "write ids, groups or countries")
        ),
        _NAMES,
        lambda ids: SourcesPart(except_ids=tuple(sorted(set(ids)))),
    ),
    "Publishers that never count.",
)


def _sources(values: Values) -> SourcesPart:
    without = values.get_or(_EXCEPT, SourcesPart())
    return SourcesPart(
        ids=_sorted(values, _IDS),
        groups=_sorted(values, _GROUPS),
        countries=_countries(values),
        except_ids=without.except_ids,
        except_groups=without.except_groups,
        except_countries=without.except_countries,
    )


def _somebody_is_left(values: Values) -> None:
    if nobody_left(_sources(values)):
        values.wrong(_EXCEPT, "everybody is excepted, nobody is left", "shorten except")


SOURCES_PART = Shorthand(
    Fields(
        (_IDS, _GROUPS, _COUNTRIES, _EXCEPT),
        _sources,
        about="Which publishers count.",
        checks=(Check((_IDS, _GROUPS, _COUNTRIES, _EXCEPT), _somebody_is_left),),
        nothing=_NO_PUBLISHER,
    ),
    _NAMES,
    lambda ids: SourcesPart(ids=tuple(sorted(set(ids)))),
)


def _tone(groups: AnyAllNone[Tone]) -> TonePart:
    return TonePart(any=tuple(sorted(set(groups.any))), none=tuple(sorted(set(groups.none))))


def _topics(groups: AnyAllNone[str]) -> TopicsPart:
    any_of, all_of, none_of = (tuple(sorted(set(ids))) for ids in (groups.any, groups.all, groups.none))
    return TopicsPart(any=any_of, all=all_of, none=none_of)


TONES = Items(Word(Tone), or_one=True)
TOPICS = Items(Topic(), or_one=True)

_PAIR = Key("pair", PAIR, "Two actors that meet: [a, b] either way, {from: a, to: b} directed.")
_ACTOR = Key("actor", ACTOR_PART, "Actors of the article.")
_KEYWORDS = Key("keywords", KEYWORDS, "Words of the text.")
_TOPICS = Key("topics", Groups(Topic(), _topics), "Topics of the article.")
_EACH = Key("each", Word(Each), "One key for each pair, actor or topic found.")
_TONE = Key("tone", Groups(Word(Tone), _tone, has_all=False), "How the parties meet.")
_PROMINENCE = Key(
    "prominence", Items(Word(Prominence), or_one=True), "How central pair and actor are; title and main by default."
)
_SCOPE = Key(
    "scope", Word(Scope), "Within what all parts hold: sentence by default where there is a pair, else article."
)
_SOURCES = Key("sources", SOURCES_PART, "Which publishers count.")
_LANGUAGES = Key("languages", Items(_LanguageCode(), or_one=True), "Languages of articles that count.")


def _kind(values: Values, pair: PairPart | None, actor: ActorPart | None) -> WatchKind | None:
    """Return what makes the keys: what ``each`` says, else the first part that can, in the order of the list below."""
    each, keywords, topics = values.get(_EACH), values.get(_KEYWORDS), values.get(_TOPICS)
    if each is not None:
        return WatchKind(each.value)
    if pair is not None:
        return WatchKind.PAIR
    if actor is not None and actor.any:
        return WatchKind.ACTOR
    if keywords is not None and (keywords.any or keywords.all):
        return WatchKind.KEYWORDS
    if topics is not None and (topics.any or topics.all):
        return WatchKind.TOPIC
    return None


def _something_to_count(values: Values) -> None:
    if any(not values.sure(key) for key in (_PAIR, _ACTOR, _KEYWORDS, _TOPICS)):
        return  # What is wrong may well be what is to be counted.
    actor = values.get(_ACTOR)
    if _kind(values, values.get(_PAIR), actor) is not None:
        return
    if actor is not None and actor.all:
        values.wrong(_ACTOR, "all alone does not say whom to count", "write any as well, or a pair with scope: article")
    else:
        values.wrong(None, "there is nothing to count", "write pair, actor, keywords, topics or each")


def _watch(values: Values) -> Watch | None:
    pair, actor, each = values.get(_PAIR), values.get(_ACTOR), values.get(_EACH)
    if each is Each.PAIR and pair is None:
        pair = PairPart(one=(AnyActor(),), other=(AnyActor(),))
    if each is Each.ACTOR and not (actor and actor.any):
        actor = (actor or ActorPart()).model_copy(update={"any": (AnyActor(),)})
    kind = _kind(values, pair, actor)
    if kind is None:
        return None
    prominence = values.get(_PROMINENCE) or (_PROMINENT if pair or actor else ())
    return Watch(
        kind=kind,
        pair=pair,
        actor=actor,
        keywords=values.get(_KEYWORDS),
        topics=values.get(_TOPICS),
        each_topic=each is Each.TOPIC,
        tone=values.get(_TONE),
        prominence=tuple(p for p in Prominence if p in prominence),
        scope=values.get(_SCOPE) or (Scope.SENTENCE if pair else Scope.ARTICLE),
        sources=values.get(_SOURCES),
        languages=tuple(sorted(set(values.get_or(_LANGUAGES, ())))),
    )


def _pair_in_part(values: Values) -> Watch | None:
    """Return the pair alone, where it is what is counted."""
    pair, each = values.get(_PAIR), values.get(_EACH)
    if pair is None or not values.sure(_EACH) or each not in (None, Each.PAIR):
        return None
    return Watch(kind=WatchKind.PAIR, pair=pair, scope=Scope.SENTENCE)


def _prominence_of_something(values: Values) -> None:
    named = {_PAIR.name, _ACTOR.name} & values.written.keys() or values.get(_EACH) in (Each.PAIR, Each.ACTOR)
    if _PROMINENCE.name in values.written and not named:
        values.wrong(_PROMINENCE, "prominence is that of a pair or an actor", "remove it, or add pair or actor")


def _note_both(values: Values, key: Key[object], wanted: Iterable[str], refused: Iterable[str]) -> None:
    if both := {*wanted} & {*refused}:
        values.wrong(key, f"wanted and refused at once: {clipped(', '.join(sorted(both)))}", "remove one of them")


def _possible_tone(values: Values) -> None:
    if (tone := values.get(_TONE)) is None:
        return
    _note_both(values, _TONE, tone.any, tone.none)
    if not set(Tone) - set(tone.none):
        values.wrong(_TONE, "every tone is refused", "leave one")


def _possible_topics(values: Values) -> None:
    if (topics := values.get(_TOPICS)) is not None:
        _note_both(values, _TOPICS, (*topics.any, *topics.all), topics.none)


def _possible_words(values: Values) -> None:
    if (words := values.get(_KEYWORDS)) is None:
        return
    wanted = (*words.any, *words.all)
    same = [term for term in wanted if term in words.none]
    _note_both(values, _KEYWORDS, map(written, same), map(written, same))
    for term in wanted:
        refused = next((other for other in words.none if never_without(term, other)), None)
        if refused is not None and term not in same:
            message = f"{clipped(written(term))!r} never counts: none refuses {clipped(written(refused))!r} in it"
            values.wrong(_KEYWORDS, message, "remove one of them")


def _possible_actors(values: Values) -> None:
    actor = values.get(_ACTOR)
    if actor is None:
        return
    anybody: ActorSet = (AnyActor(),) if values.get(_EACH) is Each.ACTOR else ()
    type_of = values.reading.actors.type_of
    if any(all_refused(wanted, actor.none, type_of) for wanted in (actor.any or anybody, *actor.all)):
        values.wrong(_ACTOR, "everybody who is wanted is refused by none", "shorten none")


def _possible_pair(values: Values) -> None:
    actor, pair = values.get(_ACTOR), values.get(_PAIR)
    if actor is None or (pair is None and values.get(_EACH) is not Each.PAIR):
        return
    sides: tuple[ActorSet, ...] = ((AnyActor(),),) if pair is None else (pair.one, pair.other)
    if any(all_refused(side, actor.none, values.reading.actors.type_of) for side in sides):
        values.wrong(_ACTOR, "everybody on one side of the pair is refused by none", "shorten none")


def _read_in_its_languages(values: Values) -> None:
    watch = _watch(values)
    if watch is not None and (found := unread(watch, values.reading.understands)) is not None:
        values.wrong(_LANGUAGES, *found)


def _watch_meant(text: str, reading: Reading) -> str:
    """Return the mapping that the few words ``text`` stand for at the prompt."""
    words = json.dumps(clipped(text), ensure_ascii=False)
    kind, _, rest = text.partition(":")
    if split_pair(text, reading) is not None:
        return f"write {{pair: {words}}}"
    if reading.actors.resolve(text.strip()) is not None:
        return f"write {{actor: {words}}}"
    if kind in ("keyword", "topic") and rest.strip():
        return f"write {{{kind}s: {json.dumps(clipped(rest.strip()), ensure_ascii=False)}}}"
    return f"write {{keywords: {words}}}, or pair, actor or topics"


WATCH = Fields(
    (_PAIR, _ACTOR, _KEYWORDS, _TOPICS, _EACH, _TONE, _PROMINENCE, _SCOPE, _SOURCES, _LANGUAGES),
    _watch,
    about="What to count. All parts hold together, within scope.",
    checks=(
        Check((_EACH,), _prominence_of_something),
        Check((_EACH,), _something_to_count),
        Check((_TONE,), _possible_tone, of_parts=True),
        Check((_TOPICS,), _possible_topics, of_parts=True),
        Check((_KEYWORDS,), _possible_words, of_parts=True),
        Check((_ACTOR,), _possible_actors),
        Check((_ACTOR, _PAIR, _EACH), _possible_pair),
        Check((_PAIR, _ACTOR, _KEYWORDS, _TOPICS, _EACH, _TONE, _SCOPE, _LANGUAGES), _read_in_its_languages),
    ),
    part=_pair_in_part,
    instead=_watch_meant,
)
