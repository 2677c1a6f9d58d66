"""`tocsin actors` on a folder: files are added to and never spoilt, names are tried, data is updated and taken back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from connectors.archive.folder import Archive
from connectors.clock import SystemClock
from connectors.log.open import open_log
from pipelines.extraction.actors.catalogue import load_catalogue
from pipelines.extraction.actors.data_files import built_in_date
from pipelines.extraction.extractor import extractor_for
from schemas.article import Article, Source
from schemas.errors import UsageError
from schemas.ids import article_id, milliseconds
from schemas.ports.log import Entry
from schemas.reasons import ArticleStatus
from schemas.topics import ARTICLES, SIGNALS
from schemas.wire import encode
from tests.unit.extraction.articles import DAY, article
from tocsin.commands.actors import command

OWN = """\
# Ours.
actors:
  - id: CASPIANWIND   # invented
    name: Caspian Wind
    type: company
    aliases:
      - Harbour      # also a common word

# The end.
stop: [Harbour Festival]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tocsin.toml").write_text("", encoding="utf-8")
    (tmp_path / "actors").mkdir()
    (tmp_path / "actors" / "own.yaml").write_text(OWN, encoding="utf-8")
    return tmp_path


def run(folder: Path, *arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(arguments[0]), "--folder", str(folder), *map(str, arguments[1:])])


def refused(folder: Path, *arguments: str | Path) -> str:
    result = run(folder, *arguments)
    assert isinstance(result.exception, UsageError), result.output
    return str(result.exception)


def own(folder: Path) -> str:
    return (folder / "actors" / "own.yaml").read_text(encoding="utf-8")


def archive(folder: Path, *articles: Article) -> Path:
    Archive(folder / "archive").add(DAY.date(), articles)
    return folder / "archive"


def by(source: str, one: Article) -> Article:
    return one.changed(source=Source(id=source), article_id=article_id(source, one.title))


# -- add ----------------------------------------------------------------------------------------------------------------


def test_an_actor_is_added_and_all_else_stays_as_it_was(folder: Path) -> None:
    result = run(folder, "add", "Blue: Line", "--type", "company", "--country", "France", "--as-written", "BLN")
    assert result.exit_code == 0, result.output
    line = '  - {id: BLUE__LINE, name: "Blue: Line", type: company, country: FRA, aliases: [{text: BLN, case: true}]}\n'
    assert own(folder) == OWN.replace("common word\n", f"common word\n{line}")
    added = load_catalogue([folder / "actors" / "own.yaml"]).actors["BLUE__LINE"]
    assert (added.name, added.type, added.country) == ("Blue: Line", "company", "FRA")


def test_names_are_added_to_a_known_actor(folder: Path) -> None:
    assert run(folder, "add", "azerbaijan", "--alias", "Land of Flames", "--unless", "film").exit_code == 0
    assert "  - {id: AZE, aliases: [{text: Land of Flames, unless: [film]}]}\n" in own(folder)


def test_a_file_is_made_where_there_is_none(folder: Path) -> None:
    (folder / "actors" / "own.yaml").unlink()
    assert run(folder, "add", "Blue Line", "--type", "company").exit_code == 0
    assert run(folder, "add", "Red Line", "--type", "company").exit_code == 0
    assert own(folder).startswith("# Actors of your own.")
    assert own(folder).endswith(
        "  - {id: BLUE_LINE, name: Blue Line, type: company}\n  - {id: RED_LINE, name: Red Line, type: company}\n"
    )


@pytest.mark.parametrize("text", ["actors: []\n", "as_of: 2026-01-01\n", "actors:\n- id: AZE\n  aliases: [Xy]\n"])
def test_each_way_of_writing_a_list_can_be_added_to(folder: Path, text: str) -> None:
    (folder / "actors" / "own.yaml").write_text(text, encoding="utf-8")
    assert run(folder, "add", "Blue Line", "--type", "company").exit_code == 0, text
    assert "BLUE_LINE" in load_catalogue([folder / "actors" / "own.yaml"]).actors


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["Blue Line"], "has no type"),
        (["Blue Line", "--type", "firm"], "'firm' is none of those known here"),
        (["Blue Line", "--type", "company", "--alias", "Kremlin"], "'Kremlin' already names RUS"),
        (["Azerbaijan"], "already names AZE"),
        (["Blue Line", "--type", "company", "--country", "ZZZ"], "no country is called 'ZZZ'"),
    ],
)
def test_what_is_wrong_is_not_written(folder: Path, arguments: Sequence[str], said: str) -> None:
    assert said in refused(folder, "add", *arguments)
    assert own(folder) == OWN
    assert [path.name for path in (folder / "actors").iterdir()] == ["own.yaml"]


def test_a_list_in_brackets_is_refused_with_a_remedy(folder: Path) -> None:
    (folder / "actors" / "own.yaml").write_text("actors: [{id: AZE, aliases: [Xy]}]\n", encoding="utf-8")
    assert "a line of its own" in refused(folder, "add", "Blue Line", "--type", "company")


def test_settings_without_a_folder_of_actor_files_are_told(folder: Path) -> None:
    (folder / "tocsin.toml").write_text('actors = ["mine.yaml"]\n', encoding="utf-8")
    assert "read no folder of actor files" in refused(folder, "add", "Blue Line", "--type", "company")


def test_list_tells_own_actors_and_finds_built_in_ones(folder: Path) -> None:
    listed = [json.loads(line) for line in run(folder, "list", "--json").stdout.splitlines()]
    assert [(one["id"], one["own"], one["names"]) for one in listed] == [
        ("CASPIANWIND", True, ["Caspian Wind", "Harbour"])
    ]
    assert run(folder, "list", "--all", "azerb", "country").stdout.startswith("AZE ")


# -- try and diff ---------------------------------------------------------------------------------------------------------


def test_try_shows_hits_and_marks_ambiguous_names(folder: Path) -> None:
    at = archive(
        folder,
        article("Caspian Wind opens a park", "Ships lay in the harbour while a new harbour was built."),
        article("Officials met in Baku", "They spoke of Caspian Wind with the Pearl Harbour society."),
    )
    tried = [json.loads(line) for line in run(folder, "try", "--archive", at, "--json").stdout.splitlines()]
    found = {one["text"]: one for one in tried}
    assert tried[0]["text"] == "Harbour"
    assert any("common word" in doubt for doubt in found["Harbour"]["doubts"])
    assert found["Harbour"]["lower_case"] == 2
    assert (found["Caspian Wind"]["hits"], found["Caspian Wind"]["articles"]) == (2, 2)
    assert found["Caspian Wind"]["doubts"] == []
    assert any("spoke of Caspian Wind with" in example for example in found["Caspian Wind"]["examples"])


def test_try_reads_the_log_and_of_an_article_its_newest_revision(folder: Path) -> None:
    one = article("Caspian Wind opens a park")
    (folder / "data").mkdir()
    later_at = DAY + timedelta(hours=1)
    later = one.changed(title="Nobody opens a park", revision=milliseconds(later_at), revised_at=later_at)
    gone = article("Caspian Wind is gone").changed(status=ArticleStatus.WITHDRAWN)
    with open_log(f"sqlite:///{folder}/data/log.sqlite", SystemClock()) as log:
        log.create_topic(ARTICLES, 1)
        log.append(ARTICLES, [Entry(0, encode(each)) for each in (one, later, gone)])
    result = run(folder, "try", "caspian wind", "--json")
    assert result.exit_code == 0, result.output
    assert {json.loads(line)["hits"] for line in result.stdout.splitlines()} == {0}


def test_try_of_an_unknown_name_suggests_one(folder: Path) -> None:
    assert "did you mean: Caspian Wind" in refused(folder, "try", "Caspian Wnd")


def test_without_articles_the_archive_is_the_remedy(folder: Path) -> None:
    assert "--archive DIR" in refused(folder, "try")


def test_diff_shows_what_a_file_adds_and_takes(folder: Path) -> None:
    at = archive(folder, article("Blue Line sues Azerbaijan"), article("Rain in Baku"))
    new = folder / "new.yaml"
    new.write_text("actors: [{id: BLUE_LINE, name: Blue Line, type: company}]\n", encoding="utf-8")
    told = json.loads(run(folder, "diff", new, "--archive", at, "--json").stdout)
    assert (told["articles"], told["changed"]) == (2, 1)
    assert [(one["what"], one["gained"], one["lost"]) for one in told["actors"]] == [("BLUE_LINE", 1, 0)]
    assert [(one["what"], one["gained"]) for one in told["pairs"]] == [("AZE-BLUE_LINE", 1)]
    assert told["actors"][0]["examples"] == ["+ Blue Line sues Azerbaijan"]
    installed = folder / "actors" / "new.yaml"
    new.rename(installed)
    without = json.loads(run(folder, "diff", installed, "--without", "--archive", at, "--json").stdout)
    assert [(one["what"], one["gained"], one["lost"]) for one in without["actors"]] == [("BLUE_LINE", 0, 1)]


# -- update ---------------------------------------------------------------------------------------------------------------

OFFICIALS = """\
format: 1
replaces: 60_officials
as_of: {day}
actors:
  - {{id: AZE, officials: [{{name: {name}, role: President, from: 2026-10-01}}]}}
"""


def officials(folder: Path, day: str, name: str) -> Path:
    path = folder / f"officials-{day}.yaml"
    path.write_text(OFFICIALS.format(day=day, name=name), encoding="utf-8")
    return path


def president(folder: Path, on: date) -> set[str]:
    catalogue = load_catalogue(sorted((folder / "actors").glob("*.yaml")))
    return {
        person.name
        for person in catalogue.persons
        for office in person.offices
        if office.actor == "AZE" and office.role == "President" and office.start <= on < office.until
    }


def test_newer_data_takes_the_place_of_built_in_data_and_is_taken_back(folder: Path) -> None:
    day = date(2026, 12, 1)
    before = president(folder, day)
    assert run(folder, "update", officials(folder, "2026-11-20", "Adam Smithov")).exit_code == 0
    assert president(folder, day) == {"Adam Smithov"}
    assert run(folder, "update", officials(folder, "2026-11-25", "Berta Millerova")).exit_code == 0
    assert president(folder, day) == {"Berta Millerova"}
    assert "as of 2026-11-20 again" in run(folder, "update", "--undo", "60_officials").stdout
    assert president(folder, day) == {"Adam Smithov"}
    assert f"as of {built_in_date('60_officials')} again" in run(folder, "update", "--undo", "60_officials").stdout
    assert president(folder, day) == before
    assert "installed: none" in refused(folder, "update", "--undo", "60_officials")


def test_the_signal_says_who_holds_the_office_after_an_update(folder: Path) -> None:
    run(folder, "update", officials(folder, "2026-11-20", "Adam Smithov"))
    extractor = extractor_for([folder / "actors" / "60_officials.update.yaml"])
    one = article("Smithov arrives in Ankara", at=DAY.replace(year=2026, month=12))
    assert [(e.text, e.actor) for e in extractor.extract(one).entities] == [("Adam Smithov", "AZE")]
    assert extractor.version != extractor_for().version


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("replaces: 60_officials\nas_of: 2020-01-01\n", "what is in use is of"),
        ("replaces: 60_officials\n", "it has no as_of"),
        ("as_of: 2026-11-20\n", "it has no replaces"),
        ("replaces: officials\nas_of: 2026-11-20\n", "one of 10_countries"),
        ("format: 2\n", "update Tocsin"),
        ("replaces: 10_countries\nas_of: 2026-11-20\n", "nothing was written"),
        ("replaces: [\n", "no valid YAML"),
    ],
)
def test_what_is_no_newer_sound_update_is_refused(folder: Path, text: str, said: str) -> None:
    path = folder / "new.yaml"
    path.write_text(text, encoding="utf-8")
    assert said in refused(folder, "update", path)
    assert [one.name for one in (folder / "actors").iterdir()] == ["own.yaml"]


def test_an_update_older_than_what_the_program_brings_does_not_count(folder: Path) -> None:
    old = folder / "actors" / "60_officials.update.yaml"
    old.write_text(OFFICIALS.format(day="2020-01-01", name="Adam Smithov"), encoding="utf-8")
    assert "Adam Smithov" not in president(folder, date(2026, 12, 1))


# -- review -----------------------------------------------------------------------------------------------------------------


def signals_into(folder: Path, *articles: Article) -> None:
    (folder / "data").mkdir(exist_ok=True)
    with open_log(f"sqlite:///{folder}/data/log.sqlite", SystemClock()) as log:
        log.create_topic(SIGNALS, 1)
        made = extractor_for().extract_many(articles)
        log.append(SIGNALS, [Entry(0, encode(signal)) for signal in made])


def test_a_review_of_nothing_says_that_there_are_no_signals(folder: Path) -> None:
    done = run(folder, "review")
    assert "0 names to review in 0 signals" in done.stderr
    assert "the log holds no signals yet" in done.stderr


def test_persons_whom_several_publishers_name_are_reviewed_and_accepted(folder: Path) -> None:
    texts = ["Polish envoy Anna Novak met officials in Baku.", "The Polish envoy Anna Novak spoke in Baku on Tuesday.",
             "In Baku, Polish envoy Anna Novak welcomed the plan."]  # fmt: skip
    told = [by(f"paper{n % 2}.example", article(f"Talks go on, day {n}", text)) for n, text in enumerate(texts)]
    alone = [
        by("one.example", article(f"Visit {n}", "French envoy Paul Martin met officials in Baku.")) for n in range(4)
    ]
    signals_into(folder, *told, *alone)
    reviewed = [json.loads(line) for line in run(folder, "review", "--json").stdout.splitlines()]
    assert [(one["name"], one["actor"], one["role"], one["articles"], one["publishers"]) for one in reviewed] == [
        ("Anna Novak", "POL", "envoy", 3, 2)
    ]
    assert reviewed[0]["examples"] == ["Talks go on, day 0", "Talks go on, day 1", "Talks go on, day 2"]
    accepted = run(folder, "accept", "Anna Novak", "--actor", "Poland", "--role", "Envoy", "--from", "2025-01-01")
    assert accepted.exit_code == 0, accepted.output
    assert "until" not in own(folder)
    assert "source: review " in own(folder)
    assert "as_of: " in own(folder)
    assert run(folder, "review", "--json").stdout == ""
    found = extractor_for([folder / "actors" / "own.yaml"]).extract(
        article("Novak returns to Baku", "Anna Novak spoke.")
    )
    assert ("Anna Novak", "POL", "Envoy") in [(e.text, e.actor, e.role) for e in found.entities]


def test_an_organisation_is_accepted_by_its_type(folder: Path) -> None:
    assert run(folder, "accept", "Green Bridge Fund", "--type", "organisation", "--country", "POL").exit_code == 0
    assert "{id: GREEN_BRIDGE_FUND, name: Green Bridge Fund, type: organisation, country: POL}" in own(folder)


@pytest.mark.parametrize("arguments", [[], ["--actor", "POL"], ["--actor", "Nowhereland", "--role", "Envoy"]])
def test_accepting_needs_to_know_who_it_is(folder: Path, arguments: list[str]) -> None:
    assert refused(folder, "accept", "Anna Novak", *arguments)
    assert own(folder) == OWN


def test_a_country_nobody_knows_is_told_by_its_name(folder: Path) -> None:
    added = run(folder, "add", "Foo Wind", "--type", "company", "--country", "Frnace")
    assert added.exit_code != 0
    assert "no country is called 'Frnace'" in str(added.exception)
    assert "France" in str(added.exception)
