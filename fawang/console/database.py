"""Finding or starting the database, and saying so in the environment."""

from __future__ import annotations

import argparse
import fcntl
import os
from pathlib import Path
from typing import TextIO

from fawang.console.halt import Halt
from fawang.console.postgres import APP, OWNER, NoPostgres, Server

HELP = "start the private database and print its address"
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


def connect() -> tuple[Server | None, str]:
    """The private server (``None`` with DATABASE_URL) and the owner's address; puts the application's into DATABASE_URL.

    Until :func:`leave` this process counts as one that uses the server.
    """
    global _using
    folder = state_folder()
    if url := os.environ.get("DATABASE_URL"):
        return None, os.environ.get("DATABASE_OWNER_URL", url)
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
