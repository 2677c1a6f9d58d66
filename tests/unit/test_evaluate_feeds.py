"""Stated expectations are read without running them, and judged as a reader sees texts."""

from __future__ import annotations

from benchmarks.evaluate_feeds import Agreement, Claim, _judge, claims_of


def test_only_what_must_hold_and_is_mapped_is_a_claim() -> None:
    stated = "not bozo and entries[0]['title_detail']['value'] == 'A' and entries[1].tags[0].term == 'b' and len(entries) == 2"
    assert list(claims_of(stated)) == [Claim("title", 0, "A"), Claim("categories", 1, "b"), Claim("entries", None, 2)]
    assert list(claims_of("entries[0].get('id') == 'x'")) == [Claim("guid", 0, "x")]
    assert list(claims_of("feed['title'] == 'x' or bozo")) == []
    assert list(claims_of("__import__('os').system('x') == 0")) == []
    assert list(claims_of("entries[0]['title'] == open('x')")) == []


def test_agreement_counts_claims_and_files() -> None:
    agreement = Agreement()
    item = "<item><title>A &amp;lt;b&amp;gt;</title><guid>x</guid></item>"
    body = f"<rss version='2.0'><channel><title>T</title>{item}</channel></rss>"
    _judge("one", body.encode(), body, [Claim("title", 0, "A &lt;b&gt;"), Claim("form", None, "rss20")], agreement)
    _judge("two", body.encode(), body, [Claim("title", 0, "B"), Claim("guid", 0, "x")], agreement)
    assert (agreement.files, agreement.agreeing) == (2, 1)
    assert (agreement.held["title"], agreement.asked["title"], agreement.held["guid"]) == (1, 2, 1)
    assert agreement.others == ["two: title 'B' "]
