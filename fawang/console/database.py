"""Finding or starting the database, and saying so in the environment."""

from __future__ import annotations

import argparse
import fcntl
import os
from pathlib import Path
from typing import TextIO

import psycopg

from config.database import connection_settings
from fawang.console.halt import Halt
from fawang.console.postgres import APP, OWNER, NoPostgres, Server

HELP = "start the private database and print its address"
REACHED_WITHIN = 10
"""Seconds a database that is to be reached may take."""
_using: tuple[Server, TextIO] | None = None
ROOT = Path(__file__).resolve().parent.parent.parent


def state_folder() -> Path:
    """FAWANG_STATE, else ``.fawang`` beside the code. Raises ``Halt`` when it cannot be written."""
    folder = Path(os.environ.get("FAWANG_STATE") or ROOT / ".fawang").absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".write"
        probe.write_bytes(b"0" * 4096)
        probe.unlink()
    except PermissionError:
        raise Halt(f"没有写入权限 / No permission to write {folder}. 请设置 FAWANG_STATE。") from None
    except OSError as error:
        raise Halt(f"无法写入 {folder}: {error.strerror} / Cannot write the state folder.") from None
    stat = os.statvfs(folder)
    free = stat.f_bavail * stat.f_frsize >> 20
    if free < 300:
        raise Halt(f"磁盘空间不足：{folder} 只剩 {free} MB，至少需要 300 MB / Disk almost full.")
    os.environ["FAWANG_STATE"] = str(folder)
    return folder


def connect(*, asked: bool = True) -> tuple[Server | None, str]:
    """The private server (``None`` with DATABASE_URL) and the owner's address; puts the application's into DATABASE_URL.

    Until :func:`leave` this process counts as one that uses the server. Raises ``Halt`` when a given address leads to no
    database; with ``asked=False`` it is not tried, for processes that outlive a database that is away for a while.
    """
    global _using
    folder = state_folder()
    if url := os.environ.get("DATABASE_URL"):
        owner = os.environ.get("DATABASE_OWNER_URL", url)
        if asked:
            reach("DATABASE_URL", url)
            reach("DATABASE_OWNER_URL", owner)
        return None, owner
    try:
        users = (folder / "pg.users").open("a")
        fcntl.flock(users, fcntl.LOCK_SH)
        server = Server(folder).start()
        _using = server, users
    except NoPostgres as problem:
        raise Halt(str(problem)) from None
    except PermissionError as problem:
        raise Halt(f"没有权限 / No permission: {problem.filename}") from None
    os.environ["DATABASE_URL"] = server.url(APP)
    return server, server.url(OWNER)


def reach(setting: str, url: str) -> None:
    """Open a connection to an address and close it. Raises ``Halt`` naming the setting and why; never the password."""
    try:
        place = connection_settings(url, pool=False)
    except ValueError:
        raise Halt(f"{setting} 应写作 postgresql://用户:口令@主机:端口/库名 / {setting} must read postgresql://user:password@host:port/name.") from None
    shown = f"{place['USER']}@{place['HOST']}:{place['PORT'] or 5432}/{place['NAME']}"
    try:
        psycopg.connect(url, connect_timeout=REACHED_WITHIN).close()
    except psycopg.ProgrammingError:  # what libpq says of an address it cannot read may quote the whole of it
        raise Halt(f"{setting} 里有不认识的参数 / {setting} holds an option that is unknown: {shown}") from None
    except psycopg.Error as error:
        raise Halt(f"连不上数据库 {shown}，请检查 {setting} / The database cannot be reached: {_reason(error)}") from None


def _reason(error: psycopg.Error) -> str:
    """What the server or the network said, in one line."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rpartition("failed: ")[2].removeprefix("FATAL:").strip()


def leave() -> None:
    """Use the private server no more; the last of its users stops it, so that a stopped house may be copied or moved."""
    global _using
    if _using is None:
        return
    (server, users), _using = _using, None
    fcntl.flock(users, fcntl.LOCK_UN)
    with users:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        server.stop()


def arguments(parser: argparse.ArgumentParser) -> None:
    """None."""


def run(options: argparse.Namespace) -> int:
    """Print the address of the database, and leave it running."""
    global _using
    _, owner = connect()
    _using = None
    print(owner)
    return 0
