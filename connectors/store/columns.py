"""How values of the port lie in columns: instants as whole microseconds, free text without what no database keeps."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import BigInteger, Dialect, Enum, Text
from sqlalchemy.types import TypeDecorator

from schemas.ids import EPOCH

_MICROSECOND = timedelta(microseconds=1)


class UtcMicroseconds(TypeDecorator[datetime]):
    """An aware datetime as microseconds since 1970: exact, and alike in both databases (SQLite has no such type)."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Return whole microseconds; a naive datetime raises ``TypeError``."""
        return None if value is None else (value - EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Return an aware UTC datetime."""
        return None if value is None else EPOCH + _MICROSECOND * value


class FreeText(TypeDecorator[str]):
    """Text that strangers may have had a hand in (errors of servers, say).

    PostgreSQL keeps no NUL and neither database a lone surrogate; both become U+FFFD instead of failing the write.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return ``value`` with U+FFFD for each character that cannot be stored."""
        if value is None:
            return None
        return value.replace("\x00", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def words(choices: type[StrEnum]) -> Enum:
    """Return the type of a column that holds the words of ``choices`` as text, so that a new word needs no migration."""
    return Enum(
        choices,
        native_enum=False,
        create_constraint=False,
        length=32,
        values_callable=lambda enum: [member.value for member in enum],
    )
