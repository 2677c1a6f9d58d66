"""Items in the order they arrived become articles, each once, and what is wrong with their dates is counted."""

from __future__ import annotations

from benchmarks.evaluate_arrivals import replayed, report


def item(link: str, first_seen: str, published_raw: str, **more: str) -> dict[str, str | None]:
    return {
        "link": link,
        "title": f"News of {link}",
        "summary": "Words & more.",
        "published_raw": published_raw,
        "source": "The Daily",
        "category": "world",
        "first_seen": first_seen,
        **more,
    }


ITEMS = [
    item("http://n.example/1?utm_source=rss", "2026-02-25T10:00:00+00:00", "Wed, 25 Feb 2026 09:00:00 GMT"),
    item("http://n.example/2", "2026-02-25T10:00:00+00:00", "Wed, 25 Feb 2026 11:00:00 GMT"),
    item("http://n.example/3", "2026-02-25T12:00:00+00:00", "once upon a time"),
    item("http://n.example/4", "2026-02-25T12:00:00+00:00", "Wed, 25 Feb 2015 09:00:00 GMT"),
    item("http://n.example/5 ", "2026-02-25T12:30:00+00:00", "2026-02-25 20:46:46  +0800", category="local"),
]


def test_nothing_is_lost_and_the_dirt_has_reasons() -> None:
    found = replayed(ITEMS)
    assert (found.items, found.documents, found.lost, found.refused, found.clashes) == (5, 3, 0, 0, [])
    assert len(found.articles) == len(found.addresses) == 5
    assert (found.reasons["published"], found.reasons["future_clamped"], found.reasons["missing"]) == (2, 2, 1)
    assert (found.ahead, found.years_old, found.too_late, found.revisions) == (2, 1, 1, 0)
    assert (found.again, found.apart) == (set(found.articles), 0), "the same articles under guids of another feed"
    assert found.unread_dates == {"once upon a time": 1}
    assert "0 lost, 0 refused" in "\n".join(report(found))


def test_what_is_lost_is_told() -> None:
    found = replayed([*ITEMS, item("nowhere", "2026-02-25T13:00:00+00:00", "")])
    found.addresses.add("the-daily //n.example/6")
    assert found.lost >= 1


def test_what_becomes_two_articles_in_two_feeds_is_told() -> None:
    home = "http://n.example/"  # A home page names no article, so nothing says that the two are one.
    found = replayed([item(home, "2026-02-25T10:00:00+00:00", "")])
    assert found.apart == 1
