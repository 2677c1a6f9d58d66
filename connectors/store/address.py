"""The address of a store: ``sqlite:///path`` or ``postgresql://…``; and how it is named to people, without its secrets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from schemas.errors import UsageError

_FORMS = "write sqlite:///path/to/store.db, or postgresql://user:password@host:5432/database"


@dataclass(frozen=True)
class Address:
    """A checked address. ``name`` may be shown; ``url`` may hold a password."""

    url: URL
    name: str
    path: Path | None = None  # of SQLite
    max_pages: int | None = None  # of SQLite: a limit for the file, in pages of 4 KiB

    @property
    def is_sqlite(self) -> bool:
        """Whether the store is a file."""
        return self.path is not None


def parse_address(url: str) -> Address:
    """Return the checked address in ``url``.

    SQLite takes ``?max_pages=N``: the file never grows over N pages of 4 KiB.

    :raises UsageError: not an address of a store; the message does not repeat it, since it may hold a password.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise UsageError("the address of the store is not a URL", remedy=_FORMS) from error
    if parsed.drivername in {"sqlite", "sqlite+pysqlite"}:
        return _sqlite(parsed)
    if parsed.drivername in {"postgresql", "postgresql+psycopg"}:
        return _postgresql(parsed)
    raise UsageError(f"the store cannot be kept in {parsed.drivername!r}", remedy=_FORMS)


def _sqlite(url: URL) -> Address:
    if not url.database or url.database == ":memory:":
        raise UsageError("the address of the store names no file; several processes share it", remedy=_FORMS)
    pages = url.query.get("max_pages")
    if set(url.query) - {"max_pages"} or (pages is not None and not str(pages).isdecimal()):
        raise UsageError("the only option of a SQLite address is ?max_pages=N, a whole number", remedy=_FORMS)
    path = Path(url.database)
    return Address(
        url=URL.create("sqlite+pysqlite", database=url.database),
        name=str(path),
        path=path,
        max_pages=int(str(pages)) if pages is not None else None,
    )


def _postgresql(url: URL) -> Address:
    host = url.host or url.query.get("host") or "the local socket"
    port = f":{url.port}" if url.port else ""
    return Address(
        url=url.set(drivername="postgresql+psycopg"), name=f"PostgreSQL database {url.database!r} on {host}{port}"
    )
