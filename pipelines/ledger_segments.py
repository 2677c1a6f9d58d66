"""The stretches of a ledger that one engine version wrote. Rows in, stretches of this version out; nothing is read or written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from pydantic import ValidationError

from alerts.engine import ENGINE_VERSION
from alerts.inheritance import OpenAlerts, open_after
from schemas.alert_event import AlertEvent, ChainHead
from schemas.ports.store import DeciderHead, StoredEvent


@dataclass(frozen=True)
class Segment:
    """``rows`` that this engine computed from offsets ``first_offset`` up to ``before_offset``, in the chains ``chains``.

    ``before`` counts those of the stretch that lie before the offset from which the log can be decided again. ``open_alerts``
    are those the stretches before leave open, where this one follows another version's and can be decided from its begin.
    """

    rows: tuple[StoredEvent, ...]
    first_offset: int
    before_offset: int
    chains: dict[str, ChainHead]
    before: int
    open_alerts: OpenAlerts | None = None


def segments_of(rows: Sequence[StoredEvent], head: DeciderHead, first: int) -> tuple[list[Segment], list[str]]:
    """Return the stretches of this engine version and the names of the other versions.

    ``first`` is the offset from which the log can be decided again. A stretch after another version's begins with its
    first event: the engine that took over knew all before and had nothing to say until then.
    """
    groups = [(version, tuple(group)) for version, group in groupby(rows, key=_version)]
    if not groups:
        groups = [(head.engine_version, ())]
    segments = []
    chains: dict[str, ChainHead] = {}
    for number, (version, group) in enumerate(groups):
        early = [row for row in group if row.log_offset < first]
        late = tuple(group[len(early) :])
        chains = {**chains, **{row.rule: row.chain_head() for row in early}}
        if version == ENGINE_VERSION:
            begins = group[0].log_offset if number and group else 0
            is_open = number == len(groups) - 1 and head.engine_version == ENGINE_VERSION
            ends = head.next_offset if is_open else late[-1].log_offset + 1 if late else first
            opened = _open_after(row for _, older in groups[:number] for row in older) if number and not early else None
            segments.append(Segment(late, max(first, begins), max(first, ends), dict(chains), len(early), opened))
        chains = {**chains, **{row.rule: row.chain_head() for row in late}}
    return segments, sorted({version for version, _ in groups} - {ENGINE_VERSION})


def _open_after(rows: Iterable[StoredEvent]) -> OpenAlerts | None:
    try:
        return open_after(AlertEvent.model_validate_json(row.body) for row in rows)
    except ValidationError:
        return None  # That a row cannot be read is told elsewhere.


def _version(row: StoredEvent) -> str:
    try:
        body = json.loads(row.body)
    except ValueError:
        return ENGINE_VERSION  # Unreadable: taken for one of ours, so that the comparison finds it.
    version = body.get("engine_version") if isinstance(body, dict) else None
    return version if isinstance(version, str) else ENGINE_VERSION
