"""`tocsin verify`: silent on a ledger that is what the log says, and one flipped byte anywhere fails it by name."""

from __future__ import annotations

import json
import shutil
import sqlite3
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipelines.ledger_rows import check_rows
from pipelines.verify import Verification, verify
from schemas.errors import FatalError
from schemas.ids import canonical_json, digest
from tests.streams.deciding import Desk, desk_in
from tests.streams.world import invented_stream
from tocsin.commands.verify import command

Tamper = Callable[[sqlite3.Connection], object]


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A desk whose ledger is right; nobody writes to it."""
    desk = desk_in(tmp_path_factory.mktemp("desk"), [b"not a record", *invented_stream(1, days=6)])
    desk.decide(batch=100)
    return desk


@pytest.fixture
def desk(decided: Desk, tmp_path: Path) -> Desk:
    """A copy to do anything to."""
    shutil.copytree(decided.folder, tmp_path / "copy")
    return Desk(tmp_path / "copy")


def verified(desk: Desk) -> Verification:
    with desk.opened() as (log, store):
        return verify(log, store, snapshots=desk.snapshots)


def tamper(path: Path, change: Tamper) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        change(connection)


def flipped(raw: bytes, place: int) -> bytes:
    return raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]


def body_of(connection: sqlite3.Connection, position: int) -> bytes:
    (body,) = connection.execute("SELECT body FROM events WHERE position = ?", (position,)).fetchone()
    assert isinstance(body, bytes)
    return body


def set_body(connection: sqlite3.Connection, position: int, body: bytes) -> None:
    connection.execute("UPDATE events SET body = ? WHERE position = ?", (body, position))


def test_a_right_ledger_is_right(decided: Desk) -> None:
    result = verified(decided)
    assert result.ok, result.differences
    assert result.events == result.recomputed == len(decided.ledger()) > 10
    assert result.not_recomputed == 0
    assert result.digest == result.recomputed_digest
    with decided.log() as log:
        assert result.records == log.end_offset("signals", 0)


def test_one_flipped_bit_in_a_body_fails(desk: Desk) -> None:
    rows = desk.ledger()
    for position, body in ((1, rows[0].body), (9, rows[8].body), (len(rows), rows[-1].body)):
        forged = flipped(body, len(body) // (position + 1))
        tamper(desk.folder / "store.db", lambda c, p=position, b=forged: set_body(c, p, b))  # type: ignore[misc]
    differences = verified(desk).differences
    for position in (1, 9, len(rows)):
        assert any(f"event {position}, " in text and "hash" in text for text in differences), differences
        assert any(f"event {position}, " in text and "not what the log gives" in text for text in differences)


def test_every_single_byte_of_a_body_counts(decided: Desk) -> None:
    rows = decided.ledger()
    body = rows[3].body
    for place in range(len(body)):
        said: list[str] = []
        check_rows([*rows[:3], rows[3].model_copy(update={"body": flipped(body, place)})], said.append)
        assert said[0].startswith("event 4, "), place


def test_the_same_event_in_another_spelling_fails(desk: Desk) -> None:
    spaced = json.dumps(json.loads(desk.ledger()[4].body), sort_keys=True, ensure_ascii=False).encode()
    tamper(desk.folder / "store.db", lambda c: set_body(c, 5, spaced))
    result = verified(desk)
    assert any(text.startswith("event 5, ") and "hash is not that of its bytes" in text for text in result.differences)
    assert any(text.startswith("event 5, ") and text.endswith("body differ") for text in result.differences)


def test_an_event_changed_with_all_its_hashes_made_anew_fails_by_the_log(desk: Desk) -> None:
    """The forger knows the format: bytes, hashes, links and heads agree with each other, only the log says otherwise."""

    def forge(connection: sqlite3.Connection) -> None:
        rows = connection.execute("SELECT position, rule, body FROM events ORDER BY position").fetchall()
        heads: dict[str, str] = {}
        for position, rule, body in rows:
            event = json.loads(body)
            event["previous"] = heads.get(rule, "")
            if position == 6:
                event["detail"] = "nothing happened"
            forged = canonical_json(event)
            heads[rule] = digest("alert-event", forged, length=64)
            connection.execute(
                "UPDATE events SET body = ?, hash = ?, previous = ? WHERE position = ?",
                (forged, heads[rule], event["previous"], position),
            )
        for rule, head in heads.items():
            connection.execute("UPDATE chain_heads SET hash = ? WHERE rule = ?", (head, rule))

    tamper(desk.folder / "store.db", forge)
    result = verified(desk)
    assert result.differences
    assert result.differences[0].startswith("event 6, ")
    assert "is not what the log gives at offset" in result.differences[0]
    assert result.digest != result.recomputed_digest


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE standings SET open = NOT open WHERE kind = 'alert' AND first = (SELECT min(first) FROM standings)",
        "UPDATE standings SET latest = 1 WHERE latest > 1",
        "DELETE FROM standings WHERE kind = 'alert' AND newest = (SELECT max(newest) FROM standings WHERE kind = 'alert')",
        "INSERT INTO standings VALUES ('blind', 'no-such-rule', '', 1, 1, 1, 1, 1)",
    ],
)
def test_what_is_kept_of_what_stands_has_to_be_what_the_ledger_says(desk: Desk, change: str) -> None:
    tamper(desk.folder / "store.db", lambda c: c.execute(change))
    differences = verified(desk).differences
    assert differences
    assert all(text.startswith("what stands, ") and "tocsin db rebuild" in text for text in differences), differences
    with desk.store() as store:
        store.rebuild_standings()
    assert verified(desk).ok


def test_what_stands_cannot_have_been_told_more_events_than_there_are(desk: Desk) -> None:
    tamper(desk.folder / "store.db", lambda c: c.execute("UPDATE standings_read SET position = 100000"))
    assert [text for text in verified(desk).differences if "was told 100000 events" in text]


def test_what_stands_may_know_less_than_the_ledger_but_not_otherwise(desk: Desk) -> None:
    def forget(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM standings")
        connection.execute("UPDATE standings_read SET position = 0")

    tamper(desk.folder / "store.db", forget)
    assert verified(desk).ok, "as a program from before it would have left it"


@pytest.mark.parametrize("column", ["hash", "previous", "alert_id"])
def test_a_changed_column_beside_the_event_fails(desk: Desk, column: str) -> None:
    tamper(
        desk.folder / "store.db",
        lambda c: c.execute(f"UPDATE events SET {column} = 'x' || substr({column}, 2) WHERE position = 7"),
    )
    result = verified(desk)
    assert any(text.startswith("event 7, ") for text in result.differences), result.differences


def test_a_changed_place_in_the_log_fails(desk: Desk) -> None:
    tamper(
        desk.folder / "store.db",
        lambda c: c.execute("UPDATE events SET log_offset = log_offset + 1 WHERE position = 7"),
    )
    (text,) = verified(desk).differences
    assert text.startswith("event 7, ")
    assert text.endswith("log_offset differ")


def test_swapped_numbers_fail(desk: Desk) -> None:
    def swap(connection: sqlite3.Connection) -> None:
        (rule,) = connection.execute("SELECT rule FROM events GROUP BY rule ORDER BY count(*) DESC").fetchone()
        for old, new in ((2, 900), (3, 2), (900, 3)):
            connection.execute("UPDATE events SET seq = ? WHERE rule = ? AND seq = ?", (new, rule, old))

    tamper(desk.folder / "store.db", swap)
    differences = verified(desk).differences
    assert any("does not continue the chain" in text for text in differences)
    assert any("seq beside it and in its bytes differ" in text for text in differences)


def test_a_removed_event_fails(desk: Desk) -> None:
    gone = desk.ledger()[7]

    def remove(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM outbox WHERE position = 8")
        connection.execute("DELETE FROM events WHERE position = 8")

    tamper(desk.folder / "store.db", remove)
    differences = verified(desk).differences
    assert "event 8 is missing: the next one is at position 9" in differences
    assert f"{gone.name} is missing from the ledger: the log gives it at offset {gone.log_offset}" in differences


def test_the_last_event_removed_with_its_head_and_count_fails(desk: Desk) -> None:
    """A cut at the end leaves every hash and link whole."""
    *_, last = desk.ledger()

    def cut(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM outbox WHERE position = ?", (last.position,))
        connection.execute("DELETE FROM events WHERE position = ?", (last.position,))
        connection.execute("UPDATE decider_head SET events = events - 1")
        if last.previous:
            connection.execute(
                "UPDATE chain_heads SET seq = seq - 1, hash = ? WHERE rule = ?", (last.previous, last.rule)
            )
        else:
            connection.execute("DELETE FROM chain_heads WHERE rule = ?", (last.rule,))
        connection.execute("DELETE FROM standings")
        connection.execute("UPDATE standings_read SET position = 0")

    tamper(desk.folder / "store.db", cut)
    (text,) = verified(desk).differences
    assert text == f"{last.name} is missing from the ledger: the log gives it at offset {last.log_offset}"


def test_an_added_event_fails(desk: Desk) -> None:
    *_, last = desk.ledger()
    event = {**json.loads(last.body), "seq": last.seq + 1, "previous": last.hash, "detail": "added"}
    body = canonical_json(event)
    hashed = digest("alert-event", body, length=64)

    def add(connection: sqlite3.Connection) -> None:
        connection.execute(
            "INSERT INTO events SELECT position + 1, rule, seq + 1, alert_id, hash, ?, ?, log_offset, host, recorded_at_us"
            " FROM events WHERE position = ?",
            (hashed, body, last.position),
        )
        connection.execute("UPDATE chain_heads SET seq = seq + 1, hash = ? WHERE rule = ?", (hashed, last.rule))
        connection.execute("UPDATE decider_head SET events = events + 1")

    tamper(desk.folder / "store.db", add)
    (text,) = verified(desk).differences
    assert (
        text
        == f"event {last.position + 1}, {last.rule} #{last.seq + 1}, is in the ledger, but the log does not give it"
    )


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "UPDATE chain_heads SET hash = 'x' || substr(hash, 2) WHERE rule = 'aze-rus'",
            "the stored head of aze-rus is not",
        ),
        ("UPDATE chain_heads SET seq = seq + 1 WHERE rule = 'aze-rus'", "the stored head of aze-rus is not"),
        ("DELETE FROM chain_heads WHERE rule = 'aze-rus'", "the stored head of aze-rus is not"),
        ("INSERT INTO chain_heads VALUES ('ghost', 1, 'x')", "there is a stored head of ghost, but no event"),
        ("UPDATE decider_head SET events = events + 1", "its head says"),
        ("UPDATE decider_head SET log_id = 'another'", "the ledger belongs to log another"),
        ("UPDATE decider_head SET next_offset = 999999", "the ledger stands at offset 999999"),
        ("DELETE FROM decider_head", "no position in the log"),
    ],
)
def test_changed_heads_fail(desk: Desk, statement: str, said: str) -> None:
    tamper(desk.folder / "store.db", lambda c: c.execute(statement))
    assert any(said in text for text in verified(desk).differences)


def test_one_flipped_bit_in_the_evidence_fails(desk: Desk) -> None:
    with closing(sqlite3.connect(desk.folder / "store.db")) as connection:
        kept = connection.execute("SELECT hash, body FROM evidence ORDER BY hash LIMIT 3").fetchall()
    for number, (name, body) in enumerate(kept):
        changed = flipped(body, len(body) // 2 + number) if number else body + b" "
        tamper(
            desk.folder / "store.db",
            lambda c, b=changed, n=name: c.execute("UPDATE evidence SET body = ? WHERE hash = ?", (b, n)),  # type: ignore[misc]
        )
        differences = verified(desk).differences
        assert len(differences) == number + 1
        assert any(f"evidence {name} of event" in text and "is not what rang" in text for text in differences)


def test_erased_evidence_is_counted_and_no_difference(desk: Desk) -> None:
    with desk.store() as store:
        (name,) = json.loads(next(r.body for r in desk.ledger() if b'"opened"' in r.body))["evidence"][:1]
        erased = store.erase_evidence(store.evidence([name])[name].article_id)
    result = verified(desk)
    assert result.ok
    assert result.erased_evidence == erased >= 1


def change_record(desk: Desk, offset: int, change: Callable[[bytes], bytes], *, sum_too: bool) -> None:
    def write(connection: sqlite3.Connection) -> None:
        (stream,) = connection.execute("SELECT stream_id FROM stream WHERE topic = 'signals'").fetchone()
        table = f"record_{stream}"
        (key, value) = connection.execute(
            f"SELECT key, value FROM {table} WHERE record_offset = ?", (offset,)
        ).fetchone()
        connection.execute(f"UPDATE {table} SET value = ? WHERE record_offset = ?", (change(value), offset))
        if sum_too:
            checksum = zlib.crc32(change(value), zlib.crc32(key))
            connection.execute(f"UPDATE {table} SET checksum = ? WHERE record_offset = ?", (checksum, offset))

    tamper(desk.folder / "log.db", write)


def test_a_changed_record_of_the_log_fails(desk: Desk) -> None:
    rung = next(row for row in desk.ledger() if b'"opened"' in row.body and b'"spike"' in row.body)
    change_record(
        desk,
        rung.log_offset,
        lambda value: value.replace(b'"source":"AZE"', b'"source":"AZF"').replace(b'"id":"AZE"', b'"id":"AZF"'),
        sum_too=True,
    )
    differences = verified(desk).differences
    assert any(rung.name in text for text in differences), differences


def test_a_record_that_no_longer_has_its_checksum_is_named(desk: Desk) -> None:
    change_record(desk, 40, lambda value: flipped(value, 20), sum_too=False)
    with pytest.raises(FatalError, match=r"log\.db.*signals/0 offset 40"):
        verified(desk)


def test_a_trimmed_log_is_told_apart_from_a_wrong_ledger(desk: Desk) -> None:
    with desk.opened() as (log, store):
        job = desk.job(log, store)
        job.recover()
        job.take_snapshot()
    desk.append(invented_stream(1, days=8)[400:])
    desk.decide()
    with desk.log() as log:
        log.trim("signals", 0, 200)
    result = verified(desk)
    assert result.ok, result.differences
    assert result.recomputed > 0
    assert result.not_recomputed > 0
    assert result.recomputed + result.not_recomputed == result.events
    assert result.digest == result.recomputed_digest

    tamper(desk.folder / "store.db", lambda c: set_body(c, 2, flipped(body_of(c, 2), 30)))
    assert any(text.startswith("event 2, ") for text in verified(desk).differences), "the old ones by their hashes"


def test_a_trimmed_log_without_a_snapshot_says_that_nothing_was_recomputed(desk: Desk) -> None:
    with desk.log() as log:
        log.trim("signals", 0, 200)
    shutil.rmtree(desk.snapshots)
    result = verified(desk)
    assert result.ok
    assert (result.recomputed, result.not_recomputed) == (0, result.events)
    assert result.recomputed_digest == ""


def run_command(desk: Desk, *options: str) -> tuple[int, str]:
    settings = f'log = "{desk.log_url}"\nstore = "{desk.store_url}"\nsnapshots = "{desk.snapshots}"\n'
    (desk.folder / "tocsin.toml").write_text(settings)
    answer = CliRunner().invoke(command, ["--folder", str(desk.folder), *options])
    return answer.exit_code, answer.output


def test_the_command(desk: Desk) -> None:
    code, said = run_command(desk)
    assert code == 0, said
    assert "the ledger is what the log says" in said
    tamper(desk.folder / "store.db", lambda c: set_body(c, 3, flipped(body_of(c, 3), 50)))
    code, said = run_command(desk)
    assert code == 1
    assert "DIFFERS: event 3, " in said
    assert "the ledger is NOT what the log says" in said
    code, said = run_command(desk, "--json")
    assert code == 1
    assert json.loads(said)["ok"] is False


def test_the_command_on_a_trimmed_log(desk: Desk) -> None:
    with desk.log() as log:
        log.trim("signals", 0, 200)
    code, said = run_command(desk)
    assert code == 0, said
    assert "events could not be recomputed, because the log was trimmed" in said
