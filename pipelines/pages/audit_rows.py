"""Who did what, newest first: answers to alerts and rules put into force. What the store kept in, rows out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pipelines.pages.ledger_view import AlertLife
from schemas.ports.response import Acknowledgement, AlertVerdict, Silence
from schemas.ports.store import RuleSet
from schemas.reasons import Judgement

Answer = Acknowledgement | Silence | AlertVerdict


class Deed(StrEnum):
    """What somebody did."""

    ACKNOWLEDGED = "acknowledged"
    SILENCED = "silenced"
    LIFTED = "lifted a silence"
    USEFUL = "judged useful"
    NOISE = "judged noise"
    UNDONE = "took back a verdict"
    APPLIED = "put rules into force"


_DEED_OF = {Judgement.USEFUL: Deed.USEFUL, Judgement.NOISE: Deed.NOISE, Judgement.UNDONE: Deed.UNDONE}


@dataclass(frozen=True)
class AuditRow:
    """One deed. ``rule`` and ``key`` say what it is about ("" where it is about neither), ``alert_id`` which alert."""

    at: datetime
    who: str
    deed: Deed
    alert_id: str = ""
    rule: str = ""
    key: str = ""
    words: str = ""


def audit_rows(
    answers: Iterable[Answer], rule_sets: Iterable[RuleSet], alerts: Mapping[str, AlertLife], limit: int
) -> list[AuditRow]:
    """Return the newest ``limit`` deeds; ``alerts`` by id tell what an answered alert is about, where they are known."""
    rows = [_about(row, alerts) for answer in answers for row in _rows(answer)]
    rows.extend(
        AuditRow(one.activated_at, one.author, Deed.APPLIED, words=one.comment or one.rules_hash[:12])
        for one in rule_sets
    )
    return sorted(rows, key=lambda row: (row.at, row.deed), reverse=True)[:limit]


def _rows(answer: Answer) -> Iterator[AuditRow]:
    match answer:
        case Acknowledgement():
            yield AuditRow(answer.at, answer.author, Deed.ACKNOWLEDGED, answer.alert_id, words=answer.comment)
        case AlertVerdict():
            yield AuditRow(answer.at, answer.author, _DEED_OF[answer.judgement], answer.alert_id, words=answer.note)
        case Silence():
            about = (answer.alert_id, answer.rule, answer.key)
            yield AuditRow(answer.created_at, answer.author, Deed.SILENCED, *about, words=_silence_words(answer))
            if answer.lifted_at is not None:
                yield AuditRow(answer.lifted_at, answer.lifted_by, Deed.LIFTED, *about)


def _silence_words(silence: Silence) -> str:
    end = "this story only"
    if silence.ends_at is not None:
        end = f"until {silence.ends_at:%Y-%m-%d %H:%M}"
    elif silence.until_stories is not None:
        end = f"until it counts {silence.until_stories} stories"
    return f"{end}; {silence.comment}" if silence.comment else end


def _about(row: AuditRow, alerts: Mapping[str, AlertLife]) -> AuditRow:
    life = alerts.get(row.alert_id)
    if life is None:
        return row
    return AuditRow(row.at, row.who, row.deed, row.alert_id, life.first.rule, life.first.key, row.words)
