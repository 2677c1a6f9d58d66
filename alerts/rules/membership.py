"""Whether an actor is in a set of a rule: by id, by type, or anybody, less those excepted."""

from __future__ import annotations

from alerts.rules.model import ActorSet, ActorsOfType, AnyActor, NamedActors


class ActorTest:
    """A compiled :data:`ActorSet`. ``ids`` holds everyone it can hold, None where a type or anybody is in it.

    ``holds_all``: it is anybody, with no exception.
    """

    def __init__(self, choices: ActorSet) -> None:
        named: set[str] = set()
        self._by_type: dict[str, list[frozenset[str]]] = {}
        self._anyone: list[frozenset[str]] = []
        for choice in choices:
            match choice:
                case NamedActors():
                    named.update(choice.ids)
                case ActorsOfType():
                    self._by_type.setdefault(choice.type, []).append(frozenset(choice.excepted))
                case AnyActor():
                    self._anyone.append(frozenset(choice.excepted))
        self._named = frozenset(named)
        self.ids = None if self._by_type or self._anyone else self._named
        self.holds_all = frozenset() in self._anyone

    def __call__(self, actor_id: str, actor_type: str) -> bool:
        """Tell whether the actor is in the set."""
        if actor_id in self._named:
            return True
        for excepted in self._anyone:
            if actor_id not in excepted:
                return True
        return any(actor_id not in excepted for excepted in self._by_type.get(actor_type, ()))
