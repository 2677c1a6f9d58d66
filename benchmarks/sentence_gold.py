"""Sentences of four kinds of news labelled by two annotators, by place in their file and without their text; and their texts.

What both gave must be found; what one gave, or called optional, counts neither way. ``half`` is ``dev``, on which rules were
made, its other half ``test``, or ``fresh``: drawn and labelled after the rules were made. ``check`` (SHA-256, 8 digits) tells
that a text is the one that was labelled.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import tarfile
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, model_validator

ANNOTATIONS = Path(__file__).parent / "annotations" / "sentences.jsonl"

#: Files of items, one JSON object a line; the pool ``samples`` is whole texts in a folder of that name.
FILES = {
    "headliner": Path("data") / "headliner_2019_2021.jsonl.xz",
    "rss": Path("data") / "global_rss_2026_02_05.jsonl.xz",
    "wikipedia": Path("data") / "wikipedia_current_events_2025_09_2026_03.jsonl.xz",
}
SAMPLES = Path("samples")

#: Whole pages, the pool ``pages``: their text by page.
PAGES = Path("data") / "article_extraction_benchmark.tar.xz"
_PAGES_TEXTS = "article_extraction_benchmark/ground-truth.json"

#: Ids that the annotators made up, and those of the catalogue.
_IDS = {"TRNC": "NCYPRUS"}


class LabelledSentence(BaseModel):
    """``text[start:end]`` of a field of a line, or of a whole file.

    Pairs as "AZE-RUS"; ``tones`` (1, 0, -1 by pair) and ``directions`` ("AZE>RUS") only where both annotators gave the same.
    """

    half: Literal["dev", "test", "fresh"]
    pool: Literal["headliner", "rss", "wikipedia", "samples", "pages"]
    file: str | None = None
    line: int | None = None
    page: str | None = None
    field: str | None = None
    date: date
    start: int
    end: int
    check: str
    actors: list[str]
    optional_actors: list[str]
    pairs: list[str]
    optional_pairs: list[str]
    tones: dict[str, int]
    directions: list[str]

    @model_validator(mode="after")
    def _has_a_place(self) -> LabelledSentence:
        places = (self.file, self.page, None if self.field is None else self.line)
        if sum(place is not None for place in places) != 1:
            raise ValueError("a sentence stands in a file, on a page, or in a field of a line")
        return self

    @property
    def place(self) -> str:
        """Where it stands, to be printed."""
        if self.file is not None:
            where = self.file.partition("_")[0]
        else:
            where = f"page {self.page[:8]}" if self.page is not None else f"{self.pool} {self.line}"
        return f"{where}@{self.start}"

    @property
    def at(self) -> datetime:
        """Noon of its day."""
        return datetime(self.date.year, self.date.month, self.date.day, 12, tzinfo=UTC)


def read_sentences(path: Path = ANNOTATIONS) -> list[LabelledSentence]:
    """Return the annotations in ``path``, with the ids of the catalogue."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [LabelledSentence.model_validate(_with_ids(row)) for row in rows]


def texts_of(sentences: Sequence[LabelledSentence], data: Path) -> Iterator[tuple[LabelledSentence, str]]:
    """Yield each sentence with its text, pool by pool.

    :raises ValueError: a text is not the one that was labelled.
    """
    for pool in ("samples", "pages", *FILES):
        own = [sentence for sentence in sentences if sentence.pool == pool]
        wholes = _wholes(pool, own, data)
        for sentence, whole in zip(own, wholes, strict=True):
            text = whole[sentence.start : sentence.end]
            if hashlib.sha256(text.encode()).hexdigest()[:8] != sentence.check:
                raise ValueError(f"{sentence.place} is another text than the one that was labelled")
            yield sentence, text


def _wholes(pool: str, sentences: Sequence[LabelledSentence], data: Path) -> list[str]:
    if pool == "samples":
        return _samples(sentences, data)
    return _pages(sentences, data / PAGES) if pool == "pages" else _fields(sentences, data / FILES[pool])


def _pages(sentences: Sequence[LabelledSentence], path: Path) -> list[str]:
    with tarfile.open(path) as archive:
        member = archive.extractfile(_PAGES_TEXTS)
        if member is None:
            raise FileNotFoundError(f"{path} holds no {_PAGES_TEXTS}")
        texts = json.load(member)
    return [str(texts[sentence.page]["articleBody"]) for sentence in sentences if sentence.page is not None]


def _samples(sentences: Sequence[LabelledSentence], data: Path) -> list[str]:
    texts = {}
    for name in {sentence.file for sentence in sentences if sentence.file is not None}:
        with (data / SAMPLES / name).open(encoding="utf-8", newline="") as file:
            texts[name] = file.read()
    return [texts[sentence.file] for sentence in sentences if sentence.file is not None]


def _fields(sentences: Sequence[LabelledSentence], path: Path) -> list[str]:
    wanted = {sentence.line for sentence in sentences}
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        rows = {number: json.loads(line) for number, line in enumerate(lines) if number in wanted}
    return [str(rows[sentence.line][sentence.field]) for sentence in sentences if sentence.line is not None]


def _with_ids(row: dict[str, object]) -> dict[str, object]:
    text = json.dumps(row)
    if not any(own in text for own in _IDS):
        return row
    for own, known in _IDS.items():
        text = text.replace(own, known)
    changed: dict[str, object] = json.loads(text)
    for key in ("pairs", "optional_pairs"):
        pairs = changed[key]
        assert isinstance(pairs, list)
        changed[key] = ["-".join(sorted(pair.split("-"))) for pair in pairs]
    tones = changed["tones"]
    assert isinstance(tones, dict)
    changed["tones"] = {"-".join(sorted(pair.split("-"))): tone for pair, tone in tones.items()}
    return changed
