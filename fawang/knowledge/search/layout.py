"""Where index generations lie, how one becomes current, and how every process notices. The pointer is renamed into place."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

from django.conf import settings

FORMAT = "11"
"""Raised when a generation is laid out differently: older ones are then not opened but rebuilt."""
_KEPT_SECONDS = 600


def home() -> Path:
    """The folder of all generations."""
    return Path(settings.STATE_DIR) / "search"


def current() -> Path | None:
    """The folder of the generation in use, or ``None``."""
    try:
        name = (home() / "current").read_text().strip()
    except OSError:
        return None
    folder = home() / name
    return folder if name.startswith(f"gen{FORMAT}-") and (folder / "meta.json").is_file() else None


def stamp() -> tuple[int, int]:
    """Changes whenever another generation becomes current; one system call."""
    try:
        found = os.stat(f"{settings.STATE_DIR}/search/current")
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_ino)


def fresh() -> Path:
    """A new empty folder for a generation under way; a leading dot keeps half-built ones apart."""
    folder = home() / f".gen{FORMAT}-{secrets.token_hex(6)}-{os.getpid()}"
    folder.mkdir(parents=True)
    return folder


def publish(folder: Path) -> Path:
    """Make a finished generation current: everything on disk first, then one rename. A kill before it leaves the old one serving."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
    final = home() / folder.name.lstrip(".")
    folder.rename(final)
    part = home() / f".current-{os.getpid()}"
    with part.open("w") as file:
        file.write(final.name)
        file.flush()
        os.fsync(file.fileno())
    part.replace(home() / "current")
    return final


def sweep() -> int:
    """Remove generations that are no longer current: half-built ones of dead processes, and finished ones a while after their successor."""
    now_current = current()
    removed = 0
    for folder in home().glob("*gen*-*"):
        if not folder.is_dir() or folder == now_current:
            continue
        if folder.name.startswith("."):
            if _alive(folder.name.rsplit("-", 1)[-1]):
                continue
        elif _age(home() / "current") < _KEPT_SECONDS and _age(folder) < 86_400:
            continue  # a process may be opening it this moment
        shutil.rmtree(folder, ignore_errors=True)
        removed += 1
    return removed


def _age(path: Path) -> float:
    from fawang.kernel import clock

    try:
        return clock.now().timestamp() - path.stat().st_mtime
    except OSError:
        return 0.0


def _alive(pid: str) -> bool:
    return pid.isdigit() and Path(f"/proc/{pid}").exists()
