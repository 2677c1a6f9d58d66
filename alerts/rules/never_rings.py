"""What a watch leaves nothing of for a detector or for those who should corroborate it: rules that could never ring. Pure.

Each function returns what is wrong and a remedy, or None: it could ring, as far as can be known without feeds and news.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from alerts.rules.model import (
    ActorSet,
    Detector,
    Drop,
    Level,
    NamedActors,
    New,
    Ratio,
    Record,
    Scope,
    Shift,
    Threshold,
    Unit,
    Watch,
    WatchKind,
)
from alerts.rules.sources_left import countries_left, everybody_of, least, nobody_of, publishers_left
from schemas.plain_text import plural
from schemas.reasons import Tone

Shortcoming = tuple[str, str]

#: Whether tone, topics and who acts on whom are read in a language (its two letters).
Understands = Callable[[str], bool]

#: A floor for publishers that is lowered to those there are is never lowered below this.
_FEWEST_PUBLISHERS = 2

#: So many keys of a pair are looked at one by one.
_MOST_KEYS = 1_000


def shortcoming(watch: Watch, detector: Detector, understands: Understands | None = None) -> Shortcoming | None:
    """Return why ``detector`` could never ring on what ``watch`` counts."""
    return (
        _of_tones(watch, detector, understands)
        or _of_topics(watch, detector, understands)
        or _of_sources(watch, detector)
        or _of_publishers(watch, detector)
        or (_of_known(watch, detector) if isinstance(detector, New) else None)
    )


def uncorroborated(watch: Watch, when: Sequence[Detector], needed: int) -> Shortcoming | None:
    """Return why publishers of ``needed`` countries can never have what one of ``when`` rings for (empty: whatever that is)."""
    remedy = "ask for fewer countries, or let publishers of more count"
    left = countries_left(watch.sources)
    if left is not None and left < needed and not (when and all(isinstance(detector, Drop) for detector in when)):
        return f"only publishers of {plural(left, 'country', 'countries')} count: it can never ring", remedy
    for detector in when:
        left = countries_left(detector.to.sources) if isinstance(detector, Shift) else None
        if left is not None and left < needed:
            of = plural(left, "country", "countries")
            return f"only publishers of {of} belong to the part of its shift: that can never ring", remedy
    return None


def never_reached(level: Level, when: Sequence[Detector]) -> Shortcoming | None:
    """Return why no alert of a rule with the detectors ``when`` can be as grave as ``level``."""
    silent: list[str] = []
    for detector in when:
        if level.times and isinstance(detector, (Threshold, New, Drop)):
            silent.append(f"{detector.kind} {'rings for fewer' if isinstance(detector, Drop) else 'expects nothing'}")
        elif level.score and isinstance(detector, (Threshold, New, Ratio, Record)):
            silent.append(f"{detector.kind} has no score")
        else:
            return None
    if not silent:
        return None
    asked = f"{level.times:g} times the expectation" if level.times else f"a score of {level.score:g}"
    message = f"{level.severity.value} asks for {asked}, and {' and '.join(dict.fromkeys(silent))}: it is never reached"
    return message, "ask for stories, publishers or articles"


def unread(watch: Watch, understands: Understands | None) -> Shortcoming | None:
    """Return what of ``watch`` is never read in its languages."""
    if _is_read(watch, understands):
        return None
    asked = [part for part in (watch.topics,) if part is not None and (part.any or part.all)]
    if asked or watch.each_topic:
        return _not_read(watch, "topics"), "let another language count, or watch keywords instead of topics"
    if watch.pair is not None and watch.pair.directed:
        return _not_read(watch, "who acts on whom"), "let another language count, or write the pair either way: [a, b]"
    if Tone.NEUTRAL not in _tones(watch):
        return _not_read(watch, "tone"), "let another language count, or leave tone out"
    return None


def _not_read(watch: Watch, what: str) -> str:
    verb = "are" if what == "topics" else "is"
    return f"{what} {verb} not read in articles in {_listed(watch.languages)}: it can never ring"


def _is_read(watch: Watch, understands: Understands | None) -> bool:
    return understands is None or not watch.languages or any(map(understands, watch.languages))


def _of_tones(watch: Watch, detector: Detector, understands: Understands | None) -> Shortcoming | None:
    tones = _tones(watch) if _is_read(watch, understands) else _tones(watch) & {Tone.NEUTRAL}
    # A paragraph may hold one tone beside another; a sentence and an article have one.
    has_one = watch.scope is not Scope.PARAGRAPH
    if not tones:
        return None  # That is told of the watch.
    if detector.only is not None and detector.only.tones:
        if has_one and tones.isdisjoint(detector.only.tones):
            counted, whole = _listed(detector.only.tones), _listed(sorted(tones))
            return f"only what is {counted} is counted of what is {whole}: it can never ring", _ONE_TONE
        tones = {*detector.only.tones} if not has_one else tones & {*detector.only.tones}
    if not isinstance(detector, Shift) or not detector.to.tones:
        return None
    if has_one and tones.isdisjoint(detector.to.tones):
        part = _listed(detector.to.tones)
        return f"nothing that is counted is {part}: the part is always empty, it can never ring", _ONE_TONE
    if tones <= {*detector.to.tones} and not detector.to.topics and detector.to.sources is None:
        return _always_the_whole(sorted(tones), "tone")
    return None


_ONE_TONE = "take the tone out of the watch or out of only"


def _of_topics(watch: Watch, detector: Detector, understands: Understands | None) -> Shortcoming | None:
    only = {*detector.only.topics} if detector.only is not None else set()
    to = {*detector.to.topics} if isinstance(detector, Shift) else set()
    refused = {*watch.topics.none} if watch.topics is not None else set()
    for asked, what in ((only, "only"), (to, "the part")):
        if asked and not _is_read(watch, understands):
            return _not_read(watch, "topics"), "let another language count, or ask for no topic"
        if asked and asked <= refused:
            message = f"the watch refuses {_listed(sorted(asked))}, so {what} is always empty: it can never ring"
            return message, "take the topic out of none of the watch"
    wanted = [only] if only else []
    if watch.topics is not None and not watch.each_topic:
        wanted += [{*watch.topics.any}] if watch.topics.any else []
        wanted += [{topic} for topic in watch.topics.all]
    if to and isinstance(detector, Shift) and not detector.to.tones and detector.to.sources is None:
        whole = next((topics for topics in wanted if topics <= to), None)
        return _always_the_whole(sorted(whole), "topic") if whole else None
    return None


def _of_sources(watch: Watch, detector: Detector) -> Shortcoming | None:
    to = detector.to if isinstance(detector, Shift) else None
    if to is None or to.sources is None:
        return None
    if nobody_of(to.sources, watch.sources):
        message = (
            "no publisher of the part is among those the watch counts: the part is always empty, it can never ring"
        )
        return message, "let the watch count them too: widen its sources"
    if not to.tones and not to.topics and everybody_of(to.sources, watch.sources):
        message = (
            "every publisher the watch counts belongs to the part: the part is always the whole, it can never ring"
        )
        return message, "let the watch count others too: widen its sources"
    return None


def _of_publishers(watch: Watch, detector: Detector) -> Shortcoming | None:
    part = detector.to.sources if isinstance(detector, Shift) else None
    left = least(publishers_left(watch.sources), publishers_left(part))
    if left is None or isinstance(detector, Drop):
        return None
    floor, where, fewest = detector.floors.publishers, "min: {publishers: …}", _FEWEST_PUBLISHERS
    if isinstance(detector, New):
        floor, where, fewest = detector.confirm.publishers, "confirm: {publishers: …}", detector.confirm.publishers
    elif isinstance(detector, Threshold):
        fewest = floor
        if detector.of is Unit.PUBLISHERS and detector.count > max(floor, left):
            floor, where, fewest = detector.count, "count: …", detector.count
    if left >= min(floor, fewest):
        return None
    who = "belongs to the part" if part is not None else "counts"
    who = who if left == 1 else {"counts": "count"}.get(who, "belong to the part")
    message = f"only {plural(left, 'publisher', 'publishers')} {who}, {detector.kind} needs {floor}: it can never ring"
    return message, f"write {where.replace('…', str(left))}, or let more publishers count: sources"


def _of_known(watch: Watch, new: New) -> Shortcoming | None:
    always = _always_known(watch, new.known) or _all_keys_known(watch, new)
    return (f"{always}, which is known: it can never ring", "take it out of known") if always else None


def _always_known(watch: Watch, known: Collection[str]) -> str:
    """Return what every key holds, if the rule says of it that it is no news."""
    sides: Sequence[ActorSet] = ()
    if watch.kind is WatchKind.PAIR and watch.pair is not None:
        sides = (watch.pair.one, watch.pair.other)
    elif watch.kind is WatchKind.ACTOR and watch.actor is not None:
        sides = (watch.actor.any,)
    for side in sides:
        named = [choice for choice in side if isinstance(choice, NamedActors)]
        if side and len(named) == len(side) and all({*known}.issuperset(choice.ids) for choice in named):
            return f"every key holds {_listed([actor for choice in named for actor in choice.ids])}"
    if watch.each_topic and watch.topics is not None and watch.topics.any and {*watch.topics.any} <= {*known}:
        return f"every key is {_listed(watch.topics.any)}"
    return ""


def _all_keys_known(watch: Watch, new: New) -> str:
    """Return the keys of a pair of named actors, if all of them are known."""
    if watch.kind is not WatchKind.PAIR or watch.pair is None or not new.known:
        return ""
    one, other = (
        [choice for choice in side if isinstance(choice, NamedActors)] for side in (watch.pair.one, watch.pair.other)
    )
    if len(one) < len(watch.pair.one) or len(other) < len(watch.pair.other):
        return ""
    ids, others = ([actor for choice in side for actor in choice.ids] for side in (one, other))
    if len(ids) * len(others) > _MOST_KEYS:
        return ""
    sign = ">" if watch.pair.directed else "-"
    pairs = [(a, b) if watch.pair.directed else (min(a, b), max(a, b)) for a in ids for b in others if a != b]
    keys = sorted({f"{a}{sign}{b}" for a, b in pairs})
    return f"every key is {_listed(keys)}" if keys and all(map(new.knows, keys)) else ""


def _always_the_whole(what: Sequence[str], kind: str) -> Shortcoming:
    message = f"all that is counted is {_listed(what)}: the part is always the whole, it can never ring"
    return message, f"watch every {kind}, and name in to the one that is to grow"


def _tones(watch: Watch) -> set[Tone]:
    if watch.tone is None:
        return {*Tone}
    return {*(watch.tone.any or Tone)} - {*watch.tone.none}


def _listed(words: Sequence[str]) -> str:
    return " or ".join(str(word) for word in words)
