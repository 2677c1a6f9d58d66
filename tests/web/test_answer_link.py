"""Links in messages, as a phone, a mail scanner and an attacker follow them: only a POST acts, once, and without signing in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.notifying.answer_links import AnswerLinks
from schemas.ports.answers import AnswerKind
from tests.web.house import House, settings_in

MORE = 'public_url = "https://tocsin.example"\nweb = {tokens = ["wall read env:READ_TOKEN"]}\n'


@pytest.fixture
def house(own_news: Path) -> Iterator[House]:
    """A house that asks for tokens: a link needs none."""
    settings_in(own_news, MORE)
    made = House(own_news, environ={"READ_TOKEN": "a-token-to-read-with"})
    yield made
    made.close()


def paths(house: House, *, days_ago: int = 0) -> dict[AnswerKind, str]:
    """Return the path of each link that the phone was sent."""
    links = house.site.links
    assert isinstance(links, AnswerLinks)
    opened = next(iter(house.store.events(alert_id=house.alert_id)))
    made = links.of(opened, "phone", house.site.clock.now() - timedelta(days=days_ago))
    return {link.kind: link.url.removeprefix("https://tocsin.example") for link in made}


def answered(house: House) -> bool:
    return bool(house.store.acknowledgements([house.alert_id]) or house.store.silences() or house.store.verdicts())


@pytest.mark.parametrize("kind", [AnswerKind.ACKNOWLEDGE, AnswerKind.SILENCE, AnswerKind.NOISE])
def test_looking_shows_one_button_and_does_nothing(house: House, kind: AnswerKind) -> None:
    path = paths(house)[kind]
    answer = house.client.get(path)
    assert answer.status_code == 200
    assert answer.text.count("<button>") == 1
    assert f"<button>{kind.label}</button>" in answer.text
    assert "Azerbaijan" in answer.text
    assert house.client.head(path).status_code in (200, 405)
    assert not answered(house)


def test_pressing_acts_once_and_again_says_so(house: House) -> None:
    path = paths(house)[AnswerKind.ACKNOWLEDGE]
    assert "<h1>acknowledged</h1>" in house.client.post(path).text
    kept = house.store.acknowledgements([house.alert_id])[house.alert_id]
    assert kept.author == "phone (link)"
    assert "acknowledged before by phone (link)" in house.client.post(path).text
    assert house.store.acknowledgements([house.alert_id])[house.alert_id] == kept


def test_a_silence_by_link_is_one_silence_and_lifted_stays_lifted(house: House) -> None:
    path = paths(house)[AnswerKind.SILENCE]
    assert "silent for 2 h" in house.client.post(path).text
    assert "silent by this answer until" in house.client.post(path).text
    (kept,) = house.store.silences()
    assert kept.alert_id == house.alert_id
    house.store.lift_silence(kept.silence_id, at=house.site.clock.now(), by="ann")
    assert "ann lifted that" in house.client.post(path).text
    assert not house.store.silences(in_force_at=house.site.clock.now())


def test_a_verdict_by_link_is_not_given_again_over_a_later_one(house: House) -> None:
    path = paths(house)[AnswerKind.NOISE]
    assert "noted: noise" in house.client.post(path).text
    assert "noted before: noise" in house.client.post(path).text
    assert house.store.verdicts()[house.alert_id].author == "phone (link)"
    assert len(house.store.newest_answers(10)) == 1


def test_a_changed_link_is_none(house: House) -> None:
    path = paths(house)[AnswerKind.ACKNOWLEDGE]
    for changed in (path.replace("/ack/", "/noise/"), path.replace("/phone/", "/boss/"), path[:-1], path + "A"):
        for method in ("GET", "POST"):
            answer = house.client.request(method, changed)
            assert answer.status_code == 404
            assert "no link of ours" in answer.text
    assert not answered(house)


def test_an_old_link_says_that_it_has_expired_and_does_nothing(house: House) -> None:
    path = paths(house, days_ago=3)[AnswerKind.SILENCE]
    for method in ("GET", "POST"):
        answer = house.client.request(method, path)
        assert answer.status_code == 410
        assert "This link has expired. Nothing was done." in answer.text
    assert not answered(house)


def test_a_link_opens_no_other_page(house: House) -> None:
    assert house.client.get(paths(house)[AnswerKind.NOISE]).cookies == {}
    for path in (f"/alerts/{house.alert_id}", "/answer/../alerts", f"/answer/..%2falerts%2f{house.alert_id}"):
        assert house.client.get(path).status_code in (401, 404)


def test_without_an_address_of_the_page_no_link_is_ours(own_news: Path) -> None:
    made = House(own_news)
    try:
        assert made.client.get("/answer/ack/a/phone/9999999999/x").status_code == 404
        assert made.client.get("/answer/ack").status_code == 404
    finally:
        made.close()
