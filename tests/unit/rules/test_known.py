"""What ``known`` of a ``new`` says is no news: a whole key, either actor of a pair, a topic; never part of a rule's name."""

from __future__ import annotations

import pytest

from alerts.rules.model import New


@pytest.mark.parametrize(
    ("known", "key", "is_known"),
    [
        ("RUS", "AZE-RUS", True),
        ("RUS", "RUS>AZE", True),
        ("AZE-RUS", "AZE-RUS", True),
        ("AZE-RUS", "AZE>RUS", False),
        ("RUS", "RUS", True),
        ("RUS", "AZE-TUR", False),
        ("sanctions", "topic:sanctions", True),
        ("sanctions", "keyword:iran-sanctions", False),
        ("sanctions", "topic:iran-sanctions", False),
        ("RUS", "keyword:oil>RUS", False),
        ("iran-sanctions", "topic:iran-sanctions", True),
    ],
)
def test_no_news_is_a_key_or_who_it_is_about(known: str, key: str, *, is_known: bool) -> None:
    assert New(quiet_for_h=24, known=("USA", known)).knows(key) is is_known
