"""One supervisor a state folder; and what a killed one leaves behind: processes that nobody watches and that hold the ports.

Each child leads a process group of its own. The groups are written down beside the data, so that the next start can end
them, and no other process of the machine.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
from pathlib import Path
from typing import IO

from fawang.console.halt import Halt


def claim(folder: Path) -> IO[str]:
    """Be the one supervisor of a folder for as long as the file stays open. Raises ``Halt`` when another one lives."""
    held = (folder / "supervisor.lock").open("w")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held.close()
        raise Halt(f"法网已在运行：{folder} / Fawang is already running on this state folder.") from None
    return held


def _file(folder: Path) -> Path:
    return folder / "children.json"


def write_down(folder: Path, groups: list[int]) -> None:
    """Write down our process groups."""
    part = _file(folder).with_suffix(".part")
    part.write_text(json.dumps(groups))
    part.replace(_file(folder))


def end_group(group: int) -> None:
    """End a whole process group at once: the leader may be dead and its workers still serve."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def clear(folder: Path) -> int:
    """End what the last supervisor left; returns how many groups. Call with the folder claimed."""
    try:
        groups = {int(g) for g in json.loads(_file(folder).read_text())}
    except (OSError, ValueError, TypeError):
        return 0
    found = {group for pid in _pids() if (group := _group(pid)) in groups and _ours(pid, folder)}
    for group in found:
        end_group(group)
    _file(folder).unlink(missing_ok=True)
    return len(found)


def _pids() -> list[int]:
    return [int(p.name) for p in Path("/proc").glob("[0-9]*")]


def _group(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return -1


def _ours(pid: int, folder: Path) -> bool:
    """Whether a process works on this very state folder: a pid that was given to somebody else does not count."""
    try:
        return f"FAWANG_STATE={folder}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False
