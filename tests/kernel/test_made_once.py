"""Keys and secrets are made by whoever asks first, and all others get the same: what one process sealed, every other opens."""

from __future__ import annotations

import multiprocessing
import stat
from pathlib import Path
from typing import Any

import pytest

from fawang.kernel import crypto
from fawang.kernel.errors import Refusal
from fawang.kernel.made_once import made_once


def test_it_is_made_once_and_its_owner_alone_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "secret"
    assert made_once(path, lambda: "first") == "first"
    assert made_once(path, lambda: "second") == "first"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [p.name for p in path.parent.iterdir()] == ["secret"]


def test_whoever_was_quicker_while_it_was_being_made_counts(tmp_path: Path) -> None:
    path = tmp_path / "secret"

    def slow() -> str:
        assert made_once(path, lambda: "theirs") == "theirs"
        return "ours"

    assert made_once(path, slow) == "theirs"
    assert path.read_text() == "theirs"
    assert [p.name for p in tmp_path.iterdir()] == ["secret"]


def _ring(folder: str, gate: Any, told: Any) -> None:
    from django.conf import settings

    settings.KEYS_DIR = folder
    crypto.keyring.cache_clear()
    gate.wait()
    told.put((crypto.keyring().index, crypto.keyring().keys[1][1]))


def test_processes_that_begin_at_once_have_one_keyring(tmp_path: Path) -> None:
    context, many = multiprocessing.get_context("fork"), 6
    for n in range(10):
        gate, told = context.Barrier(many), context.Queue()
        begun = [context.Process(target=_ring, args=(str(tmp_path / str(n)), gate, told)) for _ in range(many)]
        for process in begun:
            process.start()
        found = {told.get(timeout=60) for _ in range(many)}
        for process in begun:
            process.join()
        assert len(found) == 1


@pytest.fixture
def keys(tmp_path: Path, settings: Any) -> Any:
    settings.KEYS_DIR = tmp_path / "keys"
    crypto.keyring.cache_clear()
    yield tmp_path / "keys"
    crypto.keyring.cache_clear()


def test_a_keyring_somebody_made_a_moment_ago_is_not_replaced(keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = crypto._first

    def meanwhile() -> str:
        made_once(keys / "keyring.json", ours)
        return ours()

    monkeypatch.setattr(crypto, "_first", meanwhile)
    sealed = crypto.seal("13800000001", "people.person.phone")
    crypto.keyring.cache_clear()
    assert crypto.unseal(sealed, "people.person.phone") == "13800000001"


def _rotated(told: Any) -> None:
    crypto.rotate()
    told.put(crypto.seal("13800000001", "people.person.phone"))


def test_what_another_process_sealed_under_a_new_key_opens_without_a_restart(keys: Path) -> None:
    assert list(crypto.keyring().keys) == [1]
    context = multiprocessing.get_context("fork")
    told = context.Queue()
    other = context.Process(target=_rotated, args=(told,))
    other.start()
    sealed = told.get(timeout=60)
    other.join()
    assert (crypto.key_id(sealed), list(crypto.keyring().keys)) == (2, [1]), "this process does not know of it yet"
    assert crypto.unseal(sealed, "people.person.phone") == "13800000001"
    with pytest.raises(Refusal, match="密钥"):
        crypto.unseal(sealed[:1] + (9).to_bytes(2, "big") + sealed[3:], "people.person.phone")


def test_rotations_at_the_same_moment_lose_no_key(keys: Path) -> None:
    crypto.keyring()
    context = multiprocessing.get_context("fork")
    begun = [context.Process(target=crypto.rotate) for _ in range(6)]
    for process in begun:
        process.start()
    for process in begun:
        process.join()
    crypto.keyring.cache_clear()
    assert sorted(crypto.keyring().keys) == [1, 2, 3, 4, 5, 6, 7]
