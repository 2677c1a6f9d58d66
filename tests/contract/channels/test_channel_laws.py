"""The laws of every channel, held against a real receiver on loopback."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

import pytest

from schemas.ports.channel import Outcome
from tests.contract.channels.counterparts import (
    ConsoleCounterpart,
    Counterpart,
    NetworkedCounterpart,
    NtfyCounterpart,
    Running,
    SlackCounterpart,
    SmtpCounterpart,
    WebhookCounterpart,
    closed,
)
from tests.contract.channels.hosted_counterparts import (
    AlertmanagerCounterpart,
    AlertmanagerWebhookCounterpart,
    AppriseCounterpart,
    AtomCounterpart,
    PagerDutyCounterpart,
    TelegramCounterpart,
)
from tests.contract.channels.messages import HOSTILE, message

NETWORKED: list[Callable[[], NetworkedCounterpart]] = [
    WebhookCounterpart,
    AlertmanagerWebhookCounterpart,
    NtfyCounterpart,
    SlackCounterpart,
    SmtpCounterpart,
    TelegramCounterpart,
    PagerDutyCounterpart,
    AlertmanagerCounterpart,
    AppriseCounterpart,
]
ALL: list[Callable[[], Counterpart]] = [*NETWORKED, ConsoleCounterpart, AtomCounterpart]

every_channel = pytest.mark.parametrize("make", ALL, ids=lambda make: make.__name__.removesuffix("Counterpart"))
every_networked_channel = pytest.mark.parametrize(
    "make", NETWORKED, ids=lambda make: make.__name__.removesuffix("Counterpart")
)


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    """Run ``scenario`` in a loop of its own, bounded."""

    async def bounded() -> None:
        async with asyncio.timeout(300):
            await scenario()

    asyncio.run(bounded())


async def sent_once(counterpart: Counterpart, **settings: object) -> Outcome:
    """Send the ordinary message over a channel opened for it."""
    channel = counterpart.channel(**settings)
    try:
        return await channel.send(message())
    finally:
        await channel.close()


def nothing_allowed(counterpart: Counterpart) -> dict[str, object]:
    """Return settings that allow no special address. Where a token goes with it, https is insisted on then."""
    if isinstance(counterpart, NtfyCounterpart | TelegramCounterpart | PagerDutyCounterpart):
        return {"allow_addresses": [], "url": f"https://127.0.0.1:{counterpart.port}"}
    return {"allow_addresses": []}


@every_channel
def test_delivers_subject_and_body_whole(make: Callable[[], Counterpart]) -> None:
    async def scenario() -> None:
        counterpart = make()
        async with Running(counterpart):
            outcome = await sent_once(counterpart)
            assert outcome.result == "delivered"
            assert len(counterpart.taken) == 1
            taken = counterpart.taken[0]
            assert taken.subject == message().subject
            assert taken.text.split() == message().body.split()
            assert taken.message_id in (None, message().message_id)

    run(scenario)


@every_channel
def test_a_channel_knows_its_receiver_and_closes_twice(make: Callable[[], Counterpart]) -> None:
    async def scenario() -> None:
        counterpart = make()
        async with Running(counterpart):
            channel = counterpart.channel()
            assert channel.receiver == "desk"
            await channel.close()
            assert (await channel.send(message())).result == "delivered"
            await channel.close()
            await channel.close()

    run(scenario)


@every_channel
@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_arrives_as_text(make: Callable[[], Counterpart], hostile: str) -> None:
    async def scenario() -> None:
        counterpart = make()
        async with Running(counterpart):
            channel = counterpart.channel()
            body = f"before\n{hostile}\nafter"
            outcome = await channel.send(message(subject=f"HIGH {hostile}", body=body))
            await channel.close()
            assert outcome.result == "delivered"
            assert len(counterpart.taken) == 1, "a line in the text was taken for another message"
            taken = counterpart.taken[0]
            if type(counterpart) is WebhookCounterpart:  # JSON is data: it arrives exactly as it is.
                assert (taken.subject, taken.text) == (f"HIGH {hostile}", body)
                return
            for text in (taken.subject, taken.text.replace("\n", "")):
                assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in text), "control character"
                assert not any(c in text for c in "\u2028\u2029\u202e\u202c\u2066\u2069\u200f\u200b\ufeff\u00ad")
            assert "\n" not in taken.subject
            assert taken.subject.startswith("HIGH ")
            assert taken.text.startswith("before")
            assert taken.text.rstrip().endswith("after")

    run(scenario)


@every_channel
def test_a_very_long_message_is_cut_not_refused(make: Callable[[], Counterpart]) -> None:
    async def scenario() -> None:
        counterpart = make()
        async with Running(counterpart):
            reader = asyncio.create_task(_keep_reading(counterpart))
            channel = counterpart.channel()
            body = "\n".join("длинная строка & <b> " * 40 for _ in range(300))
            outcome = await channel.send(message(subject="HIGH " + "я" * 5000, body=body))
            await channel.close()
            reader.cancel()
            assert outcome.result == "delivered"
            assert len(counterpart.taken) == 1
            assert counterpart.taken[0].text.startswith("длинная строка & <b>")

    run(scenario)


async def _keep_reading(counterpart: Counterpart) -> None:
    while counterpart.taken is not None:
        await asyncio.sleep(0.01)


@every_channel
def test_several_messages_at_once_all_arrive(make: Callable[[], Counterpart]) -> None:
    async def scenario() -> None:
        counterpart = make()
        async with Running(counterpart):
            channel = counterpart.channel()
            outcomes = await asyncio.gather(
                *(channel.send(message(message_id=f"msg_{i}", subject=f"HIGH {i}")) for i in range(5))
            )
            await channel.close()
            assert [outcome.result for outcome in outcomes] == ["delivered"] * 5
            assert sorted(taken.subject for taken in counterpart.taken) == [f"HIGH {i}" for i in range(5)]

    run(scenario)


@every_networked_channel
def test_a_closed_port_is_tried_again(make: Callable[[], NetworkedCounterpart]) -> None:
    async def scenario() -> None:
        counterpart = make()
        async with Running(counterpart):
            pass
        with closed(counterpart):
            outcome = await sent_once(counterpart)
        assert outcome.result == "retry"
        assert not outcome.may_have_arrived

    run(scenario)


@every_networked_channel
def test_an_unknown_host_is_tried_again(make: Callable[[], NetworkedCounterpart]) -> None:
    async def scenario() -> None:
        counterpart = make()
        async with Running(counterpart):
            if isinstance(counterpart, SmtpCounterpart):
                outcome = await sent_once(counterpart, timeout_s=5, host="no-such-host.invalid")
            elif isinstance(
                counterpart, NtfyCounterpart | TelegramCounterpart | PagerDutyCounterpart | AlertmanagerCounterpart
            ):
                outcome = await sent_once(counterpart, timeout_s=5, url="https://no-such-host.invalid")
            elif isinstance(counterpart, AppriseCounterpart):
                outcome = await sent_once(counterpart, timeout_s=5, url="json://no-such-host.invalid/")
            elif isinstance(counterpart, WebhookCounterpart):
                outcome = await sent_once(
                    counterpart, timeout_s=5, url_env=None, url="https://no-such-host.invalid/hook"
                )
            else:
                return
            assert outcome.result == "retry"
            assert not counterpart.taken

    run(scenario)


@every_networked_channel
def test_no_answer_is_tried_again_in_bounded_time(make: Callable[[], NetworkedCounterpart]) -> None:
    async def scenario() -> None:
        counterpart = make()
        async with Running(counterpart):
            counterpart.mood = "hangs"
            timeout_s = 0.5
            while True:
                started = time.monotonic()
                outcome = await sent_once(counterpart, timeout_s=timeout_s)
                assert time.monotonic() - started < timeout_s + 30
                assert outcome.result == "retry"
                if counterpart.hangs_on:
                    break
                timeout_s *= 2  # On a busy machine there was no time even to say it all.
            assert outcome.may_have_arrived

    run(scenario)


@every_networked_channel
def test_a_connection_that_breaks_is_tried_again(make: Callable[[], NetworkedCounterpart]) -> None:
    async def scenario() -> None:
        counterpart = make()
        async with Running(counterpart):
            counterpart.mood = "hangs_up"
            outcome = await sent_once(counterpart)
            assert outcome.result == "retry"
            assert outcome.may_have_arrived

    run(scenario)


@every_networked_channel
def test_later_means_retry_never_means_refused_and_it_recovers(make: Callable[[], NetworkedCounterpart]) -> None:
    async def scenario() -> None:
        counterpart = make()
        async with Running(counterpart):
            channel = counterpart.channel()
            counterpart.say_later()
            assert (await channel.send(message())).result == "retry"
            counterpart.say_never()
            assert (await channel.send(message())).result == "refused"
            counterpart.say_yes()
            assert (await channel.send(message())).result == "delivered"
            await channel.close()
            assert len(counterpart.taken) == 1

    run(scenario)


@every_networked_channel
def test_loopback_is_refused_unless_it_is_allowed(make: Callable[[], NetworkedCounterpart]) -> None:
    async def scenario() -> None:
        counterpart = make()
        async with Running(counterpart):
            outcome = await sent_once(counterpart, **nothing_allowed(counterpart))
            assert outcome.result != "delivered"
            assert "allow" in outcome.detail, "the person must learn what to change"
            assert not counterpart.taken

    run(scenario)


@every_networked_channel
def test_a_certificate_nobody_vouches_for_is_not_accepted(make: Callable[[], NetworkedCounterpart]) -> None:
    async def scenario() -> None:
        counterpart = make()
        async with Running(counterpart, tls=True):
            more: dict[str, object] = {"ca_file": None} if isinstance(counterpart, SmtpCounterpart) else {}
            outcome = await sent_once(counterpart, **more)
            assert outcome.result == "retry"
            assert "certificate" in outcome.detail
            assert not counterpart.taken

    run(scenario)


@every_networked_channel
def test_no_secret_in_outcomes_or_logs(
    make: Callable[[], NetworkedCounterpart], caplog: pytest.LogCaptureFixture
) -> None:
    details: list[str] = []

    async def scenario() -> None:
        counterpart = make()
        async with Running(counterpart):
            for behave in (counterpart.say_yes, counterpart.say_later, counterpart.say_never):
                behave()
                details.append((await sent_once(counterpart)).detail)
            counterpart.mood = "hangs_up"
            details.append((await sent_once(counterpart)).detail)
            details.append((await sent_once(counterpart, **nothing_allowed(counterpart))).detail)
        with closed(counterpart):
            details.append((await sent_once(counterpart)).detail)
        async with Running(counterpart, tls=True):
            details.append((await sent_once(counterpart)).detail)

    caplog.set_level(logging.DEBUG)
    run(scenario)
    # What the counterpart itself logs is the other side's business.
    ours = [r for r in caplog.records if not r.name.startswith(("mail.", "aiohttp.server", "aiohttp.access"))]
    said = "\n".join([*details, *(record.getMessage() for record in ours), *(str(r.exc_info) for r in ours)])
    assert len(details) == 7
    for secret in make().secrets:
        assert secret not in said


@every_channel
def test_no_secret_in_what_is_printed_of_a_channel(make: Callable[[], Counterpart]) -> None:
    async def scenario() -> None:
        counterpart = make()
        async with Running(counterpart):
            channel = counterpart.channel()
            for secret in counterpart.secrets:
                assert secret not in repr(channel)
                assert secret not in str(channel)
            await channel.close()

    run(scenario)
