"""Articles as one self-contained page with their actors, pairs, tones and topics marked. Pure: findings in, HTML out.

Everything of an article is escaped, nothing is loaded and no script runs: the page may be sent to somebody else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import pairwise

from pipelines.extraction.analysis import SentenceRead
from pipelines.extraction.marks import Mark, MarkedSignal, MarkKind
from schemas.plain_text import plain_line
from schemas.signal import PairFound, Signal

_STYLE = """
:root { color-scheme: light dark; --ground: #fbfbfa; --text: #1c2026; --faint: #5b6472; --line: #dfe2e7; --actor: #dbe8fb;
  --actor-text: #0b3d78; --coop: #2f6b34; --conflict: #b3261e; --topic: #8a5a00; }
@media (prefers-color-scheme: dark) { :root { --ground: #14171b; --text: #e3e6ea; --faint: #98a2b0; --line: #323842;
  --actor: #1e3350; --actor-text: #a9cbfa; --coop: #85b97c; --conflict: #ff8a80; --topic: #e3b341; } }
body { margin: 0 auto; max-width: 62rem; padding: 1rem; background: var(--ground); color: var(--text);
  font: 16px/1.6 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; line-height: 1.3; } h2 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
article { border-top: 2px solid var(--line); padding-top: .5rem; margin-bottom: 2.5rem; }
.faint, .found { color: var(--faint); font-size: .85rem; }
.sentence { margin: .35rem 0; padding-left: .7rem; border-left: 3px solid var(--line); }
.sentence.cooperation { border-left-color: var(--coop); } .sentence.conflict { border-left-color: var(--conflict); }
.paragraph { margin-top: 1.1rem; }
.found { display: block; line-height: 1.35; }
mark { background: var(--actor); color: inherit; border-radius: 3px; padding: 0 .1em; }
mark sup { color: var(--actor-text); font-size: .62em; font-weight: 600; margin-left: .15em; }
.topic { border-bottom: 2px dotted var(--topic); }
.w-cooperation { color: var(--coop); font-weight: 600; } .w-conflict { color: var(--conflict); font-weight: 600; }
table { border-collapse: collapse; font-size: .9rem; } td, th { text-align: left; padding: .1rem .9rem .1rem 0; }
th, td:first-child { overflow-wrap: normal; white-space: nowrap; }
th { color: var(--faint); font-weight: 400; } .columns { display: flex; flex-wrap: wrap; gap: 0 3rem; }
"""

_HEAD = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'">
<meta name="referrer" content="no-referrer"><title>What was found</title><style>{_STYLE}</style></head><body>
<p class="faint"><mark>actor<sup>ID</sup></mark> · <span class="topic">words of a topic</span> ·
<span class="w-cooperation">cooperation</span> · <span class="w-conflict">conflict</span> · a line at the left tells the tone
of a sentence; below it: who acts → on whom, or meets – whom</p>
"""

_TONES = ("cooperation", "conflict", "neutral")

#: A page with every pair of a long analysis is read by nobody.
_SHOWN = 40


def page_of(found: Iterable[MarkedSignal]) -> Iterator[str]:
    """Yield the page part by part, an article at a time."""
    yield _HEAD
    for one in found:
        yield _article(one)
    yield "</body></html>\n"


def _article(found: MarkedSignal) -> str:
    signal = found.signal
    title = plain_line(signal.title) or plain_line(signal.text)[:120] or signal.article_id
    url = signal.url or ""
    link = (
        f' · <a href="{escape(url)}" rel="noreferrer noopener">page</a>'
        if url.startswith(("http://", "https://"))
        else ""
    )
    about = (
        f"{plain_line(signal.source.name or signal.source.id)} · {signal.event_time:%Y-%m-%d %H:%M} UTC · language "
        f"{signal.language or 'unknown'} (support: {signal.language_support.value}) · tone {signal.tone.value}"
    )
    cuts = f" · shortened: {', '.join(cut.value for cut in signal.cuts)}" if signal.cuts else ""
    parts = [
        f'<article><h1 dir="auto">{escape(title)}</h1>',
        f'<p class="faint">{escape(about + cuts)} · extractor {escape(signal.extractor_version[:12])}{link}</p>',
        *_sentences(signal, found.sentences, found.marks),
        f'<div class="columns">{"".join(_tables(signal))}</div>',
        "</article>\n",
    ]
    return "\n".join(parts)


def _tables(signal: Signal) -> Iterator[str]:
    pairs = sorted(signal.pairs, key=lambda pair: (_RANKS[pair.prominence.value], -pair.mentions))
    yield _table(
        "Pairs",
        ("pair", "prominence", "sentences", "tones", "topics"),
        [(_arrow(p), p.prominence.value, str(p.mentions), _tones(p), ", ".join(p.topics)) for p in pairs],
    )
    actors = sorted(signal.actors, key=lambda actor: (_RANKS[actor.prominence.value], -actor.mentions))
    yield _table(
        "Actors",
        ("actor", "type", "prominence", "mentions"),
        [(a.id, a.type, a.prominence.value, str(a.mentions)) for a in actors],
    )
    yield _table("Topics", ("topic", "hits"), [(t.id, str(t.hits)) for t in signal.topics])
    yield _table(
        "Names",
        ("name", "kind", "acts for", "role"),
        [(e.text, e.label.lower(), e.actor or "", e.role or "") for e in signal.entities],
    )


_RANKS = {"title": 0, "main": 1, "mention": 2}


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(plain_line(text))}</td>' for text in row)}</tr>" for row in rows[:_SHOWN]
    )
    more = f'<p class="faint">and {len(rows) - _SHOWN} more</p>' if len(rows) > _SHOWN else ""
    return f"<div><h2>{escape(title)}</h2><table><tr>{head}</tr>{body}</table>{more}</div>"


def _arrow(pair: PairFound) -> str:
    return f"{pair.source} {'→' if pair.directed else '–'} {pair.target}"


def _tones(pair: PairFound) -> str:
    return ", ".join(f"{getattr(pair.tones, tone)} {tone}" for tone in _TONES if getattr(pair.tones, tone))


def _sentences(signal: Signal, read: Sequence[SentenceRead], marks: Sequence[Mark]) -> Iterator[str]:
    end = first = 0
    for sentence in read:
        while first < len(marks) and marks[first].start < sentence.start:
            first += 1
        own = []
        for mark in marks[first:]:
            if mark.start >= sentence.end:
                break
            own.append(mark)
        new = " paragraph" if "\n\n" in signal.text[end : sentence.start] else ""
        end = sentence.end
        words = _marked(signal.text, sentence.start, sentence.end, own)
        yield f'<div class="sentence {sentence.tone.value}{new}" dir="auto">{words}{_found(sentence)}</div>'


def _found(sentence: SentenceRead) -> str:
    pairs = [f"{p.source} {'→' if p.directed else '–'} {p.target} ({p.tone.value})" for p in sentence.pairs]
    said = [*pairs[:_SHOWN], *sorted(sentence.topics)]
    return f'<span class="found" dir="ltr">{escape(" · ".join(said))}</span>' if said else ""


def _marked(text: str, start: int, end: int, marks: Sequence[Mark]) -> str:
    """Return ``text[start:end]`` with its marks; where marks overlap, each piece bears all of its own."""
    edges = sorted({start, end, *(min(m.start, end) for m in marks), *(min(m.end, end) for m in marks)})
    pieces = []
    live: list[Mark] = []
    waiting = list(reversed(marks))
    for left, right in pairwise(edges):
        while waiting and waiting[-1].start <= left:
            live.append(waiting.pop())
        live = [mark for mark in live if mark.end > left]
        pieces.append(_piece(text[left:right], live, right))
    return "".join(pieces)


def _piece(text: str, marks: Sequence[Mark], end: int) -> str:
    made = escape(text)
    for mark in sorted(marks, key=lambda one: one.kind is MarkKind.ACTOR):
        if mark.kind is MarkKind.ACTOR:
            told = f"<sup>{escape(mark.label)}</sup>" if mark.end == end else ""
            made = f'<mark title="{escape(f"{mark.label}: {mark.about}")}">{made}{told}</mark>'
        elif mark.kind is MarkKind.TOPIC:
            made = f'<span class="topic" title="{escape(mark.label)}">{made}</span>'
        else:
            made = f'<span class="w-{mark.kind.value}">{made}</span>'
    return made
