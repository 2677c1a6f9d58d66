"""The port of answers that come in over a channel: buttons under a message."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from schemas.model import Part


class AnswerKind(StrEnum):
    """What a person says of an alert."""

    ACKNOWLEDGE = "ack"
    SILENCE = "silence"  # for two hours
    NOISE = "noise"  # it should not have rung
    USEFUL = "useful"

    @property
    def label(self) -> str:
        """What a button for it says."""
        return _LABELS[self]


_LABELS = {
    AnswerKind.ACKNOWLEDGE: "Acknowledge",
    AnswerKind.SILENCE: "Silence 2 h",
    AnswerKind.NOISE: "Noise",
    AnswerKind.USEFUL: "Useful",
}


class Answer(Part):
    """One answer. ``author`` is what the channel calls the person; ``answer_id`` is the same when it comes again."""

    answer_id: str
    alert_id: str
    kind: AnswerKind
    author: str


class AnswerSource(Protocol):
    """Where answers come from. What is returned was not confirmed before; after :meth:`confirm` it does not come again."""

    @property
    def receiver(self) -> str:
        """The receiver's name in the settings."""
        ...

    async def wait(self) -> Sequence[Answer]:
        """Wait a bounded time for answers of people who may answer; raises nothing for what the network does.

        Empty after a quiet wait; after a failure empty as well, having waited a moment, so that callers may loop.
        """
        ...

    async def confirm(self, answer: Answer, words: str) -> None:
        """Tell the person what became of ``answer``."""
        ...

    async def close(self) -> None:
        """Release connections; idempotent."""
        ...
