"""Every rule set that was ever activated; none is removed, and all that changes is that a deferred one takes force."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, update

from connectors.store.database import Database
from connectors.store.tables import rule_sets
from connectors.store.upsert import insert_new
from schemas.ports.store import RuleSet

_PLAIN = tuple(name for name in RuleSet.model_fields if name not in ("activated_at", "ready_at"))


class RuleSets:
    """The part of :class:`schemas.ports.store.LedgerStore` that keeps rule sets."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_rule_set(self, rule_set: RuleSet) -> None:
        """Keep ``rule_set``; the same hash and offset again changes nothing."""
        row = {
            **{name: getattr(rule_set, name) for name in _PLAIN},
            "activated_at_us": rule_set.activated_at,
            "ready_at_us": rule_set.ready_at,
        }
        with self._database.writing() as connection:
            insert_new(connection, rule_sets, row)

    def rule_set_took_force(self, rule_set: RuleSet) -> None:
        """Note ``ready_offset`` and ``ready_at`` of the deferred ``rule_set``, kept before; again changes nothing."""
        same = (rule_sets.c.rules_hash == rule_set.rules_hash) & (rule_sets.c.log_offset == rule_set.log_offset)
        values = {"ready_offset": rule_set.ready_offset, "ready_at_us": rule_set.ready_at}
        with self._database.writing() as connection:
            connection.execute(update(rule_sets).where(same).values(values))

    def rule_sets(self) -> Sequence[RuleSet]:
        """Return all in the order they were added, oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(select(rule_sets).order_by(rule_sets.c.rule_set_id)).mappings().all()
        return [
            RuleSet(
                **{name: row[name] for name in _PLAIN},
                activated_at=row["activated_at_us"],
                ready_at=row["ready_at_us"],
            )
            for row in rows
        ]
