"""What a watch refuses of what it wants: actors of whom, and words of which, none is left. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from alerts.rules.folding import fold
from alerts.rules.model import ActorSet, ActorsOfType, AnyActor, NamedActors, Near, Pattern, Phrase, PlainTerm, Term

#: An actor's id → its type, None when unknown.
TypeOf = Callable[[str], str | None]


def all_refused(wanted: ActorSet, refused: ActorSet, type_of: TypeOf) -> bool:
    """Tell whether every actor of ``wanted`` is one of ``refused``; an empty ``wanted`` holds nobody, so it is not."""
    named = {actor for choice in refused if isinstance(choice, NamedActors) for actor in choice.ids}
    types = {choice.type: {*choice.excepted} - named for choice in refused if isinstance(choice, ActorsOfType)}
    anyone = [{*choice.excepted} - named for choice in refused if isinstance(choice, AnyActor)]

    def is_refused(actor: str) -> bool:
        kind = type_of(actor)
        of_type = kind is not None and kind in types and actor not in types[kind]
        return actor in named or of_type or any(actor not in excepted for excepted in anyone)

    def choice_is_refused(choice: NamedActors | ActorsOfType | AnyActor) -> bool:
        match choice:
            case NamedActors():
                return all(map(is_refused, choice.ids))
            case ActorsOfType():
                left = [types[choice.type]] if choice.type in types else []
                return any(spared <= {*choice.excepted} for spared in (*left, *anyone))
            case AnyActor():
                return any(spared <= {*choice.excepted} for spared in anyone)

    return bool(wanted) and all(map(choice_is_refused, wanted))


def never_without(wanted: Term, refused: Term) -> bool:
    """Tell whether ``refused`` is found wherever ``wanted`` is; False where that cannot be read off the terms."""
    if wanted == refused:
        return True
    if isinstance(wanted, Near):
        return any(all(never_without(choice, refused) for choice in group) for group in wanted.groups)
    if not isinstance(wanted, Phrase) or not isinstance(refused, Phrase):
        return False
    if refused.case:
        return wanted.case and _stand_in(refused.text.split(), wanted.text.split())
    return _stand_in(fold(refused.text).text.split(), fold(wanted.text).text.split())


def written(term: Term | PlainTerm) -> str:
    """Return ``term`` as short as a message needs it."""
    if isinstance(term, Near):
        return " near ".join(written(group[0]) for group in term.groups)
    return term.pattern if isinstance(term, Pattern) else term.text


def _stand_in(inner: Sequence[str], outer: Sequence[str]) -> bool:
    return any([*inner] == [*outer[start : start + len(inner)]] for start in range(len(outer) - len(inner) + 1))
