"""P13: a record that was tampered with says so, and says where; the application's role cannot even try.

More than fifty edits by somebody with all the database's powers, each of which ``fawang verify`` must locate; then the
application's own role on a connection of its own; then the checker with one check taken out, which the edits must expose.
"""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import io
import secrets
import sys
import types
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st
from psycopg import sql as composed

from fawang.console import anchor as anchor_verb
from fawang.console import verify as verify_verb
from fawang.console.main import main
from fawang.hotline import recordings
from fawang.kernel import anchors, clock, events, grants, readlog, verification
from fawang.kernel.context import acting
from fawang.kernel.models import Event, LedgerEntry, ReadLog
from fawang.matters import actions
from fawang.matters.attachments import add_attachment
from fawang.matters.conversation import write_message, write_note
from fawang.matters.services import take_step
from fawang.oversight.services import rate
from tests import factories
from tests.conftest import MONDAY
from tests.copies import address
from tests.hotline.world import World
from tests.kernel import tampering
from tests.kernel.tampering import ATTACKS, sql
from tests.undoing import undone

ROLE = "fawang_proof"


@pytest.fixture(scope="module")
def record(committed_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A small house with a bit of everything in its record, sealed and anchored twice."""
    from django.test.utils import override_settings

    folder = tmp_path_factory.mktemp("state")
    with override_settings(STATE_DIR=folder, FILES_DIR=folder / "files"), clock.frozen(MONDAY) as advance:
        world = _live(advance, folder)
        yield world | {"folder": folder, "address": committed_database}


def _live(advance: Any, folder: Path) -> dict[str, Any]:
    def seal() -> int:
        while events.seal():
            pass
        return int(LedgerEntry.objects.latest("position").position)

    office = factories.office("legal_aid_agency", parent=factories.office("justice_bureau"))
    li, wang = factories.staff("李律师", "adviser", at=office, is_adviser=True), factories.staff("王派单", "dispatcher", at=office)
    lawyer, dispatcher, person = factories.actor(li), factories.actor(wang), factories.citizen()
    seal()
    with transaction.atomic():
        first = factories.matter("consultation", office, person=person)
    asker = factories.person_actor(person).holding(first.pk)
    aimed = 0
    for n in range(4):
        advance(timedelta(minutes=1))
        with acting(actor=asker.ref(), door="web"):
            write_message(actor=asker, matter_id=first.pk, body=f"补充第{n}点")
        aimed = aimed if n > 1 else seal()
    actions.assign(actor=dispatcher, matter_id=first.pk, staff_id=li.pk)
    advance(timedelta(minutes=1))
    first.refresh_from_db()
    write_note(actor=lawyer, matter_id=first.pk, body="注意时效")
    with transaction.atomic():
        add_attachment(actor=lawyer, matter=first, upload=io.BytesIO("工资条".encode()), name="工资条.txt")
    take_step(actor=lawyer, matter_id=first.pk, verb="answer", data={"body": "可以先投诉，再申请仲裁。", "citations": "《劳动合同法》第三十条"})
    advance(timedelta(minutes=1))
    with acting(actor=asker.ref(), door="web"):
        rate(actor=asker, matter_id=first.pk, level=1, comment="没讲清楚")
    middle = seal()
    anchors.write_anchor()
    with transaction.atomic():
        second = factories.matter("consultation", office, person=factories.citizen("赵小红", "13800000002"))
    hotline = World(advance, folder)
    with acting(door="hotline"):
        seat, boss = hotline.agent("孙坐席"), hotline.supervisor()
        citizen, _ = hotline.connected(seat)
        hotline.wait(20)
        citizen.hang_up()
        hotline.pump()
        hotline.store()
        taken = recordings.Recording.objects.get(call=hotline.row(citizen))
        recordings.play(actor=boss, recording_id=taken.pk, purpose="核实投诉")
    for n in range(2):
        with acting(actor=lawyer.ref(), purpose="handling"):
            readlog.note_read(subject_kind="matter", subject_id=first.pk, what=f"page {n}")
        advance(timedelta(seconds=1))
    assert readlog.seal_reads() == 3  # the playback was the first
    for n in range(2):
        with acting(actor=lawyer.ref(), purpose="handling"):
            readlog.note_read(subject_kind="matter", subject_id=second.pk, what=f"page {n}")
        advance(timedelta(seconds=1))
    assert readlog.seal_reads() == 2
    advance(timedelta(minutes=1))
    write_message(actor=factories.person_actor(person).holding(second.pk), matter_id=second.pk, body="还有一件事")
    seal()
    anchors.write_anchor()
    tampering.aim(aimed, middle)
    return {"first": first, "second": second}


def found_after(attack: tampering.Attack, check: Any = verification) -> tuple[tuple[int, str, str], verification.Damage | None]:
    """The finding an attack must lead to, and the first one it does lead to."""
    with undone():
        tampering.no_guards()
        expected = attack.act()
        return expected, next(check.damages(), None)


def fits(expected: tuple[int, str, str], found: verification.Damage | None) -> bool:
    return found is not None and (found.position, found.record) == expected[:2] and expected[2] in found.what


def test_the_untouched_record_is_whole(record: dict[str, Any]) -> None:
    assert list(verification.damages()) == []
    assert len(anchors.read_anchors([anchors.anchor_file()])) == 2
    assert Event.objects.filter(stream=record["first"].pk).count() >= 8


def test_there_are_more_than_fifty_edits_and_no_two_alike() -> None:
    assert len(ATTACKS) >= 70
    assert len({a.name for a in ATTACKS}) == len(ATTACKS)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda a: a.name)
def test_every_edit_is_found_and_the_first_damaged_record_is_named(record: dict[str, Any], attack: tampering.Attack) -> None:
    expected, found = found_after(attack)
    assert fits(expected, found), (expected, found)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda a: a.name)
def test_in_pieces_the_same_is_found_as_in_one_walk(record: dict[str, Any], attack: tampering.Attack) -> None:
    with undone():
        tampering.no_guards()
        attack.act()
        whole, known = list(verification.damages()), anchors.read_anchors([anchors.anchor_file()])
        pieces = [damage for part in verification._parts(5) for damage in verification.damages_of(part, known)]
    told = [d for d in whole if not d.what.startswith(("ends after", "head differs from the anchor"))]
    assert [d for d in pieces if not d.what.startswith(("ends after", "head differs from the anchor"))] == told
    assert {d.what.split(",")[0][:10] for d in pieces} == {d.what.split(",")[0][:10] for d in whole}


def test_a_long_record_is_checked_by_several_processes(record: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification, "_parts", lambda size=5, own=verification._parts: own(size))
    assert len(verification._parts()) > len(verification._parts(None))
    assert verification.verified() == (Event.objects.count(), [])
    false = [anchors.Anchor(**{**vars_of(a), "head": "00" * 32}) for a in anchors.read_anchors([anchors.anchor_file()])]
    _, found = verification.verified(anchors=false)
    assert [d.record for d in found] == ["anchor"] * len(false)


def vars_of(anchor: anchors.Anchor) -> dict[str, Any]:
    return {f.name: getattr(anchor, f.name) for f in dataclasses.fields(anchor)}


words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words
payloads = st.dictionaries(
    words, st.recursive(plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=8), max_size=5
)


@given(
    st.lists(words, min_size=7, max_size=7),
    payloads,
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.timezones()),
    st.integers(1, 2**31 - 1),
    st.binary(max_size=32),
)
def test_the_bytes_a_hash_commits_to_are_those_of_the_description_whatever_stands_in_an_event(
    said: list[str], payload: dict[str, Any], at: datetime, seq: int, before: bytes
) -> None:
    kind, actor_kind, actor_id, office_id, door, request_id, suite = said
    event = Event(
        stream=uuid.uuid4(), seq=seq, kind=kind, occurred_at=at, recorded_at=at, actor_kind=actor_kind, actor_id=actor_id, office_id=office_id, door=door,
        request_id=request_id, payload=payload, suite=suite, prev_hash=before,
    )  # fmt: skip
    row = tuple(getattr(event, name) for name in tampering.COLUMNS.split(", "))
    assert hashlib.sha256(events.canonical(event)).digest() == tampering.event_hash(row)


MUTANTS = {
    "skips the payload": ("crypto.digest(events.canonical(event), event.suite) != bytes(event.hash)", "False"),
    "skips the link to the event before": ("bytes(event.prev_hash) != previous", "False"),
    "skips the numbers of a stream": ("event.seq != seq + 1", "False"),
    "skips the sealed copy of the hash": ("bytes(event.hash) != bytes(entry.event_hash)", "False"),
    "skips the ledger's heads": ("if event and head != follows", "if False"),
    "skips gaps in the ledger": ("expected += 1\n                if entry.position != expected", "expected = entry.position\n                if False"),
    "skips missing events": ('yield Damage(entry.position, str(entry.event_id), "event is missing")', "pass"),
    "skips the tail": ("sorted(self.anchors)", "()"),
    "skips the anchors' heads": ("known - {head.hex()}", "False"),
    "skips events outside the ledger": ("return _Chain((), END).outside()", "return iter(())"),
    "skips the reads": ("return _reads()", "return iter(())"),
    "skips changed reads": ("crypto.digest(readlog.canonical(read), entry.suite) != bytes(entry.read_hash)", "False"),
    "skips the reads' heads": ('if head != follows:\n                yield Damage(0, f"read', 'if False:\n                yield Damage(0, f"read'),
    "skips what the ledger says of the reads": ("told.pop(entry.position, head.hex()) != head.hex()", "told.pop(entry.position, None) == 0"),
    "skips the tail of the reads": ("sorted(p for p in told if isinstance(p, int))", "()"),
    "skips missing reads": ('yield Damage(0, f"read {entry.read_id}", "read is missing")', "pass"),
    "skips reads outside the chain": ("if read.id not in waiting", "if False"),
    "skips the rows": ("return _rows(all_vouched()[part.first])", "return iter(())"),
    "skips rows without an event": ("vouched.strangers()", "()"),
}


def mutant(change: tuple[str, str]) -> types.ModuleType:
    """The checker with one check taken out."""
    source = inspect.getsource(verification)
    assert source.count(change[0]) == 1, change[0]
    made = types.ModuleType("fawang.kernel.mutant")
    sys.modules[made.__name__] = made  # dataclasses look their module up
    exec(compile(source.replace(*change), "mutant", "exec"), made.__dict__)
    return made


@pytest.mark.parametrize("name", MUTANTS)
def test_a_checker_that_leaves_something_out_is_caught_by_the_edits(record: dict[str, Any], name: str) -> None:
    weaker = mutant(MUTANTS[name])
    assert list(weaker.damages()) == []  # it looks as sound as the true one
    assert any(not fits(*found_after(attack, weaker)) for attack in ATTACKS)


# -- the application's own role, on a connection of its own ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def app(record: dict[str, Any]) -> Iterator[str]:
    """A role with the application's rights, given by the code that gives them; its address."""
    password, role = secrets.token_hex(12), composed.Identifier(ROLE)
    with psycopg.connect(record["address"], autocommit=True) as owner:
        owner.execute(composed.SQL("DROP ROLE IF EXISTS {}").format(role))
        owner.execute(composed.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, composed.Literal(password)))
    with connection.cursor() as cursor:
        assert grants.give_rights(cursor, ROLE)
    yield address(connection.settings_dict["NAME"], ROLE, password)
    with psycopg.connect(record["address"], autocommit=True) as owner:
        owner.execute(composed.SQL("DROP OWNED BY {}").format(role))
        owner.execute(composed.SQL("DROP ROLE {}").format(role))


ALL_RIGHTS = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"]
RECORD_TABLES = (
    "kernel_event", "kernel_ledgerentry", "kernel_readlog", "kernel_readentry", "oversight_rating",
    "hotline_callevent", "hotline_recordingplayback",
)  # fmt: skip


def test_the_append_only_tables_are_those_the_house_lives_on(record: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        assert set(RECORD_TABLES) <= set(grants.append_only_tables(cursor))


@pytest.mark.parametrize("table", RECORD_TABLES)
def test_the_application_may_add_to_the_record_and_nothing_else(app: str, table: str) -> None:
    with psycopg.connect(app, autocommit=True) as role:
        assert role.execute(f"SELECT count(*) FROM {table}").fetchone()[0] > 0  # type: ignore[index]
        column = role.execute("SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position", [table]).fetchone()[0]  # type: ignore[index]
        for statement in (
            f"UPDATE {table} SET {column} = {column}",
            f"DELETE FROM {table}",
            f"TRUNCATE {table}",
            f"TRUNCATE {table} CASCADE",
            f"ALTER TABLE {table} DISABLE TRIGGER ALL",
            f"DROP TRIGGER {table}_append_only ON {table}",
            f"ALTER TABLE {table} DROP COLUMN {column}",
            f"DROP TABLE {table} CASCADE",
            f"CREATE TRIGGER own BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION kernel_refuse_change()",
            f"CREATE RULE own AS ON INSERT TO {table} DO INSTEAD NOTHING",
            f"WITH gone AS (DELETE FROM {table} RETURNING 1) SELECT count(*) FROM gone",
            f"SELECT 1 FROM {table} FOR UPDATE",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                role.execute(statement)  # type: ignore[call-overload]
        role.execute(f"GRANT ALL ON {table} TO {ROLE}")  # a warning: it has nothing to give
        held = role.execute("SELECT array_agg(p) FROM unnest(%s::text[]) p WHERE has_table_privilege(%s, p)", [ALL_RIGHTS, table]).fetchone()
        assert held == (["SELECT", "INSERT"],)


@pytest.mark.parametrize(
    "statement",
    [
        "SET session_replication_role = replica",
        "SET ROLE fawang",
        "SET SESSION AUTHORIZATION fawang",
        "ALTER ROLE fawang_proof SUPERUSER",
        "CREATE ROLE helper",
        "CREATE OR REPLACE FUNCTION kernel_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
        "DROP FUNCTION kernel_queue_for_seal() CASCADE",
        "ALTER FUNCTION kernel_refuse_change() OWNER TO fawang_proof",
        "CREATE TABLE public.kernel_event_2 (id uuid)",
        "ALTER DATABASE template1 SET session_replication_role = replica",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SELECT pg_read_file('PG_VERSION')",
        "UPDATE pg_trigger SET tgenabled = 'D'",
        "UPDATE django_migrations SET name = name",
        "DELETE FROM django_migrations",
        "INSERT INTO kernel_event SELECT gen_random_uuid(), stream, seq, kind, occurred_at, recorded_at FROM kernel_event ON CONFLICT (id) DO UPDATE SET seq = 1",
    ],
)
def test_the_application_has_no_way_around(app: str, statement: str) -> None:
    with psycopg.connect(app, autocommit=True) as role, pytest.raises(psycopg.errors.InsufficientPrivilege):
        role.execute(statement)  # type: ignore[call-overload]


@contextmanager
def as_app(app: str) -> Iterator[None]:
    """Django's own connection belongs to the application's role inside."""
    parts, kept = psycopg.conninfo.conninfo_to_dict(app), dict(connection.settings_dict)
    connection.close()
    connection.settings_dict |= {"USER": parts["user"], "PASSWORD": parts["password"]}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict |= {"USER": kept["USER"], "PASSWORD": kept["PASSWORD"]}


def _event_out_of_line(**changed: str) -> str:
    names = tampering.COLUMNS.split(", ")
    shown = ", ".join({"id": "gen_random_uuid()", **changed}.get(n, n) for n in names)
    last = "(SELECT max(seq) FROM kernel_event x WHERE x.stream = e.stream)"
    statement = f"INSERT INTO kernel_event ({tampering.COLUMNS}) SELECT {shown} FROM kernel_event e WHERE id = %s RETURNING id"
    return str(sql(statement.replace("LAST", last), tampering.event_at(tampering.AT))[0][0])


def test_what_the_application_can_still_do_is_found(app: str, record: dict[str, Any]) -> None:
    with as_app(app):
        assert sql("SELECT current_user")[0][0] == ROLE
        assert next(verification.damages(), None) is None  # verifying needs no more rights than these
        with undone():
            forged = _event_out_of_line(seq="LAST + 1")
            found = next(verification.damages())
            assert (found.record, found.what) == (forged, "content does not fit its hash")
            events.seal()
            found = next(verification.damages())
            assert (found.position, found.record) == (LedgerEntry.objects.latest("position").position, forged)
        with undone():
            forged = _event_out_of_line(seq="LAST + 7")
            assert next(verification.damages()).record == forged
        with undone():
            honest = write_note(
                actor=factories.actor(factories.staff("钱派单", "dispatcher", at=record["first"].office)), matter_id=record["first"].pk, body="一"
            )
            told = Event.objects.get(payload__message=str(honest.pk))
            sql("DELETE FROM kernel_unsealedevent WHERE event_id = %s", str(told.pk))
            assert {d.record for d in verification.damages()} == {str(told.pk)}
        with undone():
            readlog.note_read(subject_kind="matter", subject_id=record["first"].pk)
            read = ReadLog.objects.latest("at")
            sql("DELETE FROM kernel_unsealedread WHERE read_id = %s", str(read.pk))
            assert [(d.record, d.what) for d in verification.damages()] == [(f"read {read.pk}", "read stands outside the chain")]
        with undone():
            sql(
                "INSERT INTO kernel_ledgerentry (position, event_id, event_hash, head, sealed_at) SELECT position + 1, gen_random_uuid(), event_hash, head, sealed_at FROM kernel_ledgerentry ORDER BY position DESC LIMIT 1"
            )
            assert next(verification.damages()).what == "event is missing"
        for attack in ATTACKS:
            if attack.name.startswith("matters_") or attack.name.startswith("hotline_recording:"):
                with undone():
                    expected = attack.act()
                    assert fits(expected, next(verification.damages(), None)), attack.name


def test_queueing_an_old_event_again_does_not_stop_the_sealer(app: str, record: dict[str, Any]) -> None:
    with as_app(app), undone():
        sql("INSERT INTO kernel_unsealedevent (event_id) VALUES (%s)", tampering.event_at(tampering.AT))
        sql("INSERT INTO kernel_unsealedread (read_id) VALUES (%s)", tampering.read_at(1))
        readlog.note_read(subject_kind="matter", subject_id=record["first"].pk)
        assert readlog.seal_reads() == 1
        assert events.seal() == 1  # the event that tells of the batch
        assert list(verification.damages()) == []


def test_more_old_events_and_reads_than_a_batch_holds_do_not_stop_the_sealers_either(app: str, record: dict[str, Any]) -> None:
    with as_app(app), undone():
        for position in (1, 2, 3):
            sql("INSERT INTO kernel_unsealedevent (event_id) VALUES (%s)", tampering.event_at(position))
        sql("INSERT INTO kernel_unsealedread (read_id) VALUES (%s)", tampering.read_at(1))
        readlog.note_read(subject_kind="matter", subject_id=record["first"].pk)
        assert readlog.seal_reads(batch=1) == 1
        assert [events.seal(batch=1), events.seal(batch=1)] == [1, 0]
        assert list(verification.damages()) == []


def test_without_an_anchor_a_mended_tail_goes_unseen_and_with_one_it_does_not(record: dict[str, Any], tmp_path: Path) -> None:
    kept = tmp_path / "elsewhere.jsonl"
    assert anchors.write_anchor(kept) == 1
    assert anchors.write_anchor(kept) == 0  # it has not moved
    with undone():
        tampering.no_guards()
        last = tampering.last_position()
        sql("DELETE FROM kernel_event WHERE id = %s", tampering.event_at(last))
        sql("DELETE FROM kernel_ledgerentry WHERE position = %s", last)
        assert verification.Damage(last, "ledger", f"ends after {last - 1}, an anchor knows {last}") not in verification.damages([])
        assert next(verification.damages(anchors.read_anchors([kept]))) == verification.Damage(last, "ledger", f"ends after {last - 1}, an anchor knows {last}")


@pytest.fixture
def verbs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The house is up already."""
    monkeypatch.setattr(verify_verb, "ready", lambda: None)
    monkeypatch.setattr(anchor_verb, "ready", lambda: None)


def test_the_operator_anchors_and_verifies_by_command(record: dict[str, Any], verbs: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = tmp_path / "slip.jsonl"
    assert main(["anchor", "--to", str(kept)]) == 0
    printed = capsys.readouterr().out.strip()
    assert kept.read_text().strip() == printed
    assert f'"position": {tampering.last_position()}' in printed
    assert main(["verify", "--anchor", str(kept)]) == 0
    assert "与 3 个锚一致" in capsys.readouterr().out
    with undone():
        tampering.no_guards()
        event = tampering.event_at(tampering.AT)
        sql("UPDATE kernel_event SET actor_id = 'x' WHERE id = %s", event)
        assert main(["verify", "--anchor", str(kept)]) == 1
        assert capsys.readouterr().out.splitlines()[0] == f"{tampering.AT} {event}: content does not fit its hash"


def test_an_anchor_of_another_house_or_an_unreadable_one_is_no_proof(
    record: dict[str, Any], verbs: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "other.jsonl"
    kept.write_text(anchors.Anchor(3, "ab" * 32, "2026-01-01T00:00:00+08:00").line + "\n")
    assert main(["verify", "--anchor", str(kept)]) == 1
    assert capsys.readouterr().out.startswith("3 anchor: head differs from the anchor")
    for words in ("nonsense\n", '{"position": 3}\n', '{"position": 3, "head": "xyz", "at": ""}\n'):
        kept.write_text(words)
        assert main(["verify", "--anchor", str(kept)]) == 1
        assert "other.jsonl, line 1: not an anchor" in capsys.readouterr().err
    assert main(["verify", "--anchor", str(tmp_path / "none")]) == 1
    assert "No such anchor file" in capsys.readouterr().err
