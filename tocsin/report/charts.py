"""Charts as SVG for a page: no clock, no network, no state between two of them. Records in, markup out."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from matplotlib import dates, rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pipelines.backtest.choosing import Point
from pipelines.backtest.day_book import Day
from pipelines.backtest.judging import AlarmVerdict, EventFate, JudgedAlarm, JudgedEvent, Stretch

#: Inches at 96 to the inch: two side by side on a desk, one on a phone without letters too small to read.
_WIDE, _HIGH = 5.4, 2.1

_INK, _PALE, _BAND = "#1f2933", "#7b8794", "#cfe3f5"
_RIGHT, _WRONG, _NEUTRAL, _EVENT = "#0b7a4b", "#c2410c", "#6b7280", "#7c3aed"

_COLOURS = ("#1d4ed8", "#c2410c", "#0b7a4b", "#7c3aed", "#b45309", "#0e7490")
_SHAPES = ("o", "s", "^", "D", "v", "P")

#: Colours by the names that the page gives them, for its dark clothes; a chart that stands alone keeps the colours themselves.
_NAMED = {
    _INK: "ink", _PALE: "axis", _BAND: "band", _RIGHT: "right", _WRONG: "wrong", _NEUTRAL: "neutral", _EVENT: "event",
    _COLOURS[0]: "one", _COLOURS[4]: "five", _COLOURS[5]: "six",
}  # fmt: skip

#: What an alarm looks like: colour and marker say the same, so that neither colour nor shape alone is needed.
_MARKS = {
    AlarmVerdict.HIT: (_RIGHT, "^"),
    AlarmVerdict.REPEAT: (_RIGHT, "2"),
    AlarmVerdict.DURING: (_NEUTRAL, "d"),
    AlarmVerdict.FALSE: (_WRONG, "x"),
    AlarmVerdict.LEARNING: (_NEUTRAL, "."),
    AlarmVerdict.UNJUDGED: (_COLOURS[0], "^"),
}

_STYLE: dict[Any, Any] = {  # The stub of rc_context names every key there is.
    "svg.fonttype": "none",  # Letters stay letters: small files, and a page can be searched.
    "font.family": "sans-serif",
    "font.sans-serif": ["Helvetica", "Arial", "DejaVu Sans"],
    "font.size": 10.5,
    "axes.edgecolor": _PALE,
    "axes.labelcolor": _INK,
    "text.color": _INK,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
}


@contextmanager
def _axes(name: str, high: float = _HIGH) -> Iterator[tuple[Axes, list[str]]]:
    """Give axes to draw on; what was drawn is put into the list when all is done."""
    drawn: list[str] = []
    # The salt makes the ids of one chart differ from those of the next on the same page.
    with rc_context({**_STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=(_WIDE, high), layout="constrained")
        yield figure.add_subplot(), drawn
        out = io.StringIO()
        FigureCanvasSVG(figure)
        figure.savefig(out, format="svg", metadata={"Date": None})
    drawn.append(_inline(out.getvalue(), name))


def _inline(svg: str, label: str) -> str:
    """Return the ``<svg>`` element alone, as wide as its place, without what names other hosts."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"(\d\.\d\d)\d+", r"\1", body)  # A hundredth of a point is finer than any screen.
    for colour, named in _NAMED.items():
        body = body.replace(colour, f"var(--{named}, {colour})")
    opening, rest = body.split(">", 1)
    view = re.search(r'viewBox="[^"]+"', opening)
    assert view is not None
    # Ids of clips come from a hash of their shape, which charts share: each gets its own.
    number = f"{abs(hash_of(label)):x}"
    rest = re.sub(r'id="([^"]+)"', rf'id="\1-{number}"', rest)
    rest = re.sub(r'href="#([^"]+)"', rf'href="#\1-{number}"', rest)
    rest = re.sub(r"url\(#([^)]+)\)", rf"url(#\1-{number})", rest)
    head = f'<svg {view[0]} role="img" aria-hidden="true" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f"{head}>{rest.strip()}"


def hash_of(text: str) -> int:
    """Return a number that stands for ``text``, the same in every process."""
    value = 5381
    for letter in text.encode():
        value = (value * 33 + letter) % 2**40
    return value


def timeline(
    name: str,
    days: Sequence[Day],
    alarms: Sequence[JudgedAlarm],
    events: Sequence[JudgedEvent],
    blind: Sequence[tuple[datetime, datetime | None]],
    stretch: Stretch,
) -> str:
    """Draw the stories of each day over what was normal, with what rang above, what happened and blindness behind.

    Each chart of a report spans the whole ``stretch``, however late its first story came: they are read beside each other.
    """
    with _axes(f"timeline {name}") as (axes, drawn):
        when = [day.end for day in days]
        counts = [day.count for day in days]
        top = max([*counts, *(day.upper or 0 for day in days), 1]) * 1.02
        for begun, ended in blind:
            axes.axvspan(_number(begun), _number(ended or stretch.last), color=_PALE, alpha=0.22, lw=0)
        for event in events:
            first, last = event.event.start, max(event.event.end, event.event.start)
            axes.axvspan(_number(first), _number(last), color=_EVENT, alpha=0.13, lw=0)
            axes.axvline(_number(first), color=_EVENT, lw=1.1, ls="-" if event.fate is EventFate.FOUND else ":")
        if any(day.upper is not None for day in days):
            ends, missing = [_number(day.end) for day in days], float("nan")
            upper = [missing if day.upper is None else day.upper for day in days]
            axes.fill_between(ends, 0, upper, step="pre", color=_BAND, lw=0)
            expected = [missing if day.expected is None else day.expected for day in days]
            axes.step(ends, expected, where="pre", color=_PALE, lw=0.8)
        axes.step([_number(one) for one in when], counts, where="pre", color=_INK, lw=0.9)
        for verdict, (colour, marker) in _MARKS.items():
            at = [_number(one.alarm.opened) for one in alarms if one.verdict is verdict]
            if at:
                axes.scatter(at, [top * 1.07] * len(at), color=colour, marker=marker, s=34, clip_on=False, zorder=5)
        axes.set_ylim(0, top * 1.12)
        axes.set_ylabel("stories a day")
        axes.set_xlim(_number(stretch.first), _number(stretch.last))
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        locator: Any = dates.AutoDateLocator(minticks=3, maxticks=6)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    return drawn[0]


def _number(moment: datetime) -> float:
    return moment.timestamp() / 86_400.0  # What matplotlib counts dates in: days since 1970.


def precision_recall(curves: Mapping[str, Sequence[Point]], written: Point | None, chosen: Point | None) -> str:
    """Draw each setting by the share of events it finds and the share of its alarms that are right."""
    with _axes("precision and recall", 3.6) as (axes, drawn):
        for number, (name, points) in enumerate(curves.items()):
            _scatter(axes, number, name, [_of(point) for point in points])
        _marked(axes, written, chosen, _of)
        axes.set_xlim(-0.03, 1.03)
        axes.set_ylim(-0.03, 1.06)
        axes.set_xlabel("events found (recall)")
        axes.set_ylabel("alarms that are right (precision)")
        _legend(axes)
    return drawn[0]


def alerts_and_recall(curves: Mapping[str, Sequence[Point]], written: Point | None, chosen: Point | None) -> str:
    """Draw each setting by how often it rings and the share of events it finds."""

    def of(point: Point) -> tuple[float, float] | None:
        recall = point.whole.recall.value
        return None if recall is None else (point.whole.a_week, recall)

    with _axes("alerts and recall", 3.6) as (axes, drawn):
        for number, (name, points) in enumerate(curves.items()):
            _scatter(axes, number, name, [of(point) for point in points])
        _marked(axes, written, chosen, of)
        axes.set_ylim(-0.03, 1.06)
        axes.set_xlim(left=0)
        axes.set_xlabel("alerts a week")
        axes.set_ylabel("events found (recall)")
        _legend(axes)
    return drawn[0]


def alerts_by_setting(curves: Mapping[str, Sequence[Point]]) -> str:
    """Draw how often each setting rings, the keenest at the top: what can be said without truth."""
    found = sorted((point.whole.a_week, point.setting.name) for points in curves.values() for point in points)
    with _axes("alerts by setting", 0.6 + 0.2 * len(found)) as (axes, drawn):
        axes.barh(range(len(found)), [value for value, _ in found], color=_COLOURS[0], height=0.7)
        axes.set_yticks(range(len(found)), [label for _, label in found], fontsize=9)
        axes.set_xlabel("alerts a week")
        axes.set_ylim(-0.6, len(found) - 0.4)
    return drawn[0]


def _of(point: Point) -> tuple[float, float] | None:
    recall, precision = point.whole.recall.value, point.whole.precision.value
    return None if recall is None or precision is None else (recall, precision)


def _scatter(axes: Axes, number: int, name: str, places: Sequence[tuple[float, float] | None]) -> None:
    known = sorted({place for place in places if place is not None})
    if not known:
        return
    colour, shape = _COLOURS[number % len(_COLOURS)], _SHAPES[number % len(_SHAPES)]
    axes.scatter(
        [x for x, _ in known],
        [y for _, y in known],
        s=26,
        color=colour,
        marker=shape,
        alpha=0.75,
        label=name or "the rules' own",
    )


def _marked(axes: Axes, written: Point | None, chosen: Point | None, of: object) -> None:
    assert callable(of)
    for point, label, size in ((written, "as written", 110.0), (chosen, "chosen for the budget", 190.0)):
        place = of(point) if point is not None else None
        if place is not None:
            style = "-" if label == "as written" else ":"
            axes.scatter(
                [place[0]],
                [place[1]],
                s=size,
                facecolors="none",
                edgecolors=_INK,
                linewidths=1.4,
                linestyle=style,
                label=label,
            )


def _legend(axes: Axes) -> None:
    axes.legend(loc="lower left", fontsize=10, frameon=False, bbox_to_anchor=(0.0, 1.0), ncols=2, borderaxespad=0.0)
