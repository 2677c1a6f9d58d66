"""robots.txt: whose group holds, which rule wins, what a hostile one can cost. After the examples of RFC 9309."""

from __future__ import annotations

import pytest

from connectors.feeds.robots import LONGEST_DELAY_S, read_robots

HOST = "https://news.example"


def allowed(text: str, path: str) -> bool:
    return read_robots(text.encode(), "Tocsin").allow(HOST + path)


@pytest.mark.parametrize(
    ("text", "path", "wanted"),
    [
        ("", "/a", True),
        ("User-agent: *\nDisallow: /", "/a", False),
        ("User-agent: *\nDisallow:", "/a", True),
        ("User-agent: *\nDisallow: /\nUser-agent: tocsin\nAllow: /", "/a", True),
        ("User-agent: *\nAllow: /\nUser-agent: TOCSIN/1.0\nDisallow: /", "/a", False),
        ("User-agent: tocsinbot\nDisallow: /", "/a", True),
        ("User-agent: other\nUser-agent: Tocsin\n\nDisallow: /x", "/x/y", False),
        ("User-agent: Tocsin\nDisallow: /x\nUser-agent: b\nDisallow: /\nUser-agent: Tocsin\nDisallow: /y", "/y", False),
        ("User-agent: Tocsin\nCrawl-delay: 5\nUser-agent: *\nDisallow: /", "/a", True),
        ("User-agent: *\nDisallow: /news\nAllow: /news/open", "/news/open/1", True),
        ("User-agent: *\nAllow: /news\nDisallow: /news/paid", "/news/paid/1", False),
        ("User-agent: *\nDisallow: /a\nAllow: /a", "/a", True),
        ("User-agent: *\nDisallow: /*.pdf$", "/x/report.pdf", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/x/report.pdf?v=1", True),
        ("User-agent: *\nDisallow: /*/private/*x", "/a/private/box", False),
        ("User-agent: *\nDisallow: /*/private/*x", "/a/private/boy", True),
        ("User-agent: *\nDisallow: /a*a$", "/a", True),
        ("User-agent: *\nDisallow: /*?session=", "/a?session=1", False),
        ("User-agent: *\nDisallow: /caf%c3%a9", "/café", False),
        ("User-agent: *\nDisallow: /", "/robots.txt", True),
        ("\ufeffUser-agent: * # all\n disallow : /x # y\r\nnonsense\r\nSitemap: https://a.example/s", "/x", False),
    ],
)
def test_what_may_be_asked_for(text: str, path: str, wanted: bool) -> None:
    assert allowed(text, path) is wanted


def test_a_wished_pause_is_granted_within_reason() -> None:
    assert read_robots(b"User-agent: *\nCrawl-delay: 10", "Tocsin").delay_s == 10
    assert read_robots(b"User-agent: *\nCrawl-delay: 999999", "Tocsin").delay_s == LONGEST_DELAY_S
    assert read_robots(b"User-agent: *\nCrawl-delay: soon", "Tocsin").delay_s == 0


def test_patterns_made_to_be_slow_and_bytes_of_any_kind_are_read() -> None:
    hostile = "User-agent: *\n" + f"Disallow: /{'*a' * 900}$\n" * 300
    assert allowed(hostile, "/" + "a" * 800 + "b")
    assert read_robots(bytes(range(256)) * 4_000, "Tocsin").allow(HOST + "/a")
    assert not read_robots(b"User-agent: *\nDisallow: /", "Tocsin").allow("http://[broken")
