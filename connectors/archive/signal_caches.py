"""The signals that an archive keeps for each extractor version: what there is, and which to remove. They can be made again."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from connectors.archive.day_files import days_in
from schemas.errors import FatalError


@dataclass(frozen=True, slots=True)
class SignalCache:
    """The signals of one extractor version: of how many days, how large on disk, and when the last file was written."""

    version: str
    days: int
    first: date
    last: date
    size_bytes: int
    written_at: datetime


def signal_caches(folder: Path) -> list[SignalCache]:
    """Return the versions that the archive in ``folder`` keeps signals of, the one written last first."""
    found = [
        _cache_in(path) for path in sorted((folder / "signals").glob("*")) if path.is_dir() and not path.is_symlink()
    ]
    caches = [cache for cache in found if cache is not None]
    return sorted(caches, key=lambda cache: cache.written_at, reverse=True)


def remove_caches(folder: Path, caches: Sequence[SignalCache]) -> int:
    """Remove ``caches`` and return how many bytes became free; :raises FatalError: one cannot be removed."""
    for cache in caches:
        path = folder / "signals" / cache.version
        try:
            shutil.rmtree(path)
        except OSError as error:
            raise FatalError(f"{path} cannot be removed: {error}", remedy="see to the rights of the folder") from error
    return sum(cache.size_bytes for cache in caches)


def _cache_in(path: Path) -> SignalCache | None:
    """Return what ``path`` holds; None where there is no file of a day."""
    days = days_in(path)
    if not days:
        return None
    stats = [file.stat() for file in path.rglob("*.parquet")]
    written = datetime.fromtimestamp(max(stat.st_mtime for stat in stats), UTC)
    return SignalCache(path.name, len(days), days[0], days[-1], sum(stat.st_size for stat in stats), written)
