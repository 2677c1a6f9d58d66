"""Every page with news and without: what it says, that it names what is wrong, that it teaches where nothing is."""

from __future__ import annotations

import re
from datetime import timedelta
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from pipelines.pages.watch_rows import KeyState
from schemas.ids import hour_of
from tests.streams.world import START
from tests.web.house import BURST, House


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


def test_one_watch_shows_what_it_would_take(house: House) -> None:
    text = house.page("/watches/key?rule=gbr-ukr&key=GBR-UKR")
    assert "✗ count" in text
    assert "what the rule asks for" in text
    assert "gbr-ukr counts articles" in text
    assert "It has not rung yet." in text
    assert house.client.get("/watches/chart.svg?rule=gbr-ukr&key=GBR-UKR").status_code == 200
    assert house.client.get("/watches/key?rule=gbr-ukr&key=XXX").status_code == 404


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
    assert text.index("bravo") < text.index("alfa")
    assert "3 failures in a row" in text
    assert "1,234" in text


@pytest.mark.parametrize(
    ("path", "lesson"),
    [
        ("/", "tocsin demo"),
        ("/", "tocsin rules match"),
        ("/alerts", "Why not?"),
        ("/watches", "tocsin rules explain"),
        ("/feeds", "[[feeds]]"),
        ("/why", "tocsin rules apply"),
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
    assert house.page("/mark") == house.site.reading.mark
    assert f'data-mark="{house.site.reading.mark}"' in house.page("/")
