"""Runs a broker on loopback until Ctrl-C; prints the URL to give as ``log``."""

from __future__ import annotations

import signal
import sys
import tempfile
from pathlib import Path

from tests.services.kafka.broker import KafkaBroker, NotAvailableError


def main() -> int:
    """Start, print ``kafka://…``, wait, stop; the data go with it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="tocsin-kafka-") as folder:
        try:
            broker = KafkaBroker(Path(folder))
            broker.start()
        except NotAvailableError as error:
            print(f"Kafka cannot be started here: {error}", file=sys.stderr)  # noqa: T201
            return 1
        try:
            print(f"kafka://{broker.bootstrap}", flush=True)  # noqa: T201
            signal.pause()
        except KeyboardInterrupt:
            print("stopping", file=sys.stderr)  # noqa: T201
        finally:
            broker.stop()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
