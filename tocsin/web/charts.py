"""A key hour by hour as an SVG image: what was counted, over the band in which normal news lies. Two palettes.

Drawn here and sent as an image of our own, so that no page needs a script for it. The same numbers stand in a table.
"""

from __future__ import annotations

import io
import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from pipelines.pages.hour_series import Hour, Window, windows_of
from schemas.ids import hour_start

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Drawing shares fonts and settings in the library: one chart at a time.
_DRAWING = threading.Lock()

#: Width and height, in inches: of a desk, and of a phone, where words would be too small else.
_WIDE_IN, _NARROW_IN = (7.2, 2.9), (3.9, 2.7)


@dataclass(frozen=True)
class Palette:
    """Colours of one theme; those of the text are the pages' own."""

    text: str
    faint: str
    bar: str
    ringing: str
    band: str
    expected: str

    @staticmethod
    def of(theme: str) -> Palette:
        """Return the palette of ``light`` or ``dark``."""
        return DARK if theme == "dark" else LIGHT


LIGHT = Palette(text="#3b4252", faint="#c9ced8", bar="#6b7a90", ringing="#b3261e", band="#dfe8dc", expected="#4d7a45")
DARK = Palette(text="#c6ccd6", faint="#3d4552", bar="#8795aa", ringing="#ff7b72", band="#26382a", expected="#85b97c")


@lru_cache(maxsize=256)
def hours_chart(
    hours: tuple[Hour, ...],
    palette: Palette,
    *,
    length: int,
    crossing: int | None = None,
    ended: int | None = None,
    needed: int | None = None,
    narrow: bool = False,
) -> bytes:
    """Return ``hours`` as SVG: above, what the last ``length`` hours had counted at each hour, over the band of normal news;
    below, each hour by itself. ``crossing`` and ``ended`` mark an alert, ``needed`` the count a rule asks for;
    ``narrow`` is for phones."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure  # Takes a second to import: only who draws waits.

    # Words stay words, in the reader's own fonts: smaller, sharper and readable by machines.
    with _DRAWING, rc_context({"svg.fonttype": "none", "svg.hashsalt": "tocsin", "font.family": "sans-serif"}):
        figure = Figure(figsize=_NARROW_IN if narrow else _WIDE_IN, layout="constrained")
        figure.patch.set_alpha(0.0)
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        top = _draw_windows(above, windows_of(hours, length), palette, crossing, ended)
        if needed is not None:
            above.axhline(needed, color=palette.expected, linewidth=1.2, linestyle=(0, (4, 3)))
            top = max(top, needed)
        full = [one for one in hours if one.count]
        below.bar([one.hour for one in full], [one.count for one in full], width=0.9, color=palette.bar)
        _mark(above, hours, palette, crossing, ended, top)
        _dress(above, palette, f"in {length} h", top * 1.15)
        _dress(below, palette, "each hour", max([2, *(one.count for one in full)]) * 1.1)
        _label_days(below, hours, 4 if narrow else 8)
        out = io.BytesIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
        return out.getvalue()


def _draw_windows(
    axes: Axes, windows: Sequence[Window], palette: Palette, crossing: int | None, ended: int | None
) -> float:
    """Draw band, expectation and count; return the largest value."""
    x = [one.hour for one in windows]
    known = [one for one in windows if one.expected is not None]
    if known:
        at = [one.hour for one in known]
        axes.fill_between(at, 0, [one.upper or 0.0 for one in known], step="mid", color=palette.band, linewidth=0)
        axes.step(at, [one.expected or 0.0 for one in known], where="mid", color=palette.expected, linewidth=1.2)
    counts = [one.count for one in windows]
    axes.step(x, counts, where="mid", color=palette.bar, linewidth=1.6)
    if crossing is not None:
        rings = [one for one in windows if one.hour >= crossing and (ended is None or one.hour <= ended)]
        axes.step([w.hour for w in rings], [w.count for w in rings], where="mid", color=palette.ringing, linewidth=2)
    return max([3.0, *counts, *(one.upper or 0.0 for one in known)])


def _mark(
    axes: Axes, hours: Sequence[Hour], palette: Palette, crossing: int | None, ended: int | None, top: float
) -> None:
    for hour, word in ((crossing, "opened"), (ended, "over")):
        if hour is None or not hours or not hours[0].hour <= hour <= hours[-1].hour:
            continue
        axes.axvline(hour, color=palette.ringing, linewidth=1, linestyle=(0, (3, 2)))
        side = -3 if word == "opened" else 3
        axes.annotate(
            word, (hour, top * 1.12), xytext=(side, 0), textcoords="offset points",
            color=palette.ringing, fontsize=8, va="top", ha="right" if side < 0 else "left",
        )  # fmt: skip


def _dress(axes: Axes, palette: Palette, words: str, top: float) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.patch.set_alpha(0.0)
    axes.set_ylim(0, top)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4 if top > 3 else 2, integer=True))
    axes.set_ylabel(words, color=palette.text, fontsize=8)
    axes.tick_params(colors=palette.text, labelsize=8, length=3)
    axes.grid(axis="y", color=palette.faint, linewidth=0.5)
    axes.set_axisbelow(True)
    for name, spine in axes.spines.items():
        spine.set_visible(name == "bottom")
        spine.set_color(palette.faint)


def _label_days(axes: Axes, hours: Sequence[Hour], most: int) -> None:
    if not hours:
        return
    axes.set_xlim(hours[0].hour - 1, hours[-1].hour + 1)
    ticks = [one.hour for one in hours if hour_start(one.hour).hour == 0]
    if len(ticks) < 2:
        ticks = [one.hour for one in hours if hour_start(one.hour).hour % 6 == 0]
    every = max(1, math.ceil(len(ticks) / most))
    axes.set_xticks([hour - 0.5 for hour in ticks[::every]], [_tick(hour) for hour in ticks[::every]])


def _tick(hour: int) -> str:
    start = hour_start(hour)
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{start.day} {months[start.month - 1]}" if start.hour == 0 else f"{start:%H:%M}"
