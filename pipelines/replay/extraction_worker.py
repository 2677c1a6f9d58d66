"""A process of its own that extracts days of an archive: days on stdin, what became of them on stdout.

days ──▶ their articles ──one bounded Beam pipeline──▶ signals ──▶ cache
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path

from connectors.archive.folder import Archive
from pipelines.extraction.bounded import BoundedExtraction
from pipelines.replay.cached_signals import extract_days
from pipelines.replay.worker_processes import Message, serve


def main() -> None:
    """Serve until stdin ends."""
    serve(_opened)


class _Worker:
    """Knows the archive and the extractor; ``opening`` is what :mod:`pipelines.replay.extract_archive` says first."""

    def __init__(self, opening: Message) -> None:
        actors, batch, beam_options = opening["actors"], opening["batch"], opening["beam_options"]
        assert isinstance(actors, list)
        assert isinstance(beam_options, list)
        assert isinstance(batch, int)
        self._archive = Archive(Path(str(opening["archive"])))
        self._version = str(opening["version"])
        self._batch = batch
        self._extraction = BoundedExtraction(
            (Path(str(path)) for path in actors), [str(option) for option in beam_options]
        )

    def __call__(self, task: Message) -> Message:
        days = task["days"]
        assert isinstance(days, list)
        count = extract_days(
            self._archive,
            self._version,
            [date.fromisoformat(str(day)) for day in days],
            self._extraction.extract,
            self._batch,
        )
        return {"articles": count.articles, "failed": [asdict(failure) for failure in count.failed]}


def _opened(opening: Message) -> _Worker:
    return _Worker(opening)


if __name__ == "__main__":
    main()
