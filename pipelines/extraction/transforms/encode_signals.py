"""Records of ``signals`` to the bytes that go into the topic."""

from __future__ import annotations

from pipelines.extraction.slices import Failure, Placed, RecordSlice, SignalSlice
from pipelines.extraction.transforms.fallible import Fallible, FallibleDoFn, described, reason_of
from schemas.errors import UnprocessableError
from schemas.signal import Signal
from schemas.wire import encode


class EncodeSignals(Fallible[SignalSlice, RecordSlice]):
    """Encode signals and coverage. Fails for what no record can carry."""

    kind = RecordSlice

    def do_fn(self) -> FallibleDoFn[SignalSlice, RecordSlice]:
        """Return what is done to each slice."""
        return _EncodeSlice()


class _EncodeSlice(FallibleDoFn[SignalSlice, RecordSlice]):
    def work(self, slice_: SignalSlice) -> tuple[RecordSlice, list[Failure]]:
        encoded: list[Placed[bytes]] = []
        failures: list[Failure] = []
        for item in slice_.items:
            try:
                encoded.append(Placed(item.partition, item.offset, encode(item.record), item.original))
            except UnprocessableError as error:
                signal = item.record if isinstance(item.record, Signal) else None
                failures.append(
                    Failure(
                        partition=item.partition,
                        offset=item.offset,
                        reason=reason_of(error),
                        error=described(error),
                        article_id=signal.article_id if signal else None,
                        feed_id=signal.feed_id if signal else None,
                        original=item.original,
                    )
                )
        return RecordSlice(encoded), failures
