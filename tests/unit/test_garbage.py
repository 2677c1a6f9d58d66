"""The collector of a process through which records go by: it rests, and what holds itself goes all the same."""

from __future__ import annotations

import gc
import weakref

import pytest

from pipelines.garbage import TIDY_RECORDS, Tidying, seldom_collected


@pytest.fixture(autouse=True)
def nothing_frozen() -> None:
    """An extraction that ran in this process before freezes what it has, garbage of later among it."""
    gc.unfreeze()


class Ring:
    """Holds itself: only the collector can free it."""

    def __init__(self) -> None:
        self.me = self


def test_what_holds_itself_goes_after_so_many_records() -> None:
    old = Ring()
    with seldom_collected():  # From now on what stands is passed over.
        tidying = Tidying()
        rings = [weakref.ref(old), weakref.ref(Ring())]
        del old
        gc.collect()
        assert [ring() is None for ring in rings] == [False, True]
        rings.append(weakref.ref(Ring()))
        tidying.took(TIDY_RECORDS - 1)
        assert [ring() is None for ring in rings] == [False, True, False]
        tidying.took(1)
        assert [ring() is None for ring in rings] == [True, True, True]


def test_it_begins_anew_after_that() -> None:
    with seldom_collected():
        tidying = Tidying()
        tidying.took(TIDY_RECORDS + 5)
        ring = weakref.ref(Ring())
        tidying.took(TIDY_RECORDS - 1)
        assert ring() is not None
        tidying.took(1)
        assert ring() is None


def test_how_many_go_by_between_two_looks_is_up_to_who_counts() -> None:
    with seldom_collected():
        tidying = Tidying(3)
        for _ in range(2):
            ring = weakref.ref(Ring())
            tidying.took(2)
            assert ring() is not None
            tidying.took(1)
            assert ring() is None


def test_what_stays_is_passed_over() -> None:
    with seldom_collected():
        before = gc.get_freeze_count()
        stays: list[list[int]] = [[] for _ in range(1_000)]
        Tidying().took(TIDY_RECORDS)
        assert gc.get_freeze_count() >= before + len(stays)
