"""The product under test as real processes: database, web, two workers, live process; found, killed and started again."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FAST = Path(__file__).with_name("fast.toml")
KINDS = ("web", "web_child", "worker", "postmaster", "backend")


def environment(state: Path, port: int, **more: str) -> dict[str, str]:
    """The processes' environment: nothing of the test run's own database or state comes through."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("FAWANG_", "DATABASE_", "PYTEST", "DJANGO_"))}
    return {
        **kept, "FAWANG_STATE": str(state), "FAWANG_PORT": str(port), "FAWANG_DEMO": "0", "FAWANG_LOCAL_RULES": str(FAST), "FAWANG_LOG_LEVEL": "CRITICAL",
        "FAWANG_HOTLINE": "0", "PYTHONPATH": str(ROOT), **more,
    }  # fmt: skip


def children_of(pid: int) -> list[int]:
    """Direct children of a process."""
    with contextlib.suppress(OSError):
        return [int(p) for task in Path(f"/proc/{pid}/task").iterdir() for p in (task / "children").read_text().split()]
    return []


def command_of(pid: int) -> str:
    """A process's command line; empty once it is gone."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    return ""


def kill_9(pid: int) -> bool:
    """``kill -9``; whether there was anything to kill."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        return True
    return False


class World:
    """One deployment in one folder: the product whole, or single pieces of it, some of them broken on purpose."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.state, self.port = folder, folder / "state", port
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        self.env = environment(self.state, port)
        self.pieces: dict[str, subprocess.Popen[bytes]] = {}
        self.commands: dict[str, tuple[list[str], dict[str, str]]] = {}
        self.log = (folder / "processes.log").open("ab")
        self._watching = threading.Event()

    def prepare(self) -> None:
        """Make the database and the offices, once."""
        subprocess.run([sys.executable, "-m", "tests.fault.seed"], cwd=ROOT, env=self.env, check=True, stdout=self.log, stderr=self.log)

    def _password(self, role: str) -> str:
        return (self.state / "secrets" / f"pg_{role}").read_text()

    def dsn(self, role: str = "fawang") -> str:
        """Where the checker (and a second worker) finds the database."""
        from fawang.console.postgres import Server

        return Server(self.state).url(role)

    def start(self) -> None:
        """Start everything as an operator does, a second worker and the office beside it, and wait until it is up."""
        self.add("up", [sys.executable, "-m", "fawang.console.main", "up"])
        self.add("worker2", [sys.executable, "-m", "fawang.console.main", "worker"], DATABASE_URL=self.dsn("fawang_app"))
        self.add("office", [sys.executable, "-m", "tests.fault.office"], DATABASE_URL=self.dsn("fawang_app"))
        self.wait_until_up("healthz")

    def add_web(self, application: str) -> None:
        """A web server alone."""
        command = [
            str(Path(sys.executable).parent / "granian"), "--interface", "wsgi", "--host", "0.0.0.0", "--port", str(self.port), "--workers", "1",
            "--blocking-threads", "4", "--log-level", "error", "--no-ws", "--respawn-failed-workers", application,
        ]  # fmt: skip
        self.add("web", command, DATABASE_URL=self.dsn("fawang_app"))

    def add_worker(self, name: str, module: str) -> None:
        """A worker alone."""
        self.add(name, [sys.executable, "-m", module, "worker"], DATABASE_URL=self.dsn("fawang_app"))

    def add(self, name: str, command: list[str], **more: str) -> None:
        """Start one piece and keep it running."""
        self.commands[name] = (command, {**self.env, **more})
        self._launch(name)
        if not self._watching.is_set():
            self._watching.set()
            threading.Thread(target=self._watch, daemon=True).start()

    def _launch(self, name: str) -> None:
        command, env = self.commands[name]
        self.pieces[name] = subprocess.Popen(command, cwd=ROOT, env=env, stdout=self.log, stderr=self.log, start_new_session=True)

    def _watch(self) -> None:
        """Start again what was killed: for the product ``up`` does that itself, but for the second worker."""
        while self._watching.is_set():
            for name, piece in list(self.pieces.items()):
                if piece.poll() is not None and self._watching.is_set() and self.pieces.get(name) is piece:
                    self._end_group(piece)
                    self._launch(name)
            time.sleep(0.1)

    @staticmethod
    def _end_group(piece: subprocess.Popen[bytes]) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(piece.pid, signal.SIGKILL)

    def wait_until_up(self, page: str = "accessibility", limit: float = 120) -> None:
        """Until a page is served from the database."""
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline:
            with contextlib.suppress(urllib.error.HTTPError, OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{page}", timeout=5) as answer:
                if answer.status == 200:
                    return
            time.sleep(0.1)
        raise TimeoutError("the product did not come up")

    def drop(self, *names: str) -> None:
        """Stop single pieces, at once."""
        for piece in [self.pieces.pop(name) for name in names]:
            self._end_group(piece)
            piece.wait()

    def stop(self, *, database: bool = True) -> None:
        """Stop the processes as an operator does; the data stay."""
        self._watching.clear()
        for piece in self.pieces.values():
            piece.terminate()
        for piece in self.pieces.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                piece.wait(30)
            self._end_group(piece)
            piece.wait()
        self.pieces.clear()
        if database:
            self.stop_database()

    def verify(self) -> tuple[int, str]:
        """``fawang verify`` on this deployment: exit status and words."""
        done = subprocess.run([sys.executable, "-m", "fawang.console.main", "verify"], cwd=ROOT, env=self.env, capture_output=True, text=True, check=False)
        return done.returncode, (done.stdout + done.stderr).strip()

    def start_database(self) -> None:
        """The database alone, to read it."""
        from fawang.console.postgres import Server

        Server(self.state).start()

    def stop_database(self) -> None:
        """Stop the database if it runs."""
        from fawang.console.postgres import Server

        server = Server(self.state)
        if server.alive():
            server.stop()

    def postmaster(self) -> int | None:
        """The postmaster's pid."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            return int((self.state / "pg" / "postmaster.pid").read_text().split()[0])
        return None

    def pids(self, kind: str) -> list[int]:
        """Processes a kind of kill may hit now."""
        if kind in {"postmaster", "backend"}:
            head = self.postmaster()
            if head is None or kind == "postmaster":
                return [head] if head else []
            return [p for p in children_of(head) if "fawang_app" in command_of(p)]
        roots = [self.pieces["up"].pid] if "up" in self.pieces else []
        candidates = [c for r in roots for c in children_of(r)] + [p.pid for n, p in self.pieces.items() if n != "up"]
        if kind == "worker":
            return [p for p in candidates if command_of(p).rstrip().endswith("worker")]
        leaders = [p for p in candidates if "granian" in command_of(p)]
        return leaders if kind == "web" else [c for p in leaders for c in children_of(p) if "granian" in command_of(c)]

    def kill(self, kind: str, chance: random.Random) -> int | None:
        """Kill one process of a kind; its pid, or nothing when none was there to kill."""
        found = self.pids(kind)
        if not found:
            return None
        pid = chance.choice(found)
        return pid if kill_9(pid) else None

    def kill_database_whole(self) -> None:
        """Every process of the database at once, as a power button for what lies in its memory."""
        head = self.postmaster()
        for pid in [head, *children_of(head)] if head else []:
            kill_9(pid)

    def kill_web_whole(self) -> None:
        """The web server with its workers at once."""
        for pid in self.pids("web"):
            for child in children_of(pid):
                kill_9(child)
            kill_9(pid)
