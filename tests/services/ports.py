"""Ports for servers that are told theirs before they start: nobody is handed one of them by chance in between."""

from __future__ import annotations

import random
import socket

#: Below those that Linux (from 32768 on) and macOS (from 49152 on) hand out by themselves: to a server that asks for any port,
#: and to every client for its own end, which even meets itself there where nobody listens yet.
_OURS = range(20_000, 32_768)

#: A port is taken by who holds the UDP port of the same number, which goes with the process: other lanes look there too.
_held: list[socket.socket] = []


def free_port() -> int:
    """Return a port of this machine on which nobody listens; no other test run is given it while this process lives."""
    for port in random.sample(_OURS, len(_OURS)):
        sign = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sign.bind(("127.0.0.1", port))
            with socket.socket() as listener:
                listener.bind(("", port))
        except OSError:
            sign.close()
            continue
        _held.append(sign)
        return port
    raise AssertionError("no port is free")
