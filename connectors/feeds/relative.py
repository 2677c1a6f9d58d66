"""Relative addresses in a document: read against a stand-in for where it lies, so that they can be told from absolute ones.

A guid that is no address stays the same text then, whichever host the document came from. Pure.
"""

from __future__ import annotations

#: Never resolved by any name server (RFC 6761). The folders keep "../story" apart from "story" and "/story".
_HOST = "http://document.invalid"
_FOLDERS = "/0/1/2/3/"
STAND_IN = _HOST + _FOLDERS


def as_written(address: str) -> str:
    """Return an address that was read against the stand-in: as it was written, where it was relative."""
    if not address.startswith(_HOST):
        return address
    path = address.removeprefix(_HOST)
    folders = _FOLDERS
    up = ""
    while len(folders) > 1:
        if path.startswith(folders):
            return up + path.removeprefix(folders)
        up += "../"
        folders = folders.rstrip("/").rpartition("/")[0] + "/"
    return path
