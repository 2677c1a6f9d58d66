"""Keeps an article under the limit of a record: the longest texts are cut, with a reason. Pure."""

from __future__ import annotations

from schemas.article import Article
from schemas.errors import RecordTooLargeError
from schemas.model import MAX_RECORD_BYTES
from schemas.plain_text import shortened_bytes
from schemas.reasons import CutReason
from schemas.wire import encode

#: Bytes kept of each text at each try; escapes in JSON may double a text or worse, so a try may not be enough.
_TRIES = (800_000, 400_000, 150_000, 40_000, 10_000)
#: Characters a text surely fits with: six bytes each when every one of them is escaped, in three texts.
_SURE_CHARACTERS = MAX_RECORD_BYTES // 24


def fitted(article: Article) -> Article:
    """Return ``article`` as it can be written: whole where it fits, else with shorter texts and the reason."""
    if len(article.title) + len(article.summary) + len(article.text) < _SURE_CHARACTERS:
        return article
    for kept_bytes in (None, *_TRIES):
        tried = article if kept_bytes is None else _cut(article, kept_bytes)
        try:
            encode(tried)
        except RecordTooLargeError:
            continue
        return tried
    return _cut(article, 1_000)


def _cut(article: Article, kept_bytes: int) -> Article:
    return article.changed(
        summary=shortened_bytes(article.summary, kept_bytes // 4),
        text=shortened_bytes(article.text, kept_bytes),
        cuts=(*article.cuts, CutReason.RECORD_LIMIT),
    )
