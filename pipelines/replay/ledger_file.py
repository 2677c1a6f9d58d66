"""A ledger as a file: one AlertEvent a line, complete or absent, and the digest that names it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from schemas.alert_event import ChainHead, Decision, ledger_digest
from schemas.errors import UsageError


@dataclass(frozen=True)
class LedgerSummary:
    """The digest of a ledger, its events and how many of each kind."""

    digest: str
    events: int
    kinds: dict[str, int]


def write_ledger(path: Path, decisions: Iterable[Decision]) -> LedgerSummary:
    """Write the events of ``decisions`` to ``path`` as they come; a stop half way leaves the old file.

    :raises UsageError: the file cannot be written.
    """
    heads: dict[str, ChainHead] = {}
    kinds: Counter[str] = Counter()
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("w", encoding="utf-8") as file:
            for decision in decisions:
                event = decision.event
                heads[event.rule] = ChainHead.after(event)
                kinds[event.event.value] += 1
                file.write(f"{event.model_dump_json()}\n")
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error}", remedy="choose another --ledger, or make room"
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return LedgerSummary(ledger_digest(list(heads.values())), kinds.total(), dict(sorted(kinds.items())))
