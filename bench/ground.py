"""A product of its own for the benchmarks: private database, web workers, no demonstration data but the province."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def house() -> Iterator[str]:
    """A migrated database with the demonstration province; yields the owner's address; Django is set up in this process."""
    folder = Path(tempfile.mkdtemp(prefix="fawang-bench-"))
    folder.chmod(0o711)
    os.environ.update(FAWANG_STATE=str(folder), FAWANG_DEMO="1", DJANGO_SETTINGS_MODULE="config.settings")
    os.environ.pop("FAWANG_TESTING", None)
    from fawang.console.database import connect
    from fawang.console.migrate import migrate

    server, owner = connect()
    try:
        migrate(owner)
        import django

        django.setup()
        from django.core.management import call_command

        call_command("collectstatic", interactive=False, verbosity=0)
        from fawang.console.demo import load

        load()
        yield owner
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def copied(address: str, name: str) -> str:
    """Copy the database of an owner's address, indexes, triggers and all, and return the copy's address. This process lets go of it."""
    from django.db import connection

    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]
    with psycopg.connect(named(address, "postgres"), autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{urlsplit(address).path.lstrip("/")}" STRATEGY file_copy')  # type: ignore[arg-type]
    return named(address, name)


def named(address: str, name: str) -> str:
    """The address of another database of the same server."""
    return urlunsplit(urlsplit(address)._replace(path=f"/{name}"))


@contextlib.contextmanager
def web(application: str = "config.wsgi:application", workers: int = 2, database: str = "") -> Iterator[str]:
    """The product's own web server, as ``up`` starts it, on the house's database or another one; yields its address."""
    port = free_port()
    command = [
        str(Path(sys.executable).parent / "granian"), "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--workers", str(workers),
        "--blocking-threads", "4", "--log-level", "warning", "--no-ws", application,
    ]  # fmt: skip
    child = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **({"DATABASE_URL": database} if database else {}), "PYTHONPATH": str(ROOT)}, start_new_session=True
    )
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.1)
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20).read()
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(child.pid, signal.SIGTERM)
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
