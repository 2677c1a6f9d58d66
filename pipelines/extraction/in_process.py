"""The two ends of a chain that runs in this process: slices held in memory are read, and what comes out is kept there.

On another runner connectors of Beam stand in their place; the transforms between them are the same.
"""

from __future__ import annotations

import gc
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pipelines.extraction.beam import DoFn, InProcessPipeline, PCollection, each
from pipelines.extraction.slice_coders import register_slice_coders
from pipelines.extraction.slices import Failure, FailureSlice
from pipelines.extraction.transforms.fallible import Failures

In = TypeVar("In")
Out = TypeVar("Out")


@dataclass
class _Held:
    """What one run reads and what it makes. Any: which slices these are is known to the pipeline of that name."""

    slices: Sequence[Any] = ()
    made: list[Any] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)


#: By the name of a pipeline. Steps of Beam are copied for each run, so they find the memory they share by name.
_held: dict[str, _Held] = {}
_numbers = itertools.count(1)


class _ReadHeld(DoFn[bytes, In]):
    def __init__(self, name: str) -> None:
        self._name = name

    def process(self, element: bytes) -> Iterable[In]:
        return _held[self._name].slices


class _KeepMade(DoFn[Out, None]):
    def __init__(self, name: str) -> None:
        self._name = name

    def process(self, element: Out) -> None:
        _held[self._name].made.append(element)


class _KeepFailures(DoFn[FailureSlice, None]):
    def __init__(self, name: str) -> None:
        self._name = name

    def process(self, element: FailureSlice) -> None:
        _held[self._name].failures.extend(element.items)


@dataclass(frozen=True)
class Outcome(Generic[Out]):
    """What came of one batch: slices in order, failures, and Beam's counters by name."""

    made: Sequence[Out]
    failures: Sequence[Failure]
    counts: Mapping[str, int]


class HeldPipeline(Generic[In, Out]):
    """A chain of transforms, made once and run on one bounded batch after another, by one thread."""

    def __init__(
        self,
        kind: type[In],
        chain: Callable[[PCollection[In], Failures], PCollection[Out]],
        options: Sequence[str] = (),
    ) -> None:
        """Make the pipeline of ``chain``, which takes slices of ``kind`` and a list to put its failures into.

        ``options`` are Beam's, see :func:`~pipelines.extraction.beam.check_options`.
        """
        self._name = f"pipeline-{next(_numbers)}"

        def build(start: PCollection[bytes]) -> None:
            register_slice_coders()
            failures: Failures = []
            made = chain(each("ReadHeld", start, _ReadHeld(self._name), kind), failures)
            each("KeepMade", made, _KeepMade(self._name), None)
            # Each of its own, because Beam would write a union of them to a buffer and read it again.
            for number, failed in enumerate(failures):
                each(f"KeepFailures{number}", failed, _KeepFailures(self._name), None)

        self._pipeline = InProcessPipeline(build, options)
        self._has_run = False

    def run(self, slices: Sequence[In]) -> Outcome[Out]:
        """Return what came of ``slices``; without any nothing runs."""
        if not slices:
            return Outcome((), (), {})
        held = _held[self._name] = _Held(slices)
        try:
            counts = self._pipeline.run()
        finally:
            del _held[self._name]
        if not self._has_run:
            # Catalogue, automata, model and Beam are there now and live as long as the process: looked through again with
            # every collection of garbage they cost a tenth of the time, and more where collections fall badly.
            self._has_run = True
            gc.collect()
            gc.freeze()
        return Outcome(held.made, held.failures, counts)
