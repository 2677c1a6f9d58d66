"""An alert as one HTML page that needs nothing else: no script, no font, no picture from outside; every text escaped."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from alerts.explanation.carriers import kind_words, safe_link
from alerts.explanation.names import ActorNames
from alerts.explanation.phrases import counted
from alerts.explanation.standing_words import standing_line
from alerts.explanation.subject import subject_of
from pipelines.pages.alert_page import AlertPage, Story
from pipelines.pages.alert_page import alert_page as page_model
from pipelines.pages.hour_series import Hour
from pipelines.pages.ledger_view import AlertLife
from schemas.alert_event import AlertEvent, Evidence
from schemas.ids import hour_of, hour_start
from schemas.plain_text import plural
from tocsin.event_lines import printable
from tocsin.web.charts import LIGHT, hours_chart

if TYPE_CHECKING:
    from pipelines.explaining.alert_then import AlertThen
    from tocsin.commands.alerts_show import StoredAlert

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff;
overflow-wrap:anywhere}
h1{font-size:1.5rem;margin-bottom:.2rem}h2{font-size:1.1rem;margin-top:2rem;border-bottom:1px solid #ccc}
table{border-collapse:collapse}td,th{padding:.15rem .8rem .15rem 0;text-align:left;vertical-align:top;overflow-wrap:normal}
td:last-child{overflow-wrap:anywhere}
.muted{color:#595959}.story{margin:1rem 0}details p{white-space:pre-wrap}pre{background:#f4f4f4;padding:.6rem;overflow-x:auto}
.story>details{margin-left:1.2rem}figure{margin:0;padding:.4rem;background:#fff;color:#3b4252}svg{width:100%;height:auto}
figcaption{font-size:.9rem}@media print{details{display:block}}
@media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#161616}.muted{color:#a8a8a8}pre{background:#222}a{color:#8ab4f8}}
"""

#: Nothing may be loaded, whatever a text contains.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def alert_page(
    found: StoredAlert,
    then: AlertThen | None,
    rule_text: str,
    texts: Mapping[str, str],
    made_at: str,
    names: ActorNames,
) -> str:
    """Return the page. ``texts`` are those of the evidence by article id, as far as they are known."""
    shown = page_model(AlertLife(found.events), found.evidence, found.deliveries, names)
    title = subject_of(shown.life.strongest, names)  # What is kept is what happened, not how it ended.
    body = "\n".join(_body(found, shown, then, rule_text, texts, made_at, title))
    return (
        "<!DOCTYPE html>\n"
        '<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">\n'
        f"<title>{_text(title)}</title><style>{_STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def _body(
    found: StoredAlert,
    shown: AlertPage,
    then: AlertThen | None,
    rule_text: str,
    texts: Mapping[str, str],
    made_at: str,
    title: str,
) -> Iterator[str]:
    opened = found.opened
    yield f"<h1>{_text(title)}</h1>"
    yield (
        f'<p class="muted">{_text(opened.severity.value.upper())} {_text(opened.key)} · rule {_text(opened.rule)}'
        f" · alert {_text(opened.alert_id)} · opened {opened.at:%Y-%m-%d %H:%M} UTC</p>"
    )
    yield f"<p>{' '.join(_text(sentence) for sentence in shown.sentences)}</p>"
    if then is not None and (then.drawn or then.hours):
        yield "<h2>By the hour</h2>"
        yield _chart(then, opened)
    yield "<h2>When it opened</h2><table>"
    yield from (f"<tr><th>{_text(name)}</th><td>{_text(value)}</td></tr>" for name, value in _numbers(opened, then))
    yield "</table>"
    yield f"<h2>Evidence: {plural(len(shown.stories), 'story', 'stories')}</h2>"
    if shown.carried:
        yield f'<p class="muted">{_text(shown.carried)}</p>'
    yield from (_story(story, texts) for story in shown.stories)
    if shown.left_out:
        yield f'<p class="muted">{_text(shown.left_out)}</p>'
    if shown.erased:
        yield f'<p class="muted">The texts of {plural(shown.erased, "piece")} of evidence were erased since.</p>'
    yield "<h2>Life</h2><table>"
    for step in shown.steps:
        event = step.event
        yield (
            f"<tr><td>{event.at:%Y-%m-%d %H:%M}</td><td>{_text(step.happened)}</td><td>{counted(event.counts)}</td>"
            f"<td>{_text(step.why)}</td></tr>"
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
    if (by := then.rung_by) is not None:
        yield (
            "rung by",
            f"{by.title} ({by.source}), {by.at:%H:%M} UTC" if by.source else f"the end of an hour, {by.at:%H:%M} UTC",
        )
    yield from (("window", standing_line(window)) for window in then.windows)
    if then.new_words:
        yield "new words", ", ".join(then.new_words)
    yield from (
        ("near miss", f"sensitivity {n.value} would have rung at {s.at:%Y-%m-%d %H:%M}") for n, s in then.sooner.items()
    )
    if then.silenced_by and then.silenced_until is not None:
        until = f"(each alone, for as long as it was open up to {then.silenced_until:%Y-%m-%d %H:%M} UTC)"
        yield "silenced by", f"{'; or '.join(then.silenced_by)} {until}"


def _story(story: Story, texts: Mapping[str, str]) -> str:
    """Return the article that began the story; those that carry it as well are folded below."""
    copies = [item for item in story.articles if item.article_id != story.lead.article_id]
    lead = _article(story.lead, texts.get(story.lead.article_id, ""))
    if not copies:
        return f'<div class="story">{lead}</div>'
    others = [name for name in story.publishers if name != (story.lead.source.name or story.lead.source.id)]
    by = f", by {', '.join(others)}" if others else ""
    folded = "".join(_article(item, texts.get(item.article_id, "")) for item in copies)
    also = f"carried in {plural(len(copies), 'more article', 'more articles')}{by}"
    return f'<div class="story">{lead}<details><summary>{_text(also)}</summary>{folded}</details></div>'


def _article(item: Evidence, text: str) -> str:
    link = safe_link(item.url)
    title = f"<bdi>{_text(item.title)}</bdi>"  # Words written from right to left turn nothing beside them.
    if link is not None:
        title = f'<a href="{_text(link)}" rel="noreferrer noopener nofollow">{title}</a>'
    source = f"<bdi>{_text(item.source.name or item.source.id)}</bdi>"
    where = ", ".join(filter(None, (source, _text(item.source.country or ""), kind_words(item.source))))
    quote = (
        f'<blockquote dir="auto">{_text(item.excerpt)}</blockquote>'
        if item.excerpt and item.excerpt != item.title
        else ""
    )
    whole = (
        f'<details><summary>the text as it was seen</summary><p dir="auto">{_lines(text)}</p></details>' if text else ""
    )
    return f'<p>{title}<br><span class="muted">{where}, {item.event_time:%Y-%m-%d %H:%M}</span></p>{quote}{whole}'


def _chart(then: AlertThen, opened: AlertEvent) -> str:
    """Return the hours over the band of normal news as a drawing, and in words for those who cannot see it."""
    hours = then.drawn or tuple(Hour(h.hour, h.count, h.expected) for h in then.hours)
    length = opened.window.hours if opened.window is not None else 24
    crossing = hour_of(opened.crossing) if opened.crossing is not None else None
    drawn = hours_chart(hours, LIGHT, length=length, crossing=crossing).decode("utf-8")
    first, last = hour_start(hours[0].hour), hour_start(hours[-1].hour)
    label = (
        f"Stories in {length} hours and in each hour, from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC; "
        f"at most {max(h.count for h in hours)} in one hour. "
        "The line is what was expected, the band where 19 of 20 such windows lie."
    )
    return f'<figure role="img" aria-label="{label}">{drawn[drawn.index("<svg") :]}<figcaption>{label}</figcaption></figure>'


def _text(value: str) -> str:
    return html.escape(printable(value), quote=True)


def _lines(value: str) -> str:
    return "\n".join(_text(line) for line in value.split("\n"))
