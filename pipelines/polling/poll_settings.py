"""How the poll job works: its limits, its manners, its pauses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PollSettings:
    """How the job works. Times in seconds; ``linger_s`` is how long what has arrived waits for more to be written with
    it, ``jitter`` the share by which intervals are stretched at most. A host is sent at most ``max_per_host`` requests at a
    time, ``host_gap_s`` apart (0: no such rule). A request that lasts ``long_s`` moves to one of ``max_long`` further places,
    and feeds that failed the last time have ``max_doubtful`` of their own (0: they wait with the others). The pages behind
    the links of one poll are read for ``pages_s`` at most. What another poller held is taken over ``lease_s`` after its last
    sign."""

    max_in_flight: int = 64
    max_long: int = 192
    max_doubtful: int = 64
    long_s: float = 2.0
    max_per_host: int = 2
    host_gap_s: float = 5.0
    pages_s: float = 60.0
    jitter: float = 0.25
    lease_s: float = 30.0
    coverage_every_s: float = 60.0
    first_coverage_s: float = 5.0
    tick_s: float = 1.0
    linger_s: float = 0.2
    clock_tolerance_s: float = 120.0
    clock_retry_s: float = 30.0
    longest_retry_s: float = 30.0
