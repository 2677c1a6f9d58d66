"""What the settings say of when a receiver may be rung: quiet hours, at most so many messages."""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from schemas.reasons import Severity

_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError('must be a time zone like "Europe/Berlin" or "UTC"') from None
    return value


def read_clock(value: object) -> object:
    """Return ``"22:00"`` as a time of day; a time as it is; :raises ValueError: else."""
    if isinstance(value, time):
        return value
    found = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError('must be a time of day like "22:00"')
    return time(int(found[1]), int(found[2]))


ZoneName = Annotated[str, AfterValidator(_zone)]
ClockTime = Annotated[time, BeforeValidator(read_clock)]


class QuietHoursSettings(BaseModel):
    """What comes in these hours is held and told at their end in one message."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    begin: ClockTime = Field(default=time(22), description="when they begin, in the zone of the receiver")
    end: ClockTime = Field(default=time(7), description="when they end")
    passes: Severity = Field(default=Severity.CRITICAL, description="alerts at least so grave ring all the same")


class AtMostSettings(BaseModel):
    """At most so many messages in a stretch of time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    count: int = Field(ge=1, le=1000, description="so many messages")
    per: Literal["hour", "day", "night"] = Field(
        default="night", description='"night": the quiet hours, or 22:00 to 07:00 where there are none'
    )
    rest: Literal["digest", "drop"] = Field(
        default="digest", description='"digest": the rest in one message at the end; "drop": only in the ledger'
    )
    passes: Severity = Field(default=Severity.CRITICAL, description="alerts at least so grave ring all the same")
