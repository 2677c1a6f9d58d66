"""An alert as one HTML page that needs nothing else: no script, no font, no picture from outside; every text escaped."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from alerts.explanation.carriers import kind_words, safe_link
from alerts.explanation.phrases import counted
from alerts.explanation.standing_words import standing_line
from schemas.alert_event import AlertEvent, Evidence
from schemas.ids import hour_start
from tocsin.event_lines import printable

if TYPE_CHECKING:
    from alerts.standing import HourCount
    from pipelines.explaining.alert_then import AlertThen
    from tocsin.commands.alerts_show import StoredAlert

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}
h1{font-size:1.5rem;margin-bottom:.2rem}h2{font-size:1.1rem;margin-top:2rem;border-bottom:1px solid #ccc}
table{border-collapse:collapse}td,th{padding:.15rem .8rem .15rem 0;text-align:left;vertical-align:top}
.muted{color:#595959}.story{margin:1rem 0}details p{white-space:pre-wrap}pre{background:#f4f4f4;padding:.6rem;overflow-x:auto}
svg{width:100%;height:9rem}
@media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#161616}.muted{color:#a8a8a8}pre{background:#222}a{color:#8ab4f8}}
"""

#: Nothing may be loaded, whatever a text contains.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def alert_page(
    found: StoredAlert, then: AlertThen | None, rule_text: str, texts: Mapping[str, str], made_at: str
) -> str:
    """Return the page. ``texts`` are those of the evidence by article id, as far as they are known."""
    opened = found.opened
    title = f"{opened.severity.value.upper()} {opened.key} — {opened.rule}"
    body = "\n".join(_body(found, then, rule_text, texts, title, made_at))
    return (
        "<!DOCTYPE html>\n"
        '<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">\n'
        f"<title>{_text(title)}</title><style>{_STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def _body(
    found: StoredAlert, then: AlertThen | None, rule_text: str, texts: Mapping[str, str], title: str, made_at: str
) -> Iterator[str]:
    opened = found.opened
    yield f"<h1>{_text(title)}</h1>"
    yield f'<p class="muted">alert {_text(opened.alert_id)}, opened {opened.at:%Y-%m-%d %H:%M} UTC</p>'
    yield "<h2>When it opened</h2><table>"
    yield from (f"<tr><th>{_text(name)}</th><td>{_text(value)}</td></tr>" for name, value in _numbers(opened, then))
    yield "</table>"
    if then is not None and then.hours:
        yield "<h2>By the hour</h2>"
        yield _chart(then.hours)
    yield "<h2>Evidence</h2>"
    yield from _stories(found.articles, texts)
    yield "<h2>Life</h2><table>"
    for event in found.events:
        yield (
            f"<tr><td>{event.at:%Y-%m-%d %H:%M}</td><td>{_text(event.event.value)}</td><td>{counted(event.counts)}</td>"
            f"<td>{_text(event.reason.value)}</td></tr>"
        )
    yield "</table>"
    if rule_text:
        yield f"<h2>The rule as it was then</h2><pre>{_lines(rule_text)}</pre>"
    if found.deliveries:
        yield "<h2>Who was told</h2><table>"
        for delivery in found.deliveries:
            cells = (delivery.receiver, delivery.status.value, delivery.reason)
            yield "<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in cells) + "</tr>"
        yield "</table>"
    yield f'<p class="muted">Made by Tocsin, {_text(made_at)}. Chain hash of the opening: {opened.chain_hash()}</p>'


def _numbers(opened: AlertEvent, then: AlertThen | None) -> Iterator[tuple[str, str]]:
    if opened.window is not None:
        yield "window", f"{opened.window.start:%Y-%m-%d %H:%M} to {opened.window.end:%Y-%m-%d %H:%M} UTC"
    counts = opened.counts
    yield (
        "counted",
        f"{counted(counts, articles=True)}",
    )
    if opened.expected is not None:
        yield "expected", f"{opened.expected:g}"
    if opened.score is not None:
        yield "score", f"{opened.score:g} (−log10 of the chance that normal news gives as much)"
    if opened.coverage is not None:
        yield "coverage", f"{opened.coverage:.0%} of the feeds"
    if then is None:
        return
    yield from (("window", standing_line(window)) for window in then.windows)
    if then.new_words:
        yield "new words", ", ".join(then.new_words)
    yield from (("near miss", f"sensitivity {n.value} would have rung at {s.at:%H:%M}") for n, s in then.sooner.items())
    if then.silenced_by:
        yield "silenced by", "; or ".join(then.silenced_by)


def _stories(articles: Sequence[Evidence], texts: Mapping[str, str]) -> Iterator[str]:
    stories: dict[str, list[Evidence]] = {}
    for item in articles:
        stories.setdefault(item.story, []).append(item)
    for items in stories.values():
        yield '<div class="story">'
        yield from (_article(item, texts.get(item.article_id, "")) for item in items)
        yield "</div>"


def _article(item: Evidence, text: str) -> str:
    link = safe_link(item.url)
    title = _text(item.title)
    if link is not None:
        title = f'<a href="{_text(link)}" rel="noreferrer noopener nofollow">{title}</a>'
    source = _text(item.source.name or item.source.id)
    where = ", ".join(filter(None, (source, _text(item.source.country or ""), kind_words(item.source))))
    quote = f"<blockquote>{_text(item.excerpt)}</blockquote>" if item.excerpt and item.excerpt != item.title else ""
    whole = f"<details><summary>the text as it was seen</summary><p>{_lines(text)}</p></details>" if text else ""
    return f'<p>{title}<br><span class="muted">{where}, {item.event_time:%Y-%m-%d %H:%M}</span></p>{quote}{whole}'


def _chart(hours: Sequence[HourCount]) -> str:
    """Return bars for the counts and a line for the expectation; a table of the same for those who cannot see it."""
    most = max([1.0, *(float(h.count) for h in hours), *(h.expected or 0.0 for h in hours)])
    step = 720 / len(hours)
    bars = "".join(
        f'<rect x="{i * step:.1f}" y="{120 - 110 * h.count / most:.1f}" width="{step * 0.8:.1f}"'
        f' height="{110 * h.count / most:.1f}" fill="#b3261e"><title>{hour_start(h.hour):%m-%d %H:%M}: {h.count}</title></rect>'
        for i, h in enumerate(hours)
    )
    points = " ".join(
        f"{(i + 0.4) * step:.1f},{120 - 110 * h.expected / most:.1f}"
        for i, h in enumerate(hours)
        if h.expected is not None
    )
    line = f'<polyline points="{points}" fill="none" stroke="#7a7a7a" stroke-width="2"/>' if points else ""
    first, last = hour_start(hours[0].hour), hour_start(hours[-1].hour)
    label = f"counts by the hour from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC, highest {max(h.count for h in hours)}"
    svg = f'<svg viewBox="0 0 720 122" preserveAspectRatio="none" role="img" aria-label="{label}">{bars}{line}</svg>'
    return f'{svg}<p class="muted">{label}; the line is what was expected</p>'


def _text(value: str) -> str:
    return html.escape(printable(value), quote=True)


def _lines(value: str) -> str:
    return "\n".join(_text(line) for line in value.split("\n"))
