"""The private database comes back from whatever its death left behind."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from fawang.console.postgres import APP, OWNER, NoPostgres, Server
from tests.fault.world import children_of, kill_9

pytestmark = pytest.mark.fault


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A small cluster of its own."""
    folder = Path(tempfile.mkdtemp(prefix="fawang-db-"))
    folder.chmod(0o755)
    made = Server(folder).start()
    yield made
    made.stop("immediate")
    shutil.rmtree(folder, ignore_errors=True)


def test_its_old_processes_hold_the_memory_for_a_while_and_the_start_waits_for_them(server: Server) -> None:
    head = server.postmaster()
    assert head is not None
    with psycopg.connect(server.url(OWNER), autocommit=True) as connection:
        backend = connection.info.backend_pid
        os.kill(backend, signal.SIGSTOP)
        kill_9(head)
        starting = threading.Thread(target=server.start)
        starting.start()
        time.sleep(4)
        assert starting.is_alive()
        assert not server.answers()
        os.kill(backend, signal.SIGCONT)
        starting.join(60)
    assert server.answers()
    assert server.postmaster() != head


def test_a_lock_whose_number_now_belongs_to_another_process_is_no_lock(server: Server) -> None:
    user = server.user or pwd.getpwuid(os.geteuid()).pw_name
    other = subprocess.Popen(["sleep", "60"], user=user) if server.user else subprocess.Popen(["sleep", "60"])
    try:
        head = server.postmaster()
        assert head is not None
        for pid in [head, *children_of(head)]:
            kill_9(pid)
        lock = server.data / "postmaster.pid"
        lock.write_text("\n".join([str(other.pid), *lock.read_text().splitlines()[1:]]) + "\n")
        deadline = time.monotonic() + 10
        while server.alive():  # until the last of those killed is gone
            assert time.monotonic() < deadline
            time.sleep(0.05)
        server.start()
        assert server.answers()
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


_WITHOUT_SIGHT = """
import ctypes, sys
assert ctypes.CDLL(None).prctl(24, 19) == 0  # drops CAP_SYS_PTRACE from what the next program may have
import os
os.execv(sys.executable, [sys.executable, "-c", "import sys, pathlib; from fawang.console.postgres import Server; Server(pathlib.Path(sys.argv[1])).start()", sys.argv[1]])
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give away a capability")
def test_a_server_that_only_does_not_answer_keeps_its_lock_where_proc_hides_it(server: Server) -> None:
    """As in a container: root may not read where a process of another user works, so it must not take a silent server for a dead one."""
    head = server.postmaster()
    assert head is not None
    lock = (server.data / "postmaster.pid").read_bytes()
    os.kill(head, signal.SIGSTOP)
    starting = subprocess.Popen([sys.executable, "-c", _WITHOUT_SIGHT, str(server.state)])
    try:
        time.sleep(12)
        assert starting.poll() is None
        assert (server.data / "postmaster.pid").read_bytes() == lock
    finally:
        os.kill(head, signal.SIGCONT)
    assert starting.wait(60) == 0
    assert server.postmaster() == head
    assert server.answers()


def test_a_server_that_cannot_start_is_given_up_with_its_own_words(server: Server) -> None:
    server.stop("immediate")
    control = server.data / "global" / "pg_control"
    kept = control.read_bytes()
    control.write_bytes(b"\0" * len(kept))
    try:
        began = time.monotonic()
        with pytest.raises(NoPostgres) as halted:
            server.start()
        assert "没有启动" in str(halted.value)
        assert time.monotonic() - began < 60
    finally:
        control.write_bytes(kept)
    assert server.start().answers()


def test_the_server_listens_on_no_network_and_lets_nobody_in_without_a_password(server: Server) -> None:
    with psycopg.connect(server.url(OWNER)) as connection:
        shown = {
            name: connection.execute(f"SHOW {name}").fetchone()
            for name in ("listen_addresses", "data_checksums", "synchronous_commit", "fsync", "full_page_writes")
        }  # type: ignore[call-overload]
    assert shown == {"listen_addresses": ("",), "data_checksums": ("on",), "synchronous_commit": ("on",), "fsync": ("on",), "full_page_writes": ("on",)}
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.url(APP).replace(server.password(APP), "wrong"))
