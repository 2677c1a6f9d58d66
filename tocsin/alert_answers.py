"""What people answered to one alert: who acknowledged, silenced and judged it, as rows for a person and for scripts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from schemas.alert_event import AlertEvent
from schemas.ids import Json

if TYPE_CHECKING:
    from pipelines.pages.audit_rows import AuditRow
    from schemas.ports.response import ResponseStore


def answers_to(store: ResponseStore, opened: AlertEvent) -> Sequence[AuditRow]:
    """Return the answers to the alert that began with ``opened``, oldest first, and the silences of its rule and key."""
    from pipelines.pages.audit_rows import Answer, audit_rows

    alert, rule, keys = opened.alert_id, opened.rule, ("", opened.key)
    answers: list[Answer] = list(store.acknowledgements([alert]).values())
    answers += [s for s in store.silences() if s.alert_id == alert or (s.rule == rule and s.key in keys)]
    if (verdict := store.verdicts().get(alert)) is not None:
        answers.append(verdict)
    return audit_rows(answers, (), {}, 2 * len(answers))[::-1]


def answer_lines(rows: Sequence[AuditRow]) -> Iterator[str]:
    """Yield a line for each of ``rows``; that nobody answered is worth a line too."""
    yield "Answers"
    for row in rows:
        about = f" rule {row.rule}{f' {row.key}' if row.key else ''}" if row.rule else ""
        yield f"  {row.at:%Y-%m-%d %H:%M}  {row.who} {row.deed.value}{about}{f': {row.words}' if row.words else ''}"
    if not rows:
        yield "  nobody answered yet"


def as_objects(rows: Sequence[AuditRow]) -> list[Json]:
    """Return ``rows`` for scripts."""
    return [
        {"at": row.at.isoformat(), "who": row.who, "deed": row.deed.value, "rule": row.rule, "words": row.words}
        for row in rows
    ]
