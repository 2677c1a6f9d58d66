"""The errors of both drivers, told apart by fate: retry, no space, or a person is needed. No password is ever repeated."""

from __future__ import annotations

import errno
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeGuard

from sqlalchemy import exc

from connectors.store.address import Address
from schemas.errors import FatalError, StoreFullError, StoreUnavailableError, TocsinError

if TYPE_CHECKING:
    import psycopg

_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_INTERRUPT}
#: Classes of SQLSTATE that pass by themselves: connection, rollback of one of two, resources, operator, system, locks.
_PASSING = ("08", "25P", "40", "53", "55P03", "57", "58")


@contextmanager
def told_apart(address: Address) -> Iterator[None]:
    """Turn what the drivers raise within the block into the errors of the port.

    :raises StoreFullError: no space is left.
    :raises StoreUnavailableError: locked, unreachable, restarted, out of connections.
    :raises FatalError: damaged, read-only, or not a store of this version.
    """
    try:
        yield
    except exc.DBAPIError as error:
        raise _told(error.orig, address) from error
    except exc.TimeoutError as error:
        raise StoreUnavailableError(
            f"every connection to {address.name} is in use", remedy="try again later"
        ) from error
    except Exception as error:
        if isinstance(error, sqlite3.Error) or _is_of_postgresql(error):
            raise _told(error, address) from error
        raise


def _is_of_postgresql(error: BaseException | None) -> TypeGuard[psycopg.Error]:
    """Tell without loading the driver, ten megabytes that a job on a file does without: where it is not loaded, no error is
    its."""
    driver = sys.modules.get("psycopg")
    return driver is not None and isinstance(error, driver.Error)


def _told(error: BaseException | None, address: Address) -> TocsinError:
    if isinstance(error, sqlite3.Error):
        return _sqlite(error, address.name)
    if _is_of_postgresql(error):
        return _postgresql(error, address)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return _full(address.name)
    return StoreUnavailableError(f"{address.name} did not answer: {type(error).__name__}")


def _full(name: str) -> StoreFullError:
    return StoreFullError(
        f"no space is left for the store {name}; nothing of the transaction was written",
        remedy="free some space there, or give the store a larger disk; work goes on by itself then",
    )


def _sqlite(error: sqlite3.Error, name: str) -> TocsinError:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # Raised by the Python module itself, before SQLite was asked.
        return FatalError(f"the store {name} was used wrongly: {error}")
    primary = code & 0xFF
    if primary == sqlite3.SQLITE_FULL:
        return _full(name)
    if primary in _CORRUPT:
        return FatalError(
            f"the store {name} is damaged or not a SQLite database ({error})",
            remedy="stop all jobs and bring log and store back together with `tocsin restore` from the last backup; keep the"
            " damaged file for repair",
        )
    if primary in _BUSY:
        return StoreUnavailableError(
            f"the store {name} is locked by another process",
            remedy="end what keeps it locked, a database browser perhaps",
        )
    if primary == sqlite3.SQLITE_READONLY:
        return FatalError(
            f"the store {name} cannot be written ({error})",
            remedy="let the user that runs Tocsin write the file and its folder",
        )
    if primary == sqlite3.SQLITE_CANTOPEN:
        return StoreUnavailableError(
            f"the store {name} cannot be opened ({error})", remedy="is its folder there, and may this user write in it?"
        )
    if primary == sqlite3.SQLITE_IOERR:
        return StoreUnavailableError(f"the disk of the store {name} fails ({error})", remedy="check the disk")
    return _refused(name, str(error))


def _refused(name: str, said: str) -> FatalError:
    return FatalError(
        f"the store {name} refused a statement: {said}",
        remedy="check with `tocsin db check` that it is a store of this version",
    )


def _postgresql(error: psycopg.Error, address: Address) -> TocsinError:
    import psycopg  # Loaded already, or there would be no such error.

    name, state, said = address.name, error.sqlstate, _first_line(error, address)
    if state == "53100":
        return _full(name)
    if state is not None and state.startswith("XX"):
        return FatalError(f"{name} is damaged: {said}", remedy="stop all jobs and bring back the last backup")
    passing = state is None and isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    if passing or (state is not None and state.startswith(_PASSING)):
        return StoreUnavailableError(
            f"{name} cannot be used now: {said}", remedy="is the server running, reachable and is the password right?"
        )
    return _refused(name, said)


def _first_line(error: psycopg.Error, address: Address) -> str:
    """Return the first line of the driver's words (later ones may quote values), with any secret of the address cut out."""
    said = next(iter(str(error).strip().splitlines()), type(error).__name__)
    secrets = [address.url.password, *(v for k, v in address.url.query.items() if "pass" in k)]
    for secret in secrets:
        for text in [secret] if isinstance(secret, str) else (secret or ()):
            said = said.replace(text, "***") if text else said
    return said
