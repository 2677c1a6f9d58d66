"""What extraction found in one revision of one article; independent of rules, so a new rule needs no new extraction."""

from __future__ import annotations

from typing import Literal

from schemas.article import Source
from schemas.model import Part, Record, UtcDatetime
from schemas.reasons import ArticleStatus, CutReason, EventTimeReason, LanguageSupport, Prominence, Tone


class Sentence(Part):
    """A half-open range of characters in ``Signal.text``."""

    start: int
    end: int
    tone: Tone


class ActorFound(Part):
    """An actor of the article; ``sentences`` are indices into ``Signal.sentences``."""

    id: str
    type: str  # country, territory, body, alliance, armed_group, company, agency, ...
    mentions: int
    prominence: Prominence
    sentences: tuple[int, ...]


class ToneCounts(Part):
    """Sentences of a pair by tone."""

    cooperation: int = 0
    conflict: int = 0
    neutral: int = 0


class PairFound(Part):
    """Two actors that meet in a sentence. Undirected pairs have ``source < target``; directed ones act source → target."""

    source: str
    target: str
    directed: bool
    prominence: Prominence
    tones: ToneCounts
    topics: tuple[str, ...] = ()
    mentions: int
    sentences: tuple[int, ...]


class TopicFound(Part):
    """A topic of the article."""

    id: str
    hits: int
    sentences: tuple[int, ...]


class EntityFound(Part):
    """A named person, organisation or place; ``actor`` and ``role`` where it acts in somebody's name."""

    text: str
    label: str
    actor: str | None = None
    role: str | None = None
    sentences: tuple[int, ...] = ()


class Signal(Record):
    """The finding. ``text`` is what was analysed: the title as its first paragraph, then the body, paragraphs split by a
    blank line; ``sentences`` cover it in order, and sentence 0 is the title where ``title`` is not empty."""

    kind: Literal["signal"] = "signal"
    article_id: str
    revision: int
    revised_at: UtcDatetime
    status: ArticleStatus = ArticleStatus.LIVE
    source: Source
    feed_id: str
    url: str | None = None
    title: str = ""
    text: str = ""
    language: str | None = None
    language_support: LanguageSupport = LanguageSupport.NONE
    observed_at: UtcDatetime
    event_time: UtcDatetime
    event_time_reason: EventTimeReason
    extractor_version: str
    fingerprint: str = ""  # see schemas.fingerprint
    tone: Tone = Tone.NEUTRAL
    sentences: tuple[Sentence, ...] = ()
    actors: tuple[ActorFound, ...] = ()
    pairs: tuple[PairFound, ...] = ()
    topics: tuple[TopicFound, ...] = ()
    entities: tuple[EntityFound, ...] = ()
    cuts: tuple[CutReason, ...] = ()
