"""Stories of a key: the definition, and that the order of arrival is nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.stories.key_articles import Entry, KeyArticles
from alerts.stories.likeness import alike, signature_of
from schemas.ids import milliseconds
from tests.streams.records import fingerprint_of

NOON = datetime(2025, 1, 8, 12, tzinfo=UTC)


def entry(article_id: str, minutes: int, wording: str, changed: int = 0, publisher: str = "alfa") -> Entry:
    moment = NOON + timedelta(minutes=minutes)
    signature = signature_of(fingerprint_of(wording, changed=changed)) if wording else None
    return Entry((milliseconds(moment), article_id), publisher, publisher, "AZE", signature)


def stories(articles: KeyArticles) -> dict[str, str]:
    return {e.article_id: e.story for e in articles.between(-(2**40), 2**40)}


def naive_stories(entries: list[Entry]) -> dict[str, str]:
    """The definition, word by word."""
    leaders: list[Entry] = []
    found: dict[str, str] = {}
    for article in sorted(entries, key=lambda e: e.place):
        for leader in leaders:
            young = article.place[0] - leader.place[0] <= 48 * 3_600_000
            one, other = leader.signature, article.signature
            if young and one is not None and other is not None and alike(one[None, :], other)[0]:
                found[article.article_id] = leader.article_id
                break
        else:
            leaders.append(article)
            found[article.article_id] = article.article_id
    return found


def test_a_copy_joins_the_story_and_another_text_starts_one() -> None:
    articles = KeyArticles()
    for made in (entry("a", 0, "one"), entry("b", 5, "one", changed=20), entry("c", 9, "two")):
        articles.insert(made)
    assert stories(articles) == {"a": "a", "b": "a", "c": "c"}
    counts = articles.counts(NOON.timestamp().__int__() // 3600, NOON.timestamp().__int__() // 3600)
    assert (counts.stories, counts.publishers, counts.articles) == (2, 1, 3)


def test_a_story_takes_nothing_in_after_two_days() -> None:
    articles = KeyArticles()
    articles.insert(entry("a", 0, "one"))
    articles.insert(entry("b", 48 * 60, "one"))
    articles.insert(entry("c", 48 * 60 + 1, "one"))
    assert stories(articles) == {"a": "a", "b": "a", "c": "c"}


def test_an_article_without_a_fingerprint_is_like_no_other() -> None:
    articles = KeyArticles()
    articles.insert(entry("a", 0, ""))
    articles.insert(entry("b", 1, ""))
    assert stories(articles) == {"a": "a", "b": "b"}


def test_an_earlier_first_article_takes_the_story_over() -> None:
    articles = KeyArticles()
    articles.insert(entry("b", 70, "one"))
    articles.insert(entry("c", 80, "one"))
    changed = articles.insert(entry("a", 0, "one"))
    assert stories(articles) == {"a": "a", "b": "a", "c": "a"}
    assert len(changed) == 2, "the hour that gains the story and the hour that loses it"


made_entries = st.lists(
    st.tuples(
        st.integers(0, 4000),
        st.sampled_from(["one", "two", "three", ""]),
        st.sampled_from([0, 10, 25, 30, 38, 40, 50]),
    ),
    min_size=1,
    max_size=14,
)


@given(made=made_entries, order=st.randoms(use_true_random=False), gone=st.integers(0, 5))
@settings(max_examples=150, deadline=None)
def test_any_order_of_coming_and_going_gives_the_definition(
    made: list[tuple[int, str, int]], order: object, gone: int
) -> None:
    entries = [entry(f"{i:02d}", minutes, word, changed) for i, (minutes, word, changed) in enumerate(made)]
    shuffled = list(entries)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    articles = KeyArticles()
    for article in shuffled:
        articles.insert(article)
    for article in shuffled[:gone]:
        articles.remove(article.place)
    left = shuffled[gone:]
    assert stories(articles) == naive_stories(left)
    signatures = {e.article_id: e.signature for e in left if e.signature is not None}
    again = KeyArticles.restored(articles.state(), signatures)
    assert again.state() == articles.state()


class AskedArticles(KeyArticles):
    """Counts how often an article is asked for its story."""

    asked = 0

    def _story_of(self, entry: Entry) -> str:
        self.asked += 1
        return super()._story_of(entry)


def test_a_first_poll_that_brings_its_newest_first_asks_each_article_once() -> None:
    articles = AskedArticles()
    for n in range(200):
        articles.insert(entry(f"{n:03d}", -n, f"wording {n}"))
    assert articles.asked == 199, "all but the first, before which there is nothing"
    for n in range(0, 200, 2):
        articles.remove(entry(f"{n:03d}", -n, "").place)
    assert articles.asked == 199, "nor does one that led nobody leave anybody behind"
