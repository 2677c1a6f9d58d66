"""Moments as people type them at a prompt: ``2025-01-22 02:40``, ``2025-01-22T02:40Z``; UTC where no zone is given."""

from __future__ import annotations

from datetime import UTC, datetime

import click


def moment(text: str) -> datetime:
    """Return the aware UTC moment of ``text``, as the type of an option; :raises BadParameter: it is none."""
    try:
        found = datetime.fromisoformat(text.strip())
        return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:  # The last day of the calendar, in a zone where it is a day later.
        raise click.BadParameter(f"{text!r} is no time: write it as 2025-01-22T02:40 (UTC) or with a zone") from error
