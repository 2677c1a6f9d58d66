"""Extracts what an archive has no signals of yet, in several operating-system processes at once.

days without signals ──groups of days──▶ processes, each a bounded pipeline a group ──▶ signals in the archive's cache
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from connectors.archive.folder import Archive
from pipelines.replay.cached_signals import NotExtracted, groups_of_missing
from pipelines.replay.worker_processes import answers

Told = Callable[[int, int | None], None]

#: Articles a pipeline is worth starting for.
BATCH_ARTICLES = 1_000

_WORKER = "pipelines.replay.extraction_worker"


@dataclass
class ArchiveExtraction:
    """What was extracted: articles by process, and those no signal could be made of."""

    articles_of_process: Counter[int] = field(default_factory=Counter)
    failed: list[NotExtracted] = field(default_factory=list)

    @property
    def articles(self) -> int:
        """Articles in all."""
        return self.articles_of_process.total()


def extract_archive(
    archive: Archive,
    version: str,
    days: Sequence[date],
    own_files: Sequence[Path],
    told: Told,
    *,
    workers: int,
    batch: int = BATCH_ARTICLES,
    beam_options: Sequence[str] = (),
) -> ArchiveExtraction:
    """Cache the signals of those ``days`` that have none of extractor ``version``, which knows the actors of ``own_files``.

    ``told`` hears articles done and in all. Neither ``workers`` nor ``batch`` nor ``beam_options``, which the pipeline of
    each process runs with, changes a signal. Stopped at any moment,
    what is done stays done.
    """
    groups = groups_of_missing(archive, version, days, batch)
    total = sum(archive.count(day) for group in groups for day in group)
    opening = {
        "archive": str(archive.folder.resolve()),
        "version": version,
        "actors": [str(path.resolve()) for path in own_files],
        "batch": batch,
        "beam_options": list(beam_options),
    }
    tasks = [{"days": [day.isoformat() for day in group]} for group in groups]
    done = ArchiveExtraction()
    told(0, total)
    for answer in answers(_WORKER, opening, tasks, workers):
        articles, failed = answer.value["articles"], answer.value["failed"]
        assert isinstance(articles, int)
        assert isinstance(failed, list)
        done.articles_of_process[answer.pid] += articles
        done.failed.extend(NotExtracted(**one) for one in failed)
        told(done.articles, total)
    return done
