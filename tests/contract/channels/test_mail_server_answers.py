"""What a mail server's answers lead to, and what a mail looks like when it has arrived."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from connectors.channels import smtp
from connectors.channels.chart_png import chart_png
from schemas.ports.channel import HourBar
from tests.contract.channels.counterparts import PASSWORD, PATIENCE_S, Running, SmtpCounterpart
from tests.contract.channels.messages import AT, message
from tests.contract.channels.test_channel_laws import run, sent_once

TABLE = {
    "421 closing": "retry",
    "450 mailbox busy": "retry",
    "451 try later": "retry",
    "452 no space": "retry",
    "550 no": "refused",
    "552 too large": "refused",
    "554 never": "refused",
}


@pytest.mark.parametrize(("reply", "result"), TABLE.items())
def test_an_answer_to_the_mail_has_its_outcome(reply: str, result: str) -> None:
    async def scenario() -> None:
        counterpart = SmtpCounterpart()
        async with Running(counterpart):
            counterpart.reply = reply
            outcome = await sent_once(counterpart)
            assert outcome.result == result
            assert reply[:3] in outcome.detail
            assert reply[4:] not in outcome.detail, "what a server says in words is not repeated"

    run(scenario)


def test_one_good_address_is_enough_and_the_bad_one_is_told() -> None:
    async def scenario() -> None:
        counterpart = SmtpCounterpart()
        async with Running(counterpart):
            counterpart.rcpt_replies = {"night@example.org": "550 unknown"}
            outcome = await sent_once(counterpart)
            assert outcome.result == "delivered"
            assert "1 of 2" in outcome.detail

    run(scenario)


@pytest.mark.parametrize(("replies", "result"), [(("550 no", "550 no"), "refused"), (("550 no", "450 later"), "retry")])
def test_no_good_address(replies: tuple[str, str], result: str) -> None:
    async def scenario() -> None:
        counterpart = SmtpCounterpart()
        async with Running(counterpart):
            counterpart.rcpt_replies = dict(zip(("desk@example.org", "night@example.org"), replies, strict=True))
            assert (await sent_once(counterpart)).result == result
            assert not counterpart.taken

    run(scenario)


def test_a_wrong_password_is_refused_and_not_told(tmp_path: Path) -> None:
    async def scenario() -> None:
        counterpart = SmtpCounterpart()
        wrong = tmp_path / "password"
        wrong.write_text("hunter2-not-the-one\n")
        async with Running(counterpart):
            outcome = await sent_once(counterpart, password_env=None, password_file=wrong)
            assert outcome.result == "refused"
            assert "login" in outcome.detail
            assert "hunter2" not in outcome.detail
            assert not counterpart.taken

    run(scenario)


def test_a_server_without_tls_gets_neither_password_nor_mail() -> None:
    async def scenario() -> None:
        counterpart = SmtpCounterpart()
        counterpart.offers_tls = False
        async with Running(counterpart):
            outcome = await sent_once(counterpart)
            assert outcome.result == "refused"
            assert "TLS" in outcome.detail
            assert not counterpart.taken
            assert not counterpart.logins

    run(scenario)


@pytest.mark.parametrize("tls", [False, True], ids=["starttls", "tls"])
def test_the_password_goes_over_an_encrypted_connection(tls: bool) -> None:
    async def scenario() -> None:
        counterpart = SmtpCounterpart()
        async with Running(counterpart, tls=tls):
            assert (await sent_once(counterpart)).result == "delivered"
            assert counterpart.logins == [(b"tocsin", PASSWORD.encode())]

    run(scenario)


def test_a_relay_on_the_host_needs_neither() -> None:
    async def scenario() -> None:
        counterpart = SmtpCounterpart()
        async with Running(counterpart):
            outcome = await sent_once(counterpart, encryption="none", user=None, password_env=None)
            assert outcome.result == "delivered"
            assert not counterpart.logins

    run(scenario)


def test_a_mail_threads_and_shows_links_in_both_forms() -> None:
    async def scenario() -> None:
        counterpart = SmtpCounterpart()
        async with Running(counterpart):
            channel = counterpart.channel()
            for name in ("msg_1", "msg_2"):
                await channel.send(message(message_id=name, body="<b>x</b> https://news.example/1?a=1&b=2."))
            await channel.close()
        first, second = (taken.mail for taken in counterpart.taken)
        assert first is not None
        assert second is not None
        assert first["Message-ID"] == "<msg_1@example.org>"
        assert first["References"] == second["References"] == f"<thread-{'a' * 24}@example.org>"
        assert first["To"] == "desk@example.org, night@example.org"
        assert first["Auto-Submitted"] == "auto-generated"
        html = first.get_body(("html",))
        assert html is not None
        assert "&lt;b&gt;x&lt;/b&gt;" in html.get_content()
        assert '<a href="https://news.example/1?a=1&amp;b=2">' in html.get_content()

    run(scenario)


def test_the_chart_is_in_the_mail_and_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    # The first picture of a process waits for imports, for which a mail does not wait long.
    monkeypatch.setattr(smtp, "_CHART_TIMEOUT_S", PATIENCE_S)
    hours = tuple(
        HourBar(start=AT + timedelta(hours=n), count=n % 5, expected=None if n == 3 else 0.4, band_top=2)
        for n in range(48)
    )

    async def scenario() -> None:
        counterpart = SmtpCounterpart()
        async with Running(counterpart):
            channel = counterpart.channel()
            assert (await channel.send(message(hours=hours))).result == "delivered"
            assert (await channel.send(message(message_id="msg_2"))).result == "delivered"
            await channel.close()
        with_chart, without = (taken.mail for taken in counterpart.taken)
        assert with_chart is not None
        assert without is not None
        html = with_chart.get_body(("html",))
        assert html is not None
        (picture,) = [part for part in with_chart.walk() if part.get_content_type() == "image/png"]
        assert picture.get_content().startswith(b"\x89PNG")
        assert picture["Content-Disposition"].startswith("inline")
        assert f"cid:{picture['Content-ID'].strip('<>')}" in html.get_content()
        assert "http-equiv" not in html.get_content()
        assert "cid:" not in without.as_string()
        assert with_chart["References"] == without["References"], "one thread an alert"
        assert with_chart["Message-ID"] != without["Message-ID"]

    run(scenario)


def test_a_picture_is_the_same_for_the_same_hours() -> None:
    hours = [HourBar(start=AT, count=0), HourBar(start=AT + timedelta(hours=1), count=2, expected=0.1, band_top=1)]
    assert chart_png(hours) == chart_png(hours)
    assert chart_png(hours[:1]).startswith(b"\x89PNG"), "one hour without expectation"
