"""Whether a store is that of a finished demonstration, and when it ended: a folder that is opened later still shows one."""

from __future__ import annotations

from datetime import datetime

from schemas.ports.store import Store

#: Who put the rules of a demonstration into force, and as what.
AUTHOR, COMMENT = "demo", "rules of the demonstration"


def ended_at(store: Store) -> datetime | None:
    """Return when the clock of the demonstration in ``store`` stopped; None where it holds none, or a watch that went on."""
    sets = store.rule_sets()
    if [(one.author, one.comment) for one in sets] != [(AUTHOR, COMMENT)]:
        return None
    from pipelines.demo.timeline import END

    signs = [at for at, _ in store.heartbeats().values()]
    last = max(signs, default=None)
    return last if last is not None and last <= END else None
