"""Sealed files whose row was never committed: found and removed after a safe span, and never one that may still get its row."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from fawang.hotline import leftovers, recordings
from fawang.hotline.models import Recording
from fawang.kernel import clock, events
from fawang.kernel.context import acting
from tests.hotline.test_recordings import finished_call
from tests.hotline.world import World

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "FILES_DIR", tmp_path / "files")


def sealed() -> list[Path]:
    """Every sealed file and every half-sealed one."""
    return sorted(p for p in recordings.folder().rglob("*/*") if p.is_file())


def others(row: Recording, count: int = 4) -> list[Path]:
    """More recordings, sealed and known."""
    made = []
    for number in range(1, count + 1):
        one = Recording.objects.create(call=row.call, rec_id=f"other-{number}", kind="call", state="stored", started_at=clock.now(), blob=f"{number:040x}")
        path = recordings.path_of(one)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"FWR1")
        made.append(path)
    return made


def age(by: timedelta) -> None:
    """Every file was written so long ago."""
    for path in sealed():
        stamp = (clock.now() - by).timestamp()
        os.utime(path, (stamp, stamp))


def call_to_seal(world: World) -> Recording:
    """A recording that waits to be sealed."""
    citizen, _ = world.connected(world.agent("李律师"))
    world.wait(20)
    citizen.hang_up()
    world.pump()
    return Recording.objects.get(call=world.row(citizen))


@pytest.mark.django_db
def test_what_a_seal_that_was_rolled_back_left_is_removed_after_a_week_and_nothing_else(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    row = call_to_seal(world)

    def broken(**_: object) -> None:
        raise OSError("the chain could not be written")

    with monkeypatch.context() as patch:
        patch.setattr(events, "record", broken)
        for _ in range(2):
            with pytest.raises(OSError, match="chain"):
                recordings.seal_waiting()
    row.refresh_from_db()
    assert (row.state, row.blob) == ("waiting", None)
    left = sealed()
    assert len(left) == 2, "each try left a file no row knows"
    half = left[0].with_name("0" * 40 + ".part")
    half.write_bytes(b"FWR1")
    world.store()
    row.refresh_from_db()
    kept = sorted([recordings.path_of(row), *others(row)])
    age(leftovers.YOUNG / 2)
    assert leftovers.remove_orphans() == 0
    assert leftovers._noted() == {}, "too young to be looked at"
    age(2 * HOUR)
    assert leftovers.remove_orphans() == 0
    assert len(leftovers._noted()) == 3
    world.move(leftovers.SAFE - HOUR)
    assert leftovers.remove_orphans() == 0, "not a week yet"
    world.move(2 * HOUR)
    assert leftovers.remove_orphans() == 3
    assert sealed() == kept
    assert leftovers._noted() == {}
    assert leftovers.remove_orphans() == 0
    row.refresh_from_db()
    recordings._check(row)


@pytest.mark.django_db
def test_the_file_of_a_purged_recording_that_outlasted_a_crash_is_removed_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    row = finished_call(world, world.agent("李律师"))
    Recording.objects.filter(pk=row.pk).update(keep_until=clock.now())
    with monkeypatch.context() as patch:
        patch.setattr(recordings.sealing, "scrub", lambda path: None)
        assert recordings.purge_due() == 1
    assert sealed() == [recordings.path_of(row)]
    kept = others(row)
    age(2 * HOUR)
    assert leftovers.remove_orphans() == 0
    world.move(leftovers.SAFE)
    assert leftovers.remove_orphans() == 1
    assert sealed() == sorted(kept)


@pytest.mark.django_db
def test_beside_the_wrong_database_nothing_is_touched_and_a_week_begins_anew_when_the_right_one_is_back(world: World, caplog: pytest.LogCaptureFixture) -> None:
    row = finished_call(world, world.agent("李律师"))
    files = sorted([recordings.path_of(row), *others(row)])
    age(2 * HOUR)
    blobs = dict(Recording.objects.values_list("pk", "blob"))

    def forget(pks: list[object]) -> None:
        for pk, blob in blobs.items():
            Recording.objects.filter(pk=pk).update(blob=None if pk in pks else blob)

    forget([pk for pk in blobs if pk != row.pk])
    for _ in range(2):
        assert leftovers.remove_orphans() == 0, "four strangers and one known"
        world.move(leftovers.SAFE)
    assert "is this their database?" in caplog.text
    for _ in range(3):  # an earlier state that lacks one recording, found out in time, each time
        forget([row.pk])
        assert leftovers.remove_orphans() == 0
        world.move(leftovers.SAFE - HOUR)
        forget([])
        assert leftovers.remove_orphans() == 0
    assert sealed() == files
    forget(list(blobs))
    assert leftovers.remove_orphans() == 0, "a database that knows nothing"
    assert sealed() == files


def test_a_file_whose_row_is_not_committed_yet_is_let_be_however_old_it_looks(committed_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A seal that hangs before its commit; the upkeep runs meanwhile, on another connection."""
    row = call_to_seal(committed_world)
    others(row)
    written, go_on, failures = threading.Event(), threading.Event(), []
    record = events.record

    def slow(**values: object) -> object:
        if values["kind"] == "hotline.recording_stored":
            written.set()
            go_on.wait(60)
        return record(**values)  # type: ignore[arg-type]

    monkeypatch.setattr(events, "record", slow)

    def seal() -> None:
        try:
            with acting(door="hotline"):
                recordings.seal_waiting()
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=seal)
    thread.start()
    try:
        assert written.wait(60)
        [file] = [f for f in sealed() if f.stat().st_size > 4]
        written_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        committed_world.move(max(written_at + 2 * HOUR - clock.now(), timedelta(0)))
        for _ in range(2):
            assert written_at < clock.now() - leftovers.YOUNG, "by its age alone it would be a stranger"
            assert leftovers.remove_orphans() == 0, "its transaction is still open"
            committed_world.move(leftovers.SAFE + HOUR)
        assert file.exists()
        assert leftovers._noted() == {}
    finally:
        go_on.set()
        thread.join(60)
    assert failures == []
    row.refresh_from_db()
    assert file == recordings.path_of(row)
    for _ in range(2):
        assert leftovers.remove_orphans() == 0
        committed_world.move(leftovers.SAFE + HOUR)
    Recording.objects.filter(pk=row.pk).update(blob=None)
    assert leftovers.remove_orphans() == 0
    committed_world.move(leftovers.SAFE)
    assert leftovers.remove_orphans() == 1, "and the same file without its row is one"
