"""A process of its own that decides for a share of the rules: the whole history through an engine that has them alone.

opening ──▶ history, as for all rules ──▶ engine of the share ──▶ decisions, each with its place among those of all rules
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from alerts.rules.model import RuleSet
from connectors.archive.folder import Archive
from pipelines.garbage import seldom_collected
from pipelines.replay.numbered import NumberedRecords
from pipelines.replay.order import ChosenOrder
from pipelines.replay.past import Past, past_in_order
from pipelines.replay.phased_engine import PhasedEngine
from pipelines.replay.telling_processes import tell
from pipelines.replay.unfinished import Unfinished
from pipelines.replay.unfinished_share import UnfinishedShare
from pipelines.replay.worker_processes import Message
from pipelines.stepping import step_or_fail
from schemas.control import RulesActivated
from schemas.errors import UndecidableRecordError


def opening_for(
    past: Past,
    version: str,
    rules: RulesActivated,
    sources: Sequence[str],
    share: Sequence[str],
    unfinished: Unfinished | None = None,
) -> Message:
    """Return what such a process is told: to decide for the rules named ``share``, as part of ``rules``.

    It goes on from what a process of the same share left in ``unfinished``.
    """
    return {
        "archive": str(past.archive.folder.resolve()),
        "order": past.chosen.as_json(),
        "first": past.days[0].isoformat(),
        "last": past.days[-1].isoformat(),
        "version": version,
        "rules": rules.changed(text="").model_dump_json(),  # What people wrote, no engine reads.
        "sources": list(sources),
        "share": list(share),
        "unfinished": None if unfinished is None else unfinished.as_json(),
    }


def decide(opening: Message, say: Callable[[Message], None]) -> None:
    """Tell each decision as ``{offset, part, rule, event}``, and ``{offset, done, total}`` as history goes by.

    What it told before it was stopped, it tells again. ``offset`` and ``part`` never become less. A record that the engine cannot
    take ends it, with ``{undecidable: offset}``.
    """
    rules = RulesActivated.model_validate_json(str(opening["rules"]))
    order, sources, share = opening["order"], opening["sources"], opening["share"]
    assert isinstance(order, dict)
    assert isinstance(sources, list)
    assert isinstance(share, list)
    past = past_in_order(
        Archive(Path(str(opening["archive"]))),
        ChosenOrder.from_json(order),
        date.fromisoformat(str(opening["first"])),
        date.fromisoformat(str(opening["last"])),
    )
    files = _files_of(opening, share)
    place = files.go_on(PhasedEngine) if files is not None else None
    engine = PhasedEngine() if place is None else place.begin()
    assert isinstance(engine, PhasedEngine)
    offset = -1 if place is None else place.number - 1

    def told(done: int, total: int | None) -> None:
        say({"offset": offset, "done": done, "total": total})

    def day_ended(following: date, number: int) -> None:
        if files is not None:
            files.day_ended(engine, following, number, PhasedEngine)

    for message in () if place is None else place.events:
        say(message)
    with seldom_collected():
        # All read what any rule may hit: the records are numbered alike, and an engine of all rules would meet the same.
        records = NumberedRecords(past, str(opening["version"]), rules, frozenset(map(str, sources)))
        for number, record in records.since(place, told, day_ended):
            offset = number
            try:
                decisions = step_or_fail(engine, number, _share_of(rules, share) if number == 0 else record)
            except UndecidableRecordError:
                say({"undecidable": number})
                return
            for part, decision in zip(engine.parts(decisions), decisions, strict=True):
                event = decision.event
                found = {"offset": number, "part": part, "rule": event.rule, "event": event.model_dump_json()}
                if files is not None:
                    files.note(found)
                say(found)


def _files_of(opening: Message, share: Sequence[object]) -> UnfinishedShare | None:
    unfinished = opening["unfinished"]
    if unfinished is None:
        return None
    assert isinstance(unfinished, dict)
    return Unfinished.from_json(unfinished).share([str(name) for name in share])


def _share_of(rules: RulesActivated, names: Sequence[object]) -> RulesActivated:
    """Return the activation of those of ``rules`` alone; it goes by the same hash, which events name."""
    some = [rule for rule in RuleSet.from_compiled(rules.compiled).rules if rule.name in names]
    return rules.changed(compiled=RuleSet.of(*some).compiled())


def main() -> None:
    """Decide, and tell."""
    tell(decide)


if __name__ == "__main__":
    main()
