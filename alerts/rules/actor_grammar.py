"""Actors in a rule file: names, sets, types, anybody, exceptions, pairs. Names in, ids out."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from alerts.rules.fields import Check, Fields, Key, Values
from alerts.rules.groups import AnyAllNone, Groups
from alerts.rules.lookalikes import mixes_alphabets, strange_letter
from alerts.rules.mistakes import clipped, did_you_mean, one_of
from alerts.rules.model import ActorChoice, ActorPart, ActorSet, ActorsOfType, AnyActor, NamedActors, PairPart
from alerts.rules.readers import Items, JsonSchema, Reader, Text, described
from alerts.rules.reading import Reading
from alerts.rules.yaml_tree import Mapping_, Node, Scalar, Sequence_

#: Stands for every actor.
ANYBODY = "*"

#: Where the JSON Schema of an actor is kept, so that actors may hold actors.
ACTORS_DEFINITION = "actors"

_TEXT = Text()


class Actors(Reader[ActorSet]):
    """An actor by name or id, a set by name, ``"*"``, or ``{any: […]}``, ``{type: …}``, each with ``except: […]``."""

    def read(self, node: Node, path: str, reading: Reading) -> ActorSet | None:
        """Return the choices, each kind once, in one order whatever the order of the file."""
        if isinstance(node, Sequence_):
            reading.wrong(node, path, "one actor is needed, this is a list", "for one of several write {any: [a, b]}")
            return None
        if isinstance(node, Mapping_):
            return _CHOICE.read(node, path, reading)
        name = _TEXT.read(node, path, reading)
        if name is None:
            return None
        if name == ANYBODY:
            return (AnyActor(),)
        if name in reading.sets:
            return reading.sets[name]
        actor = reading.actors.resolve(name)
        if actor is None:
            note_unknown(name, node, path, reading)
            return None
        return (NamedActors(ids=(actor,)),)

    def schema(self) -> JsonSchema:
        """A reference: actors may hold actors."""
        return {"$ref": f"#/$defs/{ACTORS_DEFINITION}"}

    def definition(self) -> JsonSchema:
        """Return what the reference leads to."""
        return {"anyOf": [_TEXT.schema(), _CHOICE.schema()]}


def note_unknown(name: str, node: Node, path: str, reading: Reading) -> None:
    """Note that nobody is called ``name``; where a file with sets is missing, only if it looks like a known name."""
    remedy = _suggestion(name, reading)
    strange = strange_letter(name) if mixes_alphabets(name) else ""
    if not reading.sets_missing or remedy.startswith("did"):
        what = f"unknown actor {clipped(name)!r}"
        reading.wrong(node, path, f"{what}: {strange}" if strange else what, remedy)


def _suggestion(name: str, reading: Reading) -> str:
    close = list(reading.actors.suggest(unicodedata.normalize("NFKC", name[:80])))
    set_like = did_you_mean(name, reading.sets) if reading.sets else ""
    if close:
        return f"did you mean {one_of(close[:3])}?"
    return set_like if set_like.startswith("did") else "an actor of your own goes into actors/*.yaml"


class _ActorType(Reader[str]):
    def read(self, node: Node, path: str, reading: Reading) -> str | None:
        text = _TEXT.read(node, path, reading)
        if text is None or text in reading.actors.types():
            return text
        reading.wrong(node, path, f"unknown type {clipped(text)!r}", did_you_mean(text, reading.actors.types()))
        return None

    def schema(self) -> JsonSchema:
        return _TEXT.schema()


ACTORS = Actors()
_SEVERAL = Items(ACTORS, or_one=True)
_ANY = Key("any", _SEVERAL, "One of these actors.")
_TYPE = Key("type", Items(_ActorType(), or_one=True), "Every actor of this type: country, body, company and others.")
_EXCEPT = Key("except", _SEVERAL, "But not these.")


def _not_both(values: Values) -> None:
    if {_ANY.name, _TYPE.name} <= values.written.keys():
        values.wrong(_TYPE, "any and type exclude each other", "keep one, or write {any: [a, {type: b}]}")


def _named_alone(values: Values) -> None:
    excepted = [choice for item in values.get_or(_EXCEPT, ()) for choice in item]
    if not all(isinstance(choice, NamedActors) for choice in excepted):
        values.wrong(_EXCEPT, "only actors and sets of named actors can be excepted", "name them one by one")


def _somebody_left(values: Values) -> None:
    if values.written and not _chosen(values):
        values.wrong(_EXCEPT, "everybody is excepted, nobody is left", "shorten except")


def _chosen(values: Values) -> ActorSet:
    several, types = values.get(_ANY), values.get(_TYPE)
    choices: ActorSet = (AnyActor(),)
    if several is not None:
        choices = tuple(choice for item in several for choice in item)
    elif types is not None:
        choices = tuple(ActorsOfType(type=name) for name in types)
    named = [c for item in values.get_or(_EXCEPT, ()) for c in item if isinstance(c, NamedActors)]
    excepted = {actor for choice in named for actor in choice.ids}
    return simplified(choices, excepted)


_CHOICE = Fields(
    (_ANY, _TYPE, _EXCEPT),
    _chosen,
    about="One of several actors.",
    checks=(
        Check((), _not_both),
        Check((_EXCEPT,), _named_alone, of_parts=True),
        Check((_ANY, _TYPE, _EXCEPT), _somebody_left),
    ),
)


def simplified(choices: Iterable[ActorChoice], without: set[str]) -> ActorSet:
    """Return the same actors less ``without``, written in one way: who is named, then types, then anybody."""
    named: set[str] = set()
    types: dict[str, set[str]] = {}
    anyone: set[str] | None = None
    for choice in choices:
        match choice:
            case NamedActors():
                named.update(choice.ids)
            case ActorsOfType():
                except_ids = set(choice.excepted)
                types[choice.type] = types.get(choice.type, except_ids) & except_ids
            case AnyActor():
                anyone = set(choice.excepted) if anyone is None else anyone & set(choice.excepted)
    named -= without
    if anyone is not None and not anyone and not without:
        return (AnyActor(),)
    found: list[ActorChoice] = []
    if named:
        found.append(NamedActors(ids=tuple(sorted(named))))
    found.extend(ActorsOfType(type=t, excepted=tuple(sorted(ids | without))) for t, ids in sorted(types.items()))
    if anyone is not None:
        found.append(AnyActor(excepted=tuple(sorted(anyone | without))))
    return tuple(found)


def united(items: Iterable[ActorSet]) -> ActorSet:
    """Return the actors of any of ``items``; a set that is there many times is looked at once."""
    once = {id(item): item for item in items}
    return simplified((choice for item in once.values() for choice in item), set())


def _actor_part(groups: AnyAllNone[ActorSet]) -> ActorPart:
    return ActorPart(any=united(groups.any), all=tuple(dict.fromkeys(groups.all)), none=united(groups.none))


ACTOR_PART = Groups(ACTORS, _actor_part, item_keys=frozenset({"type", "except"}))


#: What stands between the sides of a pair in its short form.
_SIGNS = (">", "&", "-", "–")

#: Of a pair with too many sides so many are looked at.
_MOST_SIDES_READ = 20


class Pair(Reader[PairPart]):
    """``[a, b]`` either way, ``{from: a, to: b}`` directed, or in short ``a-b`` and ``a>b``."""

    def read(self, node: Node, path: str, reading: Reading) -> PairPart | None:
        """Return the pair; the two sides of one that goes either way in one order."""
        if isinstance(node, Mapping_):
            return _DIRECTED.read(node, path, reading)
        if isinstance(node, Scalar):
            text = _TEXT.read(node, path, reading)
            return None if text is None else self._short(text, node, path, reading)
        if len(node.items) != 2:
            message = f"a pair has two sides, this list has {len(node.items)}"
            reading.wrong(node, path, message, "for one of several write {any: [a, b]}")
            for i, item in enumerate(node.items[:_MOST_SIDES_READ]):
                ACTORS.read(item, f"{path}[{i}]", reading)
            return None
        sides = [ACTORS.read(item, f"{path}[{i}]", reading) for i, item in enumerate(node.items)]
        if sides[0] is None or sides[1] is None:
            return None
        return _checked(sides[0], sides[1], directed=False, node=node, path=path, reading=reading)

    def _short(self, text: str, node: Scalar, path: str, reading: Reading) -> PairPart | None:
        sides = split_pair(text, reading)
        if sides is None:
            self._note_sides(text, node, path, reading)
            return None
        one, other, directed = sides
        return _checked(one, other, directed=directed, node=node, path=path, reading=reading)

    def _note_sides(self, text: str, node: Scalar, path: str, reading: Reading) -> None:
        """Note who of a pair is not known, where it is plain who is meant."""
        sign = next((sign for sign in _SIGNS if text.count(sign) == 1), None)
        names = [name.strip() for name in text.split(sign)] if sign is not None else []
        if not all(names) or not names:
            message = f"{clipped(text)!r} is no pair"
            reading.wrong(node, path, message, "write [Azerbaijan, Russia], AZE-RUS, or AZE>RUS for one direction")
        for name in names if all(names) else ():
            if _known(name, reading) is None:
                note_unknown(name, node, path, reading)

    def schema(self) -> JsonSchema:
        """Any of the three forms."""
        two: JsonSchema = {"type": "array", "items": ACTORS.schema(), "minItems": 2, "maxItems": 2}
        return {"anyOf": [two, _DIRECTED.schema(), _TEXT.schema()]}


def split_pair(text: str, reading: Reading) -> tuple[ActorSet, ActorSet, bool] | None:
    """Return the sides of ``a>b`` (directed), ``a & b`` or ``a-b``; None when no way to split it gives two actors.

    A name may have a hyphen in it, so every place is tried, from the left.
    """
    for sign in _SIGNS:
        places = [i for i, character in enumerate(text) if character == sign]
        for place in places[:20]:
            one, other = _known(text[:place], reading), _known(text[place + 1 :], reading)
            if one is not None and other is not None:
                return one, other, sign == ">"
    return None


def _known(name: str, reading: Reading) -> ActorSet | None:
    bare = name.strip()
    if bare == ANYBODY:
        return (AnyActor(),)
    if bare in reading.sets:
        return reading.sets[bare]
    actor = reading.actors.resolve(bare) if bare else None
    return None if actor is None else (NamedActors(ids=(actor,)),)


def _checked(
    one: ActorSet, other: ActorSet, *, directed: bool, node: Node, path: str, reading: Reading
) -> PairPart | None:
    if (same := _itself(one, other)) is not None:
        reading.wrong(node, path, *same)
        return None
    if not directed and _order(other) < _order(one):
        one, other = other, one
    return PairPart(one=one, other=other, directed=directed)


def _itself(one: ActorSet, other: ActorSet) -> tuple[str, str] | None:
    """Return what is wrong with a pair of one actor and itself, and the remedy."""
    if one == other and isinstance(one[0], NamedActors) and len(one) == 1 and len(one[0].ids) == 1:
        return f"both sides are {one[0].ids[0]}", "a pair is two different actors; for one alone use actor:"
    return None


def _order(choices: ActorSet) -> tuple[tuple[int, str], ...]:
    kinds = {"named": 0, "type": 1, "anyone": 2}
    return tuple((kinds[choice.kind], choice.model_dump_json()) for choice in choices)


_FROM = Key("from", ACTORS, "Who acts.", required=True, example="from: Russia")
_TO = Key("to", ACTORS, "On whom.", required=True, example="to: Azerbaijan")


def _two_sides(values: Values) -> None:
    if (same := _itself(values.get_or(_FROM, ()), values.get_or(_TO, ()))) is not None:
        values.wrong(None, *same)


def _directed(values: Values) -> PairPart:
    return PairPart(one=values.get_or(_FROM, ()), other=values.get_or(_TO, ()), directed=True)


_DIRECTED = Fields((_FROM, _TO), _directed, about="A pair in one direction.", checks=(Check((_FROM, _TO), _two_sides),))
PAIR = Pair()


class Sets(Reader[None]):
    """The sets of a file, in its order: a later one may hold an earlier one. They are kept in the reading."""

    def read(self, node: Node, path: str, reading: Reading) -> None:
        """Fill ``reading.sets``."""
        if not isinstance(node, Mapping_):
            reading.wrong(node, path, f"a mapping is needed, this is {described(node)}", "write name: [actor, actor]")
            return
        for name, (place, value) in node.entries.items():
            inner = f"{path}.{name}"
            if name == ANYBODY or reading.actors.resolve(name) is not None:
                reading.wrong(place, inner, f"{clipped(name)!r} is already an actor", "give the set another name")
            if name in reading.sets:
                reading.wrong(place, inner, f"{clipped(name)!r} is already a set of an included file", "rename one")
            found = _SEVERAL.read(value, inner, reading)
            if name in reading.sets:
                continue
            # After a mistake the set stands for anybody, so that every use of it is not a mistake as well.
            reading.sets[name] = (AnyActor(),) if found is None else united(found)

    def schema(self) -> JsonSchema:
        """An object of actors."""
        return {"type": "object", "additionalProperties": _SEVERAL.schema()}
