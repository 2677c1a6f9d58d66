"""Links that answer an alert: what they stand for, who cannot make them, when they end; and where their key lies."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.notifying.answer_links import AnswerLinks, LinkFault
from schemas.errors import UsageError
from schemas.ports.answers import Answer, AnswerKind
from schemas.reasons import EventKind
from tests.contract.channels.messages import event
from tests.unit.notify.world import RESOLVED, START, Desk, Phone
from tocsin.answer_link_key import MADE_KEY, answer_links_of
from tocsin.settings import load_workplace

LINKS = AnswerLinks(b"k" * 32, "https://tocsin.example/desk/")
NOW = datetime(2025, 6, 30, 23, 59, tzinfo=UTC)


def parts_of(url: str) -> list[str]:
    head, _, rest = url.partition("/answer/")
    assert head == "https://tocsin.example/desk"
    return rest.split("/")


def test_each_link_stands_for_one_answer_of_one_receiver_to_one_alert() -> None:
    links = LINKS.of(event(), "phone", NOW)
    assert [link.kind for link in links] == [AnswerKind.ACKNOWLEDGE, AnswerKind.SILENCE, AnswerKind.NOISE]
    for link in links:
        read = LINKS.read(parts_of(link.url), NOW)
        assert isinstance(read, Answer)
        assert (read.kind, read.alert_id, read.author) == (link.kind, "a" * 24, "phone (link)")
    read_all = [LINKS.read(parts_of(link.url), NOW) for link in links]
    assert len({read.answer_id for read in read_all if isinstance(read, Answer)}) == 3


def test_a_message_tried_again_the_same_day_has_the_same_links() -> None:
    assert LINKS.of(event(), "phone", NOW) == LINKS.of(event(), "phone", NOW - timedelta(hours=20))


def test_a_link_ends_after_one_to_two_days() -> None:
    (link, *_) = LINKS.of(event(), "phone", NOW)
    assert timedelta(days=1) < link.expires_at - NOW <= timedelta(days=2)
    parts = parts_of(link.url)
    assert isinstance(LINKS.read(parts, link.expires_at - timedelta(seconds=1)), Answer)
    assert LINKS.read(parts, link.expires_at) is LinkFault.EXPIRED


@settings(deadline=None)  # A busy machine is no defect.
@given(place=st.integers(0, 4), put=st.text(max_size=12))
def test_whatever_is_changed_in_a_link_makes_it_void(place: int, put: str) -> None:
    parts = parts_of(LINKS.of(event(), "phone", NOW)[0].url)
    changed = [*parts[:place], put, *parts[place + 1 :]]
    if changed != parts:
        assert LINKS.read(changed, NOW) is LinkFault.FORGED


def test_parts_cannot_be_moved_over_their_border() -> None:
    kind, alert, receiver, expiry, signature = parts_of(LINKS.of(event(), "phone", NOW)[0].url)
    assert LINKS.read([kind, alert + receiver[0], receiver[1:], expiry, signature], NOW) is LinkFault.FORGED


def test_another_key_makes_other_links_and_no_key_is_shown() -> None:
    other = AnswerLinks(b"j" * 32, LINKS.page)
    assert LINKS.read(parts_of(other.of(event(), "phone", NOW)[0].url), NOW) is LinkFault.FORGED
    assert "kkk" not in repr(LINKS)


@pytest.mark.parametrize("kind", [EventKind.RESOLVED, EventKind.RETRACTED, EventKind.SIGHTED])
def test_what_is_over_offers_nothing(kind: EventKind) -> None:
    assert LINKS.of(event(event=kind), "phone", NOW) == ()
    assert LINKS.of(event(alert_id=""), "phone", NOW) == ()


def test_a_receiver_gets_links_of_its_own_as_long_as_there_is_something_to_answer(tmp_path: Path) -> None:
    one, other = Phone("one"), Phone("other")
    desk = Desk(tmp_path, one, other)
    desk.links = LINKS
    notifier = desk.notifier()
    desk.ring()
    desk.settle(notifier)
    urls = [link.url for phone in (one, other) for link in phone.got[0].answers]
    assert len(set(urls)) == 6
    assert all(isinstance(LINKS.read(parts_of(url), START), Answer) for url in urls)
    desk.ring(RESOLVED)
    desk.settle(notifier)
    assert one.got[-1].answers == ()


def folder_with(tmp_path: Path, text: str) -> Path:
    (tmp_path / "tocsin.toml").write_text(text)
    return tmp_path


def test_without_an_address_of_the_page_there_are_no_links(tmp_path: Path) -> None:
    assert answer_links_of(load_workplace(folder_with(tmp_path, ""), {}), {}) is None
    unwanted = 'public_url = "https://t.example"\nanswer_links = {offered = false}\n'
    assert answer_links_of(load_workplace(folder_with(tmp_path, unwanted), {}), {}) is None
    assert not (tmp_path / MADE_KEY).exists()


def test_a_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    workplace = load_workplace(folder_with(tmp_path, 'public_url = "https://t.example"\n'), {})
    one, other = answer_links_of(workplace, {}), answer_links_of(workplace, {})
    assert one is not None
    assert one == other
    assert len(one.key) >= 32
    assert stat.S_IMODE((tmp_path / MADE_KEY).stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "data").iterdir()] == [MADE_KEY.name]


def test_a_key_by_environment(tmp_path: Path) -> None:
    text = 'public_url = "https://t.example"\nanswer_links = {key_env = "LINK_KEY"}\n'
    workplace = load_workplace(folder_with(tmp_path, text), {})
    links = answer_links_of(workplace, {"LINK_KEY": "x" * 40})
    assert links is not None
    assert links.key == b"x" * 40
    with pytest.raises(UsageError, match="fewer than 32") as caught:
        answer_links_of(workplace, {"LINK_KEY": "short-secret"})
    assert "short-secret" not in str(caught.value)
    with pytest.raises(UsageError, match="LINK_KEY"):
        answer_links_of(workplace, {})
