"""Sentences that others coded, read from files as they wrote them; and the mixed feed where no data are."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from benchmarks import evaluate_pairs
from benchmarks.event_gold import petrarch_sentences, plover_sentences
from benchmarks.mixed_feed import ITEMS, PAGES, mixed_feed

COUNTRIES = frozenset({"FRA", "ITA", "JPN"})
PLOVER = [
    {"id": "about", "eventText": "no sentence"},
    {"id": "one", "text": "Paris thanked Rome.", "source": [{"code": "FRA"}], "target": [{"code": "ITL"}]},
    {"id": "two", "text": "France and Japan agreed.", "source": [{"code": "FRA"}, {"code": "JAP"}], "target": ""},
    {"id": "three", "text": "France asked the club.", "source": {"code": "FRA"}, "target": [{"code": "IGO"}]},
]
PETRARCH = """
<Sentence date="19950101" id="A-1" category="DEMO"><EventCoding sourcecode="ARN" targetcode="ERIGOV" eventcode="1">
<Text>
Arnor thanked
Eriador.
</Text></Sentence>
<Sentence date="19950101" id="A-2"><EventCoding sourcecode="---GOV" targetcode="GON" eventcode="1"><Text>x</Text></Sentence>
<Sentence date="19950101" id="A-3"><EventCoding sourcecode="XYZ" targetcode="GON" eventcode="1"><Text>x</Text></Sentence>
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "plover_gsr_half.json").write_text(json.dumps(PLOVER), encoding="utf-8")
    with tarfile.open(tmp_path / "data" / "petrarch_validation.tar.xz", "w:xz") as archive:
        member = tarfile.TarInfo("petrarch_validation/petrarch/data/text/PETR.UnitTest.records.xml")
        member.size = len(PETRARCH.encode())
        archive.addfile(member, io.BytesIO(PETRARCH.encode()))
    return tmp_path


def test_plover_codes_become_ours_and_compound_actors_meet_each_other(data: Path) -> None:
    one, two, three = plover_sentences(data, COUNTRIES)
    assert [sorted(each.actors) for each in (one, two, three)] == [["FRA", "ITA"], ["FRA", "JPN"], ["FRA"]]
    assert sorted(one.pairs) == [("FRA", "ITA")]
    assert sorted(two.pairs) == [("FRA", "JPN"), ("JPN", "FRA")]
    assert sorted(three.pairs) == []


def test_petrarch_sentences_of_unknown_actors_are_left_out(data: Path) -> None:
    (only,) = petrarch_sentences(data, COUNTRIES)
    assert only.text == "Arnor thanked Eriador."
    assert only.pairs == {("NOVEL_ARN", "NOVEL_ERI")}


def test_own_actors_are_found_in_what_is_judged(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate_pairs.main(data) == 0
    assert "petrarch  pairs          F1 1.000" in capsys.readouterr().out
    assert evaluate_pairs.main(None) == 2


def test_the_invented_feed_is_the_same_each_time_and_says_that_it_is_invented() -> None:
    feed = mixed_feed(None)
    assert "invented" in feed.origin
    assert feed == mixed_feed(None)
    assert [sum(a.feed_id == kind for a in feed.articles) for kind in ("items", "pages")] == [ITEMS, PAGES]
