"""Dead letters: listed, shown, sent back once, extracted then; through the commands and on both kinds of log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from connectors.clock import SystemClock
from connectors.log.open import open_log
from pipelines.dead_letters import ReplayResult, read_letters, replay, whole_letter
from pipelines.extract import ExtractJob, ExtractSettings
from pipelines.extraction.extractor import Extractor
from schemas.dead_letter import MAX_ORIGINAL_BYTES
from schemas.errors import UsageError
from schemas.ports.log import Entry, Log
from schemas.topics import ARTICLES, DEAD_LETTERS
from schemas.wire import encode
from tests.pipeline.extract.stream import Beats, article, fill, make_topics, on_signals, signals_of, values
from tocsin.commands.dead_letters import command


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tocsin.toml").write_text('log = "sqlite:///log.db"\nstore = "sqlite:///store.db"\n')
    return tmp_path


@pytest.fixture
def log(folder: Path) -> Iterator[Log]:
    with open_log(f"sqlite:///{folder / 'log.db'}", SystemClock()) as opened:
        make_topics(opened)
        yield opened


def dead_letters(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(command, [arguments[0], "--folder", str(folder), *arguments[1:]])


def extract_all(log: Log) -> None:
    job = ExtractJob(log, Beats(), SystemClock(), ExtractSettings())
    while job.step(0.2):
        pass
    job.close()


def put_two_aside(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """One record is none; one article breaks an extractor that is corrected afterwards."""
    with monkeypatch.context() as broken:
        real, poison = Extractor.extract_many, article(3).article_id

        def extract_many(self: Extractor, articles: list) -> list:  # type: ignore[type-arg]  # as the real one
            if any(one.article_id == poison for one in articles):
                raise ValueError("not yet understood")
            return real(self, articles)

        broken.setattr(Extractor, "extract_many", extract_many)
        fill(log, range(10))
        log.append(ARTICLES, [Entry(0, b'{"kind": "\x1b[31mred"}')])
        extract_all(log)


def test_a_letter_sent_back_is_extracted_and_marked(log: Log, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_two_aside(log, monkeypatch)
    listed = dead_letters(folder, "list", "--json")
    assert listed.exit_code == 0, listed.output
    first, second = (json.loads(line) for line in listed.stdout.splitlines())
    assert (first["reason"], first["article_id"]) == ("extraction_failed", article(3).article_id)
    assert second["reason"] == "not_json"
    assert "2 open: 1 extraction_failed, 1 not_json" in listed.stderr
    raw = dead_letters(folder, "show", first["dead_letter_id"][:8], "--raw")
    assert raw.stdout_bytes == encode(article(3))
    done = dead_letters(folder, "replay", first["dead_letter_id"])
    assert (done.exit_code, done.stderr) == (0, "1 of 1 replayed\n")
    extract_all(log)
    assert {one.article_id for one in signals_of(on_signals(log))} == {article(n).article_id for n in range(10)}
    lines = dead_letters(folder, "list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [second["dead_letter_id"]]
    assert "(replayed)" in dead_letters(folder, "list", "--all").stdout.splitlines()[0]


def test_a_second_replay_is_refused_unless_asked_for(log: Log, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_two_aside(log, monkeypatch)
    (name, *_) = read_letters(log).by_id
    assert dead_letters(folder, "replay", name).exit_code == 0
    end = log.end_offset(ARTICLES, 0)
    refused = dead_letters(folder, "replay", name)
    assert refused.exit_code == 1
    assert "replayed before (--again" in refused.stderr
    assert log.end_offset(ARTICLES, 0) == end
    assert dead_letters(folder, "replay", name, "--again").exit_code == 0
    assert log.end_offset(ARTICLES, 0) == end + 1
    assert [json.loads(v)["status"] for v in values(log, DEAD_LETTERS)].count("replayed") == 2


def test_what_breaks_again_is_put_aside_again_under_a_new_id(
    log: Log, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_two_aside(log, monkeypatch)
    before = set(read_letters(log).by_id)
    assert dead_letters(folder, "replay", "--all").exit_code == 0
    extract_all(log)
    letters = read_letters(log)
    (new,) = letters.open()
    assert new.letter.dead_letter_id not in before
    assert whole_letter(log, new).original == b'{"kind": "\x1b[31mred"}'
    assert dead_letters(folder, "replay", "--all").stderr == "1 of 1 replayed\n"


def test_a_letter_repeated_by_a_crash_is_one_and_stays_replayed(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    put_two_aside(log, monkeypatch)
    first = next(iter(values(log, DEAD_LETTERS)))
    log.append(DEAD_LETTERS, [Entry(0, first), Entry(0, b"no letter")])
    letters = read_letters(log)
    assert (len(letters.by_id), letters.broken) == (2, 1)
    (one, *_) = letters.by_id.values()
    assert replay(log, SystemClock(), [one]) == [ReplayResult.REPLAYED]
    log.append(DEAD_LETTERS, [Entry(0, first)])
    again = read_letters(log).by_id[one.letter.dead_letter_id]
    assert again.replayed
    assert replay(log, SystemClock(), [again]) == [ReplayResult.BEFORE]


def test_a_letter_that_was_cut_or_has_no_place_is_not_sent_back(log: Log, folder: Path) -> None:
    log.append(ARTICLES, [Entry(0, b"x" * (MAX_ORIGINAL_BYTES + 1))])
    extract_all(log)
    (cut,) = read_letters(log).open()
    lost = whole_letter(log, cut).changed(dead_letter_id="f" * 24, partition=7, original=b"x", original_bytes=1)
    log.append(DEAD_LETTERS, [Entry(0, encode(lost))])
    done = dead_letters(folder, "replay", "--all")
    assert done.exit_code == 1
    assert "too long to be kept whole" in done.stderr
    assert "no such topic or partition" in done.stderr
    assert "0 of 2 replayed" in done.stderr
    assert len(read_letters(log).open()) == 2


def test_show_is_for_people_and_safe_on_a_terminal(log: Log, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_two_aside(log, monkeypatch)
    name = list(read_letters(log).by_id)[1]
    said = dead_letters(folder, "show", name).stdout
    assert "\x1b" not in said
    assert "from     articles, partition 0, offset" in said
    assert "reason   not_json" in said
    assert '{"kind": "' in said
    for wrong in ("zz", ""):
        assert isinstance(dead_letters(folder, "show", wrong).exception, UsageError)
    assert isinstance(dead_letters(folder, "replay").exception, UsageError)
    assert isinstance(dead_letters(folder, "replay", name, "--all").exception, UsageError)


def test_put_aside_takes_what_stops_extract_out_of_its_way(log: Log, folder: Path) -> None:
    log.append(ARTICLES, [Entry(0, b"no") for _ in range(30)])
    fill(log, range(5), coverage_every=5)
    done = dead_letters(folder, "put-aside")
    assert done.exit_code == 0, done.output
    assert "36 records read, 30 put aside; extract goes on from articles/0 at" in done.stdout
    assert len(signals_of(on_signals(log))) == 5
    assert len(read_letters(log).open()) == 30
