"""Why a rule does not find an article: the first part of its watch that fails, asked with the matcher itself.

The watch is loosened until it finds something, then tightened part by part; so no answer can differ from what is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from alerts.rules.match import compile_watch
from alerts.rules.model import (
    ActorPart,
    ActorSet,
    KeywordsPart,
    NamedActors,
    Rule,
    Scope,
    TonePart,
    TopicsPart,
    Watch,
    WatchKind,
)
from schemas.reasons import ArticleStatus, LanguageSupport, Prominence
from schemas.signal import Signal

NameOf = Callable[[str], str]


class Short(StrEnum):
    """Where an article falls short of a watch, in the order in which that is asked."""

    WITHDRAWN = "withdrawn"
    LANGUAGE = "language"  # extraction finds no actors in it
    SUBJECT = "subject"  # an actor, a topic or the words are not in it
    PROMINENCE = "prominence"  # they are, but only in passing
    MEETING = "meeting"  # the actors are there but do not meet within the scope, or not in that direction
    WORDS = "words"  # keywords, topics or actors that must stand beside it
    REFUSED = "refused"  # something that must nowhere be in it is there
    TONE = "tone"
    FILTER = "filter"  # its publisher or language does not count
    TOGETHER = "together"  # all parts hold, but not within one sentence or paragraph


#: How far an article got: the more, the nearer it came to being counted.
DEPTH = {short: depth for depth, short in enumerate(Short)}


@dataclass(frozen=True)
class Shortfall:
    """The first part that fails, and in words what is missing."""

    short: Short
    text: str


def shortfall(rule: Rule, signal: Signal, name_of: NameOf = str) -> Shortfall | None:
    """Return why ``rule`` finds nothing in ``signal``; None where it finds something."""
    if compile_watch(rule).hits(signal):
        return None
    if signal.status is ArticleStatus.WITHDRAWN:
        return Shortfall(Short.WITHDRAWN, "the article was withdrawn")
    if missing := _missing_subject(rule, signal, name_of):
        return missing
    for short, watch, text in _tightened(rule.watch):
        if not _finds(rule, watch, signal):
            return Shortfall(short, text)
    return Shortfall(Short.TOGETHER, f"its parts do not stand within one {rule.watch.scope.value}")


def _finds(rule: Rule, watch: Watch, signal: Signal) -> bool:
    return bool(compile_watch(rule.model_copy(update={"watch": watch})).hits(signal))


def _missing_subject(rule: Rule, signal: Signal, name_of: NameOf) -> Shortfall | None:
    """Say which actor, topic or word is in it nowhere at all."""
    watch = rule.watch
    if watch.pair is not None:
        for side in (watch.pair.one, watch.pair.other):
            if not _finds(rule, _actor_watch(side), signal):
                return _no_actor(side, signal, name_of)
    if watch.actor is not None and watch.actor.any and not _finds(rule, _actor_watch(watch.actor.any), signal):
        return _no_actor(watch.actor.any, signal, name_of)
    if watch.kind is WatchKind.KEYWORDS and watch.keywords is not None:
        bare = Watch(
            kind=WatchKind.KEYWORDS, keywords=watch.keywords.model_copy(update={"none": ()}), scope=Scope.ARTICLE
        )
        if not _finds(rule, bare, signal):
            return Shortfall(Short.SUBJECT, "the words are not in it")
    if watch.kind is WatchKind.TOPIC and watch.topics is not None and (watch.topics.any or watch.topics.all):
        topics = watch.topics.model_copy(update={"none": ()})
        if not _finds(rule, Watch(kind=WatchKind.TOPIC, topics=topics, scope=Scope.ARTICLE), signal):
            wanted = ", ".join((*topics.any, *topics.all))
            return Shortfall(Short.SUBJECT, f"it is not about {wanted}")
    return None


def _actor_watch(choices: ActorSet) -> Watch:
    return Watch(kind=WatchKind.ACTOR, actor=ActorPart(any=choices), prominence=tuple(Prominence), scope=Scope.ARTICLE)


def _no_actor(choices: ActorSet, signal: Signal, name_of: NameOf) -> Shortfall:
    language = signal.language or "an unknown language"
    if signal.language_support is LanguageSupport.NONE:
        return Shortfall(Short.LANGUAGE, f"actors are not found in {language}, only keywords are")
    ids = [actor for choice in choices if isinstance(choice, NamedActors) for actor in choice.ids]
    names = " or ".join(name_of(actor) for actor in ids) if ids else "such an actor"
    text = f"{names} was not found in it"
    if words := [name_of(actor) for actor in ids if name_of(actor).casefold() in signal.text.casefold()]:
        text += f", although the word “{words[0]}” is there"
    if signal.language_support is LanguageSupport.NAMES:
        text += f" (in {language} only names of states and main officials are known)"
    return Shortfall(Short.SUBJECT, text)


def _tightened(watch: Watch) -> Iterator[tuple[Short, Watch, str]]:
    """Yield the watch from its loosest form to itself, each with what is missing where that form is the first to fail."""
    loose = Watch(
        kind=watch.kind,
        pair=watch.pair.model_copy(update={"directed": False}) if watch.pair is not None else None,
        actor=watch.actor.model_copy(update={"all": (), "none": ()})
        if watch.actor is not None and watch.actor.any
        else None,
        keywords=watch.keywords.model_copy(update={"none": ()})
        if watch.kind is WatchKind.KEYWORDS and watch.keywords is not None
        else None,
        topics=watch.topics.model_copy(update={"none": ()})
        if watch.kind is WatchKind.TOPIC and watch.topics is not None
        else None,
        each_topic=watch.each_topic,
        prominence=tuple(Prominence) if watch.prominence else (),
        scope=Scope.ARTICLE,
    )
    yield Short.SUBJECT, loose, "what it counts is not in it"
    if watch.prominence:
        loose = loose.model_copy(update={"prominence": watch.prominence})
        yield Short.PROMINENCE, loose, "the actors are mentioned only in passing"
    if watch.pair is not None:
        loose = loose.model_copy(update={"scope": watch.scope})
        yield Short.MEETING, loose, f"the two do not meet within one {watch.scope.value}"
        loose = loose.model_copy(update={"pair": watch.pair})
        yield Short.MEETING, loose, "the one does not act on the other, in that direction"
    wide = loose.model_copy(update={"scope": Scope.ARTICLE}) if watch.pair is None else loose
    yield from _beside(watch, wide)
    # Without a place to stand in together nothing can be left but that, which the caller says.


def _beside(watch: Watch, wide: Watch) -> Iterator[tuple[Short, Watch, str]]:
    if watch.keywords is not None and wide.keywords is None:
        words = watch.keywords.model_copy(update={"none": ()})
        if words != KeywordsPart():
            wide = wide.model_copy(update={"keywords": words})
            yield Short.WORDS, wide, "the words that must stand beside it do not"
    if watch.topics is not None and wide.topics is None:
        topics = watch.topics.model_copy(update={"none": ()})
        if topics != TopicsPart():
            wide = wide.model_copy(update={"topics": topics})
            yield Short.WORDS, wide, f"where they meet it is not about {', '.join((*topics.any, *topics.all))}"
    if watch.actor is not None:
        wide = wide.model_copy(update={"actor": watch.actor.model_copy(update={"none": ()})})
        yield Short.WORDS, wide, "the actors that must be there as well are not"
    wide = wide.model_copy(update={"actor": watch.actor, "keywords": watch.keywords, "topics": watch.topics})
    yield Short.REFUSED, wide, "an actor, a topic or words that the rule refuses are in it"
    if watch.tone is not None and watch.tone != TonePart():
        wide = wide.model_copy(update={"tone": watch.tone})
        wanted = [f"not {tone.value}" for tone in watch.tone.none] or [tone.value for tone in watch.tone.any]
        yield Short.TONE, wide, f"the tone is not what the rule asks for ({', '.join(wanted)})"
    if watch.sources is not None:
        wide = wide.model_copy(update={"sources": watch.sources})
        yield Short.FILTER, wide, "its publisher is not one that counts"
    if watch.languages:
        wide = wide.model_copy(update={"languages": watch.languages})
        yield Short.FILTER, wide, f"its language is not {' or '.join(watch.languages)}"
