"""What `bench memory` counts: the processes below the supervisor, each for its job."""

from __future__ import annotations

import os
import subprocess
import sys

from benchmarks.bench_memory import measure

#: Says that it is there, and ends with its standard input.
_JOB = "import sys; print(flush=True); sys.stdin.read()"


def test_a_job_is_counted_by_its_name_and_everything_else_with_what_started_it() -> None:
    command = [sys.executable, "-S", "-E", "-c", _JOB, "run", "a-job", "--child"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        rss, pss = measure(os.getpid())
        process.communicate()
    assert 0 < pss["a-job"] <= rss["a-job"]
    assert 0 < pss["supervisor"] <= rss["supervisor"]
