"""What the transforms have in common: slices in, slices out, and what failed on an output of its own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Generic, Self, TypeVar

from pipelines.extraction.beam import DoFn, PCollection, PTransform, Tagged, each_split
from pipelines.extraction.slice_coders import register_slice_coders
from pipelines.extraction.slices import Failure, FailureSlice
from schemas.errors import BrokenRecordError, RecordTooLargeError, UnprocessableError
from schemas.reasons import DeadLetterReason

In = TypeVar("In")
Out = TypeVar("Out")

_FAILED = "failed"

#: How much of an error's text a person needs; some libraries put the whole input into it.
_ERROR_CHARACTERS = 500

#: Where the failures of the transforms of one chain are gathered, one collection for each.
Failures = list[PCollection[FailureSlice]]


class FallibleDoFn(DoFn[In, Out], Generic[In, Out]):
    """What a transform does to one slice."""

    #: Set where nobody takes the failures: then the first one ends the run.
    strict = False

    @abstractmethod
    def work(self, slice_: In) -> tuple[Out, list[Failure]]:
        """Return what becomes of ``slice_``, in its order, and what of it could not be handled."""

    def process(self, element: In) -> Iterable[Out | Tagged]:
        """Return the slice made of ``element``, and the failures marked as such."""
        made, failures = self.work(element)
        if failures and self.strict:
            first = failures[0]
            raise UnprocessableError(
                f"record {first.partition}/{first.offset} failed ({first.reason.value}): {first.error}",
                remedy="give the transform a list to put failures into: failures_to(list)",
            )
        yield made
        if failures:
            yield Tagged(_FAILED, FailureSlice(failures))


class Fallible(PTransform[In, Out], Generic[In, Out]):
    """A transform some of whose records may fail; where nobody takes the failures, the first one ends the run."""

    kind: type[Out]

    def __init__(self) -> None:
        super().__init__()
        self._failures: Failures | None = None

    @abstractmethod
    def do_fn(self) -> FallibleDoFn[In, Out]:
        """Return what is done to each slice."""

    def failures_to(self, failures: Failures) -> Self:
        """Put the collection of what failed into ``failures`` when this is applied."""
        self._failures = failures
        return self

    def expand(self, input_or_inputs: PCollection[In]) -> PCollection[Out]:
        """Return the slices made."""
        register_slice_coders()
        do_fn = self.do_fn()
        do_fn.strict = self._failures is None
        made, failed = each_split(input_or_inputs, do_fn, self.kind, _FAILED, FailureSlice)
        if self._failures is not None:
            self._failures.append(failed)
        return made


def described(error: BaseException) -> str:
    """Return ``error`` in one line that any record can carry."""
    words = str(error) if isinstance(error, UnprocessableError) else f"{type(error).__name__}: {error}"
    line = " ".join(words.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0").split())
    return line if len(line) <= _ERROR_CHARACTERS else line[: _ERROR_CHARACTERS - 1] + "…"


def reason_of(error: BaseException) -> DeadLetterReason:
    """Return why a record that raised ``error`` is put aside."""
    if isinstance(error, RecordTooLargeError):
        return DeadLetterReason.TOO_LARGE
    if isinstance(error, BrokenRecordError):
        return DeadLetterReason.BROKEN_RECORD
    if isinstance(error, UnicodeError):
        return DeadLetterReason.HOSTILE_TEXT
    return DeadLetterReason.EXTRACTION_FAILED
