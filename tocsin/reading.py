"""The reader of a folder: what its log, its store and the engine's own state say, for pages and for a screen."""

from __future__ import annotations

from alerts.explanation.names import ActorNames
from pipelines.explaining.asked_watch import Names
from pipelines.notify_job import NamesWhenNeeded
from pipelines.pages.ledger_view import MOST_EVENTS
from pipelines.pages.reading import Reader
from schemas.clock import Clock
from schemas.ports.store import Store
from tocsin.folder_lock import supervisor_at_work
from tocsin.settings import Workplace
from tocsin.workplace import open_log_of


def reader_of(
    workplace: Workplace,
    store: Store,
    names: ActorNames,
    clock: Clock,
    *,
    over: bool = False,
    most_events: int = MOST_EVENTS,
) -> Reader:
    """Return a reader of ``workplace`` that has read nothing yet; see :class:`~pipelines.pages.reading.Reader`."""
    return Reader(
        open_log=lambda: open_log_of(workplace),
        store=store,
        clock=clock,
        snapshots=workplace.path(workplace.settings.snapshots),
        names=names,
        supervisor=lambda: supervisor_at_work(workplace.folder.absolute()),
        over=over,
        most_events=most_events,
    )


def names_of(workplace: Workplace) -> ActorNames:
    """Return the names of the actors of ``workplace``, read when the first is asked for."""
    return NamesWhenNeeded(lambda: directory_of(workplace))


def directory_of(workplace: Workplace) -> Names:
    """Return the directory of the actors of ``workplace``."""
    # The catalogue of actors takes a while to read.
    from pipelines.actor_directory import actor_directory

    return actor_directory(workplace.files(workplace.settings.actors))
