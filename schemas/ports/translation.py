"""The port of a machine that translates headlines. What it says is shown beside the original, never instead of it."""

from __future__ import annotations

from typing import Protocol


class Translator(Protocol):
    """Translates into one language. Any number of calls may run at once."""

    async def translate(self, text: str, language: str) -> str | None:
        """Return ``text``, written in ``language`` (ISO 639-1), translated, as plain text of one line; None where there is none.

        Bounded in time and size; raises nothing for what the network or the machine does.
        """
        ...

    async def close(self) -> None:
        """Release connections; idempotent."""
        ...
