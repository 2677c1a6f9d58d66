"""Messages as an Atom feed (RFC 4287) in a file, for feed readers and whatever serves files. One writer at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree

from connectors.channels.daemon_call import call_in_daemon
from schemas.clock import Clock
from schemas.plain_text import plain_line, plain_text, shortened
from schemas.ports.channel import Message, Outcome

_NAMESPACE = "http://www.w3.org/2005/Atom"
_NO_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TEXT_LIMIT = 100_000

ElementTree.register_namespace("", _NAMESPACE)


class AtomFileChannel:
    """Keeps the newest ``entries`` messages in ``path``, the newest first. The file is replaced whole, never half written."""

    def __init__(self, receiver: str, path: Path, entries: int, clock: Clock, *, timeout_s: float) -> None:
        self._receiver = receiver
        self._path = path
        self._entries = entries
        self._clock = clock
        self._timeout_s = timeout_s

    @property
    def receiver(self) -> str:
        """The receiver's name."""
        return self._receiver

    async def send(self, message: Message) -> Outcome:
        """Put ``message`` into the file once; one with its id takes its place."""
        now = self._clock.now()
        try:
            await call_in_daemon(lambda: self._put(message, now), timeout_s=self._timeout_s, name="tocsin-atom")
        except TimeoutError:
            return Outcome(
                result="retry", detail=f"the file was not written within {self._timeout_s:g} s", may_have_arrived=True
            )
        except ElementTree.ParseError:
            return Outcome(result="refused", detail="the file is there and is no feed of ours; move it away")
        except OSError as error:
            return Outcome(result="retry", detail=f"the file cannot be written: {error.strerror or 'unknown'}")
        return Outcome(result="delivered", detail="written")

    async def close(self) -> None:
        """Nothing stays open between messages."""

    def _put(self, message: Message, now: datetime) -> None:
        with _locked(self._path):
            entries = [e for e in self._read() if e.findtext(_tag("id")) != _id(message)]
            document = _feed(self._receiver, now, [entry_of(message, now), *entries][: self._entries])
            beside = self._path.with_name(f".{self._path.name}.new")
            with beside.open("wb") as file:
                file.write(b'<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(document, "utf-8"))
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)

    def _read(self) -> list[ElementTree.Element]:
        try:
            return ElementTree.fromstring(self._path.read_bytes()).findall(_tag("entry"))
        except FileNotFoundError:
            return []


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _feed(receiver: str, now: datetime, entries: list[ElementTree.Element]) -> ElementTree.Element:
    feed = ElementTree.Element(_tag("feed"))
    _add(feed, "id", f"urn:tocsin:{receiver}")
    _add(feed, "title", "Tocsin: what rang")
    _add(feed, "updated", now.isoformat())
    _add(ElementTree.SubElement(feed, _tag("author")), "name", "Tocsin")
    feed.extend(entries)
    return feed


def entry_of(message: Message, now: datetime) -> ElementTree.Element:
    """Return the entry of ``message``, updated at ``now``."""
    entry = ElementTree.Element(_tag("entry"))
    _add(entry, "id", _id(message))
    _add(entry, "title", _text(plain_line(message.subject, 500)))
    _add(entry, "updated", now.isoformat())
    if message.event is not None:
        _add(entry, "published", message.event.at.isoformat())
    ElementTree.SubElement(entry, _tag("category"), term=message.severity.value)
    if message.link:
        ElementTree.SubElement(entry, _tag("link"), href=message.link)
    content = _add(entry, "content", _text(shortened(plain_text(message.body).strip(), _TEXT_LIMIT)))
    content.set("type", "text")
    return entry


def _add(parent: ElementTree.Element, name: str, text: str) -> ElementTree.Element:
    child = ElementTree.SubElement(parent, _tag(name))
    child.text = text
    return child


def _text(text: str) -> str:
    """Return ``text`` without the characters XML cannot carry at all."""
    return _NO_XML.sub("\ufffd", text)


def _id(message: Message) -> str:
    return f"urn:tocsin:{message.message_id}"


def _tag(name: str) -> str:
    return f"{{{_NAMESPACE}}}{name}"
