"""Ports that are given to servers before they start."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services import ports
from tests.services.ports import free_port

_ROOT = Path(__file__).resolve().parents[2]


def test_none_is_given_twice_and_each_can_be_listened_on() -> None:
    given = [free_port() for _ in range(20)]
    assert len(set(given)) == 20
    for port in given:
        socket.create_server(("127.0.0.1", port)).close()


def test_another_process_is_not_given_it_and_one_in_use_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    mine, used, left = (free_port() for _ in range(3))
    for sign in ports._held[-2:]:
        sign.close()
    del ports._held[-2:]
    with socket.create_server(("127.0.0.1", used)):
        code = f"from tests.services import ports; ports._OURS = {[mine, used, left]}; print(ports.free_port())"
        told = subprocess.run([sys.executable, "-c", code], cwd=_ROOT, capture_output=True, text=True, check=True)
        assert told.stdout == f"{left}\n"
        monkeypatch.setattr(ports, "_OURS", [mine, used])
        with pytest.raises(AssertionError, match="no port is free"):
            free_port()
