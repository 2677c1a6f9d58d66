"""The wheel: everything a command reads is in it, and an environment that has only the wheel and its dependencies runs it."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("schemas", "connectors", "alerts", "pipelines", "tocsin")

#: What we import beside a declared dependency because it is that dependency's own interface.
PART_OF = {"annotated_types": "pydantic", "pydantic_core": "pydantic", "thinc": "spacy", "yarl": "aiohttp"}


def source_files() -> Iterator[str]:
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path.relative_to(ROOT).as_posix()


def project() -> dict[str, object]:
    with (ROOT / "pyproject.toml").open("rb") as stream:
        found = tomllib.load(stream)["project"]
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy, so that nothing is left in the checkout."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, source / name)
    options = ["--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check"]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", str(target), str(source)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (built,) = target.glob("*.whl")
    return built


def test_the_wheel_holds_every_file_of_the_packages_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert packed == set(source_files())
    suffixes = {Path(name).suffix for name in packed}
    assert {".yaml", ".json", ".jsonl", ".mako", ".typed"} <= suffixes
    assert {f"{package}/py.typed" for package in PACKAGES} <= packed


def test_the_wheel_runs_where_the_repository_is_not(wheel: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    python = tmp_path / "venv/bin/python"
    (site_packages,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    # The dependencies are this environment's: to install them again would show nothing more.
    (site_packages / "dependencies.pth").write_text("\n".join(_site_folders()))
    options = ["--quiet", "--no-deps", "--no-index", "--disable-pip-version-check"]
    subprocess.run([sys.executable, "-m", "pip", "--python", str(python), "install", *options, wheel], check=True)
    empty = tmp_path / "empty"
    empty.mkdir()
    clean = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "TOCSIN_FOLDER")}

    def run(*command: str | Path) -> str:
        done = subprocess.run(command, cwd=empty, env=clean, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    home = run(python, "-c", "import tocsin, pipelines; print(tocsin.__file__, pipelines.__file__)")
    assert all(path.startswith(str(site_packages)) for path in home.split())
    tocsin = tmp_path / "venv/bin/tocsin"
    assert run(tocsin, "--version") == f"tocsin, version {project()['version']}\n"
    # Actors, topics and the migrations of the store are data files: each of these commands needs some of them.
    run(tocsin, "init", "desk", "--no-feeds", "--watch", "Azerbaijan & Russia", "--no-test")
    assert "AZE-RUS" in run(tocsin, "rules", "check", "--folder", "desk")
    run(tocsin, "alerts", "list", "--folder", "desk")


def _site_folders() -> list[str]:
    return [path for path in sys.path if path.endswith("site-packages")]


#: Used only beside the extra that brings it.
BROUGHT_ALONG = {"requests"}


def test_every_import_is_of_a_declared_dependency() -> None:
    dependencies, extras = project()["dependencies"], project()["optional-dependencies"]
    assert isinstance(dependencies, list)
    assert isinstance(extras, dict)
    dependencies = [*dependencies, *(one for name, extra in extras.items() if name != "test" for one in extra)]
    declared = {_plain(re.split(r"[\[<>=~; ]", one)[0]) for one in dependencies} | BROUGHT_ALONG
    distributions = packages_distributions()
    undeclared = {}
    for file in source_files():
        for module in _imported(ROOT / file) if file.endswith(".py") else ():
            owners = {_plain(name) for name in distributions.get(PART_OF.get(module, module), [])}
            if module not in sys.stdlib_module_names and module not in PACKAGES and not owners & declared:
                undeclared[module] = file
    assert undeclared == {}


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]
