"""Several notifiers on one store, and notifiers that are killed: claimed by one, told at least once, the same message."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
from datetime import datetime, timedelta
from pathlib import Path

from alerts.explanation.names import NamesById
from connectors.store.open import open_store
from pipelines.notify import Notifier, NotifySettings
from pipelines.notifying.planning import Receiver
from schemas.ports.channel import Message, Outcome
from schemas.reasons import DeliveryStatus
from tests.unit.notify.world import RESOLVED, YES, Desk, Phone

#: A notifier that is killed in the middle: after the receiver took the message, before that is recorded.
_KILLED = """
import asyncio, os, signal, sys
from datetime import datetime
from alerts.explanation.names import NamesById
from connectors.clock import ManualClock
from connectors.store.open import open_store
from pipelines.notify import Notifier, NotifySettings
from pipelines.notifying.planning import Receiver
url, now, taken = sys.argv[1:]
class Deadly:
    receiver = "phone"
    async def send(self, message):
        with open(taken, "w") as file:
            file.write(message.message_id)
        os.kill(os.getpid(), signal.SIGKILL)
clock = ManualClock(datetime.fromisoformat(now))
notifier = Notifier(open_store(url), [Deadly()], [Receiver("phone")], names=NamesById(), clock=clock,
                    settings=NotifySettings(owner="killed"))
asyncio.run(notifier.step(clock.now()))
"""


def kill_while_sending(desk: Desk, taken: Path) -> str:
    """Run a notifier that is killed after the receiver took the message; return the message's id."""
    arguments = [desk.url, desk.clock.now().isoformat(), str(taken)]
    killed = subprocess.run([sys.executable, "-c", _KILLED, *arguments], check=False)
    assert killed.returncode == -signal.SIGKILL
    return taken.read_text()


def test_what_a_killed_notifier_sent_is_sent_again_as_the_same_message(tmp_path: Path) -> None:
    phone = Phone()
    desk = Desk(tmp_path, phone)
    desk.ring()
    sent = kill_while_sending(desk, tmp_path / "taken")
    notifier = desk.notifier("next")
    assert desk.step(notifier) == 0, "it is still the killed one's"
    desk.pass_time(seconds=61)
    desk.step(notifier)
    assert [message.message_id for message in phone.got] == [sent]
    assert desk.ends() == [(1, DeliveryStatus.DELIVERED, "")]


def test_the_end_is_told_when_a_killed_notifier_may_have_told_the_beginning(tmp_path: Path) -> None:
    phone = Phone()
    desk = Desk(tmp_path, phone)
    desk.ring()
    kill_while_sending(desk, tmp_path / "taken")
    desk.ring(RESOLVED)
    desk.pass_time(seconds=90)
    desk.settle(desk.notifier("next"))
    assert phone.told == [("resolved", 2)]


class Shared:
    """A receiver that several threads send to; notes who is in it at once for the same alert."""

    receiver = "phone"

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.taken: list[tuple[str, int, str]] = []
        self.inside: set[str] = set()
        self.overlaps = 0

    async def send(self, message: Message) -> Outcome:
        assert message.event is not None
        alert = message.event.alert_id
        with self.lock:
            self.overlaps += alert in self.inside
            self.inside.add(alert)
            self.taken.append((alert, message.event.seq, message.message_id))
        await asyncio.sleep(0.001)
        with self.lock:
            self.inside.discard(alert)
        return YES

    async def close(self) -> None:
        return None


def test_notifiers_at_once_tell_each_message_once_and_in_order(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    phone = Shared()
    alerts = 12
    for n in range(alerts):
        desk.ring(key=f"K{n}")
    now = desk.clock.now()
    ends = [threading.Thread(target=work, args=(desk, phone, f"n{n}", now)) for n in range(3)]
    for thread in ends:
        thread.start()
    for thread in ends:
        thread.join(60)
        assert not thread.is_alive()
    assert len(phone.taken) == alerts
    assert len({message_id for _, _, message_id in phone.taken}) == alerts
    assert phone.overlaps == 0
    rows = desk.store.deliveries()
    assert len(rows) == alerts, "planned once, whoever planned"
    assert {row.status for row in rows} == {DeliveryStatus.DELIVERED}
    assert all(len(desk.store.attempts(row.delivery_id)) == 1 for row in rows)


def work(desk: Desk, phone: Shared, owner: str, now: datetime) -> None:
    """Be a notifier with its own connection until nothing is open."""
    store = open_store(desk.url)
    notifier = Notifier(
        store,
        [phone],
        [Receiver("phone")],
        names=NamesById(),
        clock=desk.clock,
        settings=NotifySettings(owner=owner, claim_limit=2),
    )

    async def until_done() -> None:
        moment = now
        while await notifier.step(moment) or store.deliveries(open_only=True):
            moment += timedelta(milliseconds=1)

    asyncio.run(until_done())
    store.close()


def test_a_notifier_whose_lease_ran_out_does_not_overwrite_the_next(tmp_path: Path) -> None:
    phone = Phone()
    desk = Desk(tmp_path, phone)
    desk.ring()
    second = desk.notifier("second")

    async def run() -> None:
        def overtaken() -> None:
            """While the first one waits for the receiver, its lease runs out and the second one tells it."""
            phone.before_answer = lambda: None
            desk.pass_time(seconds=120)
            thread = threading.Thread(target=desk.step, args=(second,))
            thread.start()
            thread.join(60)

        phone.before_answer = overtaken
        await desk.notifier("first").step(desk.clock.now())

    asyncio.run(run())
    assert len(phone.got) == 2, "told twice: at least once is promised, not once"
    assert len({message.message_id for message in phone.got}) == 1
    assert desk.ends() == [(1, DeliveryStatus.DELIVERED, "")]
