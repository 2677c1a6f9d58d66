"""The base of every record: frozen, strict when written, tolerant of unknown fields when read, aware UTC throughout."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

#: The largest record on any topic, in bytes of JSON; longer texts are cut with a reason before they get here.
MAX_RECORD_BYTES = 1_048_576


def require_utc(value: datetime) -> datetime:
    """Return ``value`` in UTC; a naive datetime is an error, because guessing a zone moves news by hours."""
    if value.tzinfo is UTC:
        return value
    if value.tzinfo is None:
        raise ValueError("a datetime needs a zone, for example 2025-01-22T10:00:00Z")
    return value.astimezone(UTC)


UtcDatetime = Annotated[datetime, AfterValidator(require_utc)]


class Part(BaseModel):
    """A frozen value inside a record; unknown fields are an error here and tolerated only by :mod:`schemas.wire`."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64"
    )


class Record(Part):
    """A message of a topic. Subclasses set ``kind`` (a literal) and ``CURRENT_VERSION``."""

    CURRENT_VERSION: ClassVar[int] = 1

    schema_version: int = 1

    @model_validator(mode="after")
    def _refuse_newer_version(self) -> Self:
        if not 1 <= self.schema_version <= self.CURRENT_VERSION:
            raise ValueError(
                f"schema_version {self.schema_version} of {type(self).__name__} was written by another version of Tocsin "
                f"(this one reads 1 to {self.CURRENT_VERSION}): upgrade this process"
            )
        return self

    def changed(self, **changes: Any) -> Self:  # Any: the field types differ by record and are validated again
        """Return a validated copy with ``changes`` applied."""
        return type(self).model_validate({**{f: getattr(self, f) for f in type(self).model_fields}, **changes})
