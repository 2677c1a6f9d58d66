"""Rules as the engine reads them: every name an id, every duration whole hours, one canonical JSON. No YAML here."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, ValidationError, model_validator

from schemas.errors import FatalError
from schemas.ids import Json, canonical_json, digest
from schemas.model import Part
from schemas.reasons import Prominence, Severity, Tone

#: What a rule may hold when it does not say otherwise: keys at all, and alerts open at once.
DEFAULT_MAX_KEYS = 10_000
DEFAULT_LIMIT = 50


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


class Mode(StrEnum):
    """Whether a rule rings, only records what it would have rung, or rests."""

    LIVE = "live"
    SHADOW = "shadow"
    OFF = "off"


class Unit(StrEnum):
    """What is counted."""

    STORIES = "stories"
    PUBLISHERS = "publishers"
    ARTICLES = "articles"


class Sensitivity(StrEnum):
    """How far from normal a spike must be."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


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


class Only(Part):
    """Narrows what a detector counts to hits of one of these tones and one of these topics (empty = every one)."""

    tones: tuple[Tone, ...] = ()
    topics: tuple[str, ...] = ()


class Floors(Part):
    """What must be reached besides the score; 0 = no floor. ``times`` is the ratio of count to expectation."""

    stories: int = 0
    publishers: int = 0
    times: float = 0.0


class Budget(Part):
    """How many false alarms the whole rule may ring, a month (30 days)."""

    false_alarms_per_month: float


class DetectorSettings(Part):
    """What every detector has. ``MEMORY`` names the settings that shape what it remembers (see :func:`state_identity`)."""

    MEMORY: ClassVar[frozenset[str]] = frozenset({"kind", "of", "only"})

    of: Unit = Unit.STORIES
    only: Only | None = None
    floors: Floors = Floors()
    resolve_after_h: int = 12
    cooldown_h: int = 24


class Spike(DetectorSettings):
    """Far more than normal. Exactly one of ``sensitivity`` and ``budget`` is set."""

    MEMORY: ClassVar[frozenset[str]] = DetectorSettings.MEMORY | {"windows_h", "half_life_h"}

    kind: Literal["spike"] = "spike"
    sensitivity: Sensitivity | None = Sensitivity.NORMAL
    budget: Budget | None = None
    windows_h: tuple[int, ...] = (6, 24)
    half_life_h: int = 336
    floors: Floors = Floors(stories=4, publishers=3, times=2.0)

    @model_validator(mode="after")
    def _one_bar(self) -> Self:
        if (self.sensitivity is None) == (self.budget is None):
            raise ValueError("a spike has either a sensitivity or a budget")
        return self


class Threshold(DetectorSettings):
    """At least ``count`` within any ``within_h`` hours; only the floors that are written apply."""

    MEMORY: ClassVar[frozenset[str]] = DetectorSettings.MEMORY | {"within_h"}

    kind: Literal["threshold"] = "threshold"
    count: int
    within_h: int


class Confirm(Part):
    """How many must have it before a first is believed."""

    stories: int = 1
    publishers: int = 1
    within_h: int = 48


class New(DetectorSettings):
    """A key not seen for ``quiet_for_h`` hours. ``known`` holds actor ids, topic ids or whole keys that are no news."""

    kind: Literal["new"] = "new"
    quiet_for_h: int
    known: tuple[str, ...] = ()
    confirm: Confirm = Confirm()

    def knows(self, key: str) -> bool:
        """Tell whether ``key`` is no news: it, one of its actors, or its topic is in ``known``."""
        parts = {key, *key.replace(">", "-").split("-"), key.removeprefix("topic:")}
        return not parts.isdisjoint(self.known)


Detector = Annotated[Spike | Threshold | New, Field(discriminator="kind")]


class Corroboration(Part):
    """An alert opens only once its evidence comes from publishers of so many countries."""

    source_countries: int


class Rule(Part):
    """A watch and the detectors any one of which opens an alert on a key of it."""

    name: str
    watch: Watch
    when: tuple[Detector, ...] = Field(min_length=1)
    severity: Severity = Severity.NORMAL
    labels: dict[str, str] = {}
    mode: Mode = Mode.LIVE
    corroborated_by: Corroboration | None = None
    max_keys: int = DEFAULT_MAX_KEYS
    limit: int = DEFAULT_LIMIT


class RuleSet(Part):
    """Rules, sorted by name, each name once. ``language_version`` grows when a compiled form changes its meaning."""

    language_version: Literal[1] = 1
    rules: tuple[Rule, ...] = ()

    @model_validator(mode="after")
    def _sorted_by_unique_name(self) -> Self:
        names = [rule.name for rule in self.rules]
        if names != sorted(set(names)):
            raise ValueError("rules of a set are sorted by name and no name occurs twice")
        return self

    @classmethod
    def of(cls, *rules: Rule) -> Self:
        """Return the set of ``rules`` in its order; :raises ValueError: a name occurs twice."""
        return cls(rules=tuple(sorted(rules, key=lambda rule: rule.name)))

    def compiled(self) -> str:
        """Return the canonical JSON, every default written out, so that a later default cannot change an old set."""
        return canonical_json(self.model_dump(mode="json")).decode()

    @classmethod
    def from_compiled(cls, compiled: str) -> Self:
        """Return the set whose :meth:`compiled` is given; :raises FatalError: another version of Tocsin wrote it."""
        try:
            return cls.model_validate_json(compiled)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "the set"
            raise FatalError(
                f"compiled rules cannot be read: {where}: {first['msg']} ({error.error_count()} mistakes in all)",
                remedy="they were activated by another version of Tocsin: upgrade this process, or apply the rules again",
            ) from error


def rules_hash(compiled: str) -> str:
    """Return the 32 hex digits a rule set is known by."""
    return digest("rules", compiled)


def state_identity(rule: Rule) -> str:
    """Return 32 hex digits of what ``rule`` remembers: its watch and the memory settings of its detectors.

    Severity, labels, mode, thresholds, floors, limits and the order of the detectors keep it; a setting that a later
    version adds keeps it too while it has its default.
    """
    detectors = sorted(
        canonical_json({k: v for k, v in _without_defaults(detector).items() if k in detector.MEMORY})
        for detector in rule.when
    )
    return digest("rule-state", canonical_json(_without_defaults(rule.watch)), *dict.fromkeys(detectors))


def _without_defaults(part: Part) -> Mapping[str, Json]:
    fields = type(part).model_fields
    return {
        name: _plain(value)
        for name, value in part
        if name == "kind" or fields[name].is_required() or value != fields[name].default
    }


def _plain(value: object) -> Json:
    if isinstance(value, Part):
        return _without_defaults(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    raise TypeError(f"no canonical form for {type(value).__name__}")
