"""The engine's state as bytes: one JSON document and named numpy arrays in a zip. Never a pickle."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from schemas.errors import BrokenRecordError

Array = npt.NDArray[np.generic]


def pack(document: bytes, arrays: Mapping[str, Array]) -> bytes:
    """Return ``document`` (JSON) and ``arrays`` as bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo("state.json"), document)
        for name, array in arrays.items():
            part = io.BytesIO()
            np.save(part, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), part.getvalue())
    return buffer.getvalue()


def beginning(raw: bytes, most_bytes: int) -> bytes:
    """Return the first ``most_bytes`` of the document that :func:`pack` was given, without reading the rest.

    :raises BrokenRecordError: ``raw`` is no snapshot.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive, archive.open("state.json") as document:
            return document.read(most_bytes)
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise BrokenRecordError(f"not a snapshot: {error}") from error


def unpack(raw: bytes) -> tuple[bytes, dict[str, Array]]:
    """Return what :func:`pack` was given.

    :raises BrokenRecordError: ``raw`` is no snapshot.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            document = archive.read("state.json")
            arrays = {
                name.removesuffix(".npy"): np.load(io.BytesIO(archive.read(name)), allow_pickle=False)
                for name in archive.namelist()
                if name.endswith(".npy")
            }
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise BrokenRecordError(f"not a snapshot: {error}") from error
    return document, arrays
