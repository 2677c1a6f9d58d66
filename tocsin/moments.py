"""Moments and days as people type them at a prompt: ``2025-01-22 02:40``, ``2025-01-22T02:40Z``; UTC where no zone is given."""

from __future__ import annotations

from datetime import UTC, datetime

import click


class _Day(click.DateTime):
    """A day; one that is none is met with how it is written, where click names a format of the program."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the first moment of the day, without a zone."""
        try:
            found = super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"{value!r} is no day: write it as 2020-01-31", param, ctx)
        assert isinstance(found, datetime)
        return found


#: A day of the calendar, as the type of an option.
DAY = _Day(["%Y-%m-%d"])


def moment(text: str) -> datetime:
    """Return the aware UTC moment of ``text``, as the type of an option; :raises BadParameter: it is none."""
    try:
        found = datetime.fromisoformat(text.strip())
        return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:  # The last day of the calendar, in a zone where it is a day later.
        raise click.BadParameter(f"{text!r} is no time: write it as 2025-01-22T02:40 (UTC) or with a zone") from error
