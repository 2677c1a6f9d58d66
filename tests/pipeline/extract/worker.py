"""An extract job as a process of its own: ``python -m tests.pipeline.extract.worker LOG_URL STORE_URL [die-before-commit N]``.

It prints a JSON line for each batch, and can kill itself between the append and the commit of its batch number N.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping
from typing import cast

from connectors.clock import SystemClock
from connectors.log.open import open_log
from connectors.store.open import open_store
from pipelines.extract import ExtractJob, ExtractSettings
from schemas.ports.log import Log, Subscription


class _DyingSubscription:
    """Kills the process where it should commit for the ``last`` time."""

    def __init__(self, subscription: Subscription, last: int) -> None:
        self._subscription = subscription
        self._left = last

    def __getattr__(self, name: str) -> object:
        return getattr(self._subscription, name)

    def commit(self, offsets: Mapping[int, int]) -> bool:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return self._subscription.commit(offsets)


class _DyingLog:
    """A log whose subscriptions are such."""

    def __init__(self, log: Log, last: int) -> None:
        self._log = log
        self._last = last

    def __getattr__(self, name: str) -> object:
        return getattr(self._log, name)

    def subscribe(self, group: str, topic: str) -> Subscription:
        return cast(Subscription, _DyingSubscription(self._log.subscribe(group, topic), self._last))


def main(arguments: list[str]) -> None:
    """Extract until killed."""
    log_url, store_url, *rest = arguments
    store = open_store(store_url)
    with open_log(log_url, SystemClock()) as log:
        used = cast(Log, _DyingLog(log, int(rest[1]))) if rest else log
        job = ExtractJob(used, store, SystemClock(), ExtractSettings(batch_records=40))
        while True:
            records = job.step(0.2)
            held = sorted(job.partitions())
            print(json.dumps({"records": records, "held": held}), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
