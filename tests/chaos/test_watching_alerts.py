"""`tocsin alerts list --watch` beside a decider: what is decided meanwhile is printed, once, and Ctrl-C ends it cleanly."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from tests.streams.deciding import desk_in
from tests.web.house import BURST, news, settings_in

#: The machine may be loaded: a line is waited for so long.
PATIENCE_S = 120


def test_events_are_printed_as_they_are_decided(tmp_path: Path) -> None:
    stream = news()
    early = next(
        number for number, record in enumerate(stream) if getattr(record, "article_id", "").endswith(f"a{BURST:04d}-0")
    )
    desk = desk_in(tmp_path, stream[:early])
    desk.decide()
    settings_in(tmp_path)
    command = [sys.executable, "-m", "tocsin", "alerts", "list", "--watch", "--folder", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watching:
        assert watching.stdout is not None
        assert watching.stderr is not None
        try:
            assert "nothing rang yet" in watching.stderr.readline()
            desk.append(stream[early:])
            desk.decide()
            line = watching.stdout.readline()  # The test's own time-out ends a wait for ever.
            assert "opened" in line
            assert "aze-rus" in line
            watching.send_signal(signal.SIGINT)
            rest, _ = watching.communicate(timeout=PATIENCE_S)
            assert rest.count("opened") == 0
            assert watching.returncode == 0
        finally:
            watching.kill()
