"""How people name feeds, with every mistake that can be made: each has its own words and a remedy that helps."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.feeds.fetch_failures import FetchError, FetchFailure
from schemas.errors import UsageError
from tocsin.feed_naming import check_new_id, closest, unanswered, unknown_feed, web_address

SETTINGS = Path("desk/tocsin.toml")


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("https://news.example/rss", "https://news.example/rss"),
        ("news.example", "https://news.example"),
        (" news.example/rss.xml ", "https://news.example/rss.xml"),
        ("http://[2001:db8::1]/rss", "http://[2001:db8::1]/rss"),
    ],
)
def test_an_address_of_the_web_is_taken_as_it_is_meant(given: str, address: str) -> None:
    assert web_address(given) == address


@pytest.mark.parametrize(
    ("given", "said", "remedy"),
    [
        ("", "is empty", "give the address"),
        ("  ", "is empty", "give the address"),
        ("not a url", "without blanks", "https://news.example/rss.xml"),
        ("http://", "names a host", "https://news.example/rss.xml"),
        ("ftp://news.example/rss", "begins with https://", "https://news.example/rss.xml"),
        ("javascript://news.example/%0aalert(1)", "begins with https://", "https://news.example/rss.xml"),
        ("http://[::1/rss", "can be read", "https://news.example/rss.xml"),
        ("http://news.example:99999/", "can be read", "https://news.example/rss.xml"),
        ("http://news.example/a\x00b", "without blanks", "https://news.example/rss.xml"),
        ("https://news.example/" + "a" * 5_000, "at most 4096", "https://news.example/rss.xml"),
        ("/etc/passwd", "on this machine", "feeds parse"),
        ("./news.xml", "on this machine", "feeds parse"),
        ("~/news.xml", "on this machine", "feeds parse"),
        ("file:///etc/passwd", "on this machine", "feeds parse"),
    ],
)
def test_what_is_no_address_is_told_before_anybody_is_asked(given: str, said: str, remedy: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        web_address(given)
    assert remedy in caught.value.remedy
    assert len(caught.value.message) < 500


def test_a_file_that_is_there_is_meant_and_a_folder_called_like_a_site_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "saved.xml").write_text("<rss/>")
    (tmp_path / "feeds").mkdir()
    (tmp_path / "news.example").mkdir()
    for given in ("saved.xml", "feeds"):
        with pytest.raises(UsageError, match="on this machine"):
            web_address(given)
    assert web_address("news.example") == "https://news.example"
    assert web_address("a" * 300 + ".example"), "longer than any name of a file"


def test_a_secret_of_a_wrong_address_is_not_shown() -> None:
    with pytest.raises(UsageError) as caught:
        web_address("ftp://me:hidden@news.example/rss?key=hidden")
    assert "hidden" not in caught.value.message + caught.value.remedy


@pytest.mark.parametrize(
    ("failure", "status", "remedy"),
    [
        (FetchFailure.ADDRESS, None, 'desk/tocsin.toml, for example allow_addresses = ["'),
        (FetchFailure.STATUS, 410, "gone for good"),
        (FetchFailure.STATUS, 401, "user and password"),
        (FetchFailure.STATUS, 500, "in a browser"),
        (FetchFailure.NAME, None, "spelt right"),
        (FetchFailure.CONNECTION, None, "port right"),
        (FetchFailure.TOO_LARGE, None, "no feed is that large"),
        (FetchFailure.TIMEOUT, None, "try again later"),
    ],
)
def test_each_failure_has_its_own_remedy(failure: FetchFailure, status: int | None, remedy: str) -> None:
    said = unanswered(FetchError(failure, "https://news.example/", status=status), SETTINGS)
    assert remedy in said.remedy
    assert said.message.startswith(failure)


def test_every_failure_has_a_remedy() -> None:
    assert all(unanswered(FetchError(failure, "x"), SETTINGS).remedy for failure in FetchFailure)


def test_an_unknown_id_is_answered_with_the_one_that_is_meant() -> None:
    ids = ["daily", "evening-news", "BBC"]
    assert [closest(name, ids) for name in ("daly", "Evening", "bbc", "dail", "zzz", "")] == [
        *("daily", "evening-news", "BBC", "daily", "", "")
    ]
    assert unknown_feed("daly", ids).remedy == "did you mean daily? ids in the settings: daily, evening-news, BBC"
    assert unknown_feed("zzz", [], or_url=True).remedy == "ids in the settings: none; or give a URL"
    many = unknown_feed("site-4999x", [f"site-{number}" for number in range(5_000)]).remedy
    assert many.startswith("did you mean site-4999? ids in the settings: site-0, site-1")
    assert many.endswith("site-19 and 4,980 more (tocsin feeds list)")
    assert "feeds parse" in unknown_feed("/tmp", ids, or_url=True).remedy


@pytest.mark.parametrize("feed_id", ["bad id!", "", "-news", "a" * 65, "новости"])
def test_what_can_be_no_id_is_told(feed_id: str) -> None:
    with pytest.raises(UsageError, match="can be no id") as caught:
        check_new_id(feed_id, [])
    assert "letters, digits" in caught.value.remedy


def test_an_id_that_is_taken_is_told() -> None:
    check_new_id("daily-2", ["daily"])
    with pytest.raises(UsageError, match="has that id already") as caught:
        check_new_id("daily", ["daily"])
    assert "daily-2" in caught.value.remedy
