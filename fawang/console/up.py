"""``fawang up``: database, migrations, demonstration province, web, worker, live process and hotline, watched together."""

from __future__ import annotations

import argparse
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from fawang.console import leftovers
from fawang.console.database import ROOT, connect, state_folder
from fawang.console.halt import Halt
from fawang.console.migrate import migrate
from fawang.console.postgres import NoPostgres, Server

HELP = "start everything"


def arguments(parser: argparse.ArgumentParser) -> None:
    """None: settings come from the environment."""


def run(options: argparse.Namespace) -> int:
    """Start, print addresses, watch, stop cleanly. Raises ``Halt`` for a busy port, full disk, newer database."""
    port = _port()
    began = time.monotonic()
    folder = state_folder()
    held = leftovers.claim(folder)
    leftovers.clear(folder)
    for one in (port, port + 1):
        _free(one)
    hotline = _hotline()
    seats = hotline and _seats()
    print("正在启动法网 / Starting Fawang …", flush=True)
    server, owner = connect()
    try:
        migrate(owner)
        os.environ.setdefault("FAWANG_LIVE_URL", f"http://127.0.0.1:{port + 1}")
        children = Children(port, folder, server, hotline=hotline, seats=seats)
        signal.signal(signal.SIGTERM, lambda *_: children.ask_to_stop())
        signal.signal(signal.SIGINT, lambda *_: children.ask_to_stop())
        demo = _prepare()
        children.start_all()
        if _ready(port, children):
            _greet(port, time.monotonic() - began, demo)
        children.watch()
    finally:
        if server is not None:
            server.stop()
        held.close()
    print("已停止 / Stopped.", flush=True)
    return 0


def _port() -> int:
    """Of the web; the live process takes the next one."""
    try:
        port = int(os.environ.get("FAWANG_PORT", "8000"))
    except ValueError:
        raise Halt("FAWANG_PORT 不是数字 / FAWANG_PORT is not a number.") from None
    if not 0 < port < 65535:
        raise Halt("FAWANG_PORT 须在 1 到 65534 之间 / FAWANG_PORT must lie between 1 and 65534.")
    return port


def _free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))
        except PermissionError:
            raise Halt(f"没有权限使用端口 {port} / No permission for port {port}.") from None
        except OSError:
            raise Halt(f"端口 {port} 已被占用，请设置 FAWANG_PORT / Port {port} is busy.") from None


def _hotline() -> bool:
    """Whether the hotline is started: not when it is left out, and not on a busy SIP port, which is said once while the rest runs on."""
    if os.environ.get("FAWANG_HOTLINE", "1") == "0":
        return False
    try:
        host, port = os.environ.get("FAWANG_SIP_HOST", "127.0.0.1"), int(os.environ.get("FAWANG_SIP_PORT", "5060"))
    except ValueError:
        raise Halt("FAWANG_SIP_PORT 不是数字 / FAWANG_SIP_PORT is not a number.") from None
    engine = os.environ.get("FAWANG_ENGINE", "embedded")
    if engine == "asterisk":
        return True  # the port is Asterisk's
    if engine != "embedded":
        raise Halt(f"FAWANG_ENGINE 只能是 embedded 或 asterisk / FAWANG_ENGINE is embedded or asterisk, not {engine}.")
    try:
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            with socket.socket(socket.AF_INET, kind) as probe:
                if kind == socket.SOCK_STREAM:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host, port))
    except OSError:
        print(
            f"热线未启动：SIP 端口 {host}:{port} 不可用，请设置 FAWANG_SIP_PORT / The hotline is left out: SIP port {host}:{port} is not free.",
            file=sys.stderr, flush=True,
        )  # fmt: skip
        os.environ["FAWANG_HOTLINE"] = "0"
        return False
    return True


def _seats() -> bool:
    """Whether the gateway of browser seats is started: not on busy ports, which is said once; seats then speak by desk phone."""
    from fawang.hotline.gateway.settings import settings_from_environment

    try:
        chosen = settings_from_environment(state_folder())
    except ValueError:
        raise Halt("FAWANG_SEAT_… 中有不是数字的端口 / A port in FAWANG_SEAT_… is not a number.") from None
    for kind, host, port in ((socket.SOCK_STREAM, chosen.web_host, chosen.web_port), (socket.SOCK_DGRAM, chosen.sip_host, chosen.sip_port)):
        try:
            with socket.socket(socket.AF_INET, kind) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(kind == socket.SOCK_STREAM))
                probe.bind((host, port))
        except OSError:
            print(
                f"坐席语音网关未启动：端口 {host}:{port} 不可用，请设置 FAWANG_SEAT_PORT、FAWANG_SEAT_GATEWAY / Browser seats are left out: {host}:{port} is not free.",
                file=sys.stderr, flush=True,
            )  # fmt: skip
            return False
    return True


def _prepare() -> list[str]:
    """Static files and the demonstration province, in this process's own Django."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    call_command("collectstatic", interactive=False, verbosity=0)
    lines: list[str] = []
    if settings.DEMO:
        from fawang.console.demo import load

        lines = load()
    else:
        from fawang.people.models import Staff

        if not Staff.objects.exists():
            lines = ["首次使用：运行 fawang first-admins 建立三名管理员 / First use: run `fawang first-admins`."]
    from django.db import connection

    connection.close()
    if connection.pool:  # type: ignore[attr-defined]
        connection.close_pool()  # type: ignore[attr-defined]
    return lines


class Children:
    """The processes and the private database; one that dies is started again, and none of the processes outlives us."""

    def __init__(self, port: int, folder: Path, server: Server | None = None, *, hotline: bool = False, seats: bool = False) -> None:
        self.folder, self.server = folder, server
        python = sys.executable
        self.commands = {
            "web": [str(Path(python).parent / "granian"), "--interface", "wsgi", "--host", "0.0.0.0", "--port", str(port),
                    "--workers", "2", "--blocking-threads", "4", "--log-level", "warning", "--no-ws", "--respawn-failed-workers", "config.wsgi:application"],
            "worker": [python, "-m", "fawang.console.main", "worker"],
            "live": [python, "-m", "uvicorn", "config.live:app", "--host", "0.0.0.0", "--port", str(port + 1), "--log-level", "warning"],
        }  # fmt: skip
        if hotline:
            self.commands["hotline-engine"] = [python, "-m", "fawang.console.main", "hotline-engine"]
            self.commands["hotline"] = [python, "-m", "fawang.console.main", "hotline", "run"]
        if seats:
            self.commands["seats"] = [python, "-m", "fawang.console.main", "hotline", "gateway"]
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.began: dict[str, float] = {}
        self.stopping = False

    def start(self, name: str) -> None:
        """Start one; what a dead one's workers still hold is ended first."""
        if name in self.running:
            leftovers.end_group(self.running[name].pid)
        self.began[name] = time.monotonic()
        self.running[name] = subprocess.Popen(self.commands[name], cwd=ROOT, preexec_fn=_die_with_parent, env={**os.environ, "PYTHONPATH": str(ROOT)})
        leftovers.write_down(self.folder, [child.pid for child in self.running.values()])

    def start_all(self) -> None:
        """Start all."""
        for name in self.commands:
            self.start(name)

    def ask_to_stop(self) -> None:
        """Stop at the next look."""
        self.stopping = True

    def watch(self) -> None:
        """Until asked to stop: restart what died, not faster than once a second each."""
        while not self.stopping:
            self.revive_database()
            for name, child in list(self.running.items()):
                if child.poll() is not None and time.monotonic() - self.began[name] > 1:
                    print(f"{name} 退出({child.returncode})，正在重启 / restarting", file=sys.stderr, flush=True)
                    self.start(name)
            time.sleep(0.2)
        for child in self.running.values():
            child.terminate()
        deadline = time.monotonic() + 10
        for child in self.running.values():
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            leftovers.end_group(child.pid)

    def revive_database(self) -> None:
        """Start a private database whose postmaster is gone; the processes reconnect by themselves."""
        if self.server is None or self.server.alive():
            return
        print("数据库退出，正在重启 / database: restarting", file=sys.stderr, flush=True)
        try:
            self.server.start()
        except NoPostgres as problem:
            print(problem, file=sys.stderr, flush=True)
            time.sleep(1)


def _die_with_parent() -> None:
    ctypes.CDLL("libc.so.6").prctl(1, signal.SIGTERM)
    os.setpgid(0, 0)


def _ready(port: int, children: Children) -> bool:
    while not children.stopping:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer:
                if answer.status == 200:
                    return True
        except (urllib.error.URLError, OSError):
            pass
        children.revive_database()
        for name, child in list(children.running.items()):
            if child.poll() is not None and time.monotonic() - children.began[name] > 1:
                children.start(name)
        time.sleep(0.1)
    return False


def _greet(port: int, seconds: float, lines: list[str]) -> None:
    print(f"\n法网已就绪（{seconds:.1f} 秒） / Fawang is ready.\n")
    print(f"  网站 Portal   http://127.0.0.1:{port}/")
    print(f"  工作台 Desk   http://127.0.0.1:{port}/desk/")
    print(f"  接口 API      http://127.0.0.1:{port}/api/v1/openapi.json\n")
    for line in lines:
        print(f"  {line}")
    print("\n按 Ctrl-C 停止 / Ctrl-C stops.", flush=True)
