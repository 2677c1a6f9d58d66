"""Which feeds are in shadow and until when, for a terminal: the engine as the ledger left it, as the page of feeds sees it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing

from pipelines.pages.feed_rows import Joining, joining_feeds
from pipelines.pages.live_view import LiveView
from schemas.errors import TocsinError
from tocsin.disk_use import file_of
from tocsin.settings import Workplace
from tocsin.workplace import open_log_of


class ShadowsUnknownError(TocsinError):
    """The engine cannot be read, so nobody knows which feeds are in shadow."""


def shadows_of(workplace: Workplace) -> Mapping[str, Joining]:
    """Return the feeds in shadow, by id; none where nothing was decided yet. It reads, and makes no file.

    :raises ShadowsUnknownError: there is a ledger, but no engine can be made of snapshot and log.
    :raises TocsinError: log or store cannot be read.
    """
    from connectors.store.open import open_store

    path = file_of(workplace, workplace.settings.store)
    if path is not None and not path.exists():
        return {}
    with closing(open_store(workplace.url(workplace.settings.store), migrate=False)) as store:
        if store.decider_head() is None:
            return {}
        written = file_of(workplace, workplace.settings.log)
        if written is not None and not written.exists():
            raise ShadowsUnknownError(f"the log {written} is not there")
        with closing(open_log_of(workplace)) as log:
            # From the newest snapshot on: the hours before, which pages draw, are not wanted.
            view = LiveView(workplace.path(workplace.settings.snapshots), read_whole_below=0)
            while view.refresh(log, store) and (view.engine is None or view.standing.behind):
                pass
    if view.engine is None:
        raise ShadowsUnknownError(view.standing.problem or "the decider's engine cannot be read")
    return joining_feeds(view.engine)
