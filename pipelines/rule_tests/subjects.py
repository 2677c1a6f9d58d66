"""What a step of a timeline test pushes, as one signal to be copied: extracted from its text, or made of who meets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from alerts.rules.timeline_model import Push
from schemas.article import Article, Source
from schemas.ids import content_hash, milliseconds
from schemas.reasons import EventTimeReason, LanguageSupport, Tone
from schemas.signal import ActorFound, PairFound, Sentence, Signal, ToneCounts, TopicFound

#: What ready findings say made them.
BY_TEST = "written in a test"

Extract = Callable[[Article], Signal]


class Names(Protocol):
    """What a finding says of an actor besides its id."""

    def type_of(self, actor_id: str) -> str | None:
        """Return the type; None for an unknown actor."""
        ...

    def display_name(self, actor_id: str) -> str:
        """Return the name for people."""
        ...


@dataclass(frozen=True)
class Subject:
    """One thing that is written about: the finding in every article on it. ``ready`` ones may be of any tone."""

    signal: Signal
    ready: bool

    def toned(self, tone: Tone) -> Signal:
        """Return the finding with ``tone``; a text keeps what extraction found in it."""
        return _toned(self.signal, tone) if self.ready else self.signal


def subject_of(push: Push, at: datetime, names: Names, extract: Extract) -> Subject:
    """Return what ``push`` is about; a text is extracted as an article of ``at`` would be."""
    if push.meeting is None:
        return Subject(extract(_article(push, at)), ready=False)
    actors = push.meeting.actors
    title = " and ".join(names.display_name(actor) for actor in actors)
    title += " meet" if len(actors) == 2 else " is in the news"
    made = Signal(
        article_id="subject",
        revision=milliseconds(at),
        revised_at=at,
        source=Source(id="subject"),
        feed_id="subject",
        title=title,
        text=title,
        language=push.language or "en",
        language_support=LanguageSupport.FULL,
        observed_at=at,
        event_time=at,
        event_time_reason=EventTimeReason.PUBLISHED,
        extractor_version=BY_TEST,
        sentences=(Sentence(start=0, end=len(title), tone=Tone.NEUTRAL),),
        actors=tuple(
            ActorFound(
                id=actor,
                type=names.type_of(actor) or "country",
                mentions=1,
                prominence=push.prominence,
                sentences=(0,),
            )
            for actor in sorted(actors)
        ),
        pairs=tuple(_pairs(push)),
        topics=tuple(TopicFound(id=topic, hits=1, sentences=(0,)) for topic in sorted(set(push.topics))),
    )
    return Subject(made, ready=True)


def _pairs(push: Push) -> Iterator[PairFound]:
    if push.meeting is None or not push.meeting.other:
        return
    source, target, directed = push.meeting.one, push.meeting.other, push.meeting.directed
    if not directed:
        source, target = sorted((source, target))
    yield PairFound(
        source=source,
        target=target,
        directed=directed,
        prominence=push.prominence,
        tones=ToneCounts(neutral=1),
        topics=tuple(sorted(set(push.topics))),
        mentions=1,
        sentences=(0,),
    )


def _toned(signal: Signal, tone: Tone) -> Signal:
    counts = ToneCounts(**{tone.value: 1})
    return signal.model_copy(
        update={
            "tone": tone,
            "sentences": tuple(s.model_copy(update={"tone": tone}) for s in signal.sentences),
            "pairs": tuple(p.model_copy(update={"tones": counts}) for p in signal.pairs),
        }
    )


def _article(push: Push, at: datetime) -> Article:
    title, _, text = push.text.partition("\n")
    return Article(
        article_id="subject",
        revision=milliseconds(at),
        revised_at=at,
        source=Source(id="subject"),
        feed_id="subject",
        title=title.strip(),
        text=text.strip(),
        language=push.language,
        observed_at=at,
        event_time=at,
        event_time_reason=EventTimeReason.PUBLISHED,
        published_at=at,
        content_hash=content_hash(title, "", text),
    )
