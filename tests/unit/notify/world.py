"""A desk for the tests of telling people: a real store, channels made by hand, a clock that moves when told."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from alerts.explanation.names import NamesById
from connectors.clock import ManualClock
from connectors.store.open import open_store
from pipelines.notify import Notifier, NotifySettings
from pipelines.notifying.answer_links import AnswerLinks
from pipelines.notifying.composing import Backgrounds, without_history
from pipelines.notifying.planning import Receiver
from pipelines.notifying.retrying import RetryPolicy
from pipelines.notifying.situations import Routing
from pipelines.notifying.translating import Translations
from schemas.alert_event import AlertEvent, ChainHead, Decision
from schemas.ids import alert_id
from schemas.ports.channel import Message, Outcome
from schemas.ports.store import Delivery, OutboxEntry
from schemas.reasons import DeliveryStatus, EventKind, EventReason
from tests.contract.store.scribe import Scribe, evidence_of

START = datetime(2025, 6, 30, 14, tzinfo=UTC)

YES = Outcome(result="delivered", detail="taken")
LATER = Outcome(result="retry", detail="busy")
NEVER = Outcome(result="refused", detail="no such address")
UNSURE = Outcome(result="retry", detail="no answer", may_have_arrived=True)

OPENED, ESCALATED, UPDATED = EventKind.OPENED, EventKind.ESCALATED, EventKind.UPDATED
RESOLVED, RETRACTED = EventKind.RESOLVED, EventKind.RETRACTED
BLIND, SIGHTED = EventKind.BLIND, EventKind.SIGHTED


class Phone:
    """A channel that answers what it is told to, one answer a try and then ``answer`` for good."""

    def __init__(self, receiver: str = "phone", *answers: Outcome | Exception, answer: Outcome = YES) -> None:
        self._receiver = receiver
        self.answers = list(answers)
        self.answer = answer
        self.tried: list[Message] = []
        self.got: list[Message] = []
        self.closed = 0
        self.before_answer: Callable[[], None] = lambda: None

    @property
    def receiver(self) -> str:
        return self._receiver

    async def send(self, message: Message) -> Outcome:
        self.tried.append(message)
        await asyncio.sleep(0)
        self.before_answer()
        answer = self.answers.pop(0) if self.answers else self.answer
        if isinstance(answer, Exception):
            raise answer
        if answer.result == "delivered":
            self.got.append(message)
        return answer

    async def close(self) -> None:
        self.closed += 1

    @property
    def told(self) -> list[tuple[str, int]]:
        """What kind of event was taken in, with its seq."""
        return [(m.event.event.value, m.event.seq) for m in self.got if m.event is not None]


@cache
def _empty_store() -> bytes:
    """Return the file of an empty store; copying it is faster than migrating for every test."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        open_store(f"sqlite:///{path}").close()
        return path.read_bytes()


class Desk:
    """A store, a decider that writes what a test wants, and notifiers over ``phones``."""

    def __init__(self, folder: Path, *phones: Phone, receivers: Sequence[Receiver] = ()) -> None:
        (folder / "store.db").write_bytes(_empty_store())
        self.url = f"sqlite:///{folder / 'store.db'}"
        self.store = open_store(self.url)
        self.scribe = Scribe(self.store)
        self.clock = ManualClock(START)
        self.phones = phones or (Phone(),)
        self.receivers = receivers or tuple(Receiver(phone.receiver) for phone in self.phones)
        self.routing = Routing()
        self.links: AnswerLinks | None = None
        self.translations: Translations | None = None
        self.backgrounds: Backgrounds = without_history

    def event(
        self, kind: EventKind = OPENED, *, key: str = "AZE-RUS", rule: str = "r", ago_s: float = 0.0, **more: object
    ) -> AlertEvent:
        """Return the next event of ``rule`` about ``key`` ("" for the rule itself), that happened ``ago_s`` ago."""
        before = self.scribe.chains.get(rule)
        values: dict[str, object] = {
            "alert_id": alert_id(rule, key, START) if key else "",
            "seq": before.seq + 1 if before else 1,
            "event": kind,
            "reason": EventReason.CROSSED,
            "rule": rule,
            "key": key,
            "at": self.clock.now() - timedelta(seconds=ago_s),
            "previous": before.hash if before else "",
        }
        made = AlertEvent.model_validate({**values, **more})
        self.scribe.chains[rule] = ChainHead.after(made)
        return made

    def ring(self, kind: EventKind = OPENED, *, articles: str = "", **more: object) -> AlertEvent:
        """Write the next event into ledger and outbox; each letter of ``articles`` is an article behind it."""
        behind = tuple(evidence_of(letter) for letter in articles)
        more = {"evidence": tuple(item.evidence_hash() for item in behind), **more}
        made = self.event(kind, **more)  # type: ignore[arg-type]  # the keywords of event
        self.scribe.commit(Decision(event=made, evidence=behind))
        return made

    def notifier(self, owner: str = "one", **settings: object) -> Notifier:
        """Return a notifier over the phones."""
        given = {"owner": owner, "retry": RetryPolicy(), **settings}
        return Notifier(
            self.store,
            self.phones,
            self.receivers,
            names=NamesById(),
            clock=self.clock,
            settings=NotifySettings(**given),  # type: ignore[arg-type]  # the fields of the settings
            routing=self.routing,
            links=self.links,
            translations=self.translations,
            backgrounds=self.backgrounds,
        )

    def step(self, notifier: Notifier, *, times: int = 1) -> int:
        """Let ``notifier`` look ``times`` times at the present."""
        return sum(asyncio.run(notifier.step(self.clock.now())) for _ in range(times))

    def settle(self, notifier: Notifier, *, hours: float = 30.0) -> None:
        """Go on, moving the clock from one due delivery to the next, until nothing is open or ``hours`` have gone by."""
        until = self.clock.now() + timedelta(hours=hours)
        while self.clock.now() <= until:
            while self.step(notifier):
                pass
            due = [delivery.next_attempt_at for delivery in self.open]
            if not due:
                return
            self.clock.advance_to(max(min(due), self.clock.now() + timedelta(seconds=0.25)))

    def pass_time(self, **stretch: float) -> None:
        """Move the clock."""
        self.clock.sleep(timedelta(**stretch).total_seconds())

    @property
    def open(self) -> Sequence[Delivery]:
        """Deliveries that have not ended."""
        return self.store.deliveries(open_only=True)

    def ends(self, receiver: str = "phone") -> list[tuple[int, DeliveryStatus, str]]:
        """Return (seq, status, reason without its detail) of every delivery to ``receiver``."""
        return [
            (d.seq, d.status, d.reason.partition(":")[0]) for d in self.store.deliveries() if d.receiver == receiver
        ]


def entries_of(events: Sequence[AlertEvent]) -> list[OutboxEntry]:
    """Return ``events`` as an outbox."""
    return [
        OutboxEntry(position=n, event=event, event_hash=event.chain_hash(), recorded_at=event.at)
        for n, event in enumerate(events, start=1)
    ]


def by_alert(messages: Sequence[Message]) -> dict[str, list[int]]:
    """Return the seqs told of each alert, in the order they were told."""
    told: dict[str, list[int]] = defaultdict(list)
    for message in messages:
        if message.event is not None:
            told[message.event.alert_id].append(message.event.seq)
    return told
