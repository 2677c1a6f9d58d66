"""Who holds an office that a text names without its holder: "the Azerbaijani president", "the Minister of Defence of Ukraine"."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from pipelines.extraction.actors.catalogue import Office, Person
from pipelines.extraction.actors.neighbour_words import NOT_SITTING, ROLE_BEFORE, ROLE_BEHIND

if TYPE_CHECKING:
    from pipelines.extraction.actors.finder import ActorHit

#: Spellings of an office to the words its role has in the catalogue, tried in this order.
_ROLES: dict[str, tuple[str, ...]] = {
    "president": ("president",),
    "prime minister": ("prime minister",),
    "premier": ("prime minister", "premier"),
    "chancellor": ("chancellor",),
    "foreign minister": ("foreign minister", "foreign secretary"),
    "minister of foreign affairs": ("foreign minister",),
    "minister for foreign affairs": ("foreign minister",),
    "foreign secretary": ("foreign secretary",),
    "secretary of state": ("secretary of state",),
    "defence minister": ("defence minister", "defence secretary", "secretary of defence"),
    "minister of defence": ("defence minister",),
    "defence secretary": ("defence secretary", "secretary of defence"),
    "secretary of defence": ("secretary of defence",),
    "secretary-general": ("secretary-general",),
    "supreme leader": ("supreme leader",),
}


class OfficeBook:
    """Offices by actor, in the order of the catalogue: the first one held is the leader's."""

    def __init__(self, persons: Sequence[Person]) -> None:
        self._offices: dict[str, list[tuple[Office, Person]]] = {}
        for person in persons:
            for office in person.offices:
                self._offices.setdefault(office.actor, []).append((office, person))

    def with_holders(self, hits: list[ActorHit], folded: str, on: date) -> list[ActorHit]:
        """Return the hits, those with an office beside them with its holder; the place of a hit stays that of the actor."""
        for index, hit in enumerate(hits):
            if hit.person is None and hit.actor in self._offices:
                office = _office_beside(folded, hit.start, hit.end)
                held = self._holder(hit.actor, office, on) if office else None
                if held is not None:
                    hits[index] = hit._replace(person=held[1].name, role=held[0].role)
        return hits

    def _holder(self, actor: str, office: str, on: date) -> tuple[Office, Person] | None:
        sitting = [held for held in self._offices[actor] if held[0].start <= on < held[0].until]
        if office in {"leader", "head"}:
            return sitting[0] if sitting else None
        for wanted in _ROLES[office]:
            for held in sitting:
                # Who acts as a minister is the one that is spoken of.
                if _plain(held[0].role.lower()).removeprefix("acting ") == wanted:
                    return held
        return None


def _office_beside(folded: str, start: int, end: int) -> str:
    behind = ROLE_BEHIND.match(folded, end)
    if behind is not None and NOT_SITTING.search(folded, max(0, start - 20), start) is None:
        return _plain(behind.group(1))
    before = ROLE_BEFORE.search(folded, max(0, start - 48), start)
    if before is not None and NOT_SITTING.search(folded, max(0, before.start() - 20), before.start()) is None:
        return _plain(before.group(1))
    return ""


def _plain(office: str) -> str:
    return office.replace("defense", "defence").replace("secretary general", "secretary-general")
