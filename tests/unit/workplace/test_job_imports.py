"""Which large packages the process of each job loads at its start: what it does not use costs memory for as long as it lives.

Modules are read, not imported: their imports at the top, those of the modules they import, and so on.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[3]
_OURS = frozenset({"alerts", "connectors", "pipelines", "schemas", "tocsin"})

#: Five megabytes and more, each.
LARGE = frozenset(
    {
        "aiohttp", "alembic", "apache_beam", "apprise", "confluent_kafka", "fastapi", "numpy", "psycopg", "pyarrow", "spacy",
        "sqlalchemy", "uvicorn",
    }
)  # fmt: skip

_LOG_AND_STORE = ("connectors.log.open", "connectors.store.open", "tocsin.jobs")

#: By job: the modules it is put together from, and the large packages among what they load.
JOBS = {
    "supervisor": (("tocsin.commands.run", "tocsin.service"), ()),
    "poll": ((*_LOG_AND_STORE, "tocsin.polling"), ("aiohttp", "sqlalchemy")),
    "decide": ((*_LOG_AND_STORE, "pipelines.decide"), ("numpy", "sqlalchemy")),
    "notify": ((*_LOG_AND_STORE, "pipelines.notifying.late_store", "tocsin.receivers"), ("aiohttp", "sqlalchemy")),
    "archive": (
        (*_LOG_AND_STORE, "connectors.archive.log_tier", "pipelines.archive_job", "pipelines.trimming"),
        ("pyarrow", "sqlalchemy"),
    ),
    "web": ((*_LOG_AND_STORE, "tocsin.web.serving"), ("fastapi", "numpy", "sqlalchemy", "uvicorn")),
}


@pytest.mark.parametrize("job", JOBS)
def test_a_job_loads_no_large_package_besides_those_it_works_with(job: str) -> None:
    modules, large = JOBS[job]
    assert _loaded(modules) & LARGE == frozenset(large)


def test_what_a_job_loads_is_found_at_all() -> None:
    """At the top of a module, and of a module on the way."""
    assert {"pyarrow", "numpy"} <= _loaded(["connectors.archive.folder"])
    assert "pyarrow" in _loaded(["pipelines.archive_summary"])


def _loaded(modules: Collection[str]) -> frozenset[str]:
    """Return the packages of others that importing ``modules`` imports, by their first name."""
    seen, left, others = set[str](), list(modules), set[str]()
    while left:
        module = left.pop()
        first = module.partition(".")[0]
        if first not in _OURS:
            others.add(first)
        elif module not in seen and (path := _file_of(module)) is not None:
            seen.add(module)
            left += [module.rpartition(".")[0], *_imported_by(path)] if "." in module else _imported_by(path)
    return frozenset(others)


def _file_of(module: str) -> Path | None:
    """Return the file of a module of ours; None where the name is no module but something in one."""
    path = _ROOT.joinpath(*module.split("."))
    found = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return found if found.is_file() else None


@cache
def _imported_by(path: Path) -> tuple[str, ...]:
    return tuple(_names(ast.parse(path.read_bytes()).body))


def _names(statements: list[ast.stmt]) -> Iterator[str]:
    """Yield what is imported when a module is, as written; what only a type checker sees is not."""
    for statement in statements:
        if isinstance(statement, ast.Import):
            yield from (name.name for name in statement.names)
        elif isinstance(statement, ast.ImportFrom) and statement.module:
            yield statement.module
            yield from (f"{statement.module}.{name.name}" for name in statement.names)
        elif isinstance(statement, ast.Try):
            yield from _names(statement.body)
        elif isinstance(statement, ast.If) and "TYPE_CHECKING" not in ast.dump(statement.test):
            yield from _names([*statement.body, *statement.orelse])
