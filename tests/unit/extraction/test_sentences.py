"""Sentences: where they end, where they do not, and that nothing is lost."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.extraction.sentences import sentence_spans


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    "parts",
    [
        ["The envoys met.", "Nothing was signed."],
        ["Who pays?", "Nobody!", "And so it ends…"],
        ["“We agree.”", "He left."],
        ["He said: “Enough.”", "“More,” she replied."],
        ["Mr. Brown met Dr. Green on St. Mary's Road."],
        ["The U.S. Army and the U.K. Navy train together."],
        ["They left the U.S.", "The rest stayed."],
        ["It opens at 9 a.m. local time in Washington, D.C. and closes late."],
        ["J. K. Smith and J.P. Miller signed."],
        ["On Jan. 5 it rose 3.5 percent.", "On Dec. 6 it fell."],
        ["Gen. Miller vs. Col. Jones was No. 1 on the list."],
        ["Acme Inc. Group rose.", "Acme Inc.", "The firm fell."],
        ["Президент прибыл в г. Баку.", "Встреча прошла 5 мая."],
        ["Путин и др. политики приехали."],
        ["The vote (see p. 3) passed.", "(Photo below.)"],
        ["Он ушёл.", "«Хватит», сказал он."],
    ],
)
def test_a_sentence_ends_where_a_reader_ends_it(parts: list[str]) -> None:
    assert sentences(" ".join(parts)) == parts


def test_a_blank_line_always_ends_a_sentence() -> None:
    assert sentences("Title without a stop\n\nThe body,\n \nand more") == [
        "Title without a stop",
        "The body,",
        "and more",
    ]


def test_a_short_line_is_a_heading_and_a_long_one_is_wrapped() -> None:
    wrapped = "This line goes on and on until the mail program\nbreaks it somewhere in the middle of what it says."
    assert sentences(f"ANALYSIS\n{wrapped}") == ["ANALYSIS", *sentences(wrapped)]
    assert len(sentences("This line goes on and on until at last the mail program\nbreaks it in the middle.")) == 1


def test_bullets_are_sentences() -> None:
    assert len(sentences("Three things are to be said about the matter, in this order:\n• one\n• two\n• three")) == 4


@given(st.text(alphabet="aB.!? \n\"”’'(…1«»,U.S", max_size=120))
def test_spans_are_in_order_and_lose_nothing_but_space(text: str) -> None:
    spans = sentence_spans(text)
    assert all(start < end for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    covered = {place for start, end in spans for place in range(start, end)}
    assert all(text[place].isspace() for place in range(len(text)) if place not in covered)


@pytest.mark.parametrize("unit", [".", "a", "\n", ". ", "A. ", "?!”", "\n.", "“ ", "。", "。."])
def test_a_hostile_text_takes_time_in_proportion(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    begin = time.process_time()
    sentence_spans(text)
    assert time.process_time() - begin < 3


def test_wide_marks_end_sentences_among_others() -> None:
    parts = ["東京は静かだ。", "北京も。", "Baku spoke!", "ここまで！"]
    assert sentences(f"{parts[0]}{parts[1]} {parts[2]} {parts[3]}") == parts
