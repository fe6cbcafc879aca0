"""Kamailio in front of two engine nodes: a node is killed under calls, and every new call is answered by the other."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from fawang.console import main
from fawang.hotline.engines import commands as cmd
from fawang.hotline.engines import events as ev
from fawang.hotline.engines.edge import Edge, Unfit, render
from fawang.hotline.engines.port import EngineError
from tests.hotline_engines.process import EngineProcess

KAMAILIO = shutil.which("kamailio") or "/usr/sbin/kamailio"
EDGE_PORT, CALLS, RATE, KILLED_AFTER = 15290, 50, 20, 20
SCENARIO = Path(__file__).parent / "sipp" / "through_edge.xml"
needs_kamailio = pytest.mark.skipif(
    not Path(KAMAILIO).exists() or shutil.which("sipp") is None, reason="!! SKIPPED: no kamailio or no sipp, the edge is not tried (apt-get install kamailio sip-tester)"
)  # fmt: skip


def edge(*nodes: str) -> Edge:
    return Edge(listen=f"127.0.0.1:{EDGE_PORT}", nodes=nodes, sources=("127.0.0.0/8",), probe_s=1)


class Node:
    """An engine that answers whoever calls."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.process = EngineProcess(folder)
        self.answered: set[str] = set()
        self.refs: dict[str, str] = {}

    async def serve(self) -> None:
        with contextlib.suppress(EngineError):
            async for event in self.process.client.events():
                if isinstance(event, ev.LegOffered):
                    self.refs[event.leg_id] = event.call_ref
                    with contextlib.suppress(EngineError):
                        await self.process.client.do(cmd.Answer(command_id=f"a-{event.leg_id}", leg_id=event.leg_id))
                elif isinstance(event, ev.LegAnswered):
                    self.answered.add(self.refs[event.leg_id])


class Kamailio:
    """Started on the generated files; ends with all its processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "kamailio.log"

    def start(self) -> None:
        (self.folder / "ctl").unlink(missing_ok=True)
        with self.log.open("ab") as log:
            command = [
                KAMAILIO,
                "-DD",
                "-E",
                "-m",
                "32",
                "-M",
                "8",
                "-P",
                str(self.folder / "pid"),
                "-Y",
                str(self.folder),
                "-f",
                str(self.folder / "kamailio.cfg"),
            ]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

    def stop(self, number: int = signal.SIGTERM) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)
        self.process.wait(10)


async def until(true: object, seconds: float = 10.0) -> None:
    for _ in range(int(seconds / 0.02)):
        if true():  # type: ignore[operator]
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come to that")


@needs_kamailio
def test_when_a_node_dies_every_new_call_is_answered_by_the_other_and_a_new_edge_goes_on_with_the_calls(tmp_path: Path) -> None:
    async def inside() -> None:
        first, second = Node(tmp_path / "first"), Node(tmp_path / "second")
        folder = tmp_path / "edge"
        folder.mkdir()
        nodes = [f"127.0.0.1:{node.process.port}" for node in (first, second)]
        for name, text in render(edge(*nodes), folder).items():
            (folder / name).write_text(text.replace("/run/kamailio/kamailio_ctl", str(folder / "ctl")))
        checked = subprocess.run([KAMAILIO, "-c", "-f", str(folder / "kamailio.cfg")], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stderr
        kamailio = Kamailio(folder)
        await asyncio.gather(first.process.start(), second.process.start())
        tasks = [asyncio.create_task(node.serve()) for node in (first, second)]
        kamailio.start()
        caller: subprocess.Popen[bytes] | None = None
        try:
            await until(lambda: (folder / "ctl").exists())
            options = [
                "-m",
                str(CALLS),
                "-r",
                str(RATE),
                "-nostdin",
                "-i",
                "127.0.0.1",
                "-p",
                "15280",
                "-timeout",
                "40",
                "-trace_logs",
                "-log_file",
                "answered.log",
            ]
            caller = subprocess.Popen(
                ["sipp", f"127.0.0.1:{EDGE_PORT}", "-sf", str(SCENARIO), *options], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )  # fmt: skip
            await until(lambda: len(first.answered) + len(second.answered) >= KILLED_AFTER)
            before = len(first.answered)
            assert before >= KILLED_AFTER // 2 - 2
            first.process.kill()
            await until(lambda: caller is not None and caller.poll() is not None, 45)
            told = {line.split()[1] for line in (tmp_path / "answered.log").read_text().splitlines() if line.startswith("answered ")}
            assert len(told) == CALLS
            assert len(first.answered | second.answered) == CALLS
            assert first.answered.isdisjoint(second.answered)
            await _a_call_outlasts_the_edge(tmp_path, kamailio, second, folder)
        finally:
            if caller is not None and caller.poll() is None:
                caller.kill()
            kamailio.stop()
            for task in tasks:
                task.cancel()
            first.process.stop()
            second.process.stop()

    asyncio.run(inside())


async def _a_call_outlasts_the_edge(tmp_path: Path, kamailio: Kamailio, node: Node, folder: Path) -> None:
    """The edge is killed while a call stands; its successor routes the end of the call."""
    before = len(node.answered)
    options = ["-m", "1", "-nostdin", "-i", "127.0.0.1", "-p", "15281", "-timeout", "20", "-d", "1500"]
    caller = subprocess.Popen(
        ["sipp", f"127.0.0.1:{EDGE_PORT}", "-sf", str(SCENARIO), *options], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    await until(lambda: len(node.answered) > before)
    kamailio.stop(signal.SIGKILL)
    kamailio.start()
    await until(lambda: (folder / "ctl").exists())
    await until(lambda: caller.poll() is not None, 25)
    assert caller.returncode == 0
    assert (await node.process.client.snapshot()).legs == ()


def test_the_files_name_the_nodes_probe_them_and_go_to_the_next_on_408_and_5xx(tmp_path: Path) -> None:
    made = render(
        Edge(listen="192.0.2.5:5060", nodes=("10.0.0.11:5060", "10.0.0.12:5060"), carriers=("198.51.100.1:5060",), sources=("198.51.100.0/28",)), tmp_path
    )
    assert made["dispatcher.list"].splitlines()[1:] == ["1 sip:10.0.0.11:5060 0 0", "1 sip:10.0.0.12:5060 0 0", "2 sip:198.51.100.1:5060 0 0"]
    text = made["kamailio.cfg"]
    assert 'modparam("dispatcher", "ds_ping_interval", 2)' in text
    assert 't_check_status("408|5[0-9][0-9]")' in text
    assert "} else if (src_ip == 198.51.100.0/28) {" in text
    assert f'modparam("dispatcher", "list_file", "{tmp_path}/dispatcher.list")' in text
    assert "192.0.2.5" in made["keepalived.conf"]
    assert "@" not in text.replace("sip:edge@192.0.2.5", "")


def test_what_is_no_address_is_refused(tmp_path: Path) -> None:
    for wrong in (
        Edge(listen="192.0.2.5", nodes=("10.0.0.11:5060",)), Edge(listen="192.0.2.5:5060", nodes=()), Edge(listen="192.0.2.5:5060", nodes=("node\n1 x:1",)),
        Edge(listen="192.0.2.5:70000", nodes=("10.0.0.11:5060",)), Edge(listen="192.0.2.5:5060", nodes=("10.0.0.11:5060",), sources=("all) {",)),
        Edge(listen="192.0.2.5:5060", nodes=("10.0.0.11:5060",), interface="eth0 {"),
    ):  # fmt: skip
        with pytest.raises(Unfit):
            render(wrong, tmp_path)


@pytest.mark.django_db
def test_the_verb_takes_the_networks_of_the_live_trunks_and_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--listen", "192.0.2.5:5060", "--node", "10.0.0.11:5060", "--node", "10.0.0.12:5060", "--source", "198.51.100.0/28"]
    assert main.main(["hotline", "kamailio-config", str(tmp_path / "k"), *options]) == 0
    assert "src_ip == 198.51.100.0/28" in (tmp_path / "k" / "kamailio.cfg").read_text()
    assert "3 files changed" in capsys.readouterr().out
    assert main.main(["hotline", "kamailio-config", str(tmp_path / "k"), "--listen", "here", "--node", "10.0.0.11:5060"]) == 1
    assert "'here' is not address:port" in capsys.readouterr().err
