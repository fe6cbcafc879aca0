"""Recordings: sealed at once, opaque, bound into the chain of events, played with a purpose, refused when changed, purged in time."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings

from fawang.hotline import calling, outbox, recordings, sealing
from fawang.hotline.engines import commands as do
from fawang.hotline.models import Call, Recording, RecordingPlayback
from fawang.kernel import clock, crypto, verification
from fawang.kernel.errors import Absent, Forbidden, Refusal
from fawang.kernel.events import seal
from fawang.kernel.models import Event, ReadLog
from tests import factories
from tests.hotline.world import World

pytestmark = pytest.mark.django_db


def finished_call(world: World, who: Any, frm: str = "13800138000") -> Recording:
    citizen, _ = world.connected(who, frm)
    world.wait(20)
    citizen.hang_up()
    world.pump()
    world.store()
    return Recording.objects.get(call=world.row(citizen))


def alaw(data: bytes) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Left track of an A-law WAV as numbers; decoded here by the definition of G.711, not by the engine."""
    body = data[data.index(b"data") + 8 :]
    codes = np.frombuffer(body, np.uint8)[::2] ^ 0x55
    sign, exponent, mantissa = codes & 0x80, (codes >> 4) & 7, codes & 0x0F
    value = np.where(exponent == 0, (mantissa.astype(int) << 4) + 8, ((mantissa.astype(int) << 4) + 0x108) << np.maximum(exponent.astype(int) - 1, 0))
    return np.where(sign, value, -value).astype(float)


def loudest(samples: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * 8000 / len(samples))


def test_an_answered_call_has_one_sealed_recording_that_sounds_like_the_citizen(world: World) -> None:
    li, boss = world.agent("李律师"), world.supervisor()
    row = finished_call(world, li)
    assert (row.state, row.gaps_ms, row.source_path) == ("stored", 0, "")
    assert row.ms > 19_000
    path = recordings.path_of(row)
    assert path.name == row.blob
    assert len(path.name) == 40
    sealed = path.read_bytes()
    assert b"RIFF" not in sealed
    assert crypto.digest(sealed).hex() == row.digest
    told = Event.objects.get(kind="hotline.recording_stored")
    assert (told.payload["digest"], told.payload["suite"], told.stream) == (row.digest, "aes", row.call_id)
    opened = recordings.play(actor=boss, recording_id=row.pk, purpose="核实投诉")
    data = b"".join(opened.sound)
    assert data[:4] == b"RIFF"
    assert loudest(alaw(data)[-8000 * 4 :]) == pytest.approx(440, abs=2)


@pytest.mark.parametrize("suite", ["aes", "sm"])
def test_a_sealed_file_opens_only_whole_and_under_its_own_name(tmp_path: Path, suite: str) -> None:
    plain, target = tmp_path / "plain", tmp_path / "sealed"
    content = os.urandom(3 * sealing.BLOCK + 777)
    plain.write_bytes(content)
    key = sealing.new_key(suite)
    sealing.seal_file(plain, target, key=key, suite=suite, name="n")
    assert b"".join(sealing.open_file(target, key=key, name="n")) == content
    with pytest.raises(sealing.Damaged):
        list(sealing.open_file(target, key=key, name="m"))
    whole = target.read_bytes()
    for at in (4, 16, 40, sealing.HEADER + sealing.BLOCK + 5, len(whole) - 1):
        target.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(sealing.Damaged):
            list(sealing.open_file(target, key=key, name="n"))
    step = sealing.BLOCK + sealing.TAG
    for cut in (sealing.HEADER, sealing.HEADER + step, sealing.HEADER + 2 * step, len(whole) - 5):
        target.write_bytes(whole[:cut])
        with pytest.raises(sealing.Damaged):
            list(sealing.open_file(target, key=key, name="n"))
    swapped = whole[: sealing.HEADER] + whole[sealing.HEADER + step : sealing.HEADER + 2 * step] + whole[sealing.HEADER : sealing.HEADER + step]
    target.write_bytes(swapped + whole[sealing.HEADER + 2 * step :])
    with pytest.raises(sealing.Damaged):
        list(sealing.open_file(target, key=key, name="n"))


def test_nothing_of_many_calls_is_readable_on_the_disk_and_no_number_stands_in_a_path(world: World, tmp_path: Path) -> None:
    """The canary is the sound itself: the first second after the greeting of each call, searched for in every file of the state folder."""
    li = world.agent("李律师")
    canaries, numbers = [], []
    for n in range(12):
        number = f"138001381{n:02d}"
        citizen, _ = world.connected(li, number)
        world.wait(8)
        citizen.hang_up()
        world.pump()
        source = Path(Recording.objects.get(call=world.row(citizen)).source_path).read_bytes()
        canaries += [source[4000:4400], source[len(source) // 2 :][:400]]
        numbers.append(number)
        world.wait(61)
        world.fill(li, world.ticket(citizen), nature="invalid", kind="test")
        from fawang.hotline import tickets

        tickets.close(actor=li, ticket_id=world.ticket(citizen).pk)
        world.wait(2)
    world.store()
    world.store()
    assert Recording.objects.filter(state="stored").count() == 12
    telling = [c for c in canaries if len(set(c)) > 3]
    assert len(telling) >= 12, "the canaries sing"
    scanned = 0
    for root in (Path(settings.FILES_DIR), tmp_path, Path(settings.STATE_DIR) / "hotline"):
        for path in root.rglob("*"):
            assert not any(n in str(path) for n in numbers)
            if path.is_file():
                scanned += 1
                data = path.read_bytes()
                assert not any(c in data for c in telling), path
    assert scanned >= 12
    assert not list(tmp_path.rglob("*.wav")), "the engine's own files are gone"


def test_the_canary_scan_itself_finds_an_unsealed_recording(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A broken build that forgets to remove the plain file is caught by what the scan looks at."""
    monkeypatch.setattr(sealing, "scrub", lambda path: None)
    finished_call(world, world.agent("李律师"))
    assert list(tmp_path.rglob("*.wav"))


def test_one_changed_byte_is_refused_with_an_alarm(world: World) -> None:
    li, boss = world.agent("李律师"), world.supervisor()
    row = finished_call(world, li)
    path = recordings.path_of(row)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(Refusal) as refused:
        recordings.play(actor=boss, recording_id=row.pk, purpose="抽查")
    assert refused.value.code == "hotline.recording_damaged"
    row.refresh_from_db()
    assert row.damaged
    assert Event.objects.filter(kind="hotline.recording_damaged", stream=row.call_id).count() == 1


def test_the_digest_in_the_chain_tells_of_an_exchanged_file_and_row(world: World) -> None:
    row = finished_call(world, world.agent("李律师"))
    seal()
    assert list(verification.damages()) == []
    told = Event.objects.get(kind="hotline.recording_stored").payload["digest"]
    assert hashlib.sha256(recordings.path_of(row).read_bytes()).hexdigest() == told


def test_playing_asks_for_a_purpose_and_writes_it_down(world: World) -> None:
    li, boss = world.agent("李律师"), world.supervisor()
    row = finished_call(world, li)
    with pytest.raises(Refusal) as refused:
        recordings.play(actor=boss, recording_id=row.pk, purpose=" ")
    assert set(refused.value.fields) == {"purpose"}
    assert not RecordingPlayback.objects.exists()
    recordings.play(actor=boss, recording_id=row.pk, purpose="核实投诉")
    entry = RecordingPlayback.objects.get()
    assert (entry.staff_id, entry.purpose, entry.exported) == (boss.account, "核实投诉", False)
    read = ReadLog.objects.get(subject_id=row.pk)
    assert (read.subject_kind, read.purpose, read.what) == ("recording", "核实投诉", "play")
    event = Event.objects.get(kind="hotline.recording_played")
    assert "核实投诉" not in str(event.payload)


def test_who_may_listen(world: World) -> None:
    li, zhou = world.agent("李律师"), world.agent("周律师", ready=False)
    row = finished_call(world, li)
    with pytest.raises(Forbidden):
        recordings.play(actor=li, recording_id=row.pk, purpose="想听听")
    with pytest.raises(Absent):
        recordings.play(actor=zhou, recording_id=row.pk, purpose="想听听")
    checker = factories.actor(factories.staff("质检员", "quality_checker", at=world.platform))
    assert recordings.play(actor=checker, recording_id=row.pk, purpose="质检").recording.pk == row.pk
    with pytest.raises(Forbidden):
        recordings.play(actor=checker, recording_id=row.pk, purpose="质检", export=True)


def test_a_copy_carries_who_took_it(world: World) -> None:
    boss = world.supervisor()
    row = finished_call(world, world.agent("李律师"))
    first = recordings.play(actor=boss, recording_id=row.pk, purpose="法院调取", export=True)
    data = b"".join(first.sound)
    mark = first.row.watermark
    assert len(mark) == 24
    assert data.endswith(b"fwmk" + len(mark).to_bytes(4, "little") + mark.encode())
    assert Event.objects.get(kind="hotline.recording_played").payload["watermark"] == mark
    plain = b"".join(recordings.play(actor=boss, recording_id=row.pk, purpose="再听").sound)
    assert b"fwmk" not in plain


def test_pausing_leaves_silence_and_no_gap_in_time(world: World) -> None:
    li, boss = world.agent("李律师"), world.supervisor()
    citizen, _ = world.connected(li)
    world.wait(5)
    calling.pause_recording(actor=li, on=True)
    world.wait(10)
    calling.pause_recording(actor=li, on=False)
    world.wait(5)
    citizen.hang_up()
    world.pump()
    world.store()
    row = Recording.objects.get(call=world.row(citizen))
    samples = alaw(b"".join(recordings.play(actor=boss, recording_id=row.pk, purpose="核对").sound))
    end = len(samples)
    assert np.abs(samples[end - 8000 * 12 : end - 8000 * 8]).max() < 100, "nothing while the number was spoken"
    assert np.abs(samples[end - 8000 * 3 :]).max() > 1000


def test_a_crash_in_the_call_keeps_what_was_recorded_and_says_so(world: World) -> None:
    li = world.agent("李律师")
    citizen, _ = world.connected(li)
    world.wait(10)
    row = Recording.objects.get(call=world.row(citizen))
    path = Path(row.source_path)
    from fawang.hotline.engines import sound

    path.write_bytes(sound.wav_header(80_000) + bytes(160_000))
    world.engine.crash()
    world.engine.restart(calls_lost=True)
    from fawang.hotline.machine.reconcile import reconcile

    world.seq = 0
    world.pump()
    reconcile(world.engine.core.snapshot())
    world.store()
    row.refresh_from_db()
    assert (row.state, row.gaps_ms > 0, row.ms) == ("partial", True, 10_000)
    assert world.row(citizen).end_cause == "engine_lost"


def test_recordings_are_purged_when_their_time_is_over_unless_somebody_holds_them(world: World) -> None:
    li = world.agent("李律师")
    first = finished_call(world, li)
    world.wait(61)
    second = finished_call(world, li, "13800138001")
    head = factories.actor(factories.staff("何主任", "office_head", at=world.platform))
    with pytest.raises(Forbidden):
        recordings.hold(actor=li, recording_id=second.pk, on=True, reason="诉讼")
    recordings.hold(actor=head, recording_id=second.pk, on=True, reason="诉讼")
    world.later(days=364)
    assert recordings.purge_due() == 0
    world.later(days=2)
    assert recordings.purge_due() == 1
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, first.key, recordings.path_of(first).exists()) == ("purged", "", False)
    assert (second.state, recordings.path_of(second).exists()) == ("stored", True)
    assert Event.objects.get(kind="hotline.recording_purged").payload["digest"] == first.digest
    with pytest.raises(Refusal):
        recordings.play(actor=world.supervisor(), recording_id=first.pk, purpose="再听")


def test_an_unannounced_call_is_not_recorded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from fawang.hotline.engines import reports

    original = reports.on_play_over

    def failing(core: Any, leg_id: str, play_id: str, reason: str, ms: int) -> None:
        original(core, leg_id, play_id, "failed" if core.legs[leg_id].playing.record else reason, ms)

    monkeypatch.setattr(reports, "on_play_over", failing)
    li = world.agent("李律师")
    citizen, _ = world.connected(li)
    assert not Recording.objects.filter(call=world.row(citizen)).exists()
    assert world.row(citizen).events.filter(kind="not_recorded").exists()


def test_what_the_engine_recorded_by_itself_has_its_row_is_sealed_and_is_a_voicemail_to_deal_with(world: World) -> None:
    world.agent("李律师", ready=False)  # so that the call waits
    citizen = world.call()
    world.engine.core.do(do.Answer(command_id="f1", leg_id=citizen.leg_id))
    world.engine.core.do(do.RecordStart(command_id="f2", leg_id=citizen.leg_id, rec_id=f"fallback-{citizen.leg_id}"))
    world.wait(3)
    citizen.hang_up()
    world.pump()
    world.store()
    row = Recording.objects.get(rec_id=f"fallback-{citizen.leg_id}")
    assert (row.kind, row.state, row.source_path) == ("voicemail", "stored", "")
    assert row.voicemail.call_id == world.row(citizen).pk


def test_a_caller_whose_notice_ended_while_no_controller_was_there_is_recorded_all_the_same(world: World) -> None:
    """The controller is killed during the notice and comes back after the caller has gone: nobody could have asked for a recording."""
    citizen = world.call()
    world.pump()
    assert world.row(citizen).state == "greeting"
    world.engine.advance(30)  # the notice ends; nobody reads of it
    citizen.hang_up()
    world.move(timedelta(seconds=30))
    world.pump()
    world.store()
    row = Recording.objects.get(call=world.row(citizen))
    assert (row.kind, row.state, row.gaps_ms) == ("call", "stored", 0)
    assert row.ms > 20_000


def test_a_recording_that_is_just_being_closed_is_not_sealed_before_it_is_whole(world: World) -> None:
    """A controller that begins anew between the end of a call and the last words of the recorder."""
    from fawang.hotline.machine.reconcile import reconcile

    li = world.agent("李律师")
    citizen, _ = world.connected(li)
    world.wait(5)
    row = Recording.objects.get(call=world.row(citizen))
    Path(row.source_path).write_bytes(b"RIFF, not whole yet" * 10)
    core = world.engine.core
    recording = core.recordings[row.rec_id]
    stop, core.driver.stop_record = core.driver.stop_record, lambda recording: None  # type: ignore[method-assign]
    citizen.hang_up()
    world.pump()
    assert world.row(citizen).state == "ended"
    reconcile(core.snapshot())
    world.store()
    row.refresh_from_db()
    assert row.state == "running"
    stop(recording)
    world.pump()
    world.store()
    row.refresh_from_db()
    assert (row.state, row.gaps_ms) == ("stored", 0)


def test_a_recording_that_began_after_the_snapshot_or_is_still_to_be_ordered_is_no_orphan(world: World) -> None:
    from fawang.hotline.machine.reconcile import reconcile

    li = world.agent("李律师")
    before = world.engine.core.snapshot()
    world.move(timedelta(seconds=1))
    citizen, _ = world.connected(li)
    row = Recording.objects.get(call=world.row(citizen))
    reconcile(dataclasses.replace(world.engine.core.snapshot(), at=before.at, recordings=()))
    row.refresh_from_db()
    assert row.state == "running"
    Recording.objects.filter(pk=row.pk).update(source_path="")
    outbox.enqueue("fake", do.RecordStart(command_id="", leg_id=citizen.leg_id, rec_id=row.rec_id), world.row(citizen))
    world.move(timedelta(seconds=1))
    Call.objects.filter(pk=row.call_id).update(state="ended", end_cause="error", ended_at=clock.now())
    reconcile(dataclasses.replace(world.engine.core.snapshot(), recordings=(), legs=()))
    row.refresh_from_db()
    assert row.state == "running"


def test_a_recorder_that_failed_leaves_what_it_had_written_and_a_row_given_up_too_early_is_taken_back(world: World) -> None:
    li = world.agent("李律师")
    citizen, _ = world.connected(li)
    row = Recording.objects.get(call=world.row(citizen))
    recordings.finished(row.rec_id, path=row.source_path + ".none", ms=0, sha256="", gaps_ms=0, reason="failed")
    row.refresh_from_db()
    assert row.state == "failed"
    from fawang.hotline.engines import sound

    Path(row.source_path).write_bytes(sound.wav_header(16_000) + bytes(32_000))
    recordings.finished(row.rec_id, path=row.source_path, ms=2000, sha256="0" * 64, gaps_ms=0, reason="leg_ended")
    row.refresh_from_db()
    assert (row.state, row.ms) == ("waiting", 2000)
    recordings.finished(row.rec_id, path=row.source_path, ms=0, sha256="", gaps_ms=0, reason="failed")
    row.refresh_from_db()
    assert (row.state, row.ms, row.gaps_ms) == ("waiting", 2000, 1)
