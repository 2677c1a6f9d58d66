"""Counts by the hour against what was expected, as a small chart of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from alerts.standing import HourCount
from schemas.ids import hour_start

_WIDTH = 30


def hour_chart(hours: Sequence[HourCount]) -> Iterator[str]:
    """Yield one line an hour, oldest first: a bar for the count, a ``|`` where the expectation lies; quiet beginnings go."""
    first = next((i for i, hour in enumerate(hours) if hour.count), len(hours))
    shown = hours[min(first, max(0, len(hours) - 6)) :]
    if not shown:
        return
    most = max([1.0, *(float(h.count) for h in shown), *(h.expected or 0.0 for h in shown)])
    for hour in shown:
        expected = f"{hour.expected:6.2f}" if hour.expected is not None else "     -"
        exposure = f"  seen {hour.exposure:.0%}" if hour.exposure is not None and hour.exposure < 0.995 else ""
        yield f"{hour_start(hour.hour):%m-%d %H:%M} {hour.count:4d} {expected}  {_bar(hour, most)}{exposure}".rstrip()


def _bar(hour: HourCount, most: float) -> str:
    filled = round(_WIDTH * hour.count / most)
    cells = ["█" if i < filled else " " for i in range(_WIDTH + 1)]
    if hour.expected is not None:
        cells[min(_WIDTH, round(_WIDTH * hour.expected / most))] = "|"
    return "".join(cells)
