"""Truth files: read, written, and every mistake with its file, line and column."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from alerts.rules.directory import FixedDirectory
from pipelines.backtest.truth import TrueEvent, TruthError, read_truth, write_truth

NAMES = FixedDirectory(
    {
        "AZE": ("country", "Azerbaijan"),
        "RUS": ("country", "Russia", "Russian Federation"),
        "NATO": ("alliance", "NATO"),
    }
)
HEAD = "event,watch,start,end\n"


def read(text: str) -> list[TrueEvent]:
    return read_truth(text, "events.csv", NAMES, ["hostile", "corridor"])


def day(number: int, hour: int = 0) -> datetime:
    return datetime(2025, 1, number, hour, tzinfo=UTC)


def test_watches_are_read_in_every_spelling() -> None:
    rows = [
        "RUS-AZE",
        "Azerbaijan & Russia",
        "RUS>AZE",
        "Nato",
        "keyword:Zangezur corridor",
        "rule:hostile",
        "topic:trade",
    ]
    events = read(HEAD + "".join(f"x,{row},2025-01-0{number},\n" for number, row in enumerate(rows, start=1)))
    wanted = ["AZE-RUS", "AZE-RUS", "RUS>AZE", "NATO", "keyword:Zangezur corridor", "rule:hostile", "topic:trade"]
    assert [event.watch for event in events] == wanted


def test_a_day_alone_begins_at_midnight_and_ends_with_the_day() -> None:
    [event] = read(f"{HEAD}A visit,AZE-RUS,2025-01-03,2025-01-04\n")
    assert (event.start, event.end) == (day(3), day(5))
    [event] = read(f"{HEAD}A visit,AZE-RUS,2025-01-03T10:00Z,2025-01-03T12:00:00+01:00\n")
    assert (event.start, event.end) == (day(3, 10), day(3, 11))
    [event] = read(f"{HEAD}A visit,AZE-RUS,2025-01-03,\n")
    assert event.end == event.start


def test_columns_in_any_order_blank_lines_and_more_columns() -> None:
    text = "\ufeffNote,end,Watch,start,event\n\nx,,AZE,2025-01-02,One\n   \ny,,AZE,2025-01-01,\n"
    assert [(event.event, event.start) for event in read(text)] == [("AZE", day(1)), ("One", day(2))]


def test_what_is_written_is_read_back() -> None:
    events = [
        TrueEvent('He said "no", twice', "AZE-RUS", day(3), day(4)),
        TrueEvent("Naïve – ok", "rule:corridor", day(5, 7), day(5, 7)),
    ]
    assert read(write_truth(events)) == events


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("x,AZE-Rusia,2025-01-01,", "events.csv:2:2: watch: "),
        ("x,,2025-01-01,", "events.csv:2:2: watch: what it concerns is missing"),
        ("x,AZE-*,2025-01-01,", "events.csv:2:2: watch: an event concerns actors by name"),
        ("x,rule:hostil,2025-01-01,", "events.csv:2:2: watch: there is no rule 'hostil'; did you mean hostile?"),
        ("x,AZE,yesterday,", "events.csv:2:3: start: 'yesterday' is no time"),
        ("x,AZE,,2025-01-01", "events.csv:2:3: start: when it began is missing"),
        ("x,AZE,2025-01-05,2025-01-01", "events.csv:2:4: end: it ends before it starts"),
    ],
)
def test_a_mistake_names_its_place(row: str, said: str) -> None:
    with pytest.raises(TruthError) as error:
        read(f"{HEAD}{row}\n")
    assert said in error.value.message
    assert error.value.exit_code == 2


def test_all_mistakes_at_once_also_behind_a_cell_of_two_lines() -> None:
    with pytest.raises(TruthError) as error:
        read(f'{HEAD}"two\nlines",AZE,never,\nx,nobody at all,2025-01-01,\n')
    assert [line.split(": ")[0] for line in error.value.message.splitlines()] == ["events.csv:3:3", "events.csv:4:2"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "events.csv:1:1: the file is empty"),
        ("event,when\nx,y\n", "events.csv:1:1: the header lacks watch, start, end"),
        (f'{HEAD}x,"AZE,2025-01-01,\n', "no CSV"),
    ],
)
def test_files_that_are_none(text: str, said: str) -> None:
    with pytest.raises(TruthError, match=said):
        read(text)
