"""`tocsin replay` stopped while it decides, and called again: it goes on, to the same bytes, and never from anything else."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from itertools import chain, count, islice, pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from connectors.archive.folder import Archive
from pipelines.extraction.extractor import extractor_for
from pipelines.replay import shares as shared
from pipelines.replay import unfinished as module
from pipelines.replay.cached_signals import extract_days
from pipelines.replay.ledger_file import write_ledger
from pipelines.replay.order import Order
from pipelines.replay.past import past_of
from pipelines.replay.replay import activation
from pipelines.replay.shared_out import SharedReplay
from pipelines.replay.shares import shares_of
from pipelines.replay.unfinished import KEPT_OTHERS, key_of, unfinished
from pipelines.replay.unfinished_share import UnfinishedShare
from schemas.ids import digest, milliseconds
from tests.pipeline.invented_history import OUTLETS, START, history, imported
from tests.pipeline.test_replay_shared import RULES, _Plainly
from tocsin.commands.replay import command
from tocsin.history import rules_in

_ROOT = Path(__file__).resolve().parents[2]
_DAYS = 14
_BURST = START + timedelta(days=10, hours=9)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    early = history(_DAYS, outlets=OUTLETS[:2], burst=_BURST, silent=range(180, 190))
    late = history(_DAYS, outlets=OUTLETS[2:], silent=[*range(130), *range(180, 190)], seed=2)
    archive = imported(tmp_path_factory.mktemp("past"), chain(early, late))
    extract_days(archive, extractor_for().version, archive.days(), _Plainly, batch=5_000)  # type: ignore[arg-type]
    return archive


@pytest.fixture
def past(original: Archive, tmp_path: Path) -> Archive:
    """A copy: what is left in it is seen by one test."""
    shutil.copytree(original.folder, tmp_path / "archive")
    return Archive(tmp_path / "archive")


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES)
    return path


@pytest.fixture(scope="module")
def whole(original: Archive, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The ledger of a replay that nothing stopped."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "rules.yaml").write_text(RULES)
    write_ledger(folder / "rang.jsonl", _replay(original, folder / "rules.yaml").decisions())
    return (folder / "rang.jsonl").read_bytes()


def _replay(archive: Archive, rules: Path, workers: int = 1, order: Order | None = None) -> SharedReplay:
    found, text = rules_in(rules, ())
    past = past_of(archive, order, None, None)
    shares = shares_of(found, len(past.days), workers)
    return SharedReplay(past, extractor_for().version, activation(found, text, past.days[0]), (), shares)


def _key(one: SharedReplay) -> str:
    return key_of(one.past, one.version, one.rules, one.sources)


def _run(archive: Archive, rules: Path, ledger: Path, *options: str) -> Result:
    arguments = ["--archive", str(archive.folder), "--rules", str(rules), "--ledger", str(ledger), *options]
    return CliRunner().invoke(command, [*arguments, "--json"])


class _Run:
    """A run of a replay in this process that keeps a place at the end of every day; it may be stopped at any decision."""

    def __init__(self, one: SharedReplay) -> None:
        self.told: list[tuple[int, int | None]] = []
        self._one = one

    def events(self, at_most: int | None = None) -> list[bytes]:
        with unfinished(self._one.past.archive, _key(self._one)) as kept:
            assert kept is not None
            one = replace(self._one, unfinished=replace(kept, every_s=0.0))
            with closing(one.decisions(lambda *numbers: self.told.append(numbers))) as decisions:  # type: ignore[type-var]
                found = [decision.event.model_dump_json().encode() for decision in islice(decisions, at_most)]
            if at_most is None:
                kept.remove()
            return found


@pytest.mark.parametrize("order", [Order.ARRIVAL, Order.PUBLICATION])
def test_stopped_at_any_decision_and_gone_on_with_it_decides_the_same(
    past: Archive, rules: Path, whole: bytes, order: Order
) -> None:
    one = _replay(past, rules, order=order)
    expected = whole.splitlines()
    if order is Order.PUBLICATION:
        expected = [decision.event.model_dump_json().encode() for decision in one.decisions()]
    chosen = random.Random(7)
    for _ in range(2):
        stops = sorted(chosen.sample(range(1, len(expected)), 3))
        for stop in stops:
            assert _Run(one).events(stop) == expected[:stop]
        last = _Run(one)
        assert last.events() == expected
        assert last.told[0][0] > 1  # It did not begin with the first day.
        assert [done for done, _ in last.told] == sorted(done for done, _ in last.told)
        assert last.told[-1][0] == last.told[-1][1]
        assert not (past.folder / "unfinished").exists()


_KILLED = """
import os, sys
from pipelines.replay import shares, unfinished
from pipelines.replay.shared_out import SharedReplay
from tocsin.cli import main

shares.LEAST_RULE_DAYS = 1
unfinished.EVERY_S = 0.0
decided = SharedReplay.decisions

def stopped(self, told):
    for number, decision in enumerate(decided(self, told), start=1):
        yield decision
        if number == {number}:
            os.kill(os.getpid(), {ending})

SharedReplay.decisions = stopped
main()
"""


def _places(archive: Archive) -> list[str]:
    """Return the days of all places that are kept."""
    return [json.loads(path.read_text())["day"] for path in archive.folder.glob("unfinished/*/*/place.json")]


@pytest.mark.parametrize(
    ("workers", "ending"), [(1, signal.SIGKILL), (2, signal.SIGKILL), (3, signal.SIGKILL), (1, signal.SIGINT)]
)
def test_a_process_that_is_killed_is_gone_on_with_to_the_same_bytes(
    past: Archive, rules: Path, whole: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int, ending: int
) -> None:
    ledger = tmp_path / "rang.jsonl"
    options = ["--archive", past.folder, "--rules", rules, "--ledger", ledger, "--workers", workers]
    days = [json.loads(line)["at"][:10] for line in whole.splitlines()]
    first = days.index("2023-05-04")  # A place is kept before whatever is decided from then on.
    text = _KILLED.format(number=random.Random(workers).randrange(first, len(days)), ending=int(ending))
    program = [sys.executable, "-c", text, "replay", *map(str, options)]
    killed = subprocess.run(program, cwd=_ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert killed.returncode == (130 if ending is signal.SIGINT else -ending), killed.stderr
    assert "Traceback" not in killed.stderr
    assert ("the same command goes on from there" in killed.stderr) == (ending is signal.SIGINT)
    assert not ledger.exists()
    monkeypatch.setattr(shared, "LEAST_RULE_DAYS", 1)
    done = _run(past, rules, ledger, "--workers", str(workers))
    assert done.exit_code == 0, done.output
    assert "deciding goes on with 2023-05-" in done.stderr
    assert json.loads(done.stdout)["processes"] == workers
    assert ledger.read_bytes() == whole
    assert not (past.folder / "unfinished").exists()


class _Killed(BaseException):
    """As if the process had been killed: nothing that follows is done."""


def test_killed_while_a_place_is_written(
    past: Archive, rules: Path, whole: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each time one step later, from before the first file to behind the last."""
    one, expected = _replay(past, rules), whole.splitlines()
    synced, replaced = os.fsync, Path.replace
    found, stop = list[bytes](), 0
    while not found:
        stop += 1
        left = stop

        def step() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise _Killed

        def fsync(file: int, step: Callable[[], None] = step) -> None:
            step()
            synced(file)

        def exchange(self: Path, target: Path, step: Callable[[], None] = step) -> Path:
            step()
            return replaced(self, target)

        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", fsync)
            patched.setattr(Path, "replace", exchange)
            try:
                found = _Run(one).events()
            except _Killed:
                continue
    assert found == expected
    assert stop > 2 * 6  # Six steps a place: each was the last one once, and after places that were kept before.
    assert not (past.folder / "unfinished").exists()


def _stopped(past: Archive, rules: Path) -> SharedReplay:
    """Return a replay that was stopped in its last days."""
    one = _replay(past, rules)
    assert len(_Run(one).events(36)) == 36
    return one


def test_it_says_from_where_it_goes_on_and_fresh_begins_anew(
    past: Archive, rules: Path, whole: bytes, tmp_path: Path
) -> None:
    _stopped(past, rules)
    kept = tmp_path / "kept"
    shutil.copytree(past.folder / "unfinished", kept)
    ledger = tmp_path / "rang.jsonl"
    day = _places(past)[0]
    done = _run(past, rules, ledger, "--workers", "1")
    assert done.exit_code == 0, done.output
    assert f"deciding goes on with {day}" in done.stderr
    assert ledger.read_bytes() == whole
    shutil.copytree(kept, past.folder / "unfinished")
    ledger.unlink()
    done = _run(past, rules, ledger, "--workers", "1", "--fresh")
    assert done.exit_code == 0, done.output
    assert "goes on" not in done.stderr
    assert ledger.read_bytes() == whole
    assert not (past.folder / "unfinished").exists()


def test_what_another_replay_left_is_not_used(
    past: Archive, rules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = _stopped(past, rules)
    mine = _key(one)
    assert mine == _key(_replay(past, rules))
    days = past.days()
    other_rules = tmp_path / "others.yaml"
    other_rules.write_text(RULES.replace("count: 6", "count: 7"))
    found = {
        "rules": _key(_replay(past, other_rules)),
        "days": _key(replace(one, past=past_of(past, None, days[1], None))),
        "order": _key(_replay(past, rules, order=Order.PUBLICATION)),
        "sources": _key(replace(one, sources=[OUTLETS[0]])),
        "extractor": _key(replace(one, version="another")),
    }
    with monkeypatch.context() as engine:
        engine.setattr(module, "ENGINE_VERSION", "another")
        found["engine"] = _key(one)
    with monkeypatch.context() as engine:
        engine.setattr(module, "SNAPSHOT_VERSION", -1)
        found["shape"] = _key(one)
    hours = past.coverage(days[3])
    past.write_coverage(days[3], hours[:-1])
    found["coverage"] = _key(_replay(past, rules))
    past.write_coverage(days[3], hours)
    assert _key(_replay(past, rules)) == mine
    (late,) = past.articles(days[3])[:1]
    past.add(days[3], [late.changed(article_id="f" * 32)])
    found["articles"] = _key(_replay(past, rules))
    assert len({mine, *found.values()}) == 1 + len(found), found
    # Whatever lies in the folder of a key says whose it is.
    share = UnfinishedShare(past.folder / "unfinished" / mine / "all", "0" * 32, lambda: 0.0)
    assert share.day() is None
    assert share.go_on() is None


@pytest.mark.parametrize(
    ("what", "damage"),
    [
        ("events.jsonl", "cut"),
        ("events.jsonl", "changed"),
        ("place.json", "cut"),
        ("*.snapshot", "gone"),
        ("*.snapshot", "changed"),
    ],
)
def test_what_is_damaged_is_not_used(
    past: Archive, rules: Path, whole: bytes, what: str, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    one = _stopped(past, rules)
    path = max((past.folder / "unfinished" / _key(one) / "all").glob(what))
    raw = path.read_bytes()
    assert raw
    if damage == "gone":
        path.unlink()
    else:
        middle = len(raw) // 2
        path.write_bytes(
            raw[:middle] if damage == "cut" else raw[:middle] + bytes([raw[middle] ^ 1]) + raw[middle + 1 :]
        )
    assert _Run(one).events() == whole.splitlines()
    assert "begins anew" in caplog.text


@pytest.mark.parametrize("order", [Order.ARRIVAL, Order.PUBLICATION])
def test_a_later_wording_takes_back_what_was_counted_before_the_stop(
    past: Archive, rules: Path, whole: bytes, order: Order
) -> None:
    """It has nothing that a rule looks for: that it matters, only the days before tell."""
    version, days = extractor_for().version, past.days()
    burst = [one for one in past.articles(days[10]) if "Iceland" in one.title and one.observed_at >= _BURST]
    assert len(burst) > 10
    later = [(one, one.observed_at + timedelta(hours=18)) for one in burst]
    taken_back = [
        one.changed(title="Weather", summary="", text="", revised_at=at, revision=milliseconds(at)) for one, at in later
    ]
    past.add(days[11], [one for one in taken_back if one.revised_at.date() == days[11]])
    extract_days(past, version, [days[11]], _Plainly, batch=5_000)  # type: ignore[arg-type]
    one = _replay(past, rules, order=order)
    expected = [decision.event.model_dump_json().encode() for decision in one.decisions()]
    assert any(b'"retracted"' in event for event in expected)
    day_11 = next(n for n, event in enumerate(expected) if json.loads(event)["at"] >= days[11].isoformat())
    for stop in (day_11, (day_11 + len(expected)) // 2):
        assert _Run(one).events(stop) == expected[:stop]
        assert _Run(one).events() == expected


def test_what_was_written_behind_the_last_place_counts_for_nothing(past: Archive, rules: Path, whole: bytes) -> None:
    one = _stopped(past, rules)
    folder = past.folder / "unfinished" / _key(one) / "all"
    with (folder / "events.jsonl").open("ab") as file:
        file.write(b'{"event": "half')
    (folder / "place.json.tmp").write_text("{")
    (folder / "0000000000099999-aa.tmp").write_text("half a snapshot")
    assert _Run(one).events(60) == whole.splitlines()[:60]
    assert _Run(one).events() == whole.splitlines()


def test_a_record_that_cannot_be_decided_counts_for_nothing_after_a_stop_either(
    past: Archive, rules: Path, whole: bytes
) -> None:
    version, days = extractor_for().version, past.days()
    before = past.signals(version, days[9])
    assert before is not None
    hit = next(number for number, one in enumerate(before) if one.pairs)
    poison = before[hit].model_copy(update={"article_id": "f" * 32, "fingerprint": "???"})
    past.cache_signals(version, days[9], [*before[: hit + 1], poison, *before[hit + 1 :]])
    one, expected = _replay(past, rules), whole.splitlines()
    assert [decision.event.model_dump_json().encode() for decision in one.decisions()] == expected
    for stop in range(10, len(expected), 25):
        assert _Run(one).events(stop) == expected[:stop]
    assert _Run(one).events() == expected


def test_the_same_replay_twice_at_a_time(
    past: Archive,
    rules: Path,
    whole: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(module, "_WAIT_S", 0.0)
    one = _stopped(past, rules)
    places = _places(past)
    with unfinished(past, _key(one)) as kept:
        assert kept is not None
        done = _run(past, rules, tmp_path / "rang.jsonl", "--workers", "1")
        assert done.exit_code == 0, done.output
        assert (tmp_path / "rang.jsonl").read_bytes() == whole
        assert "the same replay runs already" in caplog.text
    assert _places(past) == places


def test_an_archive_that_nobody_may_write_to(
    past: Archive, rules: Path, whole: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (past.folder / "unfinished").write_text("no folder")
    done = _run(past, rules, tmp_path / "rang.jsonl", "--workers", "1")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "rang.jsonl").read_bytes() == whole
    assert "cannot be gone on with" in caplog.text


def test_a_disk_that_refuses_on_the_way(
    past: Archive, rules: Path, whole: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    one = _replay(past, rules)
    with unfinished(past, _key(one)) as kept:
        assert kept is not None
        (kept.folder / "all").write_text("no folder")
        found = replace(one, unfinished=replace(kept, every_s=0.0)).decisions()
        assert [decision.event.model_dump_json().encode() for decision in found] == whole.splitlines()
    assert caplog.text.count("cannot be gone on with") == 1


def test_snapshots_become_rarer_where_they_are_dear(past: Archive, rules: Path, tmp_path: Path) -> None:
    one = _stopped(past, rules)
    with unfinished(past, _key(one)) as kept:
        assert kept is not None
        place = kept.share(()).go_on()
        assert place is not None
        engine = place.begin()
    now_s = 0.0

    def slow() -> float:
        nonlocal now_s
        now_s += 1.0  # Each look at the clock costs a second: so a snapshot costs one.
        return now_s

    share = UnfinishedShare(tmp_path / "share", "key", slow, every_s=5.0)
    taken = [looks for looks in range(1, 100) if share.day_ended(engine, place.day, looks) is not None]
    assert taken[0] == 5
    assert min(later - earlier for earlier, later in pairwise(taken)) >= 24


def test_of_other_replays_the_last_few_are_kept(past: Archive, rules: Path) -> None:
    one = _stopped(past, rules)
    mine = past.folder / "unfinished" / _key(one)
    times = count(1_000_000_000)
    names = [digest(str(number)) for number in range(KEPT_OTHERS + 2)]
    for name in names:
        shutil.copytree(mine, mine.with_name(name))
        at = next(times)
        os.utime(mine.with_name(name), (at, at))
    with unfinished(past, _key(one)):
        pass
    left = {path.name for path in (past.folder / "unfinished").iterdir()}
    assert left == {mine.name, *names[2:]}


def test_a_process_that_is_left_over_is_waited_for(past: Archive, rules: Path) -> None:
    """Whoever was started by a replay that was killed has its lock open, until it ends."""
    one = _stopped(past, rules)
    with unfinished(past, _key(one)) as kept:
        assert kept is not None
        orphan = subprocess.Popen(
            [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE, pass_fds=(kept.lock,)
        )
    assert orphan.stdin is not None
    try:
        assert module._locked(past.folder / "unfinished" / _key(one), wait_s=0.0) is None
    finally:
        orphan.stdin.close()
        orphan.wait()
    with unfinished(past, _key(one)) as again:
        assert again is not None
