"""The catalogue: the built-in files, own files beside them, and every mistake with its place."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from pipelines.actor_directory import actor_directory
from pipelines.extraction.actors import catalogue
from pipelines.extraction.actors.actor_yaml import read_actor_file
from pipelines.extraction.actors.catalogue import ActorFileError, load_catalogue
from pipelines.extraction.actors.entries import OfficialEntry
from pipelines.extraction.actors.finder import ActorFinder
from schemas.errors import UsageError

BUILT_IN = load_catalogue()


def own(folder: Path, text: str, name: str = "own.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_states_of_the_world_are_there() -> None:
    types = Counter(actor.type for actor in BUILT_IN.actors.values())
    # 193 members of the United Nations, the Holy See, Palestine, Taiwan and Kosovo.
    assert types["country"] == 197
    assert types["territory"] >= 40
    assert {"AZE", "TWN", "XKX", "PSE", "CRIMEA", "DPR", "LPR", "KARABAKH", "EU", "OTS", "WAGNER", "SOCAR"} <= set(
        BUILT_IN.actors
    )


def test_every_home_country_is_known() -> None:
    homes = {actor.country for actor in BUILT_IN.actors.values() if actor.country}
    assert homes <= set(BUILT_IN.actors)


MAIN = ("AZE", "RUS", "UKR", "GBR", "ARM", "TUR", "IRN", "ISR", "USA", "CHN", "FRA", "DEU", "EU", "NATO", "UN")


@pytest.mark.parametrize("actor", MAIN)
def test_somebody_leads_the_main_actors_every_year(actor: str) -> None:
    offices = [office for person in BUILT_IN.persons for office in person.offices if office.actor == actor]
    for year in range(2019, 2027):
        day = date(year, 4, 1)
        assert any(office.start <= day < office.until for office in offices), (actor, year)


def test_an_open_office_without_a_day_of_its_own_ends_two_years_after_that_of_the_file(tmp_path: Path) -> None:
    text = "as_of: 2026-05-25\nactors:\n  - {id: AZE, officials: [{name: Jane Roe, role: Envoy, from: 2024-01-01}]}"
    persons = load_catalogue([own(tmp_path, text)]).persons
    held = [office for person in persons if person.name == "Jane Roe" for office in person.offices]
    assert held[-1].until == date(2028, 5, 25)


#: The four offices of the main actors: a role, or several that fill one office one after another.
OFFICES: dict[str, tuple[tuple[str, ...], ...]] = {
    **dict.fromkeys(
        ("AZE", "RUS", "UKR", "ARM", "FRA", "ISR"),
        (("President",), ("Prime Minister",), ("Foreign Minister",), ("Defence Minister",)),
    ),
    "GBR": (("Queen", "King"), ("Prime Minister",), ("Foreign Secretary",), ("Defence Secretary",)),
    "TUR": (("President",), ("Foreign Minister",), ("Defence Minister",)),
    "IRN": (("Supreme Leader",), ("President",), ("Foreign Minister",), ("Defence Minister",)),
    "USA": (("President",), ("Secretary of State",), ("Secretary of Defense",)),
    "CHN": (("President",), ("Premier",), ("Foreign Minister",), ("Defence Minister",)),
    "DEU": (("President",), ("Chancellor",), ("Foreign Minister",), ("Defence Minister",)),
    "EU": (("President of the Commission",), ("President of the European Council",), ("High Representative",)),
    "NATO": (("Secretary-General",),),
    "UN": (("Secretary-General",),),
}

#: Nobody was appointed between Li Shangfu's removal on 2023-10-24 and Dong Jun on 2023-12-29.
VACANT = {("CHN", "Defence Minister", date(2023, 10, 24))}
MOST_DAYS_VACANT = 60


def built_in_officials() -> dict[str, tuple[OfficialEntry, ...]]:
    path = Path(catalogue.__file__).parent / "data" / "60_officials.yaml"
    entries, mistakes = read_actor_file(path.read_text(encoding="utf-8"), str(path))
    assert mistakes == []
    return {entry.id: entry.officials for entry in entries.actors}


OFFICIALS = built_in_officials()


@pytest.mark.parametrize("actor", MAIN)
def test_each_office_of_the_main_actors_has_a_source_and_its_day(actor: str) -> None:
    bare = [entry.name for entry in OFFICIALS[actor] if not entry.source or entry.as_of is None]
    assert bare == []
    early = [entry.name for entry in OFFICIALS[actor] if entry.as_of is not None and entry.as_of < entry.start]
    assert early == []


@pytest.mark.parametrize("actor", MAIN)
def test_one_office_has_one_holder_and_no_long_gap(actor: str) -> None:
    for roles in OFFICES[actor]:
        held = sorted(
            (entry for entry in OFFICIALS[actor] if entry.role.removeprefix("Acting ") in roles),
            key=lambda entry: entry.start,
        )
        held = [entry for entry in held if entry.until is None or entry.until > date(2019, 1, 1)]
        assert held[0].start <= date(2019, 1, 1), (roles, held[0].name)
        assert held[-1].until is None, (roles, held[-1].name)
        for before, after in pairwise(held):
            assert before.until is not None, (roles, before.name, after.name)
            assert before.until <= after.start, (roles, before.name, after.name)
            days = (after.start - before.until).days
            assert days <= MOST_DAYS_VACANT or (actor, roles[0], before.until) in VACANT, (
                roles,
                before.name,
                after.name,
            )


def test_an_open_office_is_believed_two_years_after_its_source() -> None:
    held = [office for person in BUILT_IN.persons if person.name == "Pete Hegseth" for office in person.offices]
    assert held[-1].until == date(2028, 5, 18)


@pytest.mark.parametrize(
    ("text", "day", "person", "role"),
    [
        ("The US defense secretary said so", date(2026, 3, 1), "Pete Hegseth", "Secretary of Defense"),
        ("The US Secretary of Defense said so", date(2019, 7, 1), "Mark Esper", "Acting Secretary of Defense"),
        ("Iran's foreign minister said so", date(2024, 7, 1), "Ali Bagheri Kani", "Acting Foreign Minister"),
        ("Netanyahu said so", date(2019, 1, 10), "Benjamin Netanyahu", "Prime Minister"),
        ("Lapid said so", date(2022, 8, 1), "Yair Lapid", "Prime Minister"),
        ("Ursula von der Leyen said so", date(2019, 3, 1), "Ursula von der Leyen", "Defence Minister"),
    ],
)
def test_who_held_an_office_that_day(text: str, day: date, person: str, role: str) -> None:
    assert (person, role) in [(hit.person, hit.role) for hit in ActorFinder(BUILT_IN).find(text, day, "en")]


def test_own_actors_are_found_and_counted_as_themselves(tmp_path: Path) -> None:
    path = own(
        tmp_path,
        "actors:\n  - {id: ACME, name: Acme Drones, type: company, country: FRA, aliases: [{text: AD, case: true}]}\n",
    )
    finder = ActorFinder(load_catalogue([path]))
    found = finder.find("Acme Drones sells; AD ships, ad nauseam", date(2025, 1, 1), "en")
    assert [(hit.actor, hit.type, hit.text) for hit in found] == [
        ("ACME", "company", "Acme Drones"),
        ("ACME", "company", "AD"),
    ]


def test_own_files_add_to_built_in_actors(tmp_path: Path) -> None:
    text = (
        "actors:\n"
        "  - id: AZE\n"
        "    aliases: [Land of Fire]\n"
        "    officials: [{name: Jane Roe, role: Envoy, from: 2024-01-01, until: 2025-01-01}]\n"
    )
    finder = ActorFinder(load_catalogue([own(tmp_path, text)]))
    found = finder.find("Land of Fire sent Jane Roe", date(2024, 6, 1), "en")
    assert [(hit.actor, hit.role) for hit in found] == [("AZE", None), ("AZE", "Envoy")]


def test_the_digest_is_of_content_not_of_places(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    text = "actors:\n  - {id: ACME, name: Acme Drones, type: company}\n"
    first = load_catalogue([own(tmp_path / "a", text)])
    commented = load_catalogue([own(tmp_path / "b", "# a remark\n" + text, "other.yaml")])
    changed = load_catalogue([own(tmp_path / "b", text.replace("Drones", "Kites"))])
    assert first.digest == commented.digest
    assert len({first.digest, changed.digest, BUILT_IN.digest}) == 3


def test_all_mistakes_come_at_once_with_their_places(tmp_path: Path) -> None:
    text = (
        "actors:\n"
        "  - {id: ACME, name: Acme Drones, type: compny}\n"
        "  - id: lower\n"
        "    name: Lower\n"
        "    type: company\n"
        "    alias: [X1]\n"
    )
    other = own(tmp_path, "actors:\n  - {id: ZZTOP, name: Russia, type: company}\n  - {id: NEWONE}\n", "other.yaml")
    with pytest.raises(ActorFileError) as caught:
        load_catalogue([own(tmp_path, text), other, tmp_path / "absent.yaml"])
    assert isinstance(caught.value, UsageError)
    places = [(Path(mistake.file).name, mistake.line, mistake.path) for mistake in caught.value.mistakes]
    assert places == [
        ("absent.yaml", 1, ""),
        ("other.yaml", 2, "actors[0].name"),
        ("other.yaml", 3, "actors[1]"),
        ("own.yaml", 2, "actors[0].type"),
        ("own.yaml", 3, "actors[1].id"),
        ("own.yaml", 6, "actors[1].alias"),
    ]
    assert "did you mean 'aliases'?" in str(caught.value)
    assert all(mistake.remedy for mistake in caught.value.mistakes)


@pytest.mark.parametrize(
    "text",
    [
        "actors: [",
        "actors: &a [*a]",
        "actors:\n\t- x",
        "just words",
        "- a list",
        "actors:\n  - {id: ACME, name: '  ', type: company}",
        "actors:\n  - {id: RUS, type: company}",
        "actors:\n  - {id: AZE, officials: [{name: Jane Roe, role: Envoy, from: 2024-01-01}]}",
        "actors:\n  - {id: AZE, officials: [{name: Jane Roe, role: Envoy, from: 2024-01-01, until: 2023-01-01}]}",
        "actors:\n  - {id: AZE, officials: [{name: Jane Roe, role: Envoy, from: yesterday}]}",
        "[" * 5000,
    ],
)
def test_what_is_no_actor_file_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ActorFileError) as caught:
        load_catalogue([own(tmp_path, text)])
    assert "own.yaml:" in str(caught.value)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{id: totalenergies, name: X, type: company}", "own.yaml:2 actors[0].id: an id is 2 to 32"),
        ("{id: total-energies, name: X, type: company}", "for example TOTAL_ENERGIES)"),
        (
            "{id: AB1, name: Ab, type: firm}",
            "actors[0].type: 'firm' is none of those known here (take one of: country,",
        ),
        ("{id: AB1, name: Ab, type: company, country: FRANCE}", "no country has the id 'FRANCE' (did you mean FRA?)"),
        ("{id: AB1, name: Ab, type: company, country: QQQ}", "no country has the id 'QQQ' (take the id of a country"),
        ("{id: AB1, name: Ab, type: company, aliases: Abc}", "'Abc' is no list (write it as [Abc]"),
        ("{id: AB1, name: Ab, type: company, aliases: [[a]]}", "keys with values are expected here"),
        ("{id: AB1, name: Ab, type: company, aliases: [{text: A, case: maybe}]}", "'maybe' is neither true nor false"),
        ("{id: AB1, officials: [{name: A, role: b, from: 2020-13-01}]}", "'2020-13-01' is no date (write it as"),
        ("{id: AB1, name: Ab, type: company, name: Abc}", "own.yaml:2 name: the key 'name' stands twice here (join"),
        ("{id: AB1, name: Ab, type: company, aliasses: [x]}", "no key 'aliasses' (did you mean 'aliases'?)"),
    ],
)
def test_a_mistake_is_told_in_plain_english_with_a_remedy(tmp_path: Path, entry: str, message: str) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(f"actors:\n  - {entry}\n", encoding="utf-8")
    with pytest.raises(ActorFileError) as caught:
        load_catalogue([own])
    assert message in str(caught.value)
    assert "own.yaml:2 " in str(caught.value)


def test_an_empty_file_adds_nothing(tmp_path: Path) -> None:
    assert load_catalogue([own(tmp_path, "# nothing yet\n")]).actors == BUILT_IN.actors


def test_the_directory_knows_names_and_ids_both_ways() -> None:
    directory = actor_directory()
    named = {
        "azerbaijan": "AZE",
        "AZE": "AZE",
        "Türkiye": "TUR",
        "turkey": "TUR",
        "The Netherlands": "NLD",
        "uk": "GBR",
    }
    assert {name: directory.resolve(name) for name in named} == named
    assert directory.resolve("Cote d’Ivoire") == directory.resolve("Côte d'Ivoire") == "CIV"
    assert directory.resolve("Atlantis") is None
    assert directory.suggest("Azerbajan")[0] == "Azerbaijan"
    assert all(directory.resolve(name) for name in directory.suggest("Gorgia"))
    assert (directory.type_of("SOCAR"), directory.type_of("NOBODY")) == ("company", None)
    assert {"country", "armed_group"} <= set(directory.types())
    assert (directory.display_name("TUR"), directory.display_name("NOBODY")) == ("Türkiye", "NOBODY")


def test_the_directory_loads_no_heavy_library() -> None:
    code = (
        "import sys, pipelines.actor_directory as d; d.actor_directory();"
        "print([m for m in ('spacy', 'apache_beam', 'numpy', 'ahocorasick_rs') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300)
    assert done.stdout.strip() == "[]"


def test_very_many_mistakes_are_told_without_reading_the_file_for_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    composed: list[int] = []
    compose = yaml.compose

    def counted(text: str, Loader: type) -> object:
        composed.append(len(text))
        return compose(text, Loader=Loader)

    monkeypatch.setattr("yaml.compose", counted)
    load_catalogue()
    built_in = len(composed)
    entries = {
        "an unknown key": "{{id: A{0}, name: Name{0}x, typ: company}}",
        "a name that is taken": "{{id: A{0}, name: Russia, type: company}}",
        "no country": "{{id: A{0}, name: Name{0}x, type: company, country: Q{0}}}",
    }
    for what, entry in entries.items():
        composed.clear()
        text = "actors:\n" + "".join(f"  - {entry.format(n)}\n" for n in range(1, 101))
        with pytest.raises(ActorFileError) as caught:
            load_catalogue([own(tmp_path, text)])
        assert len(caught.value.mistakes) >= 100, what
        assert [mistake.line for mistake in caught.value.mistakes][-1] == 101
        assert len(composed) <= built_in + 3, what


@pytest.mark.parametrize(
    ("text", "line", "message", "remedy"),
    [
        ("# x\nactors:\n  - {id: ABC, name: Some\x00Name, type: company}\n", 3, "does not allow", "remove it"),
        ('actors:\n  - {id: ABC, name: "A\\u0000B", type: company}\n', 2, "control characters", "correct the value"),
        ("actors:\n  - {id: ABC, name: !!binary eA==, type: company}\n", 2, "a YAML tag (tag:", "quote what is to be"),
        ("actors:\n  - {id: АBC, name: Abc Co, type: company}\n", 2, "CYRILLIC CAPITAL LETTER A", "for example"),
        ("tests: []\n", 1, "there is no key 'tests'", "the keys are actors, "),
    ],
)
def test_what_nobody_sees_is_told_with_its_line(
    tmp_path: Path, text: str, line: int, message: str, remedy: str
) -> None:
    with pytest.raises(ActorFileError) as caught:
        load_catalogue([own(tmp_path, text)])
    (mistake,) = caught.value.mistakes
    assert mistake.line == line
    assert message in mistake.message
    assert remedy in mistake.remedy
