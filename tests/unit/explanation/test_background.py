"""What is new about a key, how much of it is conflict, its hours as a line: from headlines and bars to words."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from scipy.stats import poisson

from alerts.explanation.background import NOTHING_KNOWN, background_of, compared_with, conflict_share, terms_of
from alerts.explanation.hour_bars import band_top, bars_line
from alerts.explanation.key_history import KEPT, KeyHistory
from alerts.explanation.names import NamesById
from alerts.explanation.new_terms import new_terms
from alerts.explanation.subject import SUBJECT_LIMIT, subject_of
from alerts.rules.model import Threshold
from schemas.alert_event import Window
from schemas.ports.channel import HourBar
from schemas.reasons import ArticleStatus, EventKind, Tone
from tests.contract.channels.messages import event, evidence
from tests.streams.records import HOUR, pair_rule, signal
from tests.streams.world import START

NOW = [
    "Police in Yekaterinburg detain several men",
    "Two men detained in Yekaterinburg have died",
    "Baku protests over Yekaterinburg detentions",
    "Azerbaijan summons Russian envoy",
]
USUAL = ["Azerbaijan and Russia discuss trade", "Baku hosts Russian envoy", "Baku and Moscow sign a transport deal"] * 8


def test_words_that_stand_out_and_no_others() -> None:
    terms = new_terms(NOW, USUAL, known=["Azerbaijan", "Russia"])
    assert terms[0] == "Yekaterinburg"
    assert {"detain", "detained"} & set(terms), "its forms count together"
    assert not {"Baku", "envoy", "Azerbaijan"} & set(terms), "that is what it is always about"


def test_the_order_of_titles_changes_nothing() -> None:
    assert len({new_terms(order, USUAL) for order in itertools.permutations(NOW)}) == 1


def test_a_key_that_is_about_the_same_as_ever_has_nothing_new() -> None:
    assert new_terms(USUAL[:6], USUAL) == ()


def test_where_there_was_nothing_before_what_most_say_is_new() -> None:
    assert new_terms(NOW, [])[0] == "Yekaterinburg"
    assert new_terms([], []) == new_terms(["the of and"], []) == ()


@pytest.mark.parametrize("title", ["\u202e\x00" * 9, "a" * 5000, "-'-'’-", "\ud800", "1 2 3"])
def test_hostile_titles_give_no_words(title: str) -> None:
    assert new_terms([title, title], USUAL) == ()


def test_a_subject_shows_the_words_there_is_room_for() -> None:
    names = NamesById({"AZE": "Azerbaijan", "RUS": "Russia"})
    terms = ("Yekaterinburg", "detained", "envoy")
    told = subject_of(event(), names, terms)
    assert told == "HIGH Azerbaijan–Russia: 9 stories, 6 publishers in 6 h (normal 1.1) · Yekaterinburg, detained"
    long = subject_of(event(), names, ("Nemirovich-Danchenko-strasse", "Yekaterinburg"))
    assert long.endswith("· Nemirovich-Danchenko-strasse")
    for length in range(60):
        assert len(subject_of(event(), names, ("x" * length, "y" * length))) <= SUBJECT_LIMIT


def history() -> KeyHistory:
    return KeyHistory([pair_rule("r", Threshold(count=1, within_h=24))])


def test_a_history_holds_what_counts_for_a_key_in_its_newest_revision() -> None:
    known = history()
    known.take(signal("a", START, tone=Tone.CONFLICT))
    known.take(signal("b", START + HOUR))
    known.take(signal("c", START, pair=("GBR", "UKR")))
    known.take(signal("b", START + HOUR, revised_at=START + 2 * HOUR))
    assert sorted(known.of_key("r", "AZE-RUS")) == ["a", "b"]
    assert [(h.article_id, h.conflict) for h in known.earlier("r", "AZE-RUS", START + 2 * HOUR)] == [
        ("a", True),
        ("b", False),
    ]
    assert known.earlier("r", "AZE-RUS", START) == (), "before the window, not in it"
    assert known.of_key("r", "GBR-UKR") == known.of_key("other", "AZE-RUS") == {}


def test_a_withdrawn_article_stands_for_nothing() -> None:
    known = history()
    known.take(signal("a", START))
    known.take(signal("a", START, revised_at=START + HOUR, status=ArticleStatus.WITHDRAWN))
    assert known.of_key("r", "AZE-RUS") == {}


def test_a_history_forgets_what_is_too_old() -> None:
    known = history()
    known.take(signal("a", START))
    known.take(signal("b", START + KEPT + timedelta(days=2), pair=None))
    assert known.of_key("r", "AZE-RUS") == {}


def test_the_share_of_conflict_now_and_before() -> None:
    known = history()
    for n in range(10):
        known.take(signal(f"old{n}", START + n * HOUR, tone=Tone.CONFLICT if n < 3 else Tone.NEUTRAL))
    items = []
    for n in range(4):
        known.take(signal(f"new{n}", START + 20 * HOUR, tone=Tone.CONFLICT))
        items.append(evidence().model_copy(update={"article_id": f"new{n}"}))
    window = Window(start=START + 18 * HOUR, end=START + 24 * HOUR, hours=6)
    about = background_of(event(rule="r", window=window), known)
    assert conflict_share(items, about) == "In conflict: 100 % of 4 articles (30 % in the 28 days before)"
    assert conflict_share(items[:3], about) == conflict_share(items, NOTHING_KNOWN) == "", "too few to say"


def test_without_a_history_nothing_is_called_new() -> None:
    assert terms_of(event(), [evidence()], background_of(event(), None), NamesById()) == ()
    resolved = event(event=EventKind.RESOLVED)
    assert terms_of(resolved, [evidence()], background_of(resolved, history()), NamesById()) == ()


def test_hours_as_a_line() -> None:
    hours = [HourBar(start=START + n * HOUR, count=n % 4, expected=1.5) for n in range(60)]
    assert bars_line(hours) == f"Last 48 hours: {'▁▄▆█' * 12} (the newest last, highest 3; 1.5 expected an hour)"
    assert bars_line([]) == bars_line([HourBar(start=START, count=0, expected=1.0)]) == ""


@pytest.mark.parametrize("mean", [0.01, 0.2, 1.0, 3.7, 40.0, 480.0])
def test_the_band_is_the_quantile_it_says(mean: float) -> None:
    assert band_top(mean) == int(poisson.ppf(0.975, mean))


def test_the_band_of_a_large_mean_is_close() -> None:
    assert band_top(900.0) == pytest.approx(int(poisson.ppf(0.975, 900)), abs=2)
    assert band_top(0.0) == 0


@pytest.mark.parametrize(
    ("reach", "told"),
    [
        (None, "28 days of this watch"),
        (timedelta(days=28), "28 days of this watch"),
        (timedelta(days=28, seconds=-1), "27 days of this watch, all there is"),
        (timedelta(hours=47, minutes=59), "47 h of this watch, all there is"),
        (timedelta(minutes=20), "20 min of this watch, all there is"),
    ],
)
def test_what_is_new_is_new_against_no_more_than_there_is(reach: timedelta | None, told: str) -> None:
    assert compared_with(reach) == told


def test_a_history_reaches_as_far_back_as_the_first_article_of_any_key_was_seen() -> None:
    known = history()
    known.take(signal("other", START - 30 * HOUR, pair=None, observed_at=START))
    known.take(signal("a", START + HOUR))
    window = Window(start=START, end=START + 3 * HOUR, hours=3)
    told = event(rule="r", window=window).model_copy(update={"at": START + 3 * HOUR})
    assert background_of(told, known).reach == 3 * HOUR, "what the first look found was written before, not watched"
