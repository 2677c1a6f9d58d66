"""History decided by several operating-system processes, each for a share of the rules: the ledger of one engine of all.

    rules ──shares──▶ processes, each the whole history through its own engine ──▶ decisions ──by place──▶ one ledger

Two rules do not influence each other, so an engine of some decides of them what an engine of all does, and on the same
records. What differs is only whose turn it is: see :mod:`pipelines.replay.phased_engine`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from heapq import merge
from itertools import islice

from pipelines.replay.deciding_alone import decide_alone
from pipelines.replay.deciding_worker import opening_for
from pipelines.replay.numbered import NumberedRecords
from pipelines.replay.past import Past
from pipelines.replay.replay import Told, nobody
from pipelines.replay.telling_processes import TellingProcess
from pipelines.replay.unfinished import Unfinished
from pipelines.replay.worker_processes import Message
from schemas.alert_event import AlertEvent, Decision
from schemas.control import RulesActivated

_WORKER = "pipelines.replay.deciding_worker"

#: Behind every part of a step.
_AFTER_ALL_PARTS = 1 << 30


class _Undecidable(Exception):
    """Some engine cannot take some record."""


@dataclass(frozen=True)
class SharedReplay:
    """A replay of ``past``; ``shares`` are the names of rules by process: fewer than two, and this process decides.

    With ``unfinished`` it goes on from what an earlier run of it left there, and leaves there what it decides.
    """

    past: Past
    version: str
    rules: RulesActivated
    sources: Collection[str]
    shares: Sequence[Sequence[str]]
    unfinished: Unfinished | None = None

    def first_day(self) -> date | None:
        """Return the day that an earlier run of it, if there was one that was stopped, had reached."""
        return self.unfinished.first_day(self.shares) if self.unfinished is not None else None

    def decisions(self, told: Told = nobody) -> Iterator[Decision]:
        """Yield what one engine of all rules decides, in its order; without the texts of evidence where it is shared out.

        ``told`` hears records gone through, and how many there are. Closing the iterator ends every process.

        :raises FatalError: a process ended before its work was done.
        """
        known = 0
        if len(self.shares) > 1:
            try:
                for decision in self._merged(told):
                    known += 1
                    yield decision
                return
            except _Undecidable:
                # It counts for nothing under any rule, also under those that could take it: one engine of all finds out.
                told(0, None)
        records = NumberedRecords(self.past, self.version, self.rules, frozenset(self.sources))
        share = self.unfinished.share(()) if self.unfinished is not None else None
        yield from islice(decide_alone(records, share, told), known, None)

    def _merged(self, told: Told) -> Iterator[Decision]:
        done = [0] * len(self.shares)
        with ExitStack() as running:
            openings = [
                opening_for(self.past, self.version, self.rules, sorted(self.sources), share, self.unfinished)
                for share in self.shares
            ]
            held = () if self.unfinished is None else (self.unfinished.lock,)
            processes = [running.enter_context(TellingProcess(_WORKER, opening, held)) for opening in openings]
            streams = (_placed(process, number) for number, process in enumerate(processes))
            for _, number, message in merge(*streams, key=lambda placed: placed[0]):
                if "event" in message:
                    yield Decision(event=AlertEvent.model_validate_json(str(message["event"])))
                else:
                    done[number] = _count(message["done"])
                    told(sum(done) // len(done), _count(message["total"]))


_Placed = tuple[tuple[int, int, str], int, Message]


def _placed(process: TellingProcess, number: int) -> Iterator[_Placed]:
    """Yield what ``process`` tells with its place among what all tell, in order; :raises _Undecidable: see there."""
    for message in process.messages():
        if "undecidable" in message:
            raise _Undecidable
        if "event" in message:
            yield (_count(message["offset"]), _count(message["part"]), str(message["rule"])), number, message
        else:
            yield (_count(message["offset"]), _AFTER_ALL_PARTS, ""), number, message


def _count(value: object) -> int:
    assert isinstance(value, int)
    return value
