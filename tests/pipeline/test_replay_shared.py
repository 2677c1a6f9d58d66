"""`tocsin replay` shared out over processes: the same ledger for any number of them, and a plain word where one is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import chain
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from connectors.archive.folder import Archive
from pipelines.extraction.extractor import extractor_for
from pipelines.replay import shares as shared
from pipelines.replay.cached_signals import extract_days
from pipelines.replay.past import past_of
from pipelines.replay.replay import activation
from pipelines.replay.shared_out import SharedReplay
from pipelines.replay.shares import shares_of
from schemas.article import Article
from schemas.errors import FatalError
from schemas.signal import Signal
from tests.pipeline.invented_history import OUTLETS, START, history, imported
from tests.pipeline.test_replay_workers import running, waited
from tests.services.left_behind import children_of
from tocsin.commands.replay import command
from tocsin.history import rules_in

_ROOT = Path(__file__).resolve().parents[2]
_DAYS = 14
_BURST = START + timedelta(days=10, hours=9)

#: Rules of several detectors and watches, in the shadow, off, with a budget of all together, one that is never met.
RULES = """
rules:
  - {name: burst, watch: {pair: [Norway, Iceland]}, when: spike, severity: high}
  - {name: burst-in-shadow, watch: {pair: [Norway, Iceland]}, when: {spike: {sensitivity: high}}, mode: shadow}
  - {name: directed, watch: {pair: {from: Norway, to: Iceland}}, when: {threshold: {count: 2, within: 24h}}}
  - {name: every-pair, watch: {each: pair}, when: [{spike: {min: {stories: 3, publishers: 2}}}, {new: {quiet_for: 48h}}]}
  - {name: hostile, watch: {actor: [Iceland]}, when: {shift: {to: {tone: conflict}, window: 24h}}}
  - {name: lanterns, watch: {keywords: {any: [lantern]}}, when: {threshold: {count: 6, within: 24h}}}
  - {name: never, watch: {pair: [Peru, Mongolia]}, when: spike}
  - {name: off, watch: {pair: [Norway, Iceland]}, when: spike, mode: "off"}
  - {name: silver, watch: {keywords: {any: [silver]}}, when: {drop: {}}}
  - {name: slow, watch: {pair: [Norway, Iceland]}, when: {spike: {windows: [6h, 72h]}}}
"""
_ON = 9


class _Plainly:
    """The bare extraction, without Beam."""

    def __init__(self, articles: list[Article]) -> None:
        self.signals: list[Signal] = extractor_for().extract_many(articles)
        self.failures: list[object] = []


def _rows() -> Iterator[dict[str, str]]:
    """Two outlets from the start, two more from the sixth day on; a hole of ten hours in which nobody is seen."""
    early = history(_DAYS, outlets=OUTLETS[:2], burst=_BURST, silent=range(180, 190))
    late = history(_DAYS, outlets=OUTLETS[2:], silent=[*range(130), *range(180, 190)], seed=2)
    yield from chain(early, late)


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    archive = imported(tmp_path_factory.mktemp("past"), _rows())
    extract_days(archive, extractor_for().version, archive.days(), _Plainly, batch=5_000)  # type: ignore[arg-type]
    return archive


@pytest.fixture(autouse=True)
def worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "LEAST_RULE_DAYS", 1)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES)
    return path


def run(archive: Archive, rules: Path, ledger: Path, *options: str) -> Result:
    arguments = ["--archive", str(archive.folder), "--rules", str(rules), "--ledger", str(ledger), *options]
    return CliRunner().invoke(command, [*arguments, "--json"])


def ledger_of(
    archive: Archive, rules: Path, folder: Path, workers: int, *options: str
) -> tuple[dict[str, object], bytes]:
    ledger = folder / f"{workers}.jsonl"
    done = run(archive, rules, ledger, "--workers", str(workers), *options)
    assert done.exit_code == 0, done.exception
    about: dict[str, object] = json.loads(done.stdout)
    assert about["extracted"] == 0
    assert about.pop("processes") == min(workers, _ON)
    assert about.pop("ledger") == str(ledger)
    return about, ledger.read_bytes()


def test_any_number_of_processes_writes_the_same_ledger(past: Archive, rules: Path, tmp_path: Path) -> None:
    alone = ledger_of(past, rules, tmp_path, 1)
    assert ledger_of(past, rules, tmp_path, 2) == alone
    assert ledger_of(past, rules, tmp_path, 20) == alone
    events = [json.loads(line) for line in alone[1].splitlines()]
    assert {event["event"] for event in events} >= {"opened", "resolved", "blind", "sighted", "rule_ready"}
    assert {event["rule"] for event in events if event["event"] == "opened"} >= {"burst", "every-pair", "lanterns"}


@pytest.mark.parametrize(
    "options",
    [
        ("--from", "2023-05-04", "--to", "2023-05-12"),
        ("--sources", f"{OUTLETS[0]},{OUTLETS[3]}"),
        ("--order", "publication"),
        ("--order", "arrival"),
    ],
)
def test_so_it_does_with_any_option(past: Archive, rules: Path, tmp_path: Path, options: tuple[str, ...]) -> None:
    assert ledger_of(past, rules, tmp_path, 2, *options) == ledger_of(past, rules, tmp_path, 1, *options)


def test_a_record_that_cannot_be_decided_counts_for_no_rule_in_any_process(
    past: Archive, rules: Path, tmp_path: Path
) -> None:
    """It fails under the rules that count it; the others, in another process, must leave it out too."""
    version, days = extractor_for().version, past.days()
    plain = ledger_of(past, rules, tmp_path, 1)
    before = past.signals(version, days[9])
    assert before is not None
    hit = next(number for number, one in enumerate(before) if one.pairs)
    poison = before[hit].model_copy(update={"article_id": "f" * 32, "fingerprint": "???"})
    past.cache_signals(version, days[9], [*before[: hit + 1], poison, *before[hit + 1 :]])
    try:
        alone = ledger_of(past, rules, tmp_path, 1)
        assert ledger_of(past, rules, tmp_path, 2) == alone
        assert alone[1] == plain[1]
    finally:
        past.cache_signals(version, days[9], before)


def _children() -> set[int]:
    return children_of(os.getpid())


def _shared(past: Archive, rules: Path, workers: int) -> SharedReplay:
    found, text = rules_in(rules, ())
    whole = past_of(past, None, None, None)
    begin = activation(found, text, whole.days[0])
    shares = shares_of(found, len(whole.days), workers)
    return SharedReplay(whole, extractor_for().version, begin, (), shares)


def test_processes_decide_at_the_same_time_and_end_with_the_iterator(past: Archive, rules: Path) -> None:
    before, told = _children(), list[tuple[int, int | None]]()
    decisions = _shared(past, rules, 3).decisions(lambda *numbers: told.append(numbers))
    first = next(decisions)
    assert first.event.seq == 1
    mine = _children() - before
    assert len(mine) == 3
    rest = list(decisions)
    assert rest
    done, total = told[-1]
    assert done == total
    assert [number for number, _ in told] == sorted(number for number, _ in told)
    stopped = _shared(past, rules, 2).decisions()
    next(stopped)
    mine |= _children() - before
    assert len(mine) == 5
    stopped.close()  # type: ignore[attr-defined]
    assert not any(running(pid) for pid in mine)


def test_a_killed_process_is_told(past: Archive, rules: Path) -> None:
    before, killed = _children(), list[int]()

    def kill() -> None:
        assert waited(lambda: len(_children() - before) == 2)
        killed.append(min(_children() - before))
        os.kill(killed[0], signal.SIGKILL)  # It is only starting.

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(FatalError) as told:
        list(_shared(past, rules, 2).decisions())
    killer.join()
    assert told.value.message == f"process {killed[0]} ended with code -9 before its work was done"
    assert not any(running(pid) for pid in _children() - before)


def test_a_mistake_in_a_process_is_told_as_one(past: Archive, rules: Path) -> None:
    right = _shared(past, rules, 2)
    wrong = SharedReplay(right.past, "no such version", right.rules, (), right.shares)
    with pytest.raises(FatalError, match="the signals of 2023-05-01 are gone") as told:
        list(wrong.decisions())
    assert told.value.remedy == "replay again: they will be extracted"


def begun(pid: int) -> bool:
    """Whether the program of the process is loaded: until then it goes by the command line of its parent."""
    with suppress(OSError):
        return b"pipelines.replay.deciding_worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_processes_end_with_the_one_that_started_them(
    past: Archive, rules: Path, tmp_path: Path, ending: signal.Signals
) -> None:
    text = (
        "import sys\n"
        "from pipelines.replay import shares\n"
        "from tocsin.cli import main\n"
        "shares.LEAST_RULE_DAYS = 1\n"
        "main()\n"
    )
    ledger = tmp_path / "rang.jsonl"
    ledger.write_text("the old one\n")
    options = ["replay", "--archive", past.folder, "--rules", rules, "--ledger", ledger, "--workers", "2"]
    parent = subprocess.Popen(
        [sys.executable, "-c", text, *map(str, options)], cwd=_ROOT, stderr=subprocess.PIPE, text=True
    )

    def children() -> list[int]:
        return [pid for pid in children_of(parent.pid) if begun(pid)]

    # One stopped before its program is loaded would hold the parent within the system call that starts it.
    assert waited(lambda: len(children()) == 2 or parent.poll() is not None)
    mine = children()
    assert len(mine) == 2
    try:
        for pid in mine:
            os.kill(pid, signal.SIGSTOP)  # They have hardly begun: the parent waits for them.
        parent.send_signal(ending)
        parent.wait(timeout=180)
    finally:
        for pid in mine:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
    _, said = parent.communicate(timeout=180)  # Whoever is left holds its end of the pipe.
    assert parent.returncode == (130 if ending is signal.SIGINT else -signal.SIGKILL), said
    assert "Traceback" not in said
    assert ledger.read_text() == "the old one\n"
    assert waited(lambda: not any(running(pid) for pid in mine))


@pytest.mark.parametrize("told", ["", '{"archive": "'])
def test_a_process_that_was_not_told_all_ends_without_a_word(told: str) -> None:
    worker = subprocess.run(
        [sys.executable, "-m", "pipelines.replay.deciding_worker"],
        cwd=_ROOT,
        input=told,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert (worker.returncode, worker.stdout) == (0, "")
    assert "Traceback" not in worker.stderr
