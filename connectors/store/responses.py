"""What people answered: acknowledgements (one an alert, the first stands), silences, and verdicts (the newest stands)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import RowMapping, func, or_, select, update

from connectors.store.database import Database
from connectors.store.tables import acknowledgements, silences, verdicts
from connectors.store.upsert import insert_new
from schemas.ports.response import Acknowledgement, AlertVerdict, Silence
from schemas.reasons import Judgement

_CHUNK = 500


class Responses:
    """Implements :class:`schemas.ports.response.ResponseStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def acknowledge(self, acknowledgement: Acknowledgement) -> bool:
        """Keep it; False where the alert was acknowledged before, which stands."""
        row = acknowledgement.model_dump(exclude={"at"}) | {"at_us": acknowledgement.at}
        with self._database.writing() as connection:
            return insert_new(connection, acknowledgements, row)

    def acknowledgements(self, alert_ids: Sequence[str]) -> Mapping[str, Acknowledgement]:
        """Return by alert id those of ``alert_ids`` that are acknowledged."""
        wanted, found = list(dict.fromkeys(alert_ids)), {}
        for start in range(0, len(wanted), _CHUNK):
            chunk = acknowledgements.c.alert_id.in_(wanted[start : start + _CHUNK])
            with self._database.reading() as connection:
                rows = connection.execute(select(acknowledgements).where(chunk)).mappings().all()
            for row in rows:
                found[row["alert_id"]] = _acknowledgement(row)
        return found

    def add_silence(self, silence: Silence) -> None:
        """Keep ``silence``; the same id again changes nothing."""
        row = silence.model_dump(exclude={"created_at", "ends_at", "lifted_at", "articles"}) | {
            "created_at_us": silence.created_at,
            "ends_at_us": silence.ends_at,
            "lifted_at_us": silence.lifted_at,
            "articles": json.dumps(silence.articles),
        }
        with self._database.writing() as connection:
            insert_new(connection, silences, row)

    def lift_silence(self, silence_id: str, *, at: datetime, by: str) -> bool:
        """End a silence now; False where there is none of that id, or it is lifted already."""
        change = update(silences).where(silences.c.silence_id == silence_id, silences.c.lifted_at_us.is_(None))
        with self._database.writing() as connection:
            return connection.execute(change.values(lifted_at_us=at, lifted_by=by)).rowcount == 1

    def silences(self, *, in_force_at: datetime | None = None) -> Sequence[Silence]:
        """Return all, oldest first, or those neither lifted nor past their time at a moment."""
        query = select(silences).order_by(silences.c.created_at_us, silences.c.silence_id)
        if in_force_at is not None:
            query = query.where(silences.c.lifted_at_us.is_(None))
            query = query.where(or_(silences.c.ends_at_us.is_(None), silences.c.ends_at_us > in_force_at))
        with self._database.reading() as connection:
            return [_silence(row) for row in connection.execute(query).mappings()]

    def add_verdict(self, verdict: AlertVerdict) -> None:
        """Keep ``verdict``; the same alert and moment again changes nothing."""
        row = verdict.model_dump(exclude={"at"}) | {"at_us": verdict.at}
        with self._database.writing() as connection:
            insert_new(connection, verdicts, row)

    def verdicts(self) -> Mapping[str, AlertVerdict]:
        """Return by alert id the newest verdict of each alert that has one; one that was taken back is none."""
        query = select(verdicts).order_by(verdicts.c.alert_id, verdicts.c.at_us)
        with self._database.reading() as connection:
            newest = {row["alert_id"]: row for row in connection.execute(query).mappings()}
        return {name: _verdict(row) for name, row in newest.items() if row["judgement"] is not Judgement.UNDONE}

    def newest_answers(self, limit: int) -> Sequence[Acknowledgement | Silence | AlertVerdict]:
        """Return the newest ``limit`` acknowledgements, the newest silences and the newest verdicts, those replaced too."""
        touched = func.coalesce(silences.c.lifted_at_us, silences.c.created_at_us)
        with self._database.reading() as connection:
            seen = connection.execute(select(acknowledgements).order_by(acknowledgements.c.at_us.desc()).limit(limit))
            found: list[Acknowledgement | Silence | AlertVerdict] = [_acknowledgement(row) for row in seen.mappings()]
            held = connection.execute(select(silences).order_by(touched.desc()).limit(limit))
            found += [_silence(row) for row in held.mappings()]
            judged = connection.execute(select(verdicts).order_by(verdicts.c.at_us.desc()).limit(limit))
            return [*found, *(_verdict(row) for row in judged.mappings())]


def _acknowledgement(row: RowMapping) -> Acknowledgement:
    return Acknowledgement(alert_id=row["alert_id"], at=row["at_us"], author=row["author"], comment=row["comment"])


def _silence(row: RowMapping) -> Silence:
    return Silence(
        silence_id=row["silence_id"],
        created_at=row["created_at_us"],
        author=row["author"],
        comment=row["comment"],
        alert_id=row["alert_id"],
        rule=row["rule"],
        key=row["key"],
        ends_at=row["ends_at_us"],
        until_stories=row["until_stories"],
        articles=tuple(json.loads(row["articles"])),
        lifted_at=row["lifted_at_us"],
        lifted_by=row["lifted_by"],
    )


def _verdict(row: RowMapping) -> AlertVerdict:
    return AlertVerdict(
        alert_id=row["alert_id"],
        at=row["at_us"],
        author=row["author"],
        judgement=row["judgement"],
        note=row["note"],
    )
