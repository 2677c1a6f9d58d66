"""What the laws do not say of apprise: its answers by status, what it may not touch, and how its absence is told."""

from __future__ import annotations

import asyncio
import importlib.util
from importlib.machinery import ModuleSpec

import pytest

from schemas.errors import UsageError
from schemas.ports.channel import Outcome
from tests.contract.channels.counterparts import Running
from tests.contract.channels.hosted_counterparts import AppriseCounterpart
from tests.contract.channels.messages import message


async def _sent(counterpart: AppriseCounterpart, **more: object) -> Outcome:
    return await counterpart.channel(**more).send(message())


def test_a_redirect_is_not_followed_whatever_the_url_asks_for() -> None:
    async def scenario() -> None:
        elsewhere = AppriseCounterpart()
        counterpart = AppriseCounterpart()
        async with Running(elsewhere), Running(counterpart):
            counterpart.status = 302
            counterpart.headers = {"Location": f"{elsewhere.base}/stolen"}
            url = f"json://127.0.0.1:{counterpart.port}/?redirect=yes"
            outcome = await _sent(counterpart, url=url)
            assert outcome.result == "refused"
            assert "redirect" in outcome.detail
            assert not elsewhere.visited

    asyncio.run(scenario())


@pytest.mark.parametrize(("status", "result"), [(429, "retry"), (408, "retry"), (401, "refused"), (404, "refused")])
def test_answers_mean_what_they_mean_everywhere(status: int, result: str) -> None:
    async def scenario() -> None:
        counterpart = AppriseCounterpart()
        async with Running(counterpart):
            counterpart.status = status
            counterpart.headers = {"Retry-After": "120"}
            outcome = await _sent(counterpart)
            assert outcome.result == result
            assert outcome.retry_after_s == (120 if result == "retry" else None)

    asyncio.run(scenario())


@pytest.mark.parametrize("url", ["no-such-service://host", "words", "json://", "http://"])
def test_a_url_that_is_none_is_refused_without_repeating_it(url: str) -> None:
    outcome = asyncio.run(_sent(AppriseCounterpart(), url=url))
    assert outcome.result == "refused"
    assert "apprise knows no such URL" in outcome.detail
    assert url not in outcome.detail


def test_services_of_this_machine_are_out_of_reach() -> None:
    outcome = asyncio.run(_sent(AppriseCounterpart(), url="syslog://"))
    assert outcome.result == "refused"
    assert "of this machine" in outcome.detail


def test_without_the_extra_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec

    def without(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == "apprise" else found(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", without)
    with pytest.raises(UsageError, match="apprise is not installed") as caught:
        AppriseCounterpart().channel()
    assert "pip install 'tocsin[apprise]'" in str(caught.value.remedy)
