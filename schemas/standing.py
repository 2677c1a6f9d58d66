"""What the events of a ledger leave standing: alerts with where each is, what is blind, crossings that wait. A fold, no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from schemas.alert_event import AlertEvent
from schemas.model import Part
from schemas.reasons import EventKind

_LIFE = frozenset({EventKind.OPENED, EventKind.ESCALATED, EventKind.REMINDED, EventKind.UPDATED})
_ENDS = frozenset({EventKind.RESOLVED, EventKind.RETRACTED})


class StandingKind(StrEnum):
    """What it is that stands."""

    ALERT = "alert"  # kept for ever, open or not
    BLIND = "blind"  # a rule or an alert that cannot see enough; kept while it is so
    PENDING = "pending"  # a crossing that must last before it opens an alert; kept while it waits


class Standing(Part):
    """One thing that stands. Numbers are positions in the ledger, 1, 2, 3 … over all rules.

    ``subject`` is the alert's id (of a blind rule: ""), of a crossing that waits its key. ``since`` is where it began to
    stand, ``latest`` the newest event that says how it stands. ``first`` and ``newest`` are the first and the newest
    event of the alert, of whatever kind (blindness, the end); of the others as ``since`` and ``latest``.
    """

    kind: StandingKind
    rule: str
    subject: str
    first: int
    since: int
    latest: int
    newest: int
    open: bool = True

    @property
    def place(self) -> tuple[StandingKind, str, str]:
        """Return what it is known by."""
        return self.kind, self.rule, self.subject


class Standings:
    """Takes events in the order of the ledger and says what stands after them."""

    def __init__(self, rows: Iterable[Standing] = ()) -> None:
        """Go on from ``rows``: those of every rule that further events are of."""
        self._rows = {row.place: row for row in rows}

    def add(self, position: int, event: AlertEvent) -> None:
        """Take the event at ``position``, which is larger than any before."""
        if event.event is EventKind.RULE_REMOVED:
            self._rule_removed(event.rule)
            return
        alert = (StandingKind.ALERT, event.rule, event.alert_id)
        if event.alert_id:
            self._alert(alert, position, event.event)
        blind = (StandingKind.BLIND, event.rule, event.alert_id)
        pending = (StandingKind.PENDING, event.rule, event.key)
        if event.event is EventKind.BLIND:
            self._stand(blind, position)
        elif event.event is EventKind.SIGHTED or event.event in _ENDS:
            self._rows.pop(blind, None)
        elif event.event is EventKind.PENDING:
            self._stand(pending, position)
        elif event.event in (EventKind.SUBSIDED, EventKind.OPENED):
            self._rows.pop(pending, None)

    @property
    def rows(self) -> Sequence[Standing]:
        """Return all, ordered by where each began to stand."""
        return sorted(self._rows.values(), key=lambda row: (row.since, row.place))

    def standing(self, kind: StandingKind) -> Sequence[Standing]:
        """Return what stands of ``kind``, in the order it began to."""
        return [row for row in self.rows if row.kind is kind and row.open]

    def _alert(self, place: tuple[StandingKind, str, str], position: int, what: EventKind) -> None:
        kind, rule, subject = place
        row = self._rows.get(place) or Standing(
            kind=kind, rule=rule, subject=subject, first=position, since=0, latest=0, newest=position, open=False
        )
        changed: dict[str, int | bool] = {"newest": position}
        if what in _LIFE:
            changed |= {"latest": position, "open": True} | ({} if row.open else {"since": position})
        elif what in _ENDS:
            changed["open"] = False
        self._rows[place] = row.model_copy(update=changed)

    def _stand(self, place: tuple[StandingKind, str, str], position: int) -> None:
        kind, rule, subject = place
        first = self._rows[place].first if place in self._rows else position
        self._rows[place] = Standing(
            kind=kind, rule=rule, subject=subject, first=first, since=first, latest=position, newest=position
        )

    def _rule_removed(self, removed: str) -> None:
        """Alerts of a rule that is no more stay in the list, but none is open; nothing else of it stands."""
        for place, row in list(self._rows.items()):
            if row.rule != removed:
                continue
            if row.kind is StandingKind.ALERT:
                self._rows[place] = row.model_copy(update={"open": False})
            else:
                del self._rows[place]
