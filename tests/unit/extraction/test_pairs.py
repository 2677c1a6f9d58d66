"""Pairs: who meets whom, who acts on whom, and in which tone."""

from __future__ import annotations

from datetime import date

import pytest

from pipelines.extraction.actors.catalogue import load_catalogue
from pipelines.extraction.actors.finder import ActorFinder
from pipelines.extraction.analysis import Readers
from pipelines.extraction.pairs import PairSeen, pairs_in
from schemas.reasons import LanguageSupport, Tone

READERS = Readers.made(ActorFinder(load_catalogue()))


def pairs(text: str) -> list[PairSeen]:
    (sentence,) = READERS.read(text, date(2025, 5, 28), "en", LanguageSupport.FULL)
    return list(sentence.pairs)


def written(text: str) -> set[str]:
    return {f"{p.source}{'>' if p.directed else '-'}{p.target}" for p in pairs(text)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Russia accused Azerbaijan of unfriendly steps", "RUS>AZE"),
        ("Azerbaijan provided humanitarian aid to Ukraine", "AZE>UKR"),
        ("Russia’s war against Ukraine goes on", "RUS>UKR"),
        ("A plane of Azerbaijan was shot down by Russia", "RUS>AZE"),
        ("the downing of an Azerbaijani plane by Russian air defence", "RUS>AZE"),
        ("Ukrainian officials thanked the people of Azerbaijan", "UKR>AZE"),
        ("To the north lies Russia, which wages a war against Ukraine", "RUS>UKR"),
        ("Azerbaijan closed the Russian office in Baku", "AZE>RUS"),
        ("Baku managed to convince Moscow", "AZE>RUS"),
        ("Azerbaijan and Russia attack each other", "AZE-RUS"),
        ("Relations between Russia and Azerbaijan", "AZE-RUS"),
        ("In Russia, officials accused Ukraine", "RUS-UKR"),
        ("Russia left, but critics accused Armenia", "ARM-RUS"),
    ],
)
def test_who_acts_on_whom(text: str, expected: str) -> None:
    assert written(text) == {expected}


def test_one_actor_makes_no_pair() -> None:
    assert pairs("Baku and the rest of Azerbaijan") == []
    assert pairs("Nobody came") == []


def test_up_to_four_actors_all_meet() -> None:
    assert len(pairs("Azerbaijan, Armenia, Georgia and Turkey share a region")) == 6


def test_of_more_only_neighbouring_lists_meet() -> None:
    found = written("France, Germany and Poland spoke of Russia, and China kept silent about Japan and Egypt")
    assert {"FRA-RUS", "DEU-RUS", "POL-RUS"} <= {p.replace(">", "-") for p in found}
    assert not {p.replace(">", "-") for p in found} & {"DEU-FRA", "FRA-POL", "DEU-POL", "EGY-FRA", "EGY-JPN"}


def test_each_two_actors_meet_once_in_a_sentence() -> None:
    assert len(pairs("Russia struck Ukraine, Ukraine struck Russia, and Kyiv blamed Moscow")) == 1


def test_the_tone_is_that_of_the_two() -> None:
    tones = {f"{p.source}{p.target}": p.tone for p in pairs("Azerbaijan praised Ukraine, while Russia attacked Poland")}
    assert tones["AZEUKR"] is Tone.COOPERATION
    assert tones["RUSPOL"] is Tone.CONFLICT


def test_undirected_pairs_are_in_order() -> None:
    assert all(p.directed or p.source < p.target for p in pairs("Ukraine, Turkey, Armenia and Azerbaijan met"))


def test_without_hits_there_is_nothing() -> None:
    assert pairs_in("text", [], []) == []
