"""Megabytes of `tocsin run` (embedded, all jobs) after 5,000, 10,000 and 20,000 articles: `./run bench memory`, ten minutes.

A folder with feeds on loopback that bring 40 articles a second, and a page that is looked at all the while. The reference is
the bound of 1.2 GB in all; the ratio is ours over it. A job's figure counts its own helpers (the parse worker with `poll`).
RSS counts what processes share once for each, PSS once; the bound is judged on RSS, the larger one.
"""

from __future__ import annotations

import contextlib
import re
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.figures import Figure, report
from benchmarks.served import served

BOUND_MB = 1_200.0
MARKS = (5_000, 10_000, 20_000)
_FEEDS, _ITEMS, _INTERVAL_S = 40, 12, 10
_LONGEST_S = 1_500.0
_LOOK_EVERY_S = 5.0
_SAID = "said.txt"
_PAGES = ("/", "/watches", "/feeds", "/alerts", "/metrics")
_SIZES = re.compile(r"^(Rss|Pss):\s+(\d+) kB", re.MULTILINE)
_RULES = """\
rules:
  - name: each-pair
    watch: {pair: [{type: country}, {type: country}]}
    when: {spike: {}}
  - name: azerbaijan-and-the-others
    watch: {pair: [Azerbaijan, {type: country}]}
    when: {new: {quiet_for: 60d, confirm: {stories: 2, publishers: 2, within: 48h}}}
"""


def main(_data: Path | None = None) -> int:
    """Print megabytes by job and in all at every mark; return 1 where the last is over the bound."""
    with (
        tempfile.TemporaryDirectory(prefix="tocsin-bench-") as name,
        served("benchmarks.memory_feeds", str(_ITEMS)) as feeds_port,
    ):
        folder, page = Path(name), _free_port()
        _lay_out(folder, feeds_port, page)
        with _service(folder) as process:
            return report(_figures(folder, process, page))


def _figures(folder: Path, process: subprocess.Popen[bytes], page: int) -> Iterator[Figure]:
    begun = time.monotonic()
    for mark in MARKS:
        while (decided := _decided(folder)) < mark:
            passed = time.monotonic() - begun
            if process.poll() is not None or passed > _LONGEST_S:
                print((folder / _SAID).read_text(), file=sys.stderr)
                raise RuntimeError(
                    f"{decided:,} of {mark:,} articles after {passed:.0f} s: see above what tocsin run said"
                )
            print(f"  {passed:4.0f} s: {decided:,} articles …", file=sys.stderr, flush=True)
            _look(page)
            time.sleep(_LOOK_EVERY_S)
        rss, pss = measure(process.pid)
        for job in sorted(rss, key=rss.__getitem__, reverse=True):
            yield Figure(f"{mark:,} articles, {job} (MB, PSS)", rss[job], pss[job], rss[job] / BOUND_MB)
        whole = sum(rss.values())
        print(f"  PSS in all: {sum(pss.values()):.0f} MB", file=sys.stderr, flush=True)
        last = 1.0 if mark == MARKS[-1] else None
        yield Figure(f"{mark:,} articles, in all (MB)", whole, BOUND_MB, whole / BOUND_MB, at_most=last)


def measure(supervisor: int) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Return RSS and PSS in megabytes (2^20 bytes) by job of the service whose supervisor has that process id."""
    rss: dict[str, float] = defaultdict(float)
    pss: dict[str, float] = defaultdict(float)

    def add(process: int, job: str) -> None:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # It ended meanwhile.
            sizes = dict(_SIZES.findall(Path(f"/proc/{process}/smaps_rollup").read_text()))
            rss[job] += int(sizes["Rss"]) / 1024
            pss[job] += int(sizes["Pss"]) / 1024
        for child in _children(process):
            add(child, _job_of(child) or job)

    add(supervisor, "supervisor")
    return rss, pss


def _children(process: int) -> list[int]:
    found: list[int] = []
    for tasks in Path(f"/proc/{process}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found += map(int, tasks.read_text().split())
    return found


def _job_of(process: int) -> str | None:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        words = Path(f"/proc/{process}/cmdline").read_bytes().decode().split("\0")
        if "--child" in words:
            return words[words.index("--child") - 1]
    return None


def _decided(folder: Path) -> int:
    """Return how many records of ``signals`` have been decided; 0 before there is a ledger."""
    with (
        contextlib.suppress(sqlite3.OperationalError),
        contextlib.closing(sqlite3.connect(f"file:{folder}/data/store.sqlite?mode=ro", uri=True)) as store,
    ):
        row = store.execute("SELECT next_offset FROM decider_head").fetchone()
        return int(row[0]) if row is not None else 0
    return 0


def _look(page: int) -> None:
    for path in _PAGES:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{page}{path}", timeout=30) as answer,
        ):
            answer.read()


def _lay_out(folder: Path, feeds_port: int, page: int) -> None:
    lines = ['allow_addresses = ["127.0.0.0/8"]', "[web]", f"port = {page}"]
    for number in range(_FEEDS):
        url = f"http://127.0.1.{1 + number}:{feeds_port}/feed.xml"
        lines += [
            "[[feeds]]",
            f'id = "feed{number}"',
            f'url = "{url}"',
            f'group = "p{number}"',
            f'interval = "{_INTERVAL_S}s"',
        ]
    (folder / "tocsin.toml").write_text("\n".join(lines) + "\n")
    (folder / "rules").mkdir()
    (folder / "rules" / "rules.yaml").write_text(_RULES)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def _service(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / _SAID).open("wb") as said:
        process = subprocess.Popen([sys.executable, "-m", "tocsin", "run", "--folder", str(folder)], stderr=said)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()
