"""Pairs: who meets whom, who acts on whom, and in which tone."""

from __future__ import annotations

from datetime import date

import pytest

from pipelines.extraction.actors.catalogue import load_catalogue
from pipelines.extraction.actors.finder import ActorFinder
from pipelines.extraction.analysis import Readers
from pipelines.extraction.pairs import MOST_HITS, PairSeen, pairs_in
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
        ("Poland condemned an attack by Russian soldiers", "POL>RUS"),
        ("Poland welcomed the assurances sent by Kenya", "POL>KEN"),
        ("Poland was condemned in a new report by Russia", "RUS>POL"),
        ("Poland criticised and attacked by Russia", "RUS>POL"),
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


def meeting(text: str) -> set[str]:
    return {"-".join(sorted((p.source, p.target))) for p in pairs(text)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Members of a list act alike, and meet where the sentence says so.
        ("Races are planned in Kenya and Chile", set()),
        ("We will see a new government in Kenya, in Chile and in Nepal", set()),
        ("The prize goes to Ann Ross of Kenya and Bo Dahl of Chile", set()),
        ("Kenya and Chile condemned Nepal", {"KEN-NPL", "CHL-NPL"}),
        ("Kenya and Chile signed a treaty", {"CHL-KEN"}),
        (
            "Kenya, Chile, Nepal and Ghana share a border",
            {"CHL-KEN", "GHA-KEN", "KEN-NPL", "CHL-GHA", "CHL-NPL", "GHA-NPL"},
        ),
        ("Talks between Kenya and Chile were held in Nepal", {"CHL-KEN"}),
        ("Presidents Ann Ross of Kenya and Bo Dahl of Chile sign an agreement in Nepal", {"CHL-KEN"}),
        ("A group was killed in a joint operation by Kenyan and Chilean forces", {"CHL-KEN"}),
        ("The Kenyan-Chilean star is dead", set()),
        ("The Kenyan-Chilean war goes on", {"CHL-KEN"}),
        ("Kenyan-Chilean strikes on Nepal", {"KEN-NPL", "CHL-NPL"}),
        ("Nepal looks on as the Kenya-Chile conflict begins anew", {"CHL-KEN"}),
        ("Kenya accuses Chile, Nepal and Ghana of an attack", {"CHL-KEN", "KEN-NPL", "GHA-KEN"}),
        ("Россия и Азербайджан обсудили транзит", {"AZE-RUS"}),
        ("Leaders of Kenya and Chile speak for an hour about Nepal", {"CHL-KEN", "CHL-NPL", "KEN-NPL"}),
        ("The call of Kenya and Chile is confirmed", {"CHL-KEN"}),
        # One after the other, with somebody between them.
        ("Kenya accuses Chile of an attack on Nepal", {"CHL-KEN", "CHL-NPL"}),
        ("Kenya condemned an attack by Chile and attacked Nepal", {"CHL-KEN", "KEN-NPL"}),
        ("Kenya, an ally of Chile, attacked Nepal", {"CHL-KEN", "KEN-NPL"}),
        ("Kenya sent a plan to Chile through Nepal", {"CHL-KEN", "CHL-NPL", "KEN-NPL"}),
        ("Kenya attacks Yemen’s Houthis", {"HOUTHIS-KEN", "KEN-YEM"}),
        ("Kenya and Chile, Nepal’s rivals, inch toward a confrontation", {"CHL-KEN", "CHL-NPL", "KEN-NPL"}),
        ("Kenya spoke of a war on Chile, Nepal’s growing power and the weather", {"CHL-KEN", "CHL-NPL"}),
        ("Kenya plans strikes in Chilean villages on Hezbollah", {"CHL-KEN", "HEZBOLLAH-KEN", "CHL-HEZBOLLAH"}),
        # What armed actors do in a place, they do to who is there; who holds a place has to do with it.
        ("Taliban sweep in Kenya follows years of Chilean errors", {"KEN-TALIBAN", "CHL-TALIBAN"}),
        ("Nepal resigns amid the Taliban takeover in Kenya", {"NPL-TALIBAN", "KEN-TALIBAN"}),
        ("Nepal looks on as Chilean troops take control in Kenya", {"CHL-NPL", "CHL-KEN"}),
        ("Nepal shows how Chilean troops and others raid homes in Kenya", {"CHL-NPL", "CHL-KEN"}),
        ("Nepal shows how Chilean singers raid homes in Kenya", set()),
        ("In Kenya, the Taliban advance, to Chilean alarm", {"KEN-TALIBAN", "CHL-TALIBAN"}),
        ("A Nepalese woman in Taliban-controlled parts of Kenya spoke on Chile", {"KEN-TALIBAN", "CHL-KEN"}),
        ("Iran and Chile held talks in Nepal", {"CHL-IRN"}),
        ("Nepal takes a look at Taliban rule from inside Chile", {"NPL-TALIBAN", "CHL-TALIBAN"}),
        ("A Nepalese leader in Kenya vowed to return to a country controlled by the Taliban", {"NPL-TALIBAN"}),
        # Clauses on separate matters.
        ("London is on the screen; Berlin is in crisis", set()),
        ("Joining the enemies of Kenya, Chile could not pass by Nepal", {"CHL-KEN", "CHL-NPL"}),
        ("Kenya attacked Chile while Nepal praised Ghana", {"CHL-KEN", "GHA-NPL"}),
        ("While Kenya signals peace, Chile plays for time", {"CHL-KEN"}),
        # Places, private people, companies.
        ("A Kenyan virologist who lives in Chile spoke on Nepal and its weather", set()),
        ("A Kenyan chef opened a restaurant in Chile", set()),
        ("Kenya attacked camps in Chile", {"CHL-KEN"}),
        ("Nepal blames Kenya, where Gazprom has an office", {"KEN-NPL"}),
        ("Kenya seized the assets of Gazprom", {"GAZPROM-KEN"}),
        ("Growing interest in Kenya moved Chile", {"CHL-KEN"}),
        ("Inspectors of Azerbaijan burnt Russian juice and 300 kg of figs from Iran", {"AZE-RUS", "AZE-IRN"}),
        ("Georgia is attractive to Armenia, some others, and the EU", {"ARM-GEO", "EU-GEO"}),
        ("Norway and Iceland argue about herring", {"ISL-NOR"}),
        ("Poland and Kenya discuss tea", {"KEN-POL"}),
    ],
)
def test_who_meets(text: str, expected: set[str]) -> None:
    assert meeting(text) == expected


def test_of_many_only_neighbouring_lists_meet() -> None:
    found = written("France, Germany and Poland spoke of Russia, and China kept silent about Japan and Egypt")
    assert {"FRA-RUS", "DEU-RUS", "POL-RUS"} <= {p.replace(">", "-") for p in found}
    assert not {p.replace(">", "-") for p in found} & {"DEU-FRA", "FRA-POL", "DEU-POL", "EGY-FRA", "EGY-JPN"}


def test_each_two_actors_meet_once_in_a_sentence() -> None:
    assert len(pairs("Russia struck Ukraine, Ukraine struck Russia, and Kyiv blamed Moscow")) == 1


def test_the_tone_is_that_of_the_two() -> None:
    tones = {f"{p.source}{p.target}": p.tone for p in pairs("Azerbaijan praised Ukraine, while Russia attacked Poland")}
    assert tones["AZEUKR"] is Tone.COOPERATION
    assert tones["RUSPOL"] is Tone.CONFLICT


def test_what_stands_between_two_weighs_most() -> None:
    (pair,) = pairs("Russia has been targeting railways of Ukraine in an effort to disrupt help to the cities")
    assert pair.tone is Tone.CONFLICT


def test_a_word_in_a_name_tells_no_tone() -> None:
    (pair,) = pairs("The Organization for Security and Co-operation in Europe looks at Georgia")
    assert pair.tone is Tone.NEUTRAL


def test_undirected_pairs_are_in_order() -> None:
    assert all(p.directed or p.source < p.target for p in pairs("Ukraine, Turkey, Armenia and Azerbaijan met"))


def test_without_hits_there_is_nothing() -> None:
    assert pairs_in("text", [], []) == []


def test_what_is_said_of_a_list_is_said_of_its_members() -> None:
    found = pairs("Turkish troops came after the signing of an agreement between Azerbaijan, Armenia and Russia")
    tones = {f"{p.source}{p.target}": p.tone for p in found}
    assert tones["AZERUS"] is tones["ARMRUS"] is tones["ARMAZE"] is Tone.COOPERATION


def test_what_is_said_in_another_clause_is_not_said_of_the_two() -> None:
    found = pairs("Observers see a rapprochement of Baku with Moscow amid the aggression against Ukraine")
    assert {p.tone for p in found if {p.source, p.target} == {"AZE", "RUS"}} == {Tone.COOPERATION}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Russia and Poland agreed on a date, the Turkish news agency Anadolu reported on Friday", {"POL-RUS"}),
        ("Tunisian media are reporting that Russia attacked Poland", {"RUS>POL"}),
        ("According to a Turkish newspaper, Russia attacked Poland", {"RUS>POL"}),
        ("Russia attacked Poland, according to Turkish television", {"RUS>POL"}),
        ("Russia attacked Poland, a senior Turkish official said", {"RUS>POL"}),
        ("Russian missiles hit the base, U.S. officials said", {"RUS-USA"}),
        ("Russia attacked Poland, Turkey said", {"RUS>POL"}),
        ("Russian missiles hit the base, Turkey said", {"RUS-TUR"}),
        ("Turkey accused Russian media of lies", {"TUR>RUS"}),
    ],
)
def test_who_only_tells_meets_nobody(text: str, expected: set[str]) -> None:
    assert written(text) == expected


def test_a_sentence_of_many_actors_costs_no_more_than_its_beginning() -> None:
    names = ["Russia", "Poland", "Kenya", "France", "Japan", "Chile", "Nepal", "Ghana", "Qatar", "Egypt"]
    text = " attacked ".join(names[i % 10] for i in range(2_000))
    assert len(pairs(text)) == len(pairs(" attacked ".join(names[i % 10] for i in range(MOST_HITS))))


def test_in_sport_nobody_means_it() -> None:
    (match,) = pairs("England attack Pakistan early in the run chase of a test match at Old Trafford")
    assert (match.directed, match.tone) == (False, Tone.NEUTRAL)
    (war,) = pairs("Russia attacked Ukraine with missiles during the World Cup semifinal")
    (boycott,) = pairs("China condemned Australia over the Winter Olympics")
    assert war.tone is boycott.tone is Tone.CONFLICT


def test_a_target_is_not_who_aims() -> None:
    (pair,) = pairs("Germany emerges as key target for Russia")
    assert (pair.directed, pair.tone) == (False, Tone.CONFLICT)


def test_what_armed_actors_do_is_no_tone_of_others() -> None:
    tones = {
        f"{p.source}{p.target}": p.tone for p in pairs("Nepal and Chile meet, as the Taliban takeover of Kenya ends")
    }
    assert tones["CHLNPL"] is Tone.COOPERATION
    assert tones["KENTALIBAN"] is Tone.CONFLICT
