"""Files of truth as commands write them: whole, or with the reason why not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.errors import UsageError

if TYPE_CHECKING:
    from pipelines.backtest.truth import TrueEvent


def write_events(out: Path, events: Sequence[TrueEvent]) -> None:
    """Write ``events`` as CSV to ``out``, its folder too; :raises UsageError: it cannot be written."""
    from pipelines.backtest.truth import write_truth

    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(write_truth(events), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error}", remedy="choose another --out, or make room") from error
