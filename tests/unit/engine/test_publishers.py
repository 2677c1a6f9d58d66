"""Cards of one publisher share its source; what is said of it anew is another."""

from __future__ import annotations

import pytest

from alerts import cards
from alerts.cards import Publishers
from schemas.article import Source
from schemas.reasons import SourceKind


def alfa(**said: object) -> Source:
    return Source.model_validate({"id": "alfa", "name": "Alfa", **said}, strict=False)


def test_equal_sources_are_one_and_the_same() -> None:
    publishers = Publishers()
    first = publishers.shared(alfa(country="AZE"))
    assert publishers.shared(alfa(country="AZE")) is first


@pytest.mark.parametrize("said", [{"name": "Beta"}, {"country": "RUS"}, {"group": "g"}, {"kind": SourceKind.STATE}])
def test_whatever_is_said_otherwise_makes_another(said: dict[str, object]) -> None:
    publishers = Publishers()
    publishers.shared(alfa(country="AZE"))
    other = alfa(**{"country": "AZE", **said})
    assert publishers.shared(other) is other


def test_publishers_without_end_are_not_all_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cards, "_MOST_PUBLISHERS", 3)
    publishers = Publishers()
    first = publishers.shared(Source(id="0"))
    for number in range(1, 4):
        publishers.shared(Source(id=str(number)))
    assert publishers.shared(Source(id="0")) is not first
