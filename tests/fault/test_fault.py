"""The short form of the campaign: some twenty kills under load, nothing lost, nothing doubled; and every broken build caught."""

from __future__ import annotations

import ast
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fault import judge as judge_module
from tests.fault.campaign import campaign, report
from tests.fault.judge import judge
from tests.fault.mutants import caught_all
from tests.fault.world import World

pytestmark = pytest.mark.fault
KILLS, ACKS = 21, 110


def _port() -> int:
    with socket.socket() as one, socket.socket() as two:
        for port in range(8240, 8290, 2):
            try:
                one.bind(("0.0.0.0", port))
                two.bind(("0.0.0.0", port + 1))
                return port
            except OSError:
                continue
    raise OSError("no free port")


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """One deployment in a folder of its own for both tests."""
    folder = Path(tempfile.mkdtemp(prefix="fawang-fault-"))
    made = World(folder, _port())
    try:
        made.prepare()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


def test_the_judge_imports_nothing_of_the_product() -> None:
    tree = ast.parse(Path(judge_module.__file__).read_text())
    imported = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    imported |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert not [name for name in imported if name.split(".")[0] in {"fawang", "config", "django", "tests"}]


def test_killed_at_twenty_moments_nothing_acknowledged_is_lost_or_doubled(world: World) -> None:
    seed = int(os.environ.get("FAULT_SEED", "0")) or int.from_bytes(os.urandom(4), "big")
    history = world.folder / "history"
    world.start()
    nemesis = campaign(world, history, seed=seed, kills=KILLS, acks=ACKS, limit=300)
    verdict = judge(history, world.dsn(), world.state / "files")
    status, words = world.verify()
    world.stop(database=False)
    print("\n".join(report(verdict, history)))
    assert verdict.violations == []
    assert status == 0, words
    assert sum(nemesis.killed.values()) >= 20
    assert set(nemesis.killed) == {"web", "web_child", "worker", "postmaster", "backend"}
    assert verdict.counts["acknowledged"] >= 100
    assert {k for k in verdict.counts if k.startswith("told ")} == {"told submit", "told message", "told attach", "told withdraw", "told rate"}
    assert verdict.counts["timers fired"] >= 3
    assert verdict.counts["replays"] >= 1


def test_the_same_judge_catches_every_broken_build(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print()
        missed = caught_all(world, int.from_bytes(os.urandom(3), "big"))
    assert missed == []
