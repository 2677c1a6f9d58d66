"""A folder of `tocsin demo` that is opened later is known as that until something is at work in it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from connectors.store.open import open_store
from pipelines.demo.finished import AUTHOR, COMMENT, ended_at
from pipelines.demo.timeline import END, START
from schemas.ports.store import RuleSet

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("authors", "beats", "ended"),
    [
        ((AUTHOR,), (END - DAY, END), END),
        ((AUTHOR,), (END, END + DAY), None),
        ((AUTHOR,), (), None),
        ((AUTHOR, "ann"), (END,), None),
        (("ann",), (END,), None),
        ((), (END,), None),
    ],
)
def test_it_ended_where_nothing_went_on(
    tmp_path: Path, authors: tuple[str, ...], beats: tuple[datetime, ...], ended: datetime | None
) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    try:
        for number, author in enumerate(authors):
            store.add_rule_set(
                RuleSet(
                    rules_hash=str(number),
                    text="",
                    compiled="",
                    activated_at=START,
                    author=author,
                    comment=COMMENT,
                    log_offset=number,
                )
            )
        for number, at in enumerate(beats):
            store.beat(f"job{number}", at=at, detail={})
        assert ended_at(store) == ended
    finally:
        store.close()
