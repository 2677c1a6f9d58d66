"""Tables of a report as cells of text: rules, settings, detectors. Records in, words out."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

from pipelines.backtest.choosing import Point
from pipelines.backtest.intervals import quartiles
from pipelines.backtest.judging import AlarmVerdict
from pipelines.backtest.report import Report
from pipelines.backtest.scores import Score
from pipelines.backtest.variants import AS_WRITTEN
from tocsin.report import charts, words


def columns(first: str, *, judged: bool) -> list[str]:
    """Return the heads of a table whose rows begin with ``first``."""
    right = ["Events found", "Alarms on the list", "Not on it", "Median delay"] if judged else []
    return [first, "Alerts", "A week", *right, "Time ringing", "Time blind"]


def row(name: str, score: Score) -> list[str]:
    """Return the cells of one line."""
    right = []
    if score.judged:
        delays = quartiles(score.delays_h)
        right = [
            f"{score.recall.part}/{score.recall.whole} · {words.per_cent(score.recall)}" if score.recall.whole else "–",
            words.per_cent(score.precision),
            f"{score.alarms[AlarmVerdict.FALSE]:,}",
            words.signed(delays[1]) if delays else "–",
        ]
    hours = score.hours or 1.0
    return [
        name,
        f"{score.openings:,}",
        f"{score.a_week:.2f}",
        *right,
        f"{score.firing_h / hours:.1%}",
        f"{score.blind_h / hours:.1%}",
    ]


def holes_in_words(count: int, hours: int) -> str:
    """Return how many holes there are and how long they are together."""
    return f"{count} ({words.span(hours)})" if count else "0"


def sweep_section(report: Report) -> dict[str, object] | None:
    """Return the section on other settings; None where none were tried."""
    if report.sweep is None:
        return None
    curves, choice = report.sweep.curves, report.sweep.choice
    judged = report.truth is not None
    points = [point for of_detector in curves.values() for point in of_detector]
    written = next((point for point in points if point.setting == AS_WRITTEN), None)
    drawn: list[dict[str, object]] = []
    if judged:
        drawn = [
            {
                "name": "How much is found, and how much of it is right",
                "svg": Markup(charts.precision_recall(curves, written, choice.point)),
                "caption": "Each mark is one setting for all rules. Further right, more is found; higher, fewer are false.",
            },
            {
                "name": "How much is found, and how often it rings",
                "svg": Markup(charts.alerts_and_recall(curves, written, choice.point)),
                "caption": "The further up and left, the more is found for the same number of alerts.",
            },
        ]
    else:
        drawn = [
            {
                "name": "How often each setting rings",
                "svg": Markup(charts.alerts_by_setting(curves)),
                "caption": "All rules together.",
            }
        ]
    shown = words.best_points(points) if judged else sorted(points, key=lambda point: point.whole.a_week)[:14]
    return {
        "words": words.choice_in_words(report),
        "charts": drawn,
        "columns": columns("Setting", judged=judged),
        "rows": [row(_setting(point), point.whole) for point in shown],
        "note": f"{len(points)} settings were tried in one pass over the same news. Of those with the same outcome one is shown; "
        "report.json has all.",
    }


def _setting(point: Point) -> str:
    return f"{point.setting.name}{' (as written)' if point.setting == AS_WRITTEN else ''}"


def compared_section(compared: Mapping[str, Score] | None, *, judged: bool) -> dict[str, object] | None:
    """Return the table of other detectors; None where none were tried."""
    if compared is None:
        return None
    return {
        "columns": columns("Detector", judged=judged),
        "rows": [row(name, score) for name, score in compared.items()],
    }
