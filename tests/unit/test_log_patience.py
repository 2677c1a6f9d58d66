"""How long a call on the log waits."""

from __future__ import annotations

from connectors.log.patience import SLICE_S, Patience


class _Hand:
    """A clock and a wish to stop, both moved by hand."""

    def __init__(self) -> None:
        self.at_s = 100.0
        self.stopping = False

    def patience(self, timeout_s: float) -> Patience:
        return Patience(timeout_s, lambda: self.stopping, monotonic_s=lambda: self.at_s)


def test_a_call_waits_for_its_time_out_in_slices() -> None:
    hand = _Hand()
    patience = hand.patience(30.0)
    assert (patience.left_s, patience.slice_s) == (30.0, SLICE_S)
    hand.at_s += 29.9
    assert 0 < patience.slice_s < SLICE_S
    hand.at_s += 1
    assert (patience.left_s, patience.slice_s) == (0.0, 0.0)


def test_who_is_to_stop_waits_two_seconds_more_and_never_longer_than_the_time_out() -> None:
    hand = _Hand()
    long, short = hand.patience(30.0), hand.patience(6.0)
    hand.at_s += 5
    hand.stopping = True
    assert (long.left_s, short.left_s) == (2.0, 1.0)
    hand.at_s += 1.5
    assert (long.left_s, short.left_s) == (0.5, 0.0)
    assert hand.patience(30.0).left_s == 2.0, "a call that begins after the wish has its moment too"
