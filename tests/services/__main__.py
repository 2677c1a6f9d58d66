"""`./run stack`: a Kafka and a PostgreSQL on loopback until Ctrl-C, and the lines that make tests and jobs use them."""

from __future__ import annotations

import contextlib
import signal
import sys
import tempfile
from pathlib import Path

from tests.services import kafka, postgres


def main() -> int:
    """Start both, print ``KAFKA_BOOTSTRAP=…`` and ``TOCSIN_TEST_DATABASE=…``, wait, stop; their data go with them.

    Exit code 0 when stopped by Ctrl-C or SIGTERM, 1 when one of them cannot be had here.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with contextlib.ExitStack() as stack:
            bootstrap = _start_kafka(stack)
            database = _start_postgres(stack)
            print(f"export KAFKA_BOOTSTRAP={bootstrap}")  # noqa: T201
            print(f"export TOCSIN_TEST_DATABASE={database}", flush=True)  # noqa: T201
            _say(
                "Both are running; Ctrl-C stops them and deletes their data. In tocsin.toml:\n"
                f'  log = "kafka://{bootstrap}"\n  store = "{database}"'
            )
            signal.pause()
    except (kafka.NotAvailableError, postgres.NotAvailableError) as error:
        _say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        _say("stopped")
    return 0


def _start_kafka(stack: contextlib.ExitStack) -> str:
    _say("starting Kafka (the first time Maven fetches it) …")
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tocsin-kafka-"))
    broker = kafka.KafkaBroker(Path(folder))
    stack.callback(broker.stop)
    broker.start()
    return broker.bootstrap


def _start_postgres(stack: contextlib.ExitStack) -> str:
    _say("starting PostgreSQL …")
    server = postgres.PostgresServer()
    stack.callback(server.remove)
    server.start()
    return server.url


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    raise SystemExit(main())
