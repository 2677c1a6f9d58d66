"""Every page with news and without: what it says, that it names what is wrong, that it teaches where nothing is."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from alerts.explanation.phrases import moment
from alerts.rule_state import RuleState
from connectors.clock import ManualClock
from connectors.feeds.settings import FeedSettings
from pipelines.pages.alert_words import AlertWords
from pipelines.pages.feed_rows import Joining, joining_feeds
from pipelines.pages.watch_rows import KeyState
from schemas.ids import hour_of
from schemas.ports.response import AlertVerdict
from schemas.reasons import Judgement, SourceKind
from schemas.topics import SIGNALS
from tests.streams.world import START
from tests.web.house import ADDRESS, BURST, House
from tocsin.settings import load_workplace
from tocsin.web.app import make_app
from tocsin.web.exhibit import Exhibit, StoppedClock
from tocsin.web.serving import make_site
from tocsin.workplace import open_store_of


class _Outline(HTMLParser):
    """What a screen reader finds: landmarks, headings, tables with and without heads, images with and without words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def test_now_says_what_rings_and_that_nothing_runs(house: House) -> None:
    text = house.page("/")
    assert "<h1>1 alert rings</h1>" in text
    assert "Azerbaijan–Russia" in text
    assert "nothing runs here: start it with <code>tocsin run</code>" in text, "silence may mean that nobody looked"
    assert f"/alerts/{house.alert_id}" in text
    assert "normal " in text


def test_the_alert_shows_its_numbers_its_evidence_and_its_life(house: House) -> None:
    text = house.page(f"/alerts/{house.alert_id}")
    life = house.site.reading.ledger.alerts[house.alert_id]
    assert f"{life.strongest.counts.stories} stories" in text
    assert "It opened because the count is far from its own normal" in text
    assert "Carried by" in text
    assert text.count("<li>\n  <h3>") >= 3, "one entry a story"
    assert re.search(r"normal news reaches this about once in [\d,]+ such windows", text)
    for event in life.events:
        assert f">{event.event.value}<br>" in text


def test_an_alert_is_found_by_the_beginning_of_its_id(house: House) -> None:
    assert house.client.get(f"/alerts/{house.alert_id[:8]}").status_code == 200
    unknown = house.client.get("/alerts/000000000000")
    assert unknown.status_code == 404
    assert "no alert has that id" in unknown.text


def test_the_chart_is_a_picture_of_the_hours_in_both_themes(house: House) -> None:
    pictures = [house.client.get(f"/alerts/{house.alert_id}/chart.svg?theme={theme}") for theme in ("light", "dark")]
    for picture in pictures:
        assert picture.headers["content-type"] == "image/svg+xml"
        assert "<svg" in picture.text
        assert ">opened</text>" in picture.text
        assert "<script" not in picture.text
    assert pictures[0].text != pictures[1].text


def test_the_hours_of_the_chart_are_what_was_counted(house: House) -> None:
    life = house.site.reading.ledger.alerts[house.alert_id]
    with house.site.reader.live() as view:
        hours = {one.hour: one for one in view.around(life)}
    first = hour_of(START)
    assert [hours[first + BURST + n].count for n in range(4)] == [2, 2, 2, 2]
    quiet = [hours[first + n].count for n in range(BURST - 48, BURST)]
    assert sum(quiet) == 2, "once a day at seven"
    assert all(one.expected is not None and one.expected < 1 for one in hours.values())


def test_watches_show_every_key_with_its_state(house: House) -> None:
    text = house.page("/watches")
    rows = {(row.rule, row.key): row for row in house.site.reading.watches}
    assert rows["aze-rus", "AZE-RUS"].state is KeyState.FIRING
    assert rows["gbr-ukr", "GBR-UKR"].state is not KeyState.FIRING
    assert sum(rows["aze-rus", "AZE-RUS"].spark) > 20
    assert "Azerbaijan–Russia" in text
    assert "United Kingdom–Ukraine" in text
    assert text.index("Azerbaijan–Russia") < text.index("United Kingdom–Ukraine"), "what rings comes first"
    assert text.count('<svg class="spark"') == 2


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=azerbaijan", 1),
        ("q=AZE-RUS", 1),
        ("q=ukraine+kingdom", 1),
        ("q=nobody", 0),
        ("state=firing", 1),
        ("rule=gbr-ukr", 1),
    ],
)
def test_watches_are_searched(house: House, query: str, found: int) -> None:
    assert house.page(f"/watches?{query}").count('<svg class="spark"') == found


def test_keys_to_which_two_days_brought_nothing_stand_apart_and_are_found(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = house.site.reading
    quiet = next(row for row in reading.watches if row.rule == "gbr-ukr")
    many = [replace(quiet, key=f"K{n:02d}", name=f"Key {n:02d}", spark=(0, 0), nearest=None) for n in range(50)]
    monkeypatch.setattr(house.site.reader, "_reading", replace(reading, watches=(*reading.watches, *many)))
    text = house.page("/watches")
    assert text.count('<svg class="spark"') == 2, "only what moves"
    assert "50 keys of gbr-ukr" in text
    assert "Key 39" in text
    assert "Key 40" not in text
    assert "51 quiet" in text
    assert house.page("/watches?rule=gbr-ukr&every=1").count('<svg class="spark"') == 51
    assert house.page("/watches?q=key+40").count('<svg class="spark"') == 1, "a search finds them too"
    assert house.page("/watches?state=quiet").count('<svg class="spark"') == 51


def test_one_watch_shows_what_it_would_take(house: House) -> None:
    text = house.page("/watches/key?rule=gbr-ukr&key=GBR-UKR")
    assert "✗ count" in text
    assert "what the rule asks for" in text
    assert "gbr-ukr counts articles" in text
    assert "It has not rung yet." in text
    assert house.client.get("/watches/chart.svg?rule=gbr-ukr&key=GBR-UKR").status_code == 200
    assert house.client.get("/watches/key?rule=gbr-ukr&key=XXX").status_code == 404


def test_rules_say_what_each_counts_where_it_stands_and_how_it_did(own_news: Path) -> None:
    made = House(own_news)
    try:
        text = made.page("/rules")
        assert "<h1>2 rules in force</h1>" in text
        for words in ("aze-rus counts articles", "gbr-ukr counts articles", ">1 firing</a>", ">1 quiet</a>"):
            assert words in text
        assert "1 alert, " in text
        assert "0 useful, 0 noise, 1 not yet" in text
        assert "never" in text, "the other rule has not rung"
        made.store.add_verdict(
            AlertVerdict(alert_id=made.alert_id, at=START, author="anna", judgement=Judgement.USEFUL, note="")
        )
        assert "1 useful, 0 noise (100 % useful), 0 not yet" in made.page("/rules")
    finally:
        made.close()


def test_why_not_names_the_first_link_that_does_not_hold(house: House) -> None:
    quiet, loud = START + timedelta(days=3, hours=12), START + timedelta(days=8, hours=20)
    text = house.page(f"/why?watch=aze-rus&at={quiet:%Y-%m-%d %H:%M}")
    assert "It did not ring" in text
    assert "the first that does not hold" in text
    assert "floors" in text
    ringing = house.page(f"/why?watch=aze-rus&key=AZE-RUS&at={loud:%Y-%m-%dT%H:%M}")
    assert house.alert_id in ringing


def test_why_not_takes_what_people_call_a_watch(house: House) -> None:
    loud = START + timedelta(days=8, hours=20)
    assert house.alert_id in house.page(f"/why?watch=Azerbaijan+%26+Russia&at={loud:%Y-%m-%dT%H:%M}")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("watch=aze-rus&at=tomorrow", "The time cannot be read"),
        ("watch=nobody&at=2025-01-08 12:00", "no rule is called"),
    ],
)
def test_why_not_says_what_is_wrong_with_a_question(house: House, query: str, said: str) -> None:
    assert said in house.page(f"/why?{query}")


def test_feeds_show_what_needs_a_person_first(house: House) -> None:
    text = house.page("/feeds")
    assert text.index(">bravo<") < text.index(">alfa<")
    assert "3 failures in a row" in text
    assert "1,234" in text


def test_feeds_show_how_often_each_is_asked_and_who_is_behind_it(house: House) -> None:
    settings = {
        "alfa": FeedSettings(id="alfa", url="https://alfa.example/rss", name="The Alfa", kind=SourceKind.STATE),
        "bravo": FeedSettings(id="bravo", url="https://bravo.example/rss", interval=timedelta(minutes=7)),
    }
    app = make_app(replace(house.site, feeds=settings), house.workplace.settings.web)
    text = TestClient(app, base_url=ADDRESS).get("/feeds").text
    assert "The Alfa, state" in text
    assert 'every 7 min <span class="faint">as set</span>' in text
    assert re.search(r"every \d+ min</td>", text), "a feed without an interval is asked by its own rhythm"
    assert house.page("/feeds?state=failing").count('<th scope="row">') == 1
    assert house.page("/feeds?q=500+server").count('<th scope="row">') == 1
    assert "No feed fits" in house.page("/feeds?q=nobody")


def test_feeds_in_shadow_say_until_when(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    with house.site.reader.live() as view:
        assert view.engine is not None
        assert joining_feeds(view.engine) == {}, "nobody joined late"
        first, second = view.engine.rules.values()
        until = {id(first): {"alfa": hour_of(START), "echo": 1}, id(second): {"alfa": hour_of(START) + 5}}
        monkeypatch.setattr(RuleState, "shadows", lambda state: until[id(state)])
        joining = joining_feeds(view.engine)
    assert joining["alfa"] == Joining(START + timedelta(hours=5), 2)
    monkeypatch.setattr(house.site.reader, "_reading", replace(house.site.reading, joining=joining))
    text = house.page("/feeds")
    assert text.count("it corroborates and does not count yet") == 1
    assert "in shadow for 2 rules until" in text


def test_the_alert_tells_what_is_new_in_its_words(house: House) -> None:
    life = house.site.reading.ledger.alerts[house.alert_id]
    before = house.site.mark
    if house.site.words.of(life) is None:
        assert "is being worked out" in house.page(f"/alerts/{house.alert_id}") or house.site.words.count
    assert house.site.words.wait(240)
    words = house.site.words.of(life)
    assert words is not None
    assert words.new
    assert before != house.site.mark or house.site.words.count
    text = house.page(f"/alerts/{house.alert_id}")
    assert "of this watch, all there is" in words.against, "it is some days old"
    assert f"against {words.against}" in text
    assert f"<strong><bdi>{words.new[0]}</bdi></strong>" in text


def test_what_is_new_is_not_told_where_the_log_was_trimmed(own_news: Path) -> None:
    made = House(own_news)
    try:
        life = made.site.reading.ledger.alerts[made.alert_id]
        with made.site.open_log() as log:
            log.trim(SIGNALS, 0, 20)
        assert made.site.words.of(life) is None
        assert made.site.words.wait(240)
        assert made.site.words.of(life) == AlertWords()
    finally:
        made.close()


def test_dead_letters_are_counted_on_the_first_page_and_stand_on_their_own_with_reason_and_feed(house: House) -> None:
    assert '<a href="/dead-letters">1 dead letter</a>' in house.page("/")
    text = house.page("/dead-letters")
    assert "<h1>1 dead letter</h1>" in text
    assert f"<code>{'a' * 24}</code>" in text
    assert "c" * 24 not in text, "what was sent back is no longer asked for"
    assert "hostile text" in text
    assert "<bdi>&lt;b&gt;bravo&lt;/b&gt;</bdi>" in text
    assert "articles/0/17" in text
    assert "tocsin dead-letters replay ID" in text
    every = house.page("/dead-letters?show=all")
    assert "c" * 24 in every
    assert "sent back" in every


def test_a_watch_that_is_over_is_shown_as_that_and_alarms_nobody(decided: Path) -> None:
    workplace = load_workplace(decided, {})
    store = open_store_of(workplace)
    try:
        ended = START + timedelta(days=9)
        exhibit = Exhibit("A demonstration.", "Nothing <b>here</b> is news.", ended)
        site = make_site(workplace, store, {}, exhibit=exhibit)
        while site.reader.look():
            pass
        client = TestClient(make_app(site, workplace.settings.web), base_url=ADDRESS)
        for path in ("/", "/alerts", "/watches", "/feeds", "/dead-letters", "/audit"):
            text = client.get(path).text
            assert "A demonstration." in text, path
            assert f"&lt;b&gt;here&lt;/b&gt; is news. Its clock stopped at {moment(ended)}" in text, path
            assert "behind the clock" not in text, path
        text = client.get("/").text
        assert "nothing runs here" not in text
        assert "1 alert rings" in text
        assert "Last sign of life" not in text, "no job is meant to be at work"
        assert client.get("/readyz").status_code == 200
    finally:
        store.close()


def test_a_stopped_clock_shows_one_moment_and_measures_on() -> None:
    running = ManualClock(START)
    clock = StoppedClock(START - timedelta(days=3), running)
    before = clock.monotonic_s()
    clock.sleep(5.0)
    assert clock.monotonic_s() - before == 5.0
    assert clock.now() == START - timedelta(days=3)


@pytest.mark.parametrize(
    ("path", "lesson"),
    [
        ("/", "tocsin demo"),
        ("/", "tocsin rules match"),
        ("/alerts", "Why not?"),
        ("/watches", "tocsin rules explain"),
        ("/feeds", "[[feeds]]"),
        ("/why", "tocsin rules apply"),
        ("/rules", "tocsin rules check"),
        ("/audit", "tocsin rules apply"),
        ("/dead-letters", "tocsin dead-letters list"),
    ],
)
def test_where_nothing_is_a_page_teaches(empty_house: House, path: str, lesson: str) -> None:
    assert lesson in empty_house.page(path)


def test_pages_are_readable_by_keyboard_and_screen_reader(house: House) -> None:
    for path in house.paths():
        outline = _Outline(house.page(path))
        assert [len(outline.of(tag)) for tag in ("main", "header", "footer", "h1")] == [1, 1, 1, 1], path
        assert outline.of("html") == [{"lang": "en"}]
        assert any(link.get("href") == "#main" and link.get("class") == "skip" for link in outline.of("a")), path
        assert [link for link in outline.of("a") if link.get("aria-current") == "page"], path
        assert all(cell.get("scope") for cell in outline.of("th")), path
        assert all(image.get("alt") for image in outline.of("img")), path
        named = {label.get("for") for label in outline.of("label")}
        fields = [f for f in (*outline.of("input"), *outline.of("select")) if f.get("type") != "hidden"]
        assert all(field.get("id") in named for field in fields), path
        levels = [int(tag[1]) for tag, _ in outline.found if re.fullmatch(r"h[1-6]", tag)]
        assert all(later - earlier <= 1 for earlier, later in pairwise(levels)), (path, levels)


def test_a_page_that_is_not_there_says_so(house: House) -> None:
    answer = house.client.get("/nowhere")
    assert answer.status_code == 404
    assert "There is no such page." in answer.text


def test_the_mark_changes_when_something_happened(house: House) -> None:
    assert house.page("/mark") == house.site.mark
    assert f'data-mark="{house.site.mark}"' in house.page("/")
