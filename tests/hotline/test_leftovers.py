"""Sealed files whose row was never committed: found and removed after a safe span, and never one that may still get its row."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, transaction

from fawang.hotline import leftovers, recordings
from fawang.hotline.models import Recording
from fawang.kernel import clock, events
from fawang.kernel.context import acting
from tests.hotline.test_recordings import finished_call
from tests.hotline.world import World

AGED = leftovers.SAFE + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "FILES_DIR", tmp_path / "files")


def sealed() -> list[Path]:
    """Every file under the folder of sealed recordings."""
    return sorted(p for p in recordings.folder().rglob("*") if p.is_file())


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
    kept = recordings.path_of(row)
    age(leftovers.SAFE - timedelta(hours=1))
    assert leftovers.remove_orphans() == 0, "too young to tell"
    age(AGED)
    assert leftovers.remove_orphans() == 3
    assert sealed() == [kept]
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
    age(AGED)
    assert leftovers.remove_orphans() == 1
    assert sealed() == []


def test_a_file_whose_row_is_not_committed_yet_is_let_be_however_old_it_looks(committed_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A seal that hangs before its commit, in a process of its own making; the upkeep runs meanwhile."""
    row = call_to_seal(committed_world)
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
        assert len(sealed()) == 1
        monkeypatch.setattr(leftovers, "SAFE", timedelta(0))
        [file] = sealed()
        written_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        committed_world.move(max(written_at + timedelta(minutes=1) - clock.now(), timedelta(0)))
        assert written_at < clock.now() - leftovers.SAFE, "by its age alone it would go"
        assert leftovers.remove_orphans() == 0, "its transaction is still open"
        assert len(sealed()) == 1
    finally:
        go_on.set()
        thread.join(60)
    assert failures == []
    row.refresh_from_db()
    assert sealed() == [recordings.path_of(row)]
    age(AGED)
    assert leftovers.remove_orphans() == 0
    with transaction.atomic():
        Recording.objects.filter(pk=row.pk).update(blob=None)
    assert leftovers.remove_orphans() == 1, "and the same file without its row is one"
