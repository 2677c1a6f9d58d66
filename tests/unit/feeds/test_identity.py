"""The same item is the same article, however it is addressed; different items are different ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.feeds.identity import canonical_link, identity, repeated_guids
from tests.unit.feeds.made import entry

LINK = "http://news.example/story"


@pytest.mark.parametrize(
    "same",
    [
        "https://news.example/story",
        "http://NEWS.example:80/story/",
        "https://news.example:443/story?utm_source=rss&utm_medium=feed",
        "http://news.example/story?at_campaign=x&fbclid=123",
        "http://news.example/story#xtor=RSS-1",
    ],
)
def test_addresses_of_one_page_are_one(same: str) -> None:
    assert canonical_link(same) == canonical_link(LINK)


@pytest.mark.parametrize(
    "other",
    [
        "http://news.example/Story",
        "http://news.example/story?id=2",
        "http://news.example:8080/story",
        "http://old.news.example/story",
        "http://news.example/story#update-3",
    ],
)
def test_addresses_of_other_pages_are_others(other: str) -> None:
    assert canonical_link(other) != canonical_link(LINK)


addresses = st.from_regex(
    r"https?://[a-zA-Z.]{1,9}(:[0-9]{1,5})?(/[a-z%=]{0,4}){0,3}(\?[a-z_=&%]{0,12})?(#[a-z=]{0,4})?", fullmatch=True
)


@given(st.text() | addresses)
def test_any_text_has_a_canonical_form_that_stays(text: str) -> None:
    once = canonical_link(text)
    assert canonical_link(once) == once
    assert canonical_link(text) == once


def test_the_guid_names_an_entry_then_its_link_then_its_words() -> None:
    assert identity(entry("7", link=LINK), ()) == "7"
    assert identity(entry("7", link=LINK), {"7"}) == canonical_link(LINK)
    assert identity(entry(None, link=LINK), ()) == canonical_link(LINK)
    worded = identity(entry(None, title="Bridge opened"), ())
    assert worded is not None
    assert worded == identity(entry(None, title="Bridge opened"), ())
    assert worded != identity(entry(None, title="Bridge closed"), ())
    assert identity(entry(None, title=""), ()) is None


def test_a_guid_that_names_several_articles_names_none() -> None:
    copies = [entry("1", title="One", link=f"{LINK}/1"), entry("1", title="Two", link=f"{LINK}/2")]
    assert repeated_guids(copies) == {"1"}
    assert (
        repeated_guids([entry("1", title="One", link=f"{LINK}/1"), entry("1", title="One", link=f"{LINK}/2")]) == set()
    )
    assert repeated_guids([entry("1", title="One", link=LINK), entry("1", title="One, edited", link=LINK)]) == set()
