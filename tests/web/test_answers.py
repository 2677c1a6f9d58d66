"""What people answer on the page: kept with who and why, shown at once, refused from strangers, other sites and GET."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.web.house import House, settings_in


@pytest.fixture
def acting(own_news: Path) -> Iterator[House]:
    """A house of its own, because its store is written to."""
    made = House(own_news)
    yield made
    made.close()


def mark_of(text: str) -> str:
    """Return the mark of the forms on a page."""
    found = re.search(r'name="mark" value="(\w+)"', text)
    assert found is not None
    return found[1]


def post(house: House, path: str, **fields: str) -> int:
    """Send a form of the alert's page; return the status."""
    fields.setdefault("mark", mark_of(house.page(f"/alerts/{house.alert_id}")))
    status: int = house.client.post(path, data=fields).status_code
    return status


def test_acknowledging_is_kept_and_shown(acting: House) -> None:
    alert = f"/alerts/{acting.alert_id}"
    mark = acting.site.reading.mark
    assert post(acting, f"{alert}/acknowledge", comment="on <b>it</b>") == 303
    kept = acting.store.acknowledgements([acting.alert_id])[acting.alert_id]
    assert kept.author == "this machine"
    text = acting.page(alert)
    assert "this machine cares for it since" in text
    assert "on &lt;b&gt;it&lt;/b&gt;" in text
    assert ">Acknowledge<" not in text, "once is enough"
    assert "cares for it" in acting.page("/")
    acting.site.reader.look()
    assert acting.site.reading.mark != mark, "whoever looks at the page sees it at once"


@pytest.mark.parametrize("end", ["2h", "8h", "24h", "morning", "doubles", "story"])
def test_each_silence_has_its_end_and_can_be_lifted(acting: House, end: str) -> None:
    alert = f"/alerts/{acting.alert_id}"
    assert post(acting, f"{alert}/silence", end=end, comment="known") == 303
    (kept,) = acting.store.silences()
    now = acting.site.clock.now()
    assert (kept.author, kept.comment) == ("this machine", "known")
    assert kept.in_force(now)
    if end == "doubles":
        assert kept.until_stories == 2 * acting.site.reading.ledger.alerts[acting.alert_id].strongest.counts.stories
    elif end == "story":
        assert len(kept.articles) > 5
        assert (kept.rule, kept.key) == ("aze-rus", "AZE-RUS")
    else:
        assert kept.ends_at is not None
        assert now < kept.ends_at <= now + timedelta(hours=24, seconds=1)
    assert "Silenced" in acting.page(alert)
    assert "Silenced" in acting.page("/")
    assert post(acting, f"/silences/{kept.silence_id}/lift", next=alert) == 303
    assert not acting.store.silences(in_force_at=acting.site.clock.now())
    assert post(acting, f"/silences/{kept.silence_id}/lift") == 404


def test_a_verdict_is_kept_and_the_newest_stands(acting: House) -> None:
    alert = f"/alerts/{acting.alert_id}"
    for judgement in ("useful", "noise"):
        assert post(acting, f"{alert}/verdict", judgement=judgement) == 303
        assert f"<strong>{judgement}</strong>" in acting.page(alert)
    assert post(acting, f"{alert}/verdict", judgement="undone") == 303
    assert "found it" not in acting.page(alert)
    assert "took back a verdict" in acting.page("/audit")


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("silence", {"end": "for ever"}, 422),
        ("verdict", {"judgement": "meh"}, 422),
        ("acknowledge", {"mark": "forged"}, 403),
        ("silence", {"mark": "", "end": "2h"}, 403),
    ],
)
def test_what_cannot_be_is_refused(acting: House, path: str, fields: dict[str, str], status: int) -> None:
    assert post(acting, f"/alerts/{acting.alert_id}/{path}", **fields) == status
    assert not acting.store.silences()
    assert not acting.store.acknowledgements([acting.alert_id])


def test_links_change_nothing(acting: House) -> None:
    for path in ("acknowledge", "silence", "verdict"):
        assert acting.client.get(f"/alerts/{acting.alert_id}/{path}").status_code in (404, 405)


def test_who_may_only_read_is_offered_nothing_and_can_do_nothing(own_news: Path) -> None:
    settings_in(own_news, '[web]\ntokens = ["wall read env:READ_TOKEN"]\n')
    made = House(own_news, environ={"READ_TOKEN": "a-token-to-read-with"})
    try:
        made.client.headers["authorization"] = "Bearer a-token-to-read-with"
        page = made.page(f"/alerts/{made.alert_id}")
        assert ">Acknowledge<" not in page
        fields = {"mark": mark_of(page), "end": "2h", "judgement": "noise"}
        for path in ("acknowledge", "silence", "verdict"):
            answer = made.client.post(f"/alerts/{made.alert_id}/{path}", data=fields)
            assert answer.status_code == 403
            assert "scope act" in answer.text
    finally:
        made.close()


def test_the_audit_tells_who_did_what(acting: House) -> None:
    assert "Nobody has answered" in acting.page("/audit") or "put rules into force" in acting.page("/audit")
    alert = f"/alerts/{acting.alert_id}"
    post(acting, f"{alert}/acknowledge", comment="on <b>it</b>")
    post(acting, f"{alert}/verdict", judgement="noise", comment="sport")
    post(acting, f"{alert}/silence", end="2h", comment="known")
    (kept,) = acting.store.silences()
    post(acting, f"/silences/{kept.silence_id}/lift")
    text = acting.page("/audit")
    found = [text.index(f">{deed}<") for deed in ("lifted a silence", "silenced", "judged noise", "acknowledged")]
    assert found == sorted(found), "the newest first"
    assert "on &lt;b&gt;it&lt;/b&gt;" in text
    assert text.count("this machine") >= 4
    assert text.count("Azerbaijan–Russia") >= 4
