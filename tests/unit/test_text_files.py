"""Files that people write: read whole as text, or told at once why not, whatever stands in their place."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.text_files import TooLargeFileError, UnreadableFileError, read_text_file

MOST = 100


def test_a_text_is_read_with_its_line_ends_as_one_kind_and_without_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntwo\rthree: \xd0\x96\n")
    assert read_text_file(path, most_bytes=MOST) == "one\ntwo\nthree: Ж\n"


def test_what_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"x" * MOST)
    assert len(read_text_file(path, most_bytes=MOST)) == MOST
    path.write_bytes(b"x" * (MOST + 1))
    with pytest.raises(TooLargeFileError) as error:
        read_text_file(path, most_bytes=MOST)
    assert (error.value.problem, error.value.line) == ("is larger than 100 bytes", 1)
    assert str(path) in error.value.message


@pytest.mark.parametrize(
    ("raw", "line", "problem"),
    [
        (b"one\ntwo\n# \xff\xfe\n", 3, "the byte 0xff on line 3 is none of UTF-8"),
        (b"\xef\xbb\xbfone\n\xe9\n", 2, "the byte 0xe9 on line 2 is none of UTF-8"),
        ("rules: []".encode("utf-16"), 1, "it is text in UTF-16"),
    ],
)
def test_what_is_no_text_is_told_with_its_line(tmp_path: Path, raw: bytes, line: int, problem: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(raw)
    with pytest.raises(UnreadableFileError) as error:
        read_text_file(path, most_bytes=MOST)
    assert error.value.line == line
    assert error.value.problem == f"cannot be read: {problem}"
    assert error.value.remedy == "save the file as UTF-8"


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))  # The file stays when the socket is closed.


KINDS: dict[str, tuple[Callable[[Path], None], str]] = {
    "named pipe": (os.mkfifo, "a named pipe"),
    "folder": (Path.mkdir, "a folder"),
    "socket": (a_socket, "a socket"),
    "device": (lambda path: path.symlink_to("/dev/null"), "a device"),
    "links in a circle": (lambda path: path.symlink_to(path.name), "symbolic links"),
    "nothing": (lambda path: None, "No such file"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_file_is_refused_and_not_waited_for(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, what = KINDS[kind]
    monkeypatch.chdir(tmp_path)  # The name of a socket has room for few letters.
    path = Path("a")
    make(path)
    with pytest.raises(UnreadableFileError, match=what) as error:
        read_text_file(path, most_bytes=MOST)
    assert error.value.remedy


def test_what_a_shell_hands_over_by_name_is_read_to_its_end() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"rules: []\n")
    os.close(writing)
    try:
        assert read_text_file(Path(f"/dev/fd/{reading}"), most_bytes=MOST) == "rules: []\n"
    finally:
        os.close(reading)
