"""How each rule does: alerts, verdicts, what part of them was useful; live and shadow side by side."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.ports.response import AlertVerdict
from schemas.ports.store import LedgerStore, Opening
from schemas.reasons import Judgement

#: The alerts that opened, by rule and mode.
Opened = Mapping[tuple[str, str], Collection[str]]


@dataclass(frozen=True)
class Scorecard:
    """One rule in one mode. ``useful_share`` is None until something was judged."""

    rule: str
    mode: str
    alerts: int
    useful: int
    noise: int
    a_week: float

    @property
    def unjudged(self) -> int:
        """Alerts without a verdict."""
        return self.alerts - self.useful - self.noise

    @property
    def useful_share(self) -> float | None:
        """The share of those judged that was useful."""
        judged = self.useful + self.noise
        return self.useful / judged if judged else None


def scorecards(
    opened: Opened, span: tuple[datetime, datetime] | None, verdicts: Mapping[str, AlertVerdict]
) -> list[Scorecard]:
    """Return one card for each rule and mode that ever opened an alert, by name.

    ``span``: the times of the first and of the newest event of the ledger, between which weeks are counted.
    """
    weeks = max(1.0, (span[1] - span[0]) / timedelta(weeks=1)) if span is not None else 1.0
    cards = []
    for (rule, mode), ids in sorted(opened.items()):
        judged = [verdicts[name].judgement for name in ids if name in verdicts]
        cards.append(
            Scorecard(
                rule=rule,
                mode=mode,
                alerts=len(ids),
                useful=judged.count(Judgement.USEFUL),
                noise=judged.count(Judgement.NOISE),
                a_week=round(len(ids) / weeks, 2),
            )
        )
    return cards


def opened_by(openings: Iterable[Opening]) -> Opened:
    """Return the alerts of ``openings`` by rule and mode; one that opened twice is one alert."""
    found: dict[tuple[str, str], set[str]] = {}
    for one in openings:
        found.setdefault((one.rule, one.mode), set()).add(one.alert_id)
    return found


def span_of(store: LedgerStore) -> tuple[datetime, datetime] | None:
    """Return the times of the first and of the newest event; None while there is none."""
    head = store.decider_head()
    ends = [*store.events(limit=1), *store.events(first_position=head.events, limit=1)] if head is not None else []
    return (ends[0].at, ends[-1].at) if ends else None
