"""Whether an alert would still have opened with another rule on the same log: the real engine is asked."""

from __future__ import annotations

from alerts.engine import Engine
from alerts.rules.model import Rule
from schemas.alert_event import AlertEvent
from schemas.control import RulesActivated
from schemas.reasons import EventKind
from schemas.wire import decode_signals
from tests.streams.deciding import Desk
from tests.streams.records import activated


def still_rings(desk: Desk, rule: Rule, alert: AlertEvent) -> bool:
    """Tell whether an alert opens at the same time or later when ``rule`` stands in the place of all rules."""
    engine = Engine()
    with desk.log() as log:
        for record in log.read("signals", 0, 0, max_records=100_000):
            decoded = decode_signals(record.value)
            if isinstance(decoded, RulesActivated):
                decoded = activated(decoded.activated_at, rule)
            for decision in engine.step(record.offset, decoded):
                if decision.event.event is EventKind.OPENED and decision.event.at >= alert.at:
                    return True
    return False
