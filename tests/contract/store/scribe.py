"""A small decider for tests: makes linked events and commits them as the real one does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

from schemas.alert_event import AlertEvent, ChainHead, Decision, Evidence, Provenance
from schemas.article import Source
from schemas.ids import alert_id
from schemas.ports.store import DeciderHead, LedgerStore
from schemas.reasons import EventKind, EventReason

START = datetime(2025, 1, 22, 10, 0, tzinfo=UTC)
LOG_ID = "log-1"


def evidence_of(article: str, *, title: str = "Talks in Baku", url: str | None = None) -> Evidence:
    """Return evidence whose hash depends on ``article`` and ``title``."""
    return Evidence(
        article_id=article,
        revision=1,
        source=Source(id="news.example", name="Новости «Δ»"),
        url=url,
        title=title,
        event_time=START,
        story=article,
    )


class Scribe:
    """Knows where the ledger stands as of its last commit (or as of when it was made)."""

    def __init__(self, store: LedgerStore) -> None:
        self.store = store
        self.head = store.decider_head()
        self.chains: dict[str, ChainHead] = dict(store.chain_heads())

    def decide(
        self,
        rule: str = "r",
        *,
        key: str = "AZE-RUS",
        event: EventKind = EventKind.OPENED,
        evidence: tuple[Evidence, ...] = (),
        about_alert: bool = True,
        at: datetime = START,
        detail: str = "",
        mode: Literal["live", "shadow"] = "live",
    ) -> Decision:
        """Return the next decision of ``rule``, linked to its previous one."""
        before = self.chains.get(rule)
        made = AlertEvent(
            alert_id=alert_id(rule, key, START) if about_alert else "",
            seq=before.seq + 1 if before else 1,
            event=event,
            reason=EventReason.CROSSED,
            rule=rule,
            key=key,
            at=at,
            expected=1.234,
            evidence=tuple(item.evidence_hash() for item in evidence),
            detail=detail,
            mode=mode,
            previous=before.hash if before else "",
        )
        self.chains[rule] = ChainHead.after(made)
        return Decision(event=made, evidence=evidence)

    def next_head(self, events: int, *, offsets: int = 1) -> DeciderHead:
        """Return the head after ``events`` more events and ``offsets`` more records of the log."""
        before = self.head
        return DeciderHead(
            log_id=LOG_ID,
            next_offset=(before.next_offset if before else 0) + offsets,
            engine_version="1",
            events=(before.events if before else 0) + events,
        )

    def commit(self, *decisions: Decision, notify: bool = True, host: str = "h") -> DeciderHead:
        """Commit ``decisions`` and move on."""
        head = self.next_head(len(decisions))
        self.store.commit_decisions(
            expected=self.head,
            head=head,
            decisions=[(decision, provenance(head.next_offset - 1, host)) for decision in decisions],
            notify=notify,
        )
        self.head = head
        return head


def provenance(offset: int = 0, host: str = "h") -> Provenance:
    """Return a provenance whose instant needs every microsecond kept."""
    return Provenance(log_offset=offset, host=host, recorded_at=START + timedelta(microseconds=123_457 + offset))
