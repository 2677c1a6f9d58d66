"""JSON Feed, news sitemaps, RDF, Atom 0.3, Media RSS and Dublin Core: the same plain entries as of any RSS."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.feeds.document import read_document
from connectors.feeds.parse_worker import answered
from connectors.feeds.safe_xml import MAX_DEPTH, UnsafeXmlError, read_xml
from connectors.feeds.wire import WireDocument

URL = "http://news.example/feeds/feed"
AT = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)


def read(body: str | bytes) -> WireDocument:
    answer = read_document(body.encode() if isinstance(body, str) else body, url=URL)
    assert answer.document is not None, answer.error
    return answer.document


def fault(body: str) -> str:
    answer = answered(body.encode(), URL, None)
    assert answer.document is None
    return answer.error


def json_feed(*items: object, version: str = "https://jsonfeed.org/version/1.1", **more: object) -> str:
    return json.dumps({"version": version, "title": "The <b>Daily</b>", "items": items, **more})


def test_a_json_feed_is_read() -> None:
    whole = {
        "id": "tag:1",
        "url": "/story",
        "title": "Bridge &amp; ferry",
        "content_html": "<p>One.</p><script>steal()</script><p>Two.</p>",
        "summary": "Short.",
        "date_published": "2025-01-02T06:04:05+03:00",
        "date_modified": "2025-01-03",
        "authors": [{"name": "Ann"}, {"url": "x"}, {"name": "Bob"}],
        "tags": ["a", "b", "a"],
        "attachments": [{"anything": 1}],
    }
    document = read(json_feed(whole, language="en-GB", next_url="http://news.example/2"))
    assert (document.form, document.title, document.language) == ("json", "The Daily", "en")
    (entry,) = document.entries
    assert (entry.guid, entry.link, entry.title) == ("tag:1", "http://news.example/story", "Bridge & ferry")
    assert (entry.content, entry.summary) == ("One.\n\nTwo.", "Short.")
    assert (entry.published, entry.updated) == (AT, datetime(2025, 1, 3, tzinfo=UTC))
    assert (entry.authors, entry.categories) == (("Ann", "Bob"), ("a", "b"))


def test_a_json_feed_of_the_first_version_with_numbers_for_ids_and_one_bad_item() -> None:
    old = {"id": 7, "external_url": "https://else.example/", "content_text": "Plain <text>.", "author": {"name": "Ann"}}
    document = read("\ufeff " + json_feed(old, "no item", {"id": {}}, version="http://jsonfeed.org/version/1"))
    (entry,) = document.entries
    assert (entry.guid, entry.link, entry.content) == ("7", "https://else.example/", "Plain <text>.")
    assert (entry.authors, document.refused_entries) == (("Ann",), 2)
    assert read(json_feed()).entries == ()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{", "no JSON that can be read"),
        ("{}", "no JSON Feed"),
        (json_feed(version="2"), "no JSON Feed"),
        (json_feed(items=3), "without a list"),
        (json_feed(1, 2), "none of its 2 entries"),
        ('{"version": "https://jsonfeed.org/version/1", "items": ' + "[" * 100_000, "nested too deeply"),
        ('{"version": 1' + "0" * 5000 + "}", "no JSON that can be read"),
    ],
)
def test_what_is_no_json_feed_says_why(body: str, said: str) -> None:
    assert said in fault(body)


def sitemap(*pages: str, head: str = "") -> str:
    spaces = (
        "xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' xmlns:n='http://www.google.com/schemas/sitemap-news/0.9'"
    )
    return f"<?xml version='1.0'?>{head}<urlset {spaces}>{''.join(pages)}</urlset>"


def page(address: str, title: str = "Bridge &amp; ferry", date: str = "2025-01-02T03:04:05Z") -> str:
    publication = "<n:publication><n:name>Daily</n:name><n:language>en</n:language></n:publication>"
    news = f"<n:news>{publication}<n:publication_date>{date}</n:publication_date><n:title>{title}</n:title></n:news>"
    return f"<url><loc>{address}</loc><lastmod>2025-01-04</lastmod>{news}</url>"


def test_a_news_sitemap_is_read() -> None:
    plain = "<url><loc>http://news.example/about</loc></url>"
    document = read(
        sitemap(page("http://news.example/1"), plain, page("no address"), page("http://news.example/2", date="?"))
    )
    assert (document.form, document.title, document.language) == ("sitemap", "Daily", "en")
    first, second = document.entries
    assert (first.link, first.title, first.guid) == ("http://news.example/1", "Bridge & ferry", None)
    assert (first.published, first.updated) == (AT, datetime(2025, 1, 4, tzinfo=UTC))
    assert (second.link, second.published) == ("http://news.example/2", None)
    assert document.refused_entries == 1
    assert read(sitemap()).entries == ()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (sitemap("<url><loc>http://news.example/</loc></url>"), "without news"),
        (sitemap(page("ftp://x")), "none of its 1 entries"),
        (sitemap(page("http://news.example/1"))[:300], "not well-formed"),
        ("<sitemapindex><sitemap><loc>http://news.example/1.xml</loc></sitemap></sitemapindex>", "an index"),
        (sitemap(head="<!DOCTYPE urlset [<!ENTITY a 'b'>]>"), "declares a document type"),
        (sitemap("<a>" * 1000), "nested more than"),
    ],
)
def test_what_is_no_news_sitemap_says_why(body: str, said: str) -> None:
    assert said in fault(body)


@pytest.mark.parametrize(
    "body",
    [
        "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
        "<!DOCTYPE a [<!ENTITY b 'b'><!ENTITY c '&b;&b;'>]><a>&c;</a>",
        "<a>" * (MAX_DEPTH + 1),
        "<a/><a/>",
        "<a>&nbsp;</a>",
        "",
        "\x00",
        "<?xml version='1.0' encoding='no-such'?><a/>",
    ],
)
def test_dangerous_xml_is_refused(body: str) -> None:
    with pytest.raises(UnsafeXmlError):
        read_xml(body.encode())


@given(st.binary(max_size=60) | st.text(alphabet="<>/a:='\"! &;{}[],0", max_size=60).map(str.encode))
def test_any_bytes_are_an_answer(body: bytes) -> None:
    for start in (b"", b"{", b"<urlset>"):
        answer = answered(start + body, URL, None)
        assert (answer.document is None) == bool(answer.error)


RSS = (
    "<rss version='2.0' xmlns:media='http://search.yahoo.com/mrss/' xmlns:dc='http://purl.org/dc/elements/1.1/'"
    " xmlns:dcterms='http://purl.org/dc/terms/'><channel><title>Daily</title><item>{}</item></channel></rss>"
)


def test_media_titles_and_descriptions_stand_in_where_there_are_none() -> None:
    media = "<media:title>Flood</media:title><media:description>From the air.</media:description>"
    for fields in (media, f"<media:group><media:content url='http://a/v'>{media}</media:content></media:group>"):
        (entry,) = read(RSS.format(f"<link>http://news.example/1</link>{fields}")).entries
        assert (entry.title, entry.summary) == ("Flood", "From the air.")
    own = "<title>River rises</title><description>It rains.</description>"
    (entry,) = read(RSS.format(own + f"<media:content url='http://a/p'>{media}</media:content>")).entries
    assert (entry.title, entry.summary) == ("River rises", "It rains.")


def test_dublin_core_dates_and_authors() -> None:
    fields = "<title>T</title><dc:creator>Ann</dc:creator><dc:creator>Bob</dc:creator><dc:date>2025-01-02T03:04:05Z</dc:date>"
    (entry,) = read(RSS.format(fields)).entries
    assert (entry.authors, entry.claimed) == (("Ann", "Bob"), AT)
    (entry,) = read(RSS.format("<title>T</title><dcterms:created>2025-01-02T03:04:05Z</dcterms:created>")).entries
    assert entry.published == AT


def test_rdf_and_atom_of_the_old_kind() -> None:
    spaces = "xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'"
    item = "<item rdf:about='http://news.example/1'><title>T</title><link>http://news.example/1</link></item>"
    document = read(
        f"<rdf:RDF {spaces}><channel rdf:about='http://news.example/'><title>C</title></channel>{item}</rdf:RDF>"
    )
    assert (document.form, document.entries[0].guid) == ("rss10", "http://news.example/1")
    entry = (
        "<entry><title>T</title><id>tag:1</id><link rel='alternate' type='text/html' href='http://news.example/1'/>"
        "<issued>2025-01-02T03:04:05Z</issued><modified>2025-01-04T00:00:00Z</modified><summary>S</summary></entry>"
    )
    document = read(f"<feed version='0.3' xmlns='http://purl.org/atom/ns#'><title>F</title>{entry}</feed>")
    (read_one,) = document.entries
    assert (document.form, read_one.guid, read_one.link) == ("atom03", "tag:1", "http://news.example/1")
    assert (read_one.published, read_one.updated) == (AT, datetime(2025, 1, 4, tzinfo=UTC))
