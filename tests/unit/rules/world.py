"""A small world for rules: a directory of actors, topics, and signals written sentence by sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from alerts.rules.directory import FixedDirectory
from alerts.rules.load import load_rules
from alerts.rules.match import Hit, compile_watch
from alerts.rules.model import Rule
from schemas.article import Source
from schemas.reasons import ArticleStatus, EventTimeReason, Prominence, Tone
from schemas.signal import ActorFound, PairFound, Sentence, Signal, ToneCounts, TopicFound

DIRECTORY = FixedDirectory(
    {
        "AZE": ("country", "Azerbaijan"),
        "RUS": ("country", "Russia", "Russian Federation"),
        "UKR": ("country", "Ukraine"),
        "GBR": ("country", "United Kingdom", "Britain"),
        "GEO": ("country", "Georgia"),
        "GNB": ("country", "Guinea-Bissau"),
        "EU": ("body", "European Union"),
        "SOCAR": ("company", "SOCAR"),
    }
)
TOPICS = frozenset({"energy", "military_aid", "protest", "sanctions"})
TYPES = {actor: DIRECTORY.type_of(actor) or "" for actor in ("AZE", "RUS", "UKR", "GBR", "GEO", "EU", "SOCAR")}
NOON = datetime(2025, 3, 3, 12, tzinfo=UTC)


def rule(watch: str, *, when: str = "spike", name: str = "one") -> Rule:
    """Return the rule with ``watch`` (YAML in one line)."""
    text = f"rules:\n  - name: {name}\n    watch: {watch}\n    when: {when}\n"
    return load_rules(text, "rules.yaml", DIRECTORY, topics=TOPICS).rules[0]


def signal(
    *sentences: str,
    actors: Mapping[str, Sequence[int]] | None = None,
    pairs: Sequence[tuple[str, str, Sequence[int]]] = (),
    directed: Sequence[tuple[str, str, Sequence[int]]] = (),
    topics: Mapping[str, Sequence[int]] | None = None,
    tones: Sequence[Tone] = (),
    tone: Tone = Tone.NEUTRAL,
    prominence: Prominence = Prominence.TITLE,
    language: str = "en",
    source: Source | None = None,
    breaks: Sequence[int] = (),
    status: ArticleStatus = ArticleStatus.LIVE,
    article: str = "a1",
    revision: int = 1,
) -> Signal:
    """Return a signal whose text is ``sentences``; a paragraph ends after each sentence of ``breaks``."""
    text, places = "", []
    for index, sentence in enumerate(sentences):
        start = len(text)
        text += sentence
        found = tones[index] if index < len(tones) else Tone.NEUTRAL
        places.append(Sentence(start=start, end=len(text), tone=found))
        if index + 1 < len(sentences):
            text += "\n\n" if index in breaks else " "
    everyone = dict(actors or {})
    for one, other, where in (*pairs, *directed):
        everyone.setdefault(one, where)
        everyone.setdefault(other, where)
    return Signal(
        article_id=article,
        revision=revision,
        revised_at=NOON,
        status=status,
        source=source or Source(id="alfa", name="Alfa", country="AZE"),
        feed_id="alfa",
        title=sentences[0] if sentences else "",
        text=text,
        language=language,
        observed_at=NOON,
        event_time=NOON,
        event_time_reason=EventTimeReason.PUBLISHED,
        extractor_version="invented",
        tone=tone,
        sentences=tuple(places),
        actors=tuple(
            ActorFound(id=a, type=TYPES[a], mentions=1, prominence=prominence, sentences=tuple(where))
            for a, where in sorted(everyone.items())
        ),
        pairs=(
            *(_pair(one, other, where, prominence, directed=False) for one, other, where in pairs),
            *(_pair(one, other, where, prominence, directed=True) for one, other, where in directed),
        ),
        topics=tuple(TopicFound(id=t, hits=1, sentences=tuple(where)) for t, where in sorted((topics or {}).items())),
    )


def _pair(one: str, other: str, where: Sequence[int], prominence: Prominence, *, directed: bool) -> PairFound:
    source, target = (one, other) if directed else sorted((one, other))
    return PairFound(
        source=source,
        target=target,
        directed=directed,
        prominence=prominence,
        tones=ToneCounts(neutral=1),
        mentions=1,
        sentences=tuple(where),
    )


def hits(watch: str, article: Signal) -> tuple[Hit, ...]:
    """Return what a rule with ``watch`` finds in ``article``."""
    return compile_watch(rule(watch, when="{threshold: {count: 1, within: 1h}}")).hits(article)


def keys(watch: str, article: Signal) -> list[str]:
    """Return the keys a rule with ``watch`` finds in ``article``."""
    return [hit.key for hit in hits(watch, article)]
