"""The text of a web page: encodings, what is left out, what hostile markup comes to."""

from __future__ import annotations

import importlib.util
from importlib.machinery import ModuleSpec

import pytest

from connectors.feeds.page_text import decoded, require_full_text
from connectors.feeds.parse_worker import page_answered
from schemas.errors import UsageError

PARAGRAPH = (
    "The ministers of both countries met in Geneva on Tuesday and signed an agreement on the waters of the river, which their"
    " parliaments have to approve before the end of the year. "
)
PAGE = (
    "<html><head><title>Agreement</title></head><body><nav><a href='/'>Home</a> <a href='/sport'>Sport</a></nav><article>"
    f"<h1>Agreement on the river</h1><p>{PARAGRAPH}</p><p>{PARAGRAPH.replace('Tuesday', 'Wednesday')}</p>"
    "<p>Nothing more was said, an official of the ministry told reporters after the meeting had ended late at night.</p>"
    "</article><div id='comments'><h3>Comments</h3><p class='comment'>I knew it all along, and so did my neighbour.</p></div>"
    "<footer>All rights reserved</footer></body></html>"
)


def text_of(markup: str | bytes, content_type: str | None = "text/html; charset=utf-8") -> str:
    return page_answered(markup.encode() if isinstance(markup, str) else markup, content_type).text


def test_the_article_is_taken_and_what_is_around_it_is_not() -> None:
    text = text_of(PAGE)
    assert "met in Geneva on Tuesday" in text
    assert "met in Geneva on Wednesday" in text
    assert "neighbour" not in text
    assert "rights reserved" not in text


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("Müller – Öl".encode("cp1252"), "text/html; charset=windows-1252"),
        ("Müller – Öl".encode("cp1252"), None),
        ("Müller – Öl".encode(), None),
        ("Müller – Öl".encode(), "text/html; charset=nonsense"),
        ("Müller – Öl".encode("utf-16"), "text/html"),
        ('<meta charset="windows-1252">Müller – Öl'.encode("cp1252"), "text/html"),
        ('<meta charset="utf-16">Müller – Öl'.encode(), "text/html"),
        ("<?xml version='1.0' encoding='utf-8'?>Müller – Öl".encode(), "application/xhtml+xml"),
    ],
)
def test_encodings_are_read_as_declared(body: bytes, content_type: str | None) -> None:
    assert decoded(body, content_type).endswith("Müller – Öl")


def test_pages_in_cyrillic_and_with_an_xml_declaration_are_read() -> None:
    russian = PAGE.replace("Geneva", "Женеве")
    assert "Женеве" in text_of(russian.encode("cp1251", "replace"), "text/html; charset=windows-1251")
    assert "Geneva" in text_of("<?xml version='1.0' encoding='utf-8'?>" + PAGE, "application/xhtml+xml")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00\xff" * 2_000,
        b"<div>" * 200_000,
        b"<table><tr><td>" * 20_000,
        b"<p>" + b"&amp;" * 50_000,
        b"<!--" + b"-" * 100_000,
        b"%PDF-1.7\n" + bytes(range(256)) * 100,
    ],
    ids=range(7),
)
def test_hostile_markup_is_text_or_a_reason(body: bytes) -> None:
    answer = page_answered(body, "text/html")
    assert answer.model_dump_json().encode()
    assert len(answer.text) <= 300_000


def test_control_characters_and_markup_do_not_come_through() -> None:
    text = text_of(PAGE.replace("Geneva", "Gene\u202eva\x07 <script>alert(1)</script>&lt;b&gt;\u200b"))
    assert "Gene" in text
    assert not {"\u202e", "\x07", "\u200b"} & set(text)
    assert "alert" not in text


def test_without_the_extra_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec

    def without(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == "trafilatura" else found(name, package)

    require_full_text("daily")
    monkeypatch.setattr(importlib.util, "find_spec", without)
    with pytest.raises(UsageError, match='feed "daily": full_text needs the package trafilatura') as caught:
        require_full_text("daily")
    assert "pip install 'tocsin[fulltext]'" in caught.value.remedy
