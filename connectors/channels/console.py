"""Messages as lines on a text stream, standard output by default."""

from __future__ import annotations

from typing import TextIO

from connectors.channels.daemon_call import call_in_daemon
from schemas.plain_text import plain_line, plain_text
from schemas.ports.channel import Message, Outcome


class ConsoleChannel:
    """Writes the subject and, indented below it, the body. Nothing in it can move the cursor or forge a line."""

    def __init__(self, receiver: str, stream: TextIO, *, timeout_s: float) -> None:
        self._receiver = receiver
        self._stream = stream
        self._timeout_s = timeout_s

    @property
    def receiver(self) -> str:
        """The receiver's name."""
        return self._receiver

    async def send(self, message: Message) -> Outcome:
        """Write ``message`` once. A reader that went away or stopped reading is tried again later."""
        try:
            await call_in_daemon(lambda: self._write(lines(message)), timeout_s=self._timeout_s, name="tocsin-console")
        except TimeoutError:
            return Outcome(
                result="retry", detail=f"the console took nothing within {self._timeout_s:g} s", may_have_arrived=True
            )
        except (OSError, ValueError) as error:  # ValueError: the stream is closed.
            return Outcome(result="retry", detail=f"the console cannot be written: {type(error).__name__}")
        return Outcome(result="delivered", detail="written")

    def _write(self, text: str) -> None:
        encoding = self._stream.encoding or "utf-8"  # A console that cannot show a character shows a question mark.
        self._stream.write(text.encode(encoding, "replace").decode(encoding))
        self._stream.flush()

    async def close(self) -> None:
        """Leave the stream open: it is not ours."""


def lines(message: Message) -> str:
    """Return what is written for ``message``, with the line end."""
    body = "".join(f"  {line}".rstrip() + "\n" for line in plain_text(message.body).rstrip("\n").split("\n"))
    return f"{plain_line(message.subject)}\n{body}"
