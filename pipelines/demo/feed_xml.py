"""An outlet's postings → the document of its feed, RSS 2.0 or Atom 1.0, as bytes. Pure; what it shows is a given moment's.

A feed's document changes only when its postings do, so that an unchanged feed can be answered with "not modified".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from xml.sax.saxutils import escape

from pipelines.demo.outlets import FeedFormat, Outlet
from pipelines.demo.timeline import Posting

#: What no XML 1.0 document may hold, escaped or not.
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: Every feed says of itself what it is.
ABOUT = (
    "An invented outlet of the Tocsin demonstration. News of the world is public fact in the project's own words;"
    " local news is made up."
)


def feed_document(outlet: Outlet, postings: Sequence[Posting], moment: datetime, changed: datetime) -> bytes:
    """Return the document that holds ``postings`` in the wording of ``moment``; ``changed`` is when it last changed."""
    render = _rss if outlet.format is FeedFormat.RSS else _atom
    return render(outlet, postings, moment, changed).encode("utf-8")


def broken_off(document: bytes) -> bytes:
    """Return ``document`` cut before its first entry, as by a server that fell over while writing."""
    first = min((at for mark in (b"<item>", b"<entry>") if (at := document.find(mark)) >= 0), default=len(document))
    return document[: first - 20]


def media_type(outlet: Outlet) -> str:
    """Return the content type of the outlet's feed, without its charset."""
    return "application/rss+xml" if outlet.format is FeedFormat.RSS else "application/atom+xml"


def _rss(outlet: Outlet, postings: Sequence[Posting], moment: datetime, changed: datetime) -> str:
    items = "".join(_item(outlet, posting, moment) for posting in postings)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>\n'
        f"<title>{_text(outlet.name)}</title><link>{outlet.home}/</link><description>{_text(ABOUT)}</description>"
        f"<language>en</language><lastBuildDate>{_rfc822(outlet, changed)}</lastBuildDate>\n"
        f"{items}</channel></rss>\n"
    )


def _item(outlet: Outlet, posting: Posting, moment: datetime) -> str:
    wording = posting.wording_at(moment)
    creator = f"<dc:creator>{_text(posting.credit)}</dc:creator>" if posting.credit else ""
    date = f"<pubDate>{_rfc822(outlet, posting.published)}</pubDate>" if posting.published else ""
    return (
        f"<item><title>{_text(wording.title)}</title><link>{outlet.home}{posting.path}</link>"
        # RSS descriptions hold HTML, so the text is escaped twice: once as HTML, once as XML.
        f"<description>{_text(_text(wording.summary))}</description>"
        f'<guid isPermaLink="false">{posting.guid}</guid>{creator}{date}</item>\n'
    )


def _atom(outlet: Outlet, postings: Sequence[Posting], moment: datetime, changed: datetime) -> str:
    entries = "".join(_entry(outlet, posting, moment) for posting in postings)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">\n'
        f"<id>tag:{outlet.id}.example,2024:feed</id><title>{_text(outlet.name)}</title><subtitle>{_text(ABOUT)}</subtitle>"
        f'<link href="{outlet.home}/"/><updated>{_rfc3339(outlet, changed)}</updated>'
        f"<author><name>{_text(outlet.name)}</name></author>\n{entries}</feed>\n"
    )


def _entry(outlet: Outlet, posting: Posting, moment: datetime) -> str:
    wording = posting.wording_at(moment)
    published = posting.published or posting.appears
    updated = published if wording is posting.wordings[0] else wording.since
    author = f"<author><name>{_text(posting.credit)}</name></author>" if posting.credit else ""
    return (
        f"<entry><id>tag:{outlet.id}.example,2024:{posting.guid}</id><title>{_text(wording.title)}</title>"
        f'<link href="{outlet.home}{posting.path}"/><published>{_rfc3339(outlet, published)}</published>'
        f"<updated>{_rfc3339(outlet, updated)}</updated>{author}<summary>{_text(wording.summary)}</summary></entry>\n"
    )


def _text(text: str) -> str:
    return escape(_UNWRITABLE.sub("", text), {'"': "&quot;"})


def _local(outlet: Outlet, moment: datetime) -> datetime:
    return moment.astimezone(timezone(timedelta(hours=outlet.utc_offset_h)))


def _rfc822(outlet: Outlet, moment: datetime) -> str:
    return format_datetime(_local(outlet, moment).replace(microsecond=0))


def _rfc3339(outlet: Outlet, moment: datetime) -> str:
    return _local(outlet, moment).isoformat(timespec="seconds")
