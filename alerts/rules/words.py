"""A compiled rule in plain English, for people who did not write it; and the keys it counts, in their canonical form."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from alerts.rules.detector_words import detector_in_words, listed, sources_in_words
from alerts.rules.model import (
    ActorSet,
    ActorsOfType,
    AnyActor,
    Drop,
    KeywordsPart,
    Level,
    Mode,
    NamedActors,
    Near,
    Pattern,
    Phrase,
    PlainTerm,
    Rule,
    Stem,
    Template,
    Term,
    Watch,
    WatchKind,
)
from alerts.rules.schedule import schedule_in_words
from schemas.plain_text import plain_line, plural
from schemas.reasons import Prominence

#: An actor's id → the name people know it by; the id itself where there is none.
NameOf = Callable[[str], str]

_PROMINENCE = {Prominence.TITLE: "in the title", Prominence.MAIN: "as a main matter", Prominence.MENTION: "in passing"}


def describe(rule: Rule, name_of: NameOf = str) -> str:
    """Return ``rule`` as a few sentences on lines of their own."""
    lines = [f"{rule.name} counts articles {watch_in_words(rule.watch, name_of)}.", f"One count each: {keys_of(rule)}."]
    rings = {Mode.LIVE: "It rings", Mode.SHADOW: "It only records, in shadow,", Mode.OFF: "It is off; it would ring"}
    for number, detector in enumerate(rule.when):
        start = f"{rings[rule.mode]} ({rule.severity.value})" if number == 0 else "Or"
        lines.append(f"{start} when {detector_in_words(detector)}.")
    if rule.corroborated_by is not None:
        countries = plural(rule.corroborated_by.source_countries, "country", "countries")
        drops = [isinstance(detector, Drop) for detector in rule.when]
        but = " (but not where there are too few: what is missing has no publishers)" if any(drops) else ""
        if not all(drops):
            lines.append(f"Only once publishers of at least {countries} have it{but}.")
    lines.extend(f"It is {level.severity.value} once there {_asked(level)}." for level in rule.levels)
    if rule.active:
        lines.append(f"It rings only {schedule_in_words(rule.active)}; it counts and learns all the time.")
    if rule.template is not None:
        lines.extend(_template_lines(rule.template))
    if rule.labels:
        lines.append("Labels: " + ", ".join(f"{name}={plain_line(text)}" for name, text in rule.labels.items()) + ".")
    kept, open_at_once = plural(rule.max_keys, "count is", "counts are"), plural(rule.limit, "alert")
    lines.append(f"At most {kept} kept, and {open_at_once} may be open at once.")
    return "\n".join(lines)


def keys_of(rule: Rule) -> str:
    """Return the keys of ``rule``: ``AZE-RUS``, ``AZE>*``, ``{AZE, SOCAR}-country except RUS``, ``keyword:name``."""
    watch = rule.watch
    if watch.kind is WatchKind.PAIR and watch.pair is not None:
        return f"{_canonical(watch.pair.one)}{'>' if watch.pair.directed else '-'}{_canonical(watch.pair.other)}"
    if watch.kind is WatchKind.ACTOR and watch.actor is not None:
        return _canonical(watch.actor.any)
    if watch.kind is WatchKind.KEYWORDS:
        return f"keyword:{rule.name}"
    if not watch.each_topic:
        return f"topic:{rule.name}"
    topics = watch.topics.any if watch.topics is not None else ()
    return ", ".join(f"topic:{topic}" for topic in topics) or "topic:*"


def _canonical(choices: ActorSet) -> str:
    parts: list[str] = []
    for choice in choices:
        match choice:
            case NamedActors(ids=ids):
                parts.extend(ids)
            case ActorsOfType():
                parts.append(choice.type + _but(choice.excepted, str))
            case AnyActor():
                parts.append("*" + _but(choice.excepted, str))
    return parts[0] if len(parts) == 1 else "{" + ", ".join(parts) + "}"


def watch_in_words(watch: Watch, name_of: NameOf = str) -> str:
    """Return what ``watch`` counts, to follow "articles"."""
    parts = [*_subjects(watch, name_of)]
    if watch.tone is not None and watch.tone.any:
        parts.append(f"the tone is {listed(watch.tone.any, 'or')}")
    if watch.tone is not None and watch.tone.none:
        parts.append(f"the tone is not {listed(watch.tone.none, 'or')}")
    text = "in which " + ", and ".join(parts) + f" (all within one {watch.scope.value})"
    if watch.prominence and set(watch.prominence) != set(Prominence):
        text += ", the actors " + listed([_PROMINENCE[p] for p in watch.prominence], "or")
    if watch.languages:
        text += f", written in {listed(watch.languages, 'or')}"
    if watch.sources is not None:
        text += f", {sources_in_words(watch.sources, name_of)}"
    return text


def _subjects(watch: Watch, name_of: NameOf) -> list[str]:
    parts = []
    if watch.pair is not None:
        one, other = _actors(watch.pair.one, name_of), _actors(watch.pair.other, name_of)
        parts.append(f"{one} acts on {other}" if watch.pair.directed else f"{_meeting(one, other)} meet, either way")
    if watch.actor is not None:
        if watch.actor.any:
            parts.append(f"{_actors(watch.actor.any, name_of)} appears")
        parts.extend(f"{_actors(choices, name_of)} appears" for choices in watch.actor.all)
        if watch.actor.none:
            parts.append(f"{_actors(watch.actor.none, name_of)} appears nowhere")
    if watch.keywords is not None:
        parts.extend(_keywords(watch.keywords))
    if watch.each_topic and not (watch.topics and watch.topics.any):
        parts.append("there is a topic")
    if watch.topics is not None:
        if watch.topics.any:
            parts.append(f"the topic is {listed(watch.topics.any, 'or')}")
        if watch.topics.all:
            parts.append(f"the topics are {listed(watch.topics.all, 'and')}")
        if watch.topics.none:
            parts.append(f"{listed(watch.topics.none, 'or')} is no topic")
    return parts


def _meeting(one: str, other: str) -> str:
    if one != other:
        return f"{one} and {other}"
    if one == "anybody":
        return "any two actors"
    return f"{one} and another" if one.startswith("any ") else f"two of {one}"


def _actors(choices: ActorSet, name_of: NameOf) -> str:
    parts: list[str] = []
    for choice in choices:
        match choice:
            case NamedActors(ids=ids):
                parts.extend(_named(actor, name_of) for actor in ids)
            case ActorsOfType():
                parts.append(f"any {choice.type}" + _but(choice.excepted, name_of))
            case AnyActor():
                parts.append("anybody" + _but(choice.excepted, name_of))
    return listed(parts, "or")


def _named(actor: str, name_of: NameOf) -> str:
    name = name_of(actor)
    return actor if name == actor else f"{name} ({actor})"


def _but(excepted: Sequence[str], name_of: NameOf) -> str:
    return f" except {listed([name_of(actor) for actor in excepted], 'and')}" if excepted else ""


def _keywords(part: KeywordsPart) -> list[str]:
    parts = []
    if part.any:
        parts.append(f"the text has {listed([term_in_words(term) for term in part.any], 'or')}")
    if part.all:
        parts.append(f"the text has {listed([term_in_words(term) for term in part.all], 'and')}")
    if part.none:
        parts.append(f"the article has nowhere {listed([term_in_words(term) for term in part.none], 'or')}")
    return parts


def _template_lines(template: Template) -> Iterator[str]:
    if template.subject:
        yield f"Subject of its messages: {plain_line(template.subject)}"
    if template.note:
        yield f"Its messages say: {plain_line(template.note)}"


def words_watched(watch: Watch) -> tuple[str, ...]:
    """Return the terms that a rule about words looks for, shortest form: ``“Zangezur corridor”``, ``Zangezur … corridor``;
    empty for other rules."""
    if watch.kind is not WatchKind.KEYWORDS or watch.keywords is None:
        return ()
    return tuple(_short_term(term) for term in (*watch.keywords.any, *watch.keywords.all))


def _short_term(term: Term | PlainTerm) -> str:
    match term:
        case Phrase() | Stem():
            return f"“{term.text}”"
        case Pattern():
            return f"/{term.pattern}/"
        case Near():
            return " … ".join("|".join(_short_term(choice) for choice in group) for group in term.groups)


def term_in_words(term: Term | PlainTerm) -> str:
    """Return ``term`` as people would say it."""
    match term:
        case Phrase():
            return f"“{term.text}”" + (" spelt exactly so" if term.case else "")
        case Stem():
            return f"“{term.text}” in any ending ({term.language})"
        case Pattern():
            return f"the pattern {term.pattern}" + (" spelt exactly so" if term.case else "")
        case Near():
            choices = [[term_in_words(choice) for choice in group] for group in term.groups]
            groups = [words[0] if len(words) == 1 else f"({listed(words, 'or')})" for words in choices]
            return f"{listed(groups, 'and')} with at most {plural(term.words, 'word')} between them"


def _asked(level: Level) -> str:
    counted = (
        (level.stories, "story", "stories"),
        (level.publishers, "publisher", ""),
        (level.articles, "article", ""),
    )
    parts = [plural(*one) for one in counted if one[0]]
    parts += [f"{level.times:g} times the expectation"] if level.times else []
    parts += [f"a score of {level.score:g}"] if level.score else []
    one = next((count for count, *_ in counted if count), 2 if level.times else 1) == 1
    return f"{'is' if one else 'are'} {listed(parts, 'and')}"
