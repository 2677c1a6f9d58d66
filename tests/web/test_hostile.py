"""What comes from outside stays text: no title, link, error or search word becomes markup, script or an address of a secret."""

from __future__ import annotations

import re

from tests.web.house import HOSTILE, HOSTILE_LINK, House


def test_hostile_titles_are_shown_as_text(house: House) -> None:
    for path in house.paths():
        text = house.page(path)
        assert "<script>alert" not in text, path
        assert "<img src=x" not in text, path
        assert "<h1>Owned" not in text, path
        assert 'onmouseover="alert' not in text, path
        assert "\u202e" not in text, path
    told = house.page(f"/alerts/{house.alert_id}")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in told
    assert "{{ 7 * 7 }}" in told, "a title is no template"


def test_links_lead_to_the_web_or_nowhere(house: House) -> None:
    for path in house.paths():
        text = house.page(path)
        assert HOSTILE_LINK not in re.findall(r'(?:href|src)="([^"]*)"', text), path
        for link in re.findall(r"<a [^>]*>", text):
            address = re.search(r'href="([^"]*)"', link)
            assert address is not None
            assert address[1].startswith(("/", "#", "?", "https://", "http://")), link
            if address[1].startswith("http"):
                assert "noopener" in link, link
                assert "noreferrer" in link, link


def test_there_is_no_script_or_style_in_a_page_itself(house: House) -> None:
    for path in (*house.paths(), "/nowhere"):
        text = house.page(path) if path != "/nowhere" else house.client.get(path).text
        assert re.findall(r"<script(?![^>]*\ssrc=)", text) == [], path
        assert "<style" not in text, path
        assert re.findall(r"\sstyle=", text) == [], path
        assert re.findall(r"<[^>]*\son\w+=", text) == [], path
        assert re.findall(r'(?:src|srcset|href)="(?:https?:)?//(?![a-z]+\.example)', text) == [], (
            f"{path}: another host"
        )


def test_words_of_the_visitor_are_text_as_well(house: House) -> None:
    word = "%22%3E%3Cscript%3Ealert(9)%3C/script%3E"
    paths = (
        f"/watches?q={word}",
        f"/watches?rule={word}",
        f"/alerts?rule={word}",
        f"/feeds?q={word}&state={word}",
        f"/why?watch={word}&at={word}&key={word}",
    )
    for path in (*paths, f"/alerts/{word}", f"/watches/key?rule={word}&key={word}"):
        text = house.client.get(path).text
        assert "<script>alert" not in text, path
        assert '">' + "<script" not in text, path


def test_no_page_shows_a_secret(house: House) -> None:
    for path in (*house.paths(), "/metrics", "/api/v1/alerts", "/api/v1/watches"):
        assert "secret-word" not in house.page(path), path


def test_the_evidence_is_hostile_indeed(house: House) -> None:
    life = house.site.reading.ledger.alerts[house.alert_id]
    texts = house.store.evidence([name for event in life.events for name in event.evidence])
    assert {item.title for item in texts.values()} >= set(HOSTILE), "else the tests above test nothing"
    assert HOSTILE_LINK in {item.url for item in texts.values()}
