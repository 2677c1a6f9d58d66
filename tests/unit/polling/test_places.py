"""Never more requests than allowed, in all and for one host, and nobody waits for somebody else's slow host."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest

from pipelines.polling.places import Places


@pytest.mark.parametrize("seed", range(10))
def test_limits_hold_and_everyone_has_a_turn_whoever_gives_up(seed: int) -> None:
    choose = random.Random(seed)
    places = Places(5, 2)
    busy: Counter[str] = Counter()
    served: list[str] = []
    most = 0

    async def ask(host: str) -> None:
        nonlocal most
        async with places.at(host):
            busy[host] += 1
            most = max(most, busy.total())
            assert busy[host] <= 2
            assert busy.total() <= 5
            try:
                for _ in range(choose.randrange(4)):
                    await asyncio.sleep(0)
            finally:
                busy[host] -= 1
            served.append(host)

    async def go() -> None:
        tasks = [asyncio.create_task(ask(choose.choice("abcd"))) for _ in range(60)]
        given_up = choose.sample(tasks, 15)
        for task in given_up:
            await asyncio.sleep(0)
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert len(served) == sum(not isinstance(end, asyncio.CancelledError) for end in ended) >= 45
        await asyncio.wait_for(asyncio.gather(*(ask("a") for _ in range(5))), 10)

    asyncio.run(go())
    assert most == 5


def test_a_slow_host_takes_no_place_from_others() -> None:
    async def go() -> None:
        places = Places(3, 2)
        held = asyncio.Event()

        async def slow() -> None:
            async with places.at("slow"):
                await held.wait()

        waiting = [asyncio.create_task(slow()) for _ in range(10)]
        await asyncio.sleep(0)
        for _ in range(20):
            async with places.at("quick"):
                await asyncio.sleep(0)
        held.set()
        await asyncio.gather(*waiting)

    asyncio.run(asyncio.wait_for(go(), 10))
