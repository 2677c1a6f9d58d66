"""Topics: the phrases that speak of each, from a file; and which of them a text has. Pure apart from reading the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipelines.extraction.phrase_files import DATA, TopicFile, read_phrase_file
from pipelines.extraction.phrases import Phrase

TOPICS_FILE = DATA / "topics.yaml"


@dataclass(frozen=True)
class Topic:
    """A topic as rules and people name it."""

    id: str
    name: str
    phrases: tuple[str, ...]
    exceptions: tuple[str, ...]


@cache
def topics(path: Path = TOPICS_FILE) -> tuple[Topic, ...]:
    """Return the topics in the order of their ids; :raises UsageError: the file is wrong."""
    entries = read_phrase_file(path, TopicFile).topics
    return tuple(Topic(e.id, e.name, e.phrases, e.exceptions) for e in sorted(entries, key=lambda e: e.id))


def topic_ids() -> frozenset[str]:
    """Return the ids of all topics, as rules may name them."""
    return frozenset(topic.id for topic in topics())


def topic_phrases(known: tuple[Topic, ...]) -> Iterator[Phrase]:
    """Yield the phrases of the topics; the family of each is the index of its topic in ``known``."""
    for index, topic in enumerate(known):
        for text in topic.phrases:
            yield Phrase(text, index, 1)
        for text in topic.exceptions:
            yield Phrase(text, index, 0)
