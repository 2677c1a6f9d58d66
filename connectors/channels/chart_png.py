"""The hours of a message as a small picture: bars, what was expected, and the band that chance explains. PNG, by matplotlib."""

from __future__ import annotations

import io
from collections.abc import Sequence

from schemas.ports.channel import HourBar

#: Inches and dots per inch: 640 × 200 pixels, legible on a phone and small in a mail.
_SIZE, _DPI = (6.4, 2.0), 100
_BAR, _BAND, _LINE, _TEXT = "#b3261e", "#d8e2ee", "#37618e", "#444444"


def chart_png(hours: Sequence[HourBar]) -> bytes:
    """Return the picture of ``hours`` (at least one), oldest first. It holds no text from outside."""
    # Half a second of imports, needed only by mail, and only once something rang.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=_SIZE, dpi=_DPI, layout="constrained")
    axes = figure.add_subplot()
    places = range(len(hours))
    expected = [hour.expected or 0.0 for hour in hours]
    if any(hour.expected is not None for hour in hours):
        tops = [float(hour.band_top or 0) for hour in hours]
        axes.fill_between(places, tops, step="mid", color=_BAND, label="ordinary")
        axes.step(places, expected, where="mid", color=_LINE, linewidth=1.2, label="expected")
    axes.bar(places, [hour.count for hour in hours], color=_BAR, width=0.8, label="counted")
    marks = [n for n in places if hours[n].start.hour % 12 == 0]
    axes.set_xticks(marks, [f"{hours[n].start:%d %b %H:%M}" for n in marks], fontsize=8, color=_TEXT)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=4))
    axes.tick_params(labelsize=8, colors=_TEXT)
    axes.margins(x=0.01)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.legend(loc="upper left", fontsize=8, frameon=False, ncols=3)
    picture = io.BytesIO()
    FigureCanvasAgg(figure)  # Draws without a display and without matplotlib's global state.
    figure.savefig(picture, format="png", metadata={"Software": None})
    return picture.getvalue()
