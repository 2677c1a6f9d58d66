"""How each rule does: alerts, verdicts, what part of them was useful; live and shadow side by side. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.alert_event import AlertEvent
from schemas.ports.response import AlertVerdict
from schemas.reasons import EventKind, Judgement


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


def scorecards(events: Iterable[AlertEvent], verdicts: Mapping[str, AlertVerdict]) -> list[Scorecard]:
    """Return one card for each rule and mode that ever opened an alert, by name; weeks count from the first event on."""
    first: datetime | None = None
    last: datetime | None = None
    opened: dict[tuple[str, str], list[str]] = {}
    for event in events:
        first, last = first or event.at, event.at
        if event.event is EventKind.OPENED and event.alert_id:
            ids = opened.setdefault((event.rule, event.mode), [])
            if event.alert_id not in ids:
                ids.append(event.alert_id)
    weeks = max(1.0, ((last - first) / timedelta(weeks=1))) if first is not None and last is not None else 1.0
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
