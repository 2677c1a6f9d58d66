"""The one place that imports Apache Beam: the few parts that the transforms use, with types and without its logging.

Importing it costs a second and 130 MB, so only what runs a pipeline imports this module.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from schemas.errors import UsageError

T = TypeVar("T")
In = TypeVar("In")
Out = TypeVar("Out")
Other = TypeVar("Other")

# Beam logs through the root logger while it is imported, which would give that logger a handler of its own and make the
# set-up of whoever imported us later do nothing. A handler that says nothing, for the time of the import, prevents it.
# What it warns of then are libraries of clouds that nobody asked for.
_silence = logging.NullHandler()
_disabled = logging.root.manager.disable
logging.getLogger().addHandler(_silence)
logging.disable(logging.WARNING)
try:
    # Imported by name, because half of Beam is typed, which satisfies no checker: all of it is Any here and typed below.
    apache_beam = import_module("apache_beam")
    _environments = import_module("apache_beam.transforms.environments")
    _metrics = import_module("apache_beam.metrics.metric")
    _options = import_module("apache_beam.options.pipeline_options")
    _runners = import_module("apache_beam.runners.portability.fn_api_runner")
finally:
    logging.disable(_disabled)
    logging.getLogger().removeHandler(_silence)
# What Beam tells at each run is of use to those who work on Beam.
logging.getLogger("apache_beam").setLevel(logging.WARNING)

if TYPE_CHECKING:

    class PCollection(Generic[T]):
        """A collection of elements of a pipeline."""

        element_type: object

        def __or__(self, transform: PTransform[T, Out]) -> PCollection[Out]:
            """Apply ``transform``."""

    class PTransform(Generic[In, Out]):
        """A step from a collection to a collection."""

        def __init__(self) -> None: ...

        def __rrshift__(self, label: str) -> Self:
            """Name the step."""

        def expand(self, input_or_inputs: PCollection[In]) -> PCollection[Out]:
            """Return the steps this one is made of."""

    class DoFn(Generic[In, Out]):
        """What a step does to one element."""

        def process(self, element: In) -> Iterable[Out | Tagged] | None:
            """Return what ``element`` becomes."""

    class Coder(Generic[T]):
        """Elements to bytes and back."""

    class Tagged:
        """An element of another output than the main one."""

        def __init__(self, tag: str, value: object) -> None: ...

    class Counter:
        """A number that Beam adds up over all workers."""

        def inc(self, n: int = 1) -> None:
            """Add ``n``."""

else:
    PCollection = apache_beam.PCollection
    PTransform = apache_beam.PTransform
    Tagged = apache_beam.pvalue.TaggedOutput

    class DoFn(apache_beam.DoFn, Generic[In, Out]):
        """Beam's own, which takes no parameters of type; without state and timers."""

        def __dir__(self) -> list[str]:
            # At each run Beam looks for state and timers in the signature of every method that dir() names, twice a
            # step, and all that it inherits are among them: half of what a small run costs.
            return ["process"]

    class Coder(apache_beam.coders.Coder, Generic[T]):
        """Beam's own, which takes no parameters of type."""


#: The name under which counters are found again.
_COUNTERS = "tocsin"
_MAIN = "main"


def counter(name: str) -> Counter:
    """Return the counter ``name``; see :meth:`InProcessPipeline.run`."""
    made: Counter = _metrics.Metrics.counter(_COUNTERS, name)
    return made


def register_coder(kind: type[T], coder: type[Coder[T]]) -> None:
    """Let elements of ``kind`` travel by ``coder``; what has none travels pickled."""
    apache_beam.coders.registry.register_coder(kind, coder)


def each(label: str, elements: PCollection[In], do_fn: DoFn[In, Out], kind: type[Out] | None) -> PCollection[Out]:
    """Return what ``do_fn`` makes of each element, elements of ``kind`` (None: it makes none)."""
    made: PCollection[Out] = elements | label >> apache_beam.ParDo(do_fn)
    if kind is not None:
        made.element_type = kind
    return made


def each_split(
    elements: PCollection[In], do_fn: DoFn[In, Out], kind: type[Out], tag: str, tagged_kind: type[Other]
) -> tuple[PCollection[Out], PCollection[Other]]:
    """Return the main output of ``do_fn``, elements of ``kind``, and the one it marks with ``tag``."""
    outputs: Mapping[str, Any] = elements | apache_beam.ParDo(do_fn).with_outputs(tag, main=_MAIN)  # Any: Beam's own
    outputs[_MAIN].element_type = kind
    outputs[tag].element_type = tagged_kind
    return outputs[_MAIN], outputs[tag]


#: What would take a pipeline out of the process in whose memory its slices lie.
_NOT_HERE = ("runner", "direct_running_mode")


def check_options(options: Sequence[str]) -> None:
    """Check options of Beam, as ``--direct_num_workers=2``.

    :raises UsageError: Beam knows no such option, cannot read its value, or it would leave this process.
    """
    known = _options.PipelineOptions([]).get_all_options()
    for option in options:
        name = option.removeprefix("--").partition("=")[0]
        if not option.startswith("--") or name not in known:
            near = get_close_matches(name, known, 1)
            raise UsageError(
                f"Beam has no pipeline option {option.partition('=')[0]}",
                remedy=f"did you mean --{near[0]}?" if near else "options are written as --direct_num_workers=2",
            )
        if name in _NOT_HERE:
            raise UsageError(
                f"--{name} would take the pipeline out of this process",
                remedy="leave it away; --workers makes processes",
            )
    try:
        _options.PipelineOptions(list(options)).get_all_options()
    except SystemExit as error:  # Beam reads its options as a command does, and has said what is wrong.
        raise UsageError(
            f"Beam cannot read {' '.join(options)}", remedy="options are written as --direct_num_workers=2"
        ) from error


class InProcessPipeline:
    """A pipeline that runs again and again in this process, on the in-memory mode of Beam's own runner.

    The runner is named: Beam's default would try to download another one. What the pipeline is made of is worked out
    once, because Beam takes longer for that than for a small batch.
    """

    def __init__(self, build: Callable[[PCollection[bytes]], None], options: Sequence[str] = ()) -> None:
        """Make the pipeline; ``options`` are Beam's, as on a command line, and passed :func:`check_options`."""
        self._options = _options.PipelineOptions(list(options), direct_running_mode="in_memory")
        pipeline = apache_beam.Pipeline(runner=_runners.FnApiRunner(), options=self._options)
        build(pipeline | apache_beam.Impulse())
        self._made = pipeline.to_runner_api(default_environment=_environments.EmbeddedPythonEnvironment.default())
        shutil.rmtree(pipeline.local_tempdir, ignore_errors=True)  # Beam removes its folder where it runs what it made.

    def run(self) -> Mapping[str, int]:
        """Run it to its end; return its counters by name. What a step raises comes out of this."""
        result = _runners.FnApiRunner().run_via_runner_api(self._made, self._options)
        found = result.metrics().query(_metrics.MetricsFilter().with_namespace(_COUNTERS))
        counts: dict[str, int] = {}
        for one in found["counters"]:
            counts[one.key.metric.name] = counts.get(one.key.metric.name, 0) + int(one.result)
        return counts
