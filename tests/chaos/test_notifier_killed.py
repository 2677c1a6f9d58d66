"""A notifier killed (SIGKILL) before or after any step towards the store or a receiver: the next one tells what is left."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from connectors.store.open import open_store
from schemas.reasons import DeliveryStatus
from tests.chaos.notifying import RECEIVERS, note
from tests.unit.notify.world import ESCALATED, RESOLVED, Desk, Phone


class NotingPhone(Phone):
    """A phone that notes what it took beside what the killed one's receivers took."""

    taken: Path

    def noting(self, taken: Path) -> NotingPhone:
        """Note into ``taken``."""
        self.taken = taken
        self.before_answer = lambda: note(self.taken, self.receiver, self.tried[-1])
        return self


def test_a_kill_at_any_point_loses_nothing_and_keeps_the_order(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.ring(key="AZE-RUS", articles="abcd", score=9.0)
    desk.ring(key="AZE-TUR", articles="abc", score=3.0)
    desk.ring(key="GBR-UKR", articles="xyz")
    desk.ring(ESCALATED, key="GBR-UKR")
    desk.ring(key="ARM-AZE")
    desk.ring(RESOLVED, key="ARM-AZE")
    desk.store.close()
    (tmp_path / "store.db").rename(tmp_path / "base.db")
    killer = subprocess.run(
        [sys.executable, "-m", "tests.chaos.notifying", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        cwd=Path(__file__).parents[2],
    )
    assert killer.returncode == 0, killer.stderr
    points = int(killer.stdout)
    assert points > 40, "every call to the store and each receiver has two"
    for n in range(points):
        check_what_is_left(tmp_path, n)


def check_what_is_left(folder: Path, n: int) -> None:
    taken = folder / f"{n}.taken"
    (folder / "next").mkdir(exist_ok=True)
    desk = Desk(folder / "next", *(NotingPhone(name).noting(taken) for name in RECEIVERS))
    desk.store.close()
    desk.store = open_store(f"sqlite:///{folder / f'{n}.db'}")
    desk.pass_time(seconds=90)  # the lease of the killed one
    desk.settle(desk.notifier("next"))
    rows = desk.store.deliveries()
    assert len(rows) == 6 * len(RECEIVERS), f"point {n}: each event and receiver has one delivery"
    assert all(row.ended_at is not None for row in rows), f"point {n}"
    told: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    for line in taken.read_text().splitlines():
        receiver, message_id, alert, seq = line.split()
        told[receiver, alert].append((int(seq), message_id))
    for row in rows:
        heard = told.get((row.receiver, row.alert_id), [])
        if row.status is DeliveryStatus.DELIVERED:
            assert (row.seq, row.message_id) in heard, f"point {n}: delivered means taken"
    for (receiver, _), heard in told.items():
        assert heard == sorted(heard), f"point {n}: {receiver} was told in order"
        assert len({message_id for _, message_id in heard}) == len({seq for seq, _ in heard}), "a repeat has its id"
        assert len(heard) <= 1 + len({seq for seq, _ in heard}), f"point {n}: one repeat at most"
    # What is open is told in its newest state; what opened and ended before it could be told never is.
    newest = sorted((receiver, heard[-1][0]) for (receiver, _), heard in told.items())
    assert newest == sorted((receiver, seq) for receiver in RECEIVERS for seq in (1, 4)), f"point {n}"
    desk.store.close()
