"""Reads the files of topics and tones: YAML in, checked and frozen values out. Every scalar stays text."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml  # type: ignore[import-untyped]
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schemas.errors import UsageError

DATA = Path(__file__).parent / "data"

_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # Any: PyYAML's loaders are untyped


class FileEntry(BaseModel):
    """A mapping of a file: unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TopicEntry(FileEntry):
    """A topic: ``phrases`` speak of it; where one of ``not`` stands over them they do not."""

    id: str = Field(pattern="^[a-z][a-z0-9_]{1,39}$")
    name: str
    phrases: tuple[str, ...] = Field(min_length=1)
    exceptions: tuple[str, ...] = Field(default=(), alias="not")


class TopicFile(FileEntry):
    """The topics of a file."""

    topics: tuple[TopicEntry, ...]


class ToneEntry(FileEntry):
    """One tone: ``verbs`` are done by somebody to somebody, ``words`` tell the tone only."""

    verbs: tuple[str, ...]
    words: tuple[str, ...]


class GroundEntry(FileEntry):
    """What armed actors do on the ground, in ``conflict``, and how they hold it; ``forces`` are a state's, and ground is
    ``lost`` to somebody."""

    forces: tuple[str, ...] = Field(min_length=1)
    conflict: tuple[str, ...] = Field(min_length=1)
    holds: tuple[str, ...] = Field(min_length=1)
    lost: tuple[str, ...] = Field(min_length=1)


class ToneFile(FileEntry):
    """The words of tone."""

    cooperation: ToneEntry
    conflict: ToneEntry
    acts: tuple[str, ...]
    neutral: tuple[str, ...]
    negations: tuple[str, ...]
    reversals: tuple[str, ...]
    ground: GroundEntry


F = TypeVar("F", bound=FileEntry)


def read_phrase_file(path: Path, shape: type[F]) -> F:
    """Return the content of ``path`` as ``shape``; :raises UsageError: it cannot be read or is not that."""
    try:
        return shape.model_validate(yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        raise UsageError(f"{path}: {error}", remedy="correct the file and try again") from error
