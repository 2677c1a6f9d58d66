"""Who carries a story: publishers counted by country and by who stands behind them."""

from __future__ import annotations

from alerts.explanation.carriers import carried_by
from alerts.explanation.names import NamesById
from schemas.alert_event import Evidence
from schemas.article import Source
from schemas.reasons import SourceKind
from tests.contract.channels.messages import evidence

NAMES = NamesById({}, {"RUS": "Russian", "AZE": "Azerbaijani", "GBR": "British"})


def by(*sources: Source) -> list[Evidence]:
    return [evidence().model_copy(update={"source": source}) for source in sources]


def test_publishers_are_told_by_country_and_kind() -> None:
    state = [Source(id=f"s{n}", country="RUS", kind=SourceKind.STATE) for n in range(4)]
    others = [Source(id="baku", country="AZE"), Source(id="wire", country="GBR", kind=SourceKind.WIRE)]
    assert carried_by(by(*state, *others), NAMES) == "6 publishers: 4 Russian state, 1 Azerbaijani, 1 wire"


def test_what_is_private_or_unknown_is_told_by_its_country_alone() -> None:
    private = Source(id="a", country="GBR", kind=SourceKind.PRIVATE)
    assert carried_by(by(private, Source(id="b", country="GBR")), NAMES) == "2 publishers: 2 British"
    party = Source(id="c", kind=SourceKind.PARTY)
    assert carried_by(by(party, Source(id="d")), NAMES) == "2 publishers: 1 country unknown, 1 party"


def test_outlets_of_one_group_are_one_publisher_of_what_they_share() -> None:
    one = Source(id="a", country="RUS", group="g", kind=SourceKind.STATE)
    same, other = one.model_copy(update={"id": "b"}), one.model_copy(update={"id": "c", "country": "AZE"})
    assert carried_by(by(one, same), NAMES) == "1 publisher: 1 Russian state; g with 2 outlets"
    assert carried_by(by(one, other), NAMES) == "1 publisher: 1 several countries state; g with 2 outlets"


def test_a_source_of_unknown_kind_is_written_as_it_always_was() -> None:
    item = evidence()
    assert "kind" not in item.model_dump(mode="json")["source"]
    known = item.model_copy(update={"source": item.source.model_copy(update={"kind": SourceKind.WIRE})})
    assert item.evidence_hash() == "3a259477831be3cdf6c98d55932d8635"
    assert known.evidence_hash() != item.evidence_hash()
