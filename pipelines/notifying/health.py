"""Signs of life and the clock → whether the watch moves. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from schemas.errors import FatalError

#: The jobs that must all advance for news to become a message.
WATCHED_JOBS = ("poll", "extract", "decide", "notify")

Beats = Mapping[str, tuple[datetime, Mapping[str, str | int | float]]]


@dataclass(frozen=True)
class WatchdogSettings:
    """``lag_s``: engine time may lag so much. ``fresh_s``: a job without a sign of life for longer does not advance; each
    gives one at least every minute. ``ring_again_s``: how often a stand that lasts is told again. ``room_every_s``: how often
    the room that is left is looked at."""

    lag_s: float = 300.0
    fresh_s: float = 180.0
    check_every_s: float = 5.0
    ping_every_s: float = 60.0
    retry_every_s: float = 30.0
    ring_again_s: float = 3600.0
    room_every_s: float = 600.0


@dataclass(frozen=True)
class Health:
    """How the watch stands at a moment. ``lag_s`` is counted from the start of the watchdog where no engine time is known;
    ``in_time``: it is known and does not lag. ``late``: people must hear of it. ``advancing``: a monitor outside may be
    told that all is well. ``still``: jobs without a fresh sign of life, each with its last one."""

    engine_time: datetime | None
    lag_s: float
    still: tuple[tuple[str, datetime | None], ...]
    in_time: bool
    late: bool
    advancing: bool


def judge(beats: Beats, *, now: datetime, since: datetime, settings: WatchdogSettings) -> Health:
    """Return the health at ``now``. After ``since``, the start of the watchdog, engine time has ``lag_s`` to catch up with
    what happened while nothing ran; until then nobody is told, but a monitor outside is told nothing good either."""
    engine_time = engine_time_of(beats)
    watched_s = (now - since).total_seconds()
    lag_s = watched_s if engine_time is None else max(0.0, (now - engine_time).total_seconds())
    last = [(job, beats[job][0] if job in beats else None) for job in WATCHED_JOBS]
    still = tuple((job, at) for job, at in last if at is None or (now - at).total_seconds() > settings.fresh_s)
    in_time = engine_time is not None and lag_s <= settings.lag_s
    return Health(
        engine_time=engine_time,
        lag_s=lag_s,
        still=still,
        in_time=in_time,
        late=min(lag_s, watched_s) > settings.lag_s,
        advancing=in_time and not still,
    )


def engine_time_of(beats: Beats) -> datetime | None:
    """Return the engine time the decider told with its last sign of life; None before the first.

    :raises FatalError: what it told is no aware time.
    """
    told = beats["decide"][1].get("engine_time") if "decide" in beats else None
    if told is None:
        return None
    try:
        moment = datetime.fromisoformat(str(told))
    except ValueError as error:
        raise FatalError(f"the decider told {told!r} as engine time", remedy="run one version of Tocsin") from error
    if moment.tzinfo is None:
        raise FatalError(f"the decider told engine time without a zone: {told}", remedy="run one version of Tocsin")
    return moment
