"""One broker on loopback, its own controller, that can be killed and started again on the same data and ports."""

from __future__ import annotations

import base64
import os
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path

from tests.services.kafka.jars import NotAvailableError, fetch_jars, find_java
from tests.services.ports import free_port

__all__ = ["KafkaBroker", "NotAvailableError"]

_START_TIMEOUT_S = 300
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
num.partitions=1
default.replication.factor=1
min.insync.replicas=1
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
# Replayed news carry old stamps: nothing may be deleted or refused for its time.
log.retention.ms=-1
message.timestamp.after.max.ms=9223372036854775807
# Known dead after 2 s, so that a restart after kill -9 takes 4.5 s instead of 12.
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
"""
#: Runs the broker so that it dies with the test run, however that ends (Linux; elsewhere only an orderly end stops it).
_DIE_WITH_PARENT = "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 15); os.execv(sys.argv[1], sys.argv[1:])"


class KafkaBroker:
    """A broker with its data in ``folder``; not running until :meth:`start`.

    :raises NotAvailableError: no Java, no Maven, or the jars cannot be fetched.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._java = find_java()
        self._jars = fetch_jars(self._java)
        self._process: subprocess.Popen[bytes] | None = None
        self._port, controller_port = free_port(), free_port()
        self._properties = folder / "server.properties"
        folder.mkdir(parents=True, exist_ok=True)
        self._properties.write_text(
            _PROPERTIES.format(port=self._port, controller_port=controller_port, data=folder / "data")
        )
        self._format()

    @property
    def bootstrap(self) -> str:
        """Where clients connect, ``host:port``; the same over the broker's whole life."""
        return f"127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start the broker and wait until its port is open."""
        assert self._process is None, "the broker is running"
        command = [
            *self._java_command("-Xms128m", "-Xmx512m", "-XX:+UseSerialGC"),
            "kafka.Kafka",
            str(self._properties),
        ]
        if sys.platform == "linux":
            command = [sys.executable, "-c", _DIE_WITH_PARENT, *command]
        with (self._folder / "broker.log").open("ab") as output:
            self._process = subprocess.Popen(
                command,
                cwd=self._folder,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        deadline_s = time.monotonic() + _START_TIMEOUT_S
        while not _is_open(self._port):
            if self._process.poll() is not None or time.monotonic() > deadline_s:
                why = f"the broker did not start:\n{self.log_tail()}"
                self.kill()
                raise NotAvailableError(why)
            time.sleep(0.1)

    def kill(self) -> None:
        """SIGKILL; the data stay as they are."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """Stop in an orderly way, by force after 15 s; idempotent."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def log_tail(self) -> str:
        """Return the end of what the broker has printed."""
        return (self._folder / "broker.log").read_text(errors="replace")[-2_000:]

    def _format(self) -> None:
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        # An id must not begin with a dash, which would read as an option.
        command = [*self._java_command(), "kafka.tools.StorageTool", "format", "-t", "A" + cluster[1:]]
        answer = subprocess.run(
            [*command, "-c", str(self._properties)],
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        if answer.returncode:
            raise NotAvailableError(f"the broker's folder could not be formatted: {answer.stderr[-500:]}")

    def _java_command(self, *options: str) -> list[str]:
        quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
        return [str(self._java), *options, quiet, "-cp", f"{self._jars}{os.sep}*"]


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
