"""One server on loopback that can be killed and started again on the same data and port."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time

import psycopg

from tests.services.ports import free_port
from tests.services.postgres.account import open_folder, unprivileged_account
from tests.services.postgres.binaries import NotAvailableError, find_binaries

_START_TIMEOUT_S = 300.0
#: Nothing of a test has to survive a power cut, so nothing waits for the disk. No socket file, one address, small memory.
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "32MB",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class PostgresServer:
    """A server with its data in a folder of its own; not running until :meth:`start`.

    :raises NotAvailableError: no programs, or no account or folder to run them with.
    """

    def __init__(self) -> None:
        try:
            self._account = unprivileged_account()
            self._folder = open_folder("tocsin-postgres-", self._account)
        except LookupError as error:
            raise NotAvailableError(str(error)) from error
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._programs = find_binaries(self._account, self._folder)
            self._port = free_port()
            self._make_data()
        except BaseException:
            self.remove()
            raise

    @property
    def url(self) -> str:
        """The address of the server's own first database; the same over its whole life."""
        return f"postgresql://postgres@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        assert self._process is None, "the server is running"
        settings = {**_SETTINGS, "port": str(self._port)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = self._account.command(self._programs / "postgres", "-D", self._folder / "data", *options)
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self._folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise NotAvailableError(f"PostgreSQL did not start: {self._last_words()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop the server in order, its clients' sessions with it; idempotent."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """Kill every process of the server at once, as a power cut would; the data stay."""
        if self._process is None:
            return
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(timeout=20)
        self._process = None

    def remove(self) -> None:
        """Stop the server and delete its data."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _make_data(self) -> None:
        data = self._folder / "data"
        options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"]
        made = self._account.run([self._programs / "initdb", "-D", data, *options], self._folder)
        if made.returncode != 0:
            raise NotAvailableError(f"initdb failed: {made.stderr.strip()[-500:]}")
        (data / "pg_hba.conf").write_text("host all all 127.0.0.1/32 trust\n")

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _last_words(self) -> str:
        log = self._folder / "server.log"
        return log.read_text(errors="replace")[-500:] if log.exists() else "it said nothing"
