"""Untrusted XML → elements, by the standard library's expat with everything dangerous refused. Pure.

No document type (and so no entities of its own, no external files), bounded depth and number of elements.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

MAX_DEPTH = 100
MAX_ELEMENTS = 300_000


class UnsafeXmlError(ValueError):
    """What it holds is not well-formed, or nothing that an honest document needs."""


def read_xml(body: bytes) -> Element:
    """Return the root element; names are ``{namespace}name``. :raises UnsafeXmlError: says why not."""
    builder = TreeBuilder()
    depth = count = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, count
        depth, count = depth + 1, count + 1
        if depth > MAX_DEPTH:
            raise UnsafeXmlError(f"it is nested more than {MAX_DEPTH} deep")
        if count > MAX_ELEMENTS:
            raise UnsafeXmlError(f"it has more than {MAX_ELEMENTS:,} elements")
        builder.start(_qualified(name), {_qualified(key): value for key, value in attributes.items()})

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(_qualified(name))

    def refuse(*_: object) -> None:
        raise UnsafeXmlError("it declares a document type (DTD), which nothing here needs")

    parser = expat.ParserCreate(None, "}")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(body, True)
        return builder.close()
    except (expat.ExpatError, AssertionError, ValueError, LookupError) as error:
        if isinstance(error, UnsafeXmlError):
            raise
        raise UnsafeXmlError(f"it is not well-formed XML: {error}") from error


def _qualified(name: str) -> str:
    return "{" + name if "}" in name else name
