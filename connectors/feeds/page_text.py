"""A web page → the text of its article, by the library trafilatura (the extra `fulltext`). Pure; runs in the parse worker."""

from __future__ import annotations

import codecs
import importlib.util
import re

from connectors.feeds.plain_html import tidy
from connectors.feeds.wire_fields import MAX_TEXT
from schemas.errors import UsageError

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)
#: Where HTML says that the declaration of the encoding is to stand.
_HEAD_BYTES = 1_024
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def page_text(body: bytes, content_type: str | None) -> str:
    """Return the text of the article in ``body``, a paragraph a line, without comments and furniture; empty: there is none.

    Precision is favoured: what is around an article (teasers, menus) brings in actors that are not in it.
    """
    from trafilatura import extract

    found = extract(decoded(body, content_type), favor_precision=True, include_comments=False, output_format="txt")
    return tidy(found or "")[:MAX_TEXT]


def decoded(body: bytes, content_type: str | None) -> str:
    """Return ``body`` as text: by its byte order mark, what HTTP says, what the page says, UTF-8, Windows-1252, in this order."""
    marked = next((name for mark, name in _MARKS if body.startswith(mark)), None)
    by_http = _CHARSET.search(content_type or "")
    by_page = _CHARSET.search(body[:_HEAD_BYTES].decode("latin-1"))
    said = [found[1].lower() for found in (by_http, by_page) if found]
    # What could be searched for the declaration is not written in two-byte characters, whatever it declares.
    for name in (marked, *(name for name in said if not name.startswith(("utf-16", "utf-32"))), "utf-8"):
        try:
            if name is not None:
                return body.decode(name)
        except (LookupError, ValueError):
            continue
    return body.decode("windows-1252", "replace")


def require_full_text(feed_id: str) -> None:
    """:raises UsageError: the library is not installed; names the remedy."""
    missing = [name for name in ("trafilatura", "lxml_html_clean") if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            f'feed "{feed_id}": full_text needs the package {missing[0]}, which is not installed',
            remedy="install the extra:  pip install 'tocsin[fulltext]'",
        )
