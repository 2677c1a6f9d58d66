"""Stops a job most of whose records fail: then it is not they that are wrong, and putting all of them aside helps nobody."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.extraction.slices import Failure
from schemas.errors import FatalError

#: Below so many records a share says nothing.
LEAST_RECORDS = 20


class FailureLimit:
    """Counts over batches until there are enough records for a share to be judged, then begins anew."""

    def __init__(self, share: float = 0.5) -> None:
        self._share = share
        self._records = 0
        self._failures = 0

    def admit(self, records: int, failures: Sequence[Failure], remedy: str) -> None:
        """Count a batch of ``records`` of which ``failures`` failed, before any of them is put aside.

        :raises FatalError: more than the share of at least :data:`LEAST_RECORDS` failed.
        """
        seen, failed = self._records + records, self._failures + len(failures)
        if seen >= LEAST_RECORDS and failed > self._share * seen:
            first = failures[0] if failures else None
            told = f"; the first: {first.partition}/{first.offset} {first.reason.value}: {first.error}" if first else ""
            raise FatalError(
                f"{failed:,} of {seen:,} records failed, which no longer is their own fault{told}", remedy=remedy
            )
        begin_anew = seen >= LEAST_RECORDS
        self._records, self._failures = (0, 0) if begin_anew else (seen, failed)
