"""Articles that several pollers meet at once: of all who claim one, one is first, and everybody hears who."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

from schemas.ports.pollers import Claim
from schemas.ports.store import Store
from tests.contract.store.scribe import START

DAY = timedelta(days=1)


def test_what_is_free_is_kept_and_who_comes_later_hears_who_was_first(
    store: Store, open_again: Callable[[], Store]
) -> None:
    mine = [Claim("id 1", "daily", "one"), Claim("page p", "daily", "one"), Claim("id 2", "daily", "two")]
    assert store.claim_articles(mine, at=START) == sorted(mine)
    assert store.claim_articles(mine, at=START) == sorted(mine), "and the same again"
    assert store.claim_articles([], at=START) == []
    theirs = [Claim("id 2", "wire", "theirs"), Claim("id 9", "wire", "other")]
    assert open_again().claim_articles(theirs, at=START) == [mine[2], theirs[1]]


def test_the_free_names_of_an_article_go_to_whoever_has_one_of_them(store: Store) -> None:
    first = Claim("page p", "daily", "one")
    store.claim_articles([first], at=START)
    late = [Claim("id 7", "wire", "seven"), Claim("page p", "wire", "seven"), Claim("id 8", "wire", "eight")]
    told = [Claim("id 7", "daily", "one"), late[2], first]
    assert store.claim_articles(late, at=START) == told
    assert store.claim_articles([Claim("id 7", "third", "x")], at=START) == told[:1]


def test_claims_of_long_ago_are_forgotten_as_coverage_is_told(store: Store) -> None:
    old, new = Claim("id 1", "daily", "old"), Claim("id 2", "daily", "new")
    store.claim_articles([old], at=START)
    store.claim_articles([new], at=START + DAY)
    other = [Claim("id 1", "wire", "x"), Claim("id 2", "wire", "y")]
    store.polls_told([], until=START + DAY)
    assert store.claim_articles(other, at=START + DAY) == [old, new]
    store.polls_told([], until=START + DAY + timedelta(seconds=1))
    assert store.claim_articles(other, at=START + DAY) == [other[0], new]


def test_of_many_that_claim_at_once_all_hear_the_same(open_again: Callable[[], Store]) -> None:
    """Each knows every article by its page and by an id of its own, in an order of its own."""
    claimants, articles = 4, 30
    stores = [open_again() for _ in range(claimants)]
    begin = threading.Barrier(claimants)
    heard: dict[int, dict[str, Claim]] = {}

    def claim(number: int) -> None:
        names = [(f"page {article}", f"id {number} {article}") for article in range(articles)]
        mine = [
            Claim(name, f"feed{number}", f"{number} {article}")
            for article, both in enumerate(names)
            for name in (both if number % 2 else both[::-1])
        ]
        begin.wait(60)
        for start in range(0, len(mine), 10):
            for claim in stores[number].claim_articles(mine[start : start + 10][:: (-1) ** number], at=START):
                heard.setdefault(number, {})[claim.name] = claim

    threads = [threading.Thread(target=claim, args=[number]) for number in range(claimants)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for article in range(articles):
        told = {heard[number][name].body for number in range(claimants) for name in _names(number, article)}
        assert len(told) == 1, f"article {article} is that of several: {told}"


def _names(number: int, article: int) -> tuple[str, str]:
    return f"page {article}", f"id {number} {article}"
