"""Runs a server on loopback until Ctrl-C; prints the URL to give as ``store``."""

from __future__ import annotations

import signal
import sys

from tests.services.postgres import NotAvailableError, PostgresServer


def main() -> int:
    """Start, print ``postgresql://…``, wait, stop; the data go with it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server = PostgresServer()
    except NotAvailableError as error:
        print(f"PostgreSQL cannot be started here: {error}", file=sys.stderr)  # noqa: T201
        return 1
    try:
        server.start()
        print(server.url, flush=True)  # noqa: T201
        signal.pause()
    except NotAvailableError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        print("stopping", file=sys.stderr)  # noqa: T201
    finally:
        server.remove()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
