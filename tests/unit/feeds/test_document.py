"""Bytes of every shape of feed, honest and hostile, to plain entries or to a reason people understand."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.feeds.document import read_document
from connectors.feeds.parse_worker import answered
from connectors.feeds.wire import WireDocument, WireEntry
from connectors.feeds.wire_fields import language_code

URL = "http://news.example/feeds/rss.xml"
HEAD = "<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel><title>Daily</title>"


def read(body: str | bytes, content_type: str | None = None) -> WireDocument:
    answer = read_document(body.encode() if isinstance(body, str) else body, url=URL, content_type=content_type)
    assert answer.document is not None, answer.error
    return answer.document


def item(fields: str) -> WireEntry:
    (entry,) = read(f"{HEAD}<item>{fields}</item></channel></rss>").entries
    return entry


def fault(body: bytes) -> str:
    answer = read_document(body, url=URL)
    assert answer.document is None
    return answer.error


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Bridge &amp;amp; ferry", "Bridge & ferry"),
        ("&lt;b&gt;Bridge&lt;/b&gt; opened", "Bridge opened"),
        ("<![CDATA[Bridge <i>opened</i>]]>", "Bridge opened"),
        ("Bridge\n   opened", "Bridge opened"),
        ("Bridge \u202eopened\u200b", "Bridge opened"),
        ("5 &lt; 7", "5 < 7"),
        ("Мост открыт", "Мост открыт"),
    ],
)
def test_titles_are_what_a_reader_sees(written: str, shown: str) -> None:
    assert item(f"<title>{written}</title>").title == shown


def test_paragraphs_stay_apart_and_scripts_stay_out() -> None:
    markup = "&lt;p&gt;One.&lt;/p&gt;&lt;script&gt;steal()&lt;/script&gt;&lt;p&gt;Two&lt;br&gt;Three&lt;/p&gt;"
    assert item(f"<description>{markup}</description>").summary == "One.\n\nTwo\nThree"


def test_a_content_goes_before_its_copy_in_the_summary() -> None:
    full = "<content:encoded xmlns:content='http://purl.org/rss/1.0/modules/content/'>All of it.</content:encoded>"
    both = item(f"<description>A part.</description>{full}")
    assert (both.summary, both.content) == ("A part.", "All of it.")
    only = item(full)
    assert (only.summary, only.content) == ("", "All of it.")


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("Wed, 22 Jan 2025 12:00:00 +0200", datetime(2025, 1, 22, 10, tzinfo=UTC)),
        ("Wed, 22 Jan 2025 10:00:00 GMT", datetime(2025, 1, 22, 10, tzinfo=UTC)),
        ("2025-01-22T10:00:00Z", datetime(2025, 1, 22, 10, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_dates_are_utc_or_none(written: str, read_as: datetime | None) -> None:
    assert item(f"<title>x</title><pubDate>{written}</pubDate>").published == read_as


@pytest.mark.parametrize(
    ("written", "link"),
    [
        ("http://news.example/a?b=1&amp;c=2", "http://news.example/a?b=1&c=2"),
        ("/a", "http://news.example/a"),
        ("javascript:alert(1)", None),
        ("file:///etc/passwd", None),
        ("http://[broken", None),
    ],
)
def test_links_are_web_addresses_or_none(written: str, link: str | None) -> None:
    assert item(f"<title>x</title><link>{written}</link>").link == link


def test_names_and_categories_are_each_told_once() -> None:
    dc = "xmlns:dc='http://purl.org/dc/elements/1.1/'"
    entry = item(
        f"<dc:creator {dc}>A. Writer</dc:creator><category>Ports</category><category>Ports</category><title>x</title>"
    )
    assert (entry.authors, entry.categories) == (("A. Writer",), ("Ports",))


@pytest.mark.parametrize(
    ("declared", "code"), [("en", "en"), ("EN-us", "en"), ("az_AZ", "az"), ("english", None), ("", None), ("x", None)]
)
def test_languages(declared: str, code: str | None) -> None:
    assert language_code(declared) == code


def test_a_declared_encoding_is_believed() -> None:
    body = f"{HEAD}<item><title>Мост</title></item></channel></rss>".replace("utf-8", "windows-1251")
    assert read(body.encode("windows-1251")).entries[0].title == "Мост"


def test_what_is_not_well_formed_is_read_all_the_same_and_says_so() -> None:
    document = read(f"{HEAD}<item><title>One</title></item><item><title>Two & three</title></item></channel></rss>")
    assert [entry.title for entry in document.entries] == ["One", "Two & three"]
    assert document.flaw


def test_an_empty_feed_is_a_feed() -> None:
    assert read(f"{HEAD}</channel></rss>").entries == ()
    assert read(f"{HEAD}</channel></rss\n").entries == (), "its last bracket is lost"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b" \n ", "empty"),
        (b"<!DOCTYPE html><html><body>Hello</body></html>", "a web page, not a feed"),
        (b"just words", "no feed"),
        (b'{"version": "none"}', "no JSON Feed"),
        (b"\x00\x01\x02\x03", "no feed"),
        (gzip.compress(b"<rss/>"), "compressed data"),
        (HEAD.encode(), "no entry can be read"),
        (b"/etc/passwd", "no feed"),
        (b"http://127.0.0.1/", "no feed"),
    ],
)
def test_what_is_no_feed_says_why(body: bytes, words: str) -> None:
    assert words in fault(body)


def test_nothing_is_fetched_or_opened_for_an_entity() -> None:
    body = (
        "<?xml version='1.0'?><!DOCTYPE rss [<!ENTITY secret SYSTEM 'file:///etc/passwd'>"
        "<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'>]>"
        "<rss version='2.0'><channel><item><guid>1</guid><title>x &secret; &c;</title></item></channel></rss>"
    )
    answer = answered(body.encode(), URL, None)
    assert "root:" not in answer.model_dump_json()
    assert len(answer.model_dump_json()) < 5_000


def test_a_tower_of_elements_is_an_answer() -> None:
    body = HEAD + "<item><description>" + "<div>" * 3_000 + "</description></item></channel></rss>"
    answer = answered(body.encode(), URL, None)
    assert answer.error or answer.document is not None


@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda text: f"{HEAD}<item>{text}</item>".encode()))
@settings(max_examples=200)
def test_any_bytes_are_a_document_or_a_reason(body: bytes) -> None:
    answer = answered(body, URL, None)
    assert (answer.document is None) == bool(answer.error)


@pytest.mark.parametrize(
    ("guid", "link", "known_as", "found_at"),
    [
        ("4711", "story.html", "4711", "/feeds/story.html"),
        ("../4711", "../story.html", "../4711", "/story.html"),
        ("/4711", "/story.html", "/4711", "/story.html"),
        ("?id=4711", "?p=1", "?id=4711", "/feeds/rss.xml?p=1"),
        ("http://old.example/4711", "//other.example/a", "http://old.example/4711", None),
        ("tag:a,2025:1", "http://a.example/1", "tag:a,2025:1", None),
    ],
)
def test_a_guid_is_what_was_written_wherever_the_document_lies(
    guid: str, link: str, known_as: str, found_at: str | None
) -> None:
    item = f"<item><title>Bridge opened</title><guid>{guid}</guid><link>{link}</link></item>"
    body = f"<rss version='2.0'><channel><title>News</title>{item}</channel></rss>".encode()
    for host in ("news.example", "moved.example"):
        answer = read_document(body, url=f"http://{host}/feeds/rss.xml")
        assert answer.document is not None
        (read_one,) = answer.document.entries
        assert read_one.guid == known_as
        if found_at is not None:
            assert read_one.link == f"http://{host}{found_at}"


def test_an_invisible_character_of_an_address_stays_part_of_it() -> None:
    assert item("<title>T</title><link>http://news.example/a\u200bb \u202e</link>").link == (
        "http://news.example/a%E2%80%8Bb%E2%80%AE"
    )
    assert item("<title>T</title><link>\n http://news.example/a\n/b\t</link>").link == "http://news.example/a/b"


def test_a_document_without_a_type_and_an_encoding_is_utf_8() -> None:
    body = "<feed xmlns='http://www.w3.org/2005/Atom'><entry><id>x</id><category term='Freir\u00e4ume'/></entry></feed>"
    answer = read_document(body.encode(), url="http://news.example/")
    assert answer.document is not None
    assert answer.document.entries[0].categories == ("Freir\u00e4ume",)


def test_one_bad_entry_costs_none_of_the_others() -> None:
    bad = [
        "<item></item>",
        "<item><title></title><link>http://[broken</link><guid></guid></item>",
        f"<item><title>Dated</title><guid>dated</guid><pubDate>Someday, 99 Foo {'9' * 400}</pubDate></item>",
        f"<item><title>Long</title><guid>{'x' * 5_000}</guid><link>javascript:{'x' * 9_000}</link></item>",
        "<item><title>Odd\x0b\ufffe &unknown; &#0; &#xd800;</title><guid>odd</guid></item>",
        "<item><title>Deep</title><guid>deep</guid><description>" + "<a>" * 300 + "</description></item>",
        "<item><title><![CDATA[Open <b]]></title><guid>open</guid></item>",
    ]
    good = [f"<item><title>News {n}</title><guid>g{n}</guid></item>" for n in range(len(bad) + 1)]
    mixed = "".join(one for pair in zip(good, [*bad, ""], strict=True) for one in pair)
    document = read(f"{HEAD}{mixed}</channel></rss>".encode())
    assert [e.guid for e in document.entries if e.guid in {f"g{n}" for n in range(len(good))}] == [
        f"g{n}" for n in range(len(good))
    ]
    assert {"dated", "odd", "open"} <= {e.guid for e in document.entries}


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Hello &#55357;&#56832;!", "Hello \U0001f600!"),
        ("Hello &#xD83D;&#xde00;!", "Hello \U0001f600!"),
        ("<![CDATA[Hello &#55357;&#56832;!]]>", "Hello \U0001f600!"),
        ("Half &#55357; and &#xDE00;", "Half \ufffd and \ufffd"),
        ("Beyond &#1114112; &#x110000; &#99999999999999999999;", "Beyond \ufffd \ufffd \ufffd"),
        ("Hangul &#55203; &#xD7A3; and the last &#x10FFFD;", "Hangul \ud7a3 \ud7a3 and the last"),
        ("Padded &#x00000041;&#0000066;", "Padded AB"),
    ],
)
def test_references_to_no_character_cost_that_character_only(written: str, shown: str) -> None:
    assert item(f"<title>{written}</title>").title.startswith(shown)


@given(st.lists(st.one_of(st.integers(0, 0x120000), st.integers(0xD000, 0xE100)), max_size=8), st.booleans())
def test_any_references_are_read(numbers: list[int], hexadecimal: bool) -> None:
    text = "".join(f"&#x{n:x};" if hexadecimal else f"&#{n};" for n in numbers)
    assert item(f"<title>News {text}</title><guid>a</guid>").guid == "a"


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        ("http://user:secret@news.example/a", "http://news.example/a"),
        ("http://bank.example@evil.example/a", "http://evil.example/a"),
        ("http://good.example\\@evil.example/a", None),
        ("/a", "http://news.example/a"),
    ],
)
def test_links_hold_no_user_and_no_password(link: str, shown: str | None) -> None:
    body = (
        f"<rss version='2.0'><channel><title>D</title><item><title>T</title><link>{link}</link></item></channel></rss>"
    )
    document = read_document(body.encode(), url="http://user:secret@news.example/rss").document
    assert document is not None
    assert [entry.link for entry in document.entries] == [shown]
