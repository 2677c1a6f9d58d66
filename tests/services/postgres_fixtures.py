"""A real PostgreSQL for tests: one server a session, a fresh database of the present schema a test."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from connectors.store.open import open_store
from tests.services.not_run import not_run
from tests.services.postgres import NotAvailableError, PostgresServer


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a database on a real server whose user may make further ones: ``$TOCSIN_TEST_DATABASE``, else our own."""
    given = os.environ.get("TOCSIN_TEST_DATABASE")
    if given:
        yield given
        return
    server = start_or_say_so()
    yield server.url
    server.remove()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> Iterator[str]:
    """The name of an empty store; copying it is faster than migrating for every test."""
    name = f"tocsin_template_{uuid.uuid4().hex[:12]}"
    _make_database(postgres_server, name)
    open_store(url_of(postgres_server, name)).close()
    yield name
    drop_database(postgres_server, name)


@pytest.fixture
def postgres_url(postgres_server: str, postgres_template: str) -> Iterator[str]:
    """The URL of a fresh store on a real PostgreSQL."""
    name = f"tocsin_test_{uuid.uuid4().hex[:12]}"
    _make_database(postgres_server, name, template=postgres_template)
    yield url_of(postgres_server, name)
    drop_database(postgres_server, name)


@pytest.fixture
def empty_postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of a database without any table."""
    name = f"tocsin_empty_{uuid.uuid4().hex[:12]}"
    _make_database(postgres_server, name)
    yield url_of(postgres_server, name)
    drop_database(postgres_server, name)


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """A running server that the test may kill."""
    server = start_or_say_so()
    yield server
    server.remove()


def start_or_say_so() -> PostgresServer:
    """Return a running server; where none can be had, the test at hand is not run and says so."""
    try:
        server = PostgresServer()
    except NotAvailableError as error:
        not_run("everything on a real PostgreSQL", str(error))
    try:
        server.start()
    except NotAvailableError as error:
        server.remove()
        not_run("everything on a real PostgreSQL", str(error))
    return server


def url_of(server: str, database: str) -> str:
    """Return the URL of ``database`` on the server at ``server``."""
    return make_url(server).set(drivername="postgresql", database=database).render_as_string(hide_password=False)


def drop_database(server: str, name: str) -> None:
    """Drop the database ``name``, ending the sessions that are still in it."""
    with psycopg.connect(url_of(server, make_url(server).database or "postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _make_database(server: str, name: str, *, template: str = "template0") -> None:
    with psycopg.connect(url_of(server, make_url(server).database or "postgres"), autocommit=True) as connection:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
