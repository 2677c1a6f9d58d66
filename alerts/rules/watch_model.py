"""What to count, compiled: pairs, actors, keywords, topics and the filters beside them. Part of the model of a rule."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.model import Part
from schemas.reasons import Prominence, Tone


class WatchKind(StrEnum):
    """What one key of a watch is."""

    PAIR = "pair"
    ACTOR = "actor"
    KEYWORDS = "keywords"
    TOPIC = "topic"


class Scope(StrEnum):
    """Within what all parts of a watch must hold."""

    SENTENCE = "sentence"
    PARAGRAPH = "paragraph"
    ARTICLE = "article"


class NamedActors(Part):
    """Exactly these actors, sorted."""

    kind: Literal["named"] = "named"
    ids: tuple[str, ...]


class ActorsOfType(Part):
    """Every actor of a type (``country``, ``company``, …) but those excepted (sorted)."""

    kind: Literal["type"] = "type"
    type: str
    excepted: tuple[str, ...] = ()


class AnyActor(Part):
    """Every actor but those excepted (sorted)."""

    kind: Literal["anyone"] = "anyone"
    excepted: tuple[str, ...] = ()


ActorChoice = Annotated[NamedActors | ActorsOfType | AnyActor, Field(discriminator="kind")]

#: Actors that are in at least one of the choices.
ActorSet = tuple[ActorChoice, ...]


class PairPart(Part):
    """Two different actors that meet. Directed: one of ``one`` acts on one of ``other``; else either way."""

    one: ActorSet
    other: ActorSet
    directed: bool = False


class ActorPart(Part):
    """Actors: at least one of ``any``, one of each set of ``all``, not one of ``none`` in the whole article."""

    any: ActorSet = ()
    all: tuple[ActorSet, ...] = ()
    none: ActorSet = ()


class Phrase(Part):
    """Words in a row. With ``case`` they must be spelt exactly so."""

    kind: Literal["phrase"] = "phrase"
    text: str
    case: bool = False


class Pattern(Part):
    """An RE2 pattern. With ``case`` it sees the text as it is, else without case, accents and dash variants."""

    kind: Literal["pattern"] = "pattern"
    pattern: str
    case: bool = False


class Stem(Part):
    """Words in a row, each in any of its endings in ``language`` (ISO 639-1)."""

    kind: Literal["stem"] = "stem"
    text: str
    language: str


PlainTerm = Annotated[Phrase | Pattern | Stem, Field(discriminator="kind")]


class Near(Part):
    """One term of each group, in any order, in one paragraph, at most ``words`` words between the first and the last."""

    kind: Literal["near"] = "near"
    groups: tuple[tuple[PlainTerm, ...], ...]
    words: int


Term = Annotated[Phrase | Pattern | Stem | Near, Field(discriminator="kind")]


class KeywordsPart(Part):
    """Terms: at least one of ``any``, each of ``all``, not one of ``none`` in the whole article."""

    any: tuple[Term, ...] = ()
    all: tuple[Term, ...] = ()
    none: tuple[Term, ...] = ()


class TopicsPart(Part):
    """Topic ids, sorted: at least one of ``any``, each of ``all``, not one of ``none`` in the whole article."""

    any: tuple[str, ...] = ()
    all: tuple[str, ...] = ()
    none: tuple[str, ...] = ()


class TonePart(Part):
    """Tones, sorted. ``none`` refuses the article of such a tone, and such sentences as a place to match."""

    any: tuple[Tone, ...] = ()
    none: tuple[Tone, ...] = ()


class SourcesPart(Part):
    """Publishers: one of any of the three lists (all empty: every publisher), and in none of the ``except_`` lists."""

    ids: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    except_ids: tuple[str, ...] = ()
    except_groups: tuple[str, ...] = ()
    except_countries: tuple[str, ...] = ()


class Watch(Part):
    """What to count. All parts given must hold within ``scope``; ``kind`` says which part makes the keys.

    ``each_topic`` makes a key of every topic found (of ``topics.any`` where that is given). ``prominence`` limits the
    pair and the actor. ``languages`` are ISO 639-1, empty = every language.
    """

    kind: WatchKind
    pair: PairPart | None = None
    actor: ActorPart | None = None
    keywords: KeywordsPart | None = None
    topics: TopicsPart | None = None
    each_topic: bool = False
    tone: TonePart | None = None
    prominence: tuple[Prominence, ...] = ()
    scope: Scope
    sources: SourcesPart | None = None
    languages: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _has_the_part_of_its_kind(self) -> Self:
        part = {
            WatchKind.PAIR: self.pair is not None,
            WatchKind.ACTOR: self.actor is not None and bool(self.actor.any),
            WatchKind.KEYWORDS: self.keywords is not None and bool(self.keywords.any or self.keywords.all),
            WatchKind.TOPIC: self.each_topic or self.topics is not None,
        }
        if not part[self.kind]:
            raise ValueError(f"a watch of kind {self.kind.value} needs its {self.kind.value} part")
        return self
