"""Records of the ledger read back from their bytes; what cannot be read any more is damage, told with its remedy."""

from __future__ import annotations

from pydantic import ValidationError

from schemas.alert_event import AlertEvent, Evidence
from schemas.errors import FatalError


def parsed_event(position: int, body: bytes) -> AlertEvent:
    """Return the event in ``body``; :raises FatalError: it cannot be read any more."""
    try:
        return AlertEvent.model_validate_json(body)
    except ValidationError as error:
        raise FatalError(
            f"event {position} of the ledger cannot be read: {_first_mistake(error)}",
            remedy="`tocsin verify` shows the extent; bring back the last backup",
        ) from error


def parsed_evidence(name: str, body: bytes) -> Evidence:
    """Return the evidence in ``body``; :raises FatalError: it cannot be read any more."""
    try:
        return Evidence.model_validate_json(body)
    except ValidationError as error:
        raise FatalError(
            f"evidence {name} cannot be read: {_first_mistake(error)}", remedy="bring back the last backup"
        ) from error


def _first_mistake(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in first['loc']) or 'the record'}: {first['msg']}"
