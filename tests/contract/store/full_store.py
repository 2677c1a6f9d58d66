"""Fills a store with a little of everything: ``python -m tests.contract.store.full_store URL``.

The files ``tests/fixtures/store_v<N>.sqlite`` were made by it at the time of schema N and are never made again.
"""

from __future__ import annotations

import sys
from datetime import timedelta

from connectors.store.open import open_store
from schemas.ports.channel import HourBar
from schemas.ports.pollers import Claim, FeedTimes, PollerEntry, PollProgress
from schemas.ports.response import Acknowledgement, AlertVerdict, Silence
from schemas.ports.store import Attempt, Delivery, FeedRow, RuleSet, Store
from schemas.reasons import DeliveryStatus, EventKind, FeedState, Judgement
from tests.contract.store.scribe import START, Scribe, evidence_of


def fill(store: Store) -> None:
    """Write three events with evidence, a planned outbox with one attempt, a feed, a beat and a rule set."""
    store.add_rule_set(
        RuleSet(rules_hash="h1", text="rules: []", compiled="{}", activated_at=START, author="ann", log_offset=0)
    )
    scribe = Scribe(store)
    scribe.commit(scribe.decide("azerbaijan-russia", evidence=(evidence_of("a"), evidence_of("b"))))
    escalated = scribe.decide("azerbaijan-russia", event=EventKind.ESCALATED, evidence=(evidence_of("c"),))
    scribe.commit(escalated, scribe.decide("zangezur", key="", about_alert=False, event=EventKind.RULE_READY))
    entries = store.outbox_after(0, 2)
    planned = [
        Delivery(
            delivery_id=0,
            position=entry.position,
            event_hash=entry.event_hash,
            alert_id=entry.event.alert_id,
            seq=entry.event.seq,
            receiver="desk",
            message_id=f"msg_{entry.position}",
            status=DeliveryStatus.PENDING,
            next_attempt_at=START,
            created_at=START,
        )
        for entry in entries
    ]
    store.plan_deliveries(expected_cursor=0, cursor=entries[-1].position, deliveries=planned)
    (held,) = store.claim_due(now=START, owner="one", lease_s=60.0, limit=10)
    done = held.model_copy(update={"status": DeliveryStatus.DELIVERED, "attempts": 1})
    tried = Attempt(delivery_id=held.delivery_id, at=START + timedelta(seconds=1), outcome="delivered", detail="250 OK")
    store.record_attempt(done, tried, owner="one")
    store.save_feeds([FeedRow(feed_id="f", url="https://news.example/rss", state=FeedState.OK, items_seen=3)])
    entry = PollerEntry(poller="one", instance="1", until=START + timedelta(seconds=30), settled_until=START)
    store.renew_poller(entry, now=START, first=True)
    store.take_names(["coverage"], poller="one")
    moved = FeedTimes("f", START + timedelta(minutes=15), START)
    store.save_polls(PollProgress(times=[moved], reports=["[]"]), poller="one", instance="1", names=["coverage"])
    store.polls_told([], until=START)
    store.claim_articles([Claim("id a", "f", "[]")], at=START)
    store.beat("decide", at=START, detail={"offset": 2})
    store.acknowledge(Acknowledgement(alert_id=held.alert_id, at=START, author="ann", comment="seen"))
    store.add_silence(Silence(silence_id="s1", created_at=START, author="ann", rule="zangezur", until_stories=8))
    store.add_verdict(AlertVerdict(alert_id=held.alert_id, at=START, author="ann", judgement=Judgement.USEFUL))
    store.add_event_hours({held.event_hash: [HourBar(start=START, count=3, expected=0.5)]})


if __name__ == "__main__":
    opened = open_store(sys.argv[1])
    fill(opened)
    opened.close()
