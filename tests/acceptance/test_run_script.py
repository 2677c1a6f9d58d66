"""`./run` before any environment is there: what it says and how it ends when the machine lacks something."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.documents import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout without an environment, and a PATH with a shell but without Python."""
    shutil.copy(ROOT / "run", tmp_path / "run")
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    (tmp_path / "bin").mkdir()
    for name in ("bash", "cat", "cksum", "dirname", "rm"):
        found = shutil.which(name)
        assert found is not None
        (tmp_path / "bin" / name).symlink_to(found)
    return tmp_path


def run(checkout: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", str(checkout / "run"), *words], env={"PATH": str(checkout / "bin"), **environ}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip


def a_python_that(checkout: Path, script: str) -> None:
    python = checkout / "bin/python3.12"
    python.write_text(f"#!{checkout}/bin/bash\n{script}\n")
    python.chmod(0o755)


def test_without_a_word_it_lists_the_words(checkout: Path) -> None:
    done = run(checkout)
    assert done.returncode == 0
    assert "usage: ./run WORD" in done.stdout
    assert "demo" in done.stdout


def test_an_unknown_word_is_named(checkout: Path) -> None:
    done = run(checkout, "tets")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "unknown word: tets" in done.stderr


def test_without_python_it_says_so_and_no_more(checkout: Path) -> None:
    done = run(checkout, "tocsin", "--help")
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == "No Python 3.11, 3.12 or 3.13 was found."
    assert "TOCSIN_PYTHON=" in done.stderr
    assert len(done.stderr.splitlines()) == 2


def test_a_python_that_is_too_old_is_none(checkout: Path) -> None:
    a_python_that(checkout, "exit 1")
    assert run(checkout, "demo").stderr.startswith("No Python 3.11")


def test_without_the_module_venv_it_names_the_package(checkout: Path) -> None:
    a_python_that(checkout, 'case "$*" in *venv*) exit 1;; *--version*) echo "Python 3.12.9";; esac')
    done = run(checkout, "tocsin", "--help")
    assert done.returncode == 2
    assert "Making .venv with Python 3.12.9" in done.stderr
    assert "apt install python3-venv" in done.stderr.splitlines()[-1]


def test_compiled_code_is_kept_where_python_may_keep_none_beside_the_sources(checkout: Path) -> None:
    environment = checkout / ".venv"
    (environment / "bin").mkdir(parents=True)
    python = environment / "bin/python"
    python.write_text(f'#!{checkout}/bin/bash\necho "${{PYTHONDONTWRITEBYTECODE-unset}} $PYTHONPYCACHEPREFIX"\n')
    python.chmod(0o755)
    locks = [checkout / "requirements" / name for name in ("base.lock", "uv.lock")]
    stamp = subprocess.run(
        ["cksum"], input=b"".join(lock.read_bytes() for lock in locks), capture_output=True, check=True
    )
    (environment / ".complete").write_bytes(stamp.stdout.strip())
    assert run(checkout, "demo").stdout == "unset \n"
    kept = run(checkout, "demo", PYTHONDONTWRITEBYTECODE="1")
    assert kept.stdout == f"unset {checkout}/.cache/bytecode\n"
