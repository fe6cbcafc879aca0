"""What an attacker with a database role can do to a small record, and which record ``fawang verify`` must name first.

Every attack is a few statements of SQL; those that mend the hashes afterwards do it with arithmetic written here, from the
description of the chain, so that they share nothing with the code that checks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection

ZERO = b"\0" * 32
COLUMNS = "id, stream, seq, kind, occurred_at, recorded_at, actor_kind, actor_id, office_id, door, request_id, payload, suite, prev_hash, hash"
READ_COLUMNS = "id, at, actor_kind, actor_id, office_id, subject_kind, subject_id, purpose, door, request_id, what"


def sql(statement: str, *params: Any) -> list[tuple[Any, ...]]:
    """Run a statement as whoever the connection is."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params or None)
        return cursor.fetchall() if cursor.description else []


def no_guards() -> None:
    """A superuser's first step: no trigger and no foreign key fires any more."""
    sql("SET LOCAL session_replication_role = replica")


def compact(body: dict[str, Any]) -> bytes:
    return json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def event_hash(row: tuple[Any, ...]) -> bytes:
    """SHA-256 over the row's columns, times in UTC, the previous hash in hex."""
    body = dict(zip(COLUMNS.replace("prev_hash", "prev").split(", "), row, strict=True))
    body.pop("hash")
    for name in ("id", "stream"):
        body[name] = str(body[name])
    for name in ("occurred_at", "recorded_at"):
        body[name] = body[name].astimezone(UTC).isoformat()
    body["payload"] = json.loads(body["payload"]) if isinstance(body["payload"], str) else body["payload"]
    body["prev"] = bytes(body["prev"]).hex()
    return hashlib.sha256(compact(body)).digest()


def ledger_head(head: bytes, position: int, sealed_at: datetime, own: bytes) -> bytes:
    stamp = round(sealed_at.timestamp() * 1_000_000)
    return hashlib.sha256(head + position.to_bytes(8, "big") + stamp.to_bytes(8, "big") + own).digest()


def event_at(position: int) -> str:
    return str(sql("SELECT event_id FROM kernel_ledgerentry WHERE position = %s", position)[0][0])


def successor(event: str) -> tuple[int, str]:
    """The next event of the same stream: its position in the ledger and its id."""
    found = sql(
        "SELECT l.position, n.id FROM kernel_event e JOIN kernel_event n ON n.stream = e.stream AND n.seq = e.seq + 1"
        " JOIN kernel_ledgerentry l ON l.event_id = n.id WHERE e.id = %s",
        event,
    )[0]
    return int(found[0]), str(found[1])


def rehash(event: str) -> bytes:
    own = event_hash(sql(f"SELECT {COLUMNS} FROM kernel_event WHERE id = %s", event)[0])
    sql("UPDATE kernel_event SET hash = %s WHERE id = %s", own, event)
    return own


def rechain_ledger() -> None:
    """All positions from 1, all heads anew."""
    head = ZERO
    for new, (old, event, sealed_at) in enumerate(sql("SELECT position, event_id, sealed_at FROM kernel_ledgerentry ORDER BY position"), 1):
        own = bytes(sql("SELECT hash FROM kernel_event WHERE id = %s", event)[0][0])
        head = ledger_head(head, new, sealed_at, own)
        sql("UPDATE kernel_ledgerentry SET position = %s, event_hash = %s, head = %s WHERE position = %s", new, own, head, old)


def rechain_stream(stream: str) -> None:
    """A stream's numbers from 1, all its hashes anew."""
    previous = ZERO
    for new, (event,) in enumerate(sql("SELECT id FROM kernel_event WHERE stream = %s ORDER BY seq", stream), 1):
        sql("UPDATE kernel_event SET seq = %s, prev_hash = %s WHERE id = %s", new, previous, event)
        previous = rehash(str(event))


def stream_of(event: str) -> str:
    return str(sql("SELECT stream FROM kernel_event WHERE id = %s", event)[0][0])


def rechain_reads() -> None:
    head = ZERO
    for new, (old, read) in enumerate(sql("SELECT position, read_id FROM kernel_readentry ORDER BY position"), 1):
        row = dict(zip(READ_COLUMNS.split(", "), sql(f"SELECT {READ_COLUMNS} FROM kernel_readlog WHERE id = %s", read)[0], strict=True))
        row |= {"id": str(row["id"]), "subject_id": str(row["subject_id"]), "at": row["at"].astimezone(UTC).isoformat()}
        own = hashlib.sha256(compact(row)).digest()
        head = hashlib.sha256(head + new.to_bytes(8, "big") + own).digest()
        sql("UPDATE kernel_readentry SET position = %s, read_hash = %s, head = %s WHERE position = %s", new, own, head, old)


def read_at(position: int) -> str:
    return str(sql("SELECT read_id FROM kernel_readentry WHERE position = %s", position)[0][0])


@dataclass(frozen=True, slots=True)
class Attack:
    """What is done, and the first record to be named: its position, its name, words of the finding."""

    name: str
    act: Callable[[], tuple[int, str, str]]


ATTACKS: list[Attack] = []


def attack(act: Callable[[], tuple[int, str, str]]) -> Callable[[], tuple[int, str, str]]:
    """Register an attack of the owner (guards are off before it begins)."""
    ATTACKS.append(Attack(act.__name__, act))
    return act


def column_attack(column: str, value: str) -> None:
    """Change one column of the event at position ``AT``."""

    def act() -> tuple[int, str, str]:
        event = event_at(AT)
        sql(f"UPDATE kernel_event SET {column} = {value} WHERE id = %s", event)
        return AT, event, "content does not fit its hash"

    ATTACKS.append(Attack(f"change the event's {column}: {value}", act))


AT, MIDDLE = 0, 0
"""Set by the world: the position most attacks aim at, in the middle of the first matter's stream; and that of the first anchor,
behind the whole of that stream. The second anchor stands at the end."""


def aim(at: int, middle: int) -> None:
    """The world says where things stand."""
    global AT, MIDDLE
    AT, MIDDLE = at, middle


for _column, _value in (
    ("payload", 'payload || \'{"kind": "answer"}\''),
    ("payload", "payload || '{\"more\": 1}'"),
    ("payload", "payload - 'digest'"),
    ("payload", "'{}'"),
    ("kind", "'matter.linked'"),
    ("occurred_at", "occurred_at + interval '1 microsecond'"),
    ("recorded_at", "recorded_at - interval '1 day'"),
    ("actor_kind", "'system'"),
    ("actor_id", "'somebody'"),
    ("office_id", "'elsewhere'"),
    ("door", "'window'"),
    ("request_id", "'r'"),
    ("suite", "'sm'"),
    ("stream", "gen_random_uuid()"),
    ("seq", "999"),
    ("prev_hash", "sha256('x')"),
    ("hash", "sha256('x')"),
):
    column_attack(_column, _value)


@attack
def change_payload_and_mend_its_own_hash() -> tuple[int, str, str]:
    event = event_at(AT)
    sql('UPDATE kernel_event SET payload = payload || \'{"kind": "answer"}\' WHERE id = %s', event)
    rehash(event)
    return AT, event, "changed after it was sealed"


@attack
def change_payload_and_mend_hash_and_entry() -> tuple[int, str, str]:
    event = event_at(AT)
    sql('UPDATE kernel_event SET payload = payload || \'{"kind": "answer"}\' WHERE id = %s', event)
    sql("UPDATE kernel_ledgerentry SET event_hash = %s WHERE position = %s", rehash(event), AT)
    return AT, "ledger", "head does not follow"


@attack
def change_payload_and_mend_the_whole_ledger_but_not_the_stream() -> tuple[int, str, str]:
    event = event_at(AT)
    sql('UPDATE kernel_event SET payload = payload || \'{"kind": "answer"}\' WHERE id = %s', event)
    rehash(event)
    rechain_ledger()
    position, after = successor(event)
    return position, after, "does not follow the event before it"


@attack
def change_payload_and_mend_everything() -> tuple[int, str, str]:
    event = event_at(AT)
    sql('UPDATE kernel_event SET payload = payload || \'{"kind": "answer"}\' WHERE id = %s', event)
    rechain_stream(stream_of(event))
    rechain_ledger()
    return MIDDLE, "anchor", "something after 0 was changed"


@attack
def change_something_after_the_first_anchor_and_mend_everything() -> tuple[int, str, str]:
    event = event_at(MIDDLE + 2)
    sql("UPDATE kernel_event SET actor_id = 'somebody' WHERE id = %s", event)
    rechain_stream(stream_of(event))
    rechain_ledger()
    return last_position(), "anchor", f"something after {MIDDLE} was changed"


def last_position() -> int:
    return int(sql("SELECT max(position) FROM kernel_ledgerentry")[0][0])


@attack
def delete_an_event() -> tuple[int, str, str]:
    event = event_at(AT)
    sql("DELETE FROM kernel_event WHERE id = %s", event)
    return AT, event, "event is missing"


@attack
def delete_an_event_with_its_entry() -> tuple[int, str, str]:
    event = event_at(AT)
    sql("DELETE FROM kernel_ledgerentry WHERE position = %s", AT)
    sql("DELETE FROM kernel_event WHERE id = %s", event)
    return AT, "ledger", f"entries {AT} to {AT} are missing"


@attack
def delete_an_entry_only() -> tuple[int, str, str]:
    sql("DELETE FROM kernel_ledgerentry WHERE position = %s", AT)
    return AT, "ledger", f"entries {AT} to {AT} are missing"


@attack
def delete_three_entries() -> tuple[int, str, str]:
    sql("DELETE FROM kernel_ledgerentry WHERE position BETWEEN %s AND %s", AT, AT + 2)
    return AT, "ledger", f"entries {AT} to {AT + 2} are missing"


@attack
def delete_the_first_event() -> tuple[int, str, str]:
    sql("DELETE FROM kernel_event WHERE id = %s", event := event_at(1))
    return 1, event, "event is missing"


@attack
def delete_an_event_and_close_the_ledger_over_it() -> tuple[int, str, str]:
    event = event_at(AT)
    position, after = successor(event)
    sql("DELETE FROM kernel_ledgerentry WHERE position = %s", AT)
    sql("DELETE FROM kernel_event WHERE id = %s", event)
    rechain_ledger()
    return position - 1, after, "goes from"


@attack
def delete_an_event_and_close_ledger_and_stream_over_it() -> tuple[int, str, str]:
    event = event_at(AT)
    stream = stream_of(event)
    sql("DELETE FROM kernel_ledgerentry WHERE position = %s", AT)
    sql("DELETE FROM kernel_event WHERE id = %s", event)
    rechain_stream(stream)
    rechain_ledger()
    return MIDDLE, "anchor", "something after 0 was changed"


@attack
def delete_a_whole_matter_s_stream_and_mend() -> tuple[int, str, str]:
    stream = stream_of(event_at(AT))
    sql("DELETE FROM kernel_ledgerentry WHERE event_id IN (SELECT id FROM kernel_event WHERE stream = %s)", stream)
    sql("DELETE FROM kernel_event WHERE stream = %s", stream)
    rechain_ledger()
    return MIDDLE, "anchor", "something after 0 was changed"


@attack
def swap_the_payloads_of_two_events() -> tuple[int, str, str]:
    one, other = event_at(AT), event_at(AT + 1)
    sql(
        "UPDATE kernel_event e SET payload = o.payload FROM kernel_event o WHERE e.id IN (%s, %s) AND o.id IN (%s, %s) AND e.id <> o.id", one, other, one, other
    )
    return AT, one, "content does not fit its hash"


@attack
def swap_the_numbers_of_two_events() -> tuple[int, str, str]:
    one = event_at(AT)
    _, other = successor(one)
    sql("UPDATE kernel_event SET seq = -seq WHERE id IN (%s, %s)", one, other)
    sql("UPDATE kernel_event SET seq = 1 - seq WHERE id = %s", one)
    sql("UPDATE kernel_event SET seq = -seq - 1 WHERE id = %s", other)
    return AT, one, "content does not fit its hash"


@attack
def swap_two_entries_of_the_ledger() -> tuple[int, str, str]:
    sql("UPDATE kernel_ledgerentry SET position = CASE position WHEN %s THEN -1 ELSE -2 END WHERE position IN (%s, %s)", AT, AT, AT + 1)
    sql("UPDATE kernel_ledgerentry SET position = %s + 2 + position WHERE position IN (-1, -2)", AT)
    return first_out_of_order()


def first_out_of_order() -> tuple[int, str, str]:
    """The event now at ``AT``: of the same stream it skips one, of another it only does not follow in the ledger."""
    event = event_at(AT)
    seen = sql(
        "SELECT count(*) FROM kernel_ledgerentry l JOIN kernel_event e ON e.id = l.event_id WHERE l.position < %s AND e.stream = %s", AT, stream_of(event)
    )[0][0]
    if sql("SELECT seq FROM kernel_event WHERE id = %s", event)[0][0] == seen + 1:
        return AT, "ledger", "head does not follow"
    return AT, event, "goes from"


@attack
def swap_two_entries_of_one_stream_and_mend_the_ledger() -> tuple[int, str, str]:
    one = event_at(AT)
    position, other = successor(one)
    sql("UPDATE kernel_ledgerentry SET position = -position WHERE position IN (%s, %s)", AT, position)
    sql("UPDATE kernel_ledgerentry SET position = CASE position WHEN %s THEN %s ELSE %s END WHERE position < 0", -AT, position, AT)
    rechain_ledger()
    return AT, other, "goes from"


@attack
def move_an_event_into_another_stream_and_mend_its_hash() -> tuple[int, str, str]:
    event, other = event_at(AT), stream_of(event_at(MIDDLE + 2))
    assert other != stream_of(event)
    sql("UPDATE kernel_event SET stream = %s, seq = 1000 WHERE id = %s", other, event)
    rehash(event)
    return AT, event, "goes from"


@attack
def renumber_the_last_entry() -> tuple[int, str, str]:
    last = last_position()
    sql("UPDATE kernel_ledgerentry SET position = position + 5 WHERE position = %s", last)
    return last, "ledger", f"entries {last} to {last + 4} are missing"


@attack
def change_a_head() -> tuple[int, str, str]:
    sql("UPDATE kernel_ledgerentry SET head = sha256('x') WHERE position = %s", AT)
    return AT, "ledger", "head does not follow"


@attack
def change_an_entry_s_event_hash() -> tuple[int, str, str]:
    sql("UPDATE kernel_ledgerentry SET event_hash = sha256('x') WHERE position = %s", AT)
    return AT, event_at(AT), "changed after it was sealed"


@attack
def change_the_hour_of_sealing() -> tuple[int, str, str]:
    sql("UPDATE kernel_ledgerentry SET sealed_at = sealed_at - interval '1 second' WHERE position = %s", AT)
    return AT, "ledger", "head does not follow"


def _copied(more: str, **changed: str) -> str:
    """Insert a copy of the event at ``AT`` with other columns; returns its id."""
    names = COLUMNS.split(", ")
    shown = ", ".join({"id": "gen_random_uuid()", **changed}.get(n, n) for n in names)
    return str(sql(f"INSERT INTO kernel_event ({COLUMNS}) SELECT {shown} FROM kernel_event WHERE id = %s {more} RETURNING id", event_at(AT))[0][0])


@attack
def insert_an_event_outside_the_ledger() -> tuple[int, str, str]:
    event = _copied("", seq="1000")
    return 0, event, "outside the ledger"


@attack
def insert_an_event_in_the_middle_of_the_ledger() -> tuple[int, str, str]:
    event = _copied("", stream="gen_random_uuid()", seq="1", prev_hash="decode(repeat('00', 32), 'hex')")
    own = rehash(event)
    for (position,) in sql("SELECT position FROM kernel_ledgerentry WHERE position > %s ORDER BY position DESC", AT):
        sql("UPDATE kernel_ledgerentry SET position = position + 1 WHERE position = %s", position)
    sql("INSERT INTO kernel_ledgerentry (position, event_id, event_hash, head, sealed_at) VALUES (%s, %s, %s, sha256('x'), now())", AT + 1, event, own)
    return AT + 1, "ledger", "head does not follow"


@attack
def insert_an_event_in_the_middle_of_stream_and_ledger() -> tuple[int, str, str]:
    stream = stream_of(event_at(AT))
    for (event,) in sql(
        "SELECT id FROM kernel_event WHERE stream = %s AND seq > (SELECT seq FROM kernel_event WHERE id = %s) ORDER BY seq DESC", stream, event_at(AT)
    ):
        sql("UPDATE kernel_event SET seq = seq + 1 WHERE id = %s", event)
    position, after = sql(
        "SELECT l.position, e.id FROM kernel_event e JOIN kernel_ledgerentry l ON l.event_id = e.id WHERE e.stream = %s AND e.seq > %s ORDER BY e.seq LIMIT 1",
        stream, sql("SELECT seq FROM kernel_event WHERE id = %s", event_at(AT))[0][0],
    )[0]  # fmt: skip
    _copied("", seq="seq + 1", prev_hash="hash")
    return int(position), str(after), "content does not fit its hash"


@attack
def replay_an_event() -> tuple[int, str, str]:
    sql("ALTER TABLE kernel_event DROP CONSTRAINT event_stream_seq")
    event = _copied("")
    own = rehash(event)
    sql(
        "INSERT INTO kernel_ledgerentry (position, event_id, event_hash, head, sealed_at) VALUES (%s, %s, %s, sha256('x'), now())",
        last := last_position() + 1,
        event,
        own,
    )
    rechain_ledger()
    return last, event, "goes from"


@attack
def replay_an_entry() -> tuple[int, str, str]:
    name = sql("SELECT conname FROM pg_constraint WHERE conrelid = 'kernel_ledgerentry'::regclass AND contype = 'u'")[0][0]
    sql(f'ALTER TABLE kernel_ledgerentry DROP CONSTRAINT "{name}"')
    last = last_position() + 1
    sql(
        "INSERT INTO kernel_ledgerentry (position, event_id, event_hash, head, sealed_at) SELECT %s, event_id, event_hash, head, sealed_at FROM kernel_ledgerentry WHERE position = %s",
        last,
        AT,
    )
    event = event_at(AT)
    for new, (old,) in enumerate(sql("SELECT position FROM kernel_ledgerentry ORDER BY position"), 1):
        assert new == old
    return last, event, "goes from"


@attack
def copy_another_chain_under_a_new_stream() -> tuple[int, str, str]:
    stream = stream_of(event_at(AT))
    position = last_position()
    first = ""
    for (event,) in sql("SELECT id FROM kernel_event WHERE stream = %s ORDER BY seq", stream):
        names = ", ".join({"id": "gen_random_uuid()", "stream": "'00000000-0000-4000-8000-000000000001'"}.get(n, n) for n in COLUMNS.split(", "))
        new, own = sql(f"INSERT INTO kernel_event ({COLUMNS}) SELECT {names} FROM kernel_event WHERE id = %s RETURNING id, hash", event)[0]
        first, position = first or str(new), position + 1
        sql("INSERT INTO kernel_ledgerentry (position, event_id, event_hash, head, sealed_at) VALUES (%s, %s, %s, sha256('x'), now())", position, new, own)
    rechain_ledger()
    return int(sql("SELECT position FROM kernel_ledgerentry WHERE event_id = %s", first)[0][0]), first, "content does not fit its hash"


@attack
def cut_the_tail_of_record_and_ledger() -> tuple[int, str, str]:
    last = last_position()
    sql("DELETE FROM kernel_event WHERE id IN (SELECT event_id FROM kernel_ledgerentry WHERE position > %s)", last - 3)
    sql("DELETE FROM kernel_ledgerentry WHERE position > %s", last - 3)
    return last - 2, "ledger", f"ends after {last - 3}, an anchor knows {last}"


@attack
def cut_the_last_event() -> tuple[int, str, str]:
    last = last_position()
    sql("DELETE FROM kernel_event WHERE id = %s", event_at(last))
    sql("DELETE FROM kernel_ledgerentry WHERE position = %s", last)
    return last, "ledger", f"ends after {last - 1}, an anchor knows {last}"


@attack
def cut_the_ledger_and_leave_the_events() -> tuple[int, str, str]:
    last = last_position()
    sql("DELETE FROM kernel_ledgerentry WHERE position > %s", last - 3)
    return last - 2, "ledger", f"ends after {last - 3}, an anchor knows {last}"


@attack
def empty_everything() -> tuple[int, str, str]:
    sql("TRUNCATE kernel_event, kernel_ledgerentry, kernel_unsealedevent CASCADE")
    return 1, "ledger", f"ends after 0, an anchor knows {MIDDLE}"


@attack
def put_back_last_week_s_copy_and_write_on() -> tuple[int, str, str]:
    """Everything after the first anchor goes; other well-formed events take its place, beyond the last anchor."""
    last = last_position()
    gone = "(SELECT event_id FROM kernel_ledgerentry WHERE position > %s)"
    sql(f"DELETE FROM kernel_event WHERE id IN {gone}", MIDDLE)
    sql("DELETE FROM kernel_ledgerentry WHERE position > %s", MIDDLE)
    for n in range(MIDDLE + 1, last + 3):
        event = _copied("", stream="gen_random_uuid()", seq="1", prev_hash="decode(repeat('00', 32), 'hex')")
        sql("INSERT INTO kernel_ledgerentry (position, event_id, event_hash, head, sealed_at) VALUES (%s, %s, %s, sha256('x'), now())", n, event, rehash(event))
    rechain_ledger()
    return last, "anchor", f"something after {MIDDLE} was changed"


def read_attack(column: str, value: str) -> None:
    def act() -> tuple[int, str, str]:
        sql(f"UPDATE kernel_readlog SET {column} = {value} WHERE id = %s", read := read_at(2))
        return 0, f"read {read}", "read was changed after it was sealed"

    ATTACKS.append(Attack(f"change a read's {column}", act))


for _column, _value in (
    ("purpose", "'another'"),
    ("actor_id", "'somebody'"),
    ("at", "at - interval '1 day'"),
    ("subject_id", "gen_random_uuid()"),
    ("what", "'nothing'"),
):
    read_attack(_column, _value)


@attack
def delete_a_read() -> tuple[int, str, str]:
    sql("DELETE FROM kernel_readlog WHERE id = %s", read := read_at(2))
    return 0, f"read {read}", "read is missing"


@attack
def delete_a_read_with_its_entry() -> tuple[int, str, str]:
    read = read_at(2)
    sql("DELETE FROM kernel_readentry WHERE position = 2")
    sql("DELETE FROM kernel_readlog WHERE id = %s", read)
    return 0, "read 2", "entries 2 to 2 of the reads are missing"


@attack
def delete_a_read_and_mend_the_reads() -> tuple[int, str, str]:
    read = read_at(2)
    sql("DELETE FROM kernel_readentry WHERE position = 2")
    sql("DELETE FROM kernel_readlog WHERE id = %s", read)
    rechain_reads()
    return 0, f"read {read_at(3)}", "differs from the ledger"


@attack
def change_a_read_and_mend_the_reads() -> tuple[int, str, str]:
    sql("UPDATE kernel_readlog SET actor_id = 'somebody' WHERE id = %s", read_at(2))
    rechain_reads()
    return 0, f"read {read_at(3)}", "differs from the ledger"


@attack
def cut_the_tail_of_the_reads() -> tuple[int, str, str]:
    last = sql("SELECT max(position) FROM kernel_readentry")[0][0]
    read = read_at(last)
    sql("DELETE FROM kernel_readentry WHERE position = %s", last)
    sql("DELETE FROM kernel_readlog WHERE id = %s", read)
    return 0, f"read {last}", f"the reads end after {last - 1}"


@attack
def swap_two_reads() -> tuple[int, str, str]:
    sql("UPDATE kernel_readentry SET position = -position WHERE position IN (1, 2)")
    sql("UPDATE kernel_readentry SET position = 3 + position WHERE position < 0")
    return 0, f"read {read_at(1)}", "head of the reads does not follow"


@attack
def change_a_read_s_head() -> tuple[int, str, str]:
    sql("UPDATE kernel_readentry SET head = sha256('x') WHERE position = 2")
    return 0, f"read {read_at(2)}", "head of the reads does not follow"


@attack
def insert_a_read_outside_the_chain() -> tuple[int, str, str]:
    names = ", ".join("gen_random_uuid()" if n == "id" else n for n in READ_COLUMNS.split(", "))
    read = sql(f"INSERT INTO kernel_readlog ({READ_COLUMNS}) SELECT {names} FROM kernel_readlog WHERE id = %s RETURNING id", read_at(2))[0][0]
    return 0, f"read {read}", "outside the chain"


def row_attack(table: str, kind: str, key: str, change: str, what: str) -> None:
    """Change a row that an event vouches for: the first event of that kind is named."""

    def act() -> tuple[int, str, str]:
        position, pk = sql(
            "SELECT l.position, e.payload->>%s FROM kernel_event e JOIN kernel_ledgerentry l ON l.event_id = e.id WHERE e.kind = %s ORDER BY l.position LIMIT 1",
            key, kind,
        )[0]  # fmt: skip
        sql(f"UPDATE {table} SET {change} WHERE id = %s", pk)
        return int(position), f"{table.split('_', 1)[1]} {pk}", what

    ATTACKS.append(Attack(f"{table}: {change}", act))


row_attack(
    "matters_message", "matter.message_added", "message", "body = (SELECT body FROM matters_message WHERE kind = 'note')", "differs from its event in digest"
)
row_attack("matters_message", "matter.message_added", "message", "body = set_byte(body, 20, 255 - get_byte(body, 20))", "row cannot be opened")
row_attack("matters_message", "matter.message_added", "message", "kind = 'answer'", "differs from its event in kind")
row_attack("matters_message", "matter.note_added", "message", "audience = 'public'", "differs from its event in audience")
row_attack("matters_attachment", "matter.attachment_added", "attachment", "digest = repeat('0', 64)", "differs from its event in digest")
row_attack("matters_attachment", "matter.attachment_added", "attachment", "audience = 'internal'", "differs from its event in audience")
row_attack("matters_document", "matter.document_issued", "document", "number = 'X-1'", "differs from its event in number")
row_attack("oversight_rating", "rating.given", "rating", "level = 5", "differs from its event in level")
row_attack("oversight_rating", "rating.given", "rating", "rated_staff_id = NULL", "differs from its event in staff")
row_attack("hotline_recording", "hotline.recording_stored", "recording", "digest = repeat('0', 64)", "differs from its event in digest")
row_attack("hotline_recording", "hotline.recording_stored", "recording", "gaps_ms = 5", "differs from its event in gaps_ms")
row_attack("hotline_recordingplayback", "hotline.recording_played", "playback", "purpose = '另一个目的'", "differs from its event in purpose_digest")


@attack
def delete_a_rating() -> tuple[int, str, str]:
    pk, matter = sql("SELECT id, matter_id FROM oversight_rating")[0]
    sql("DELETE FROM oversight_rating WHERE id = %s", pk)
    position = sql(
        "SELECT l.position FROM kernel_event e JOIN kernel_ledgerentry l ON l.event_id = e.id WHERE e.kind = 'rating.given' AND e.stream = %s", matter
    )
    return int(position[0][0]), f"rating {pk}", "row is missing"


@attack
def delete_a_playback() -> tuple[int, str, str]:
    pk = sql("SELECT id FROM hotline_recordingplayback")[0][0]
    sql("DELETE FROM hotline_recordingplayback WHERE id = %s", pk)
    position = sql("SELECT l.position FROM kernel_event e JOIN kernel_ledgerentry l ON l.event_id = e.id WHERE e.kind = 'hotline.recording_played'")
    return int(position[0][0]), f"recordingplayback {pk}", "row is missing"


@attack
def insert_a_good_rating() -> tuple[int, str, str]:
    columns = [c[0] for c in sql("SELECT column_name::text FROM information_schema.columns WHERE table_name = 'oversight_rating' ORDER BY ordinal_position")]
    changed = {
        "id": "gen_random_uuid()",
        "level": "5",
        "matter_id": "(SELECT m.id FROM matters_matter m LEFT JOIN oversight_rating x ON x.matter_id = m.id WHERE x.id IS NULL LIMIT 1)",
    }
    pk = sql(f"INSERT INTO oversight_rating ({', '.join(columns)}) SELECT {', '.join(changed.get(c, c) for c in columns)} FROM oversight_rating RETURNING id")[
        0
    ][0]
    return 0, f"rating {pk}", "no event tells of this row"
