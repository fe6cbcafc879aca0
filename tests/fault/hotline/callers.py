"""Citizens by sipp, a tool of other people: its log is the wire's own account of every INVITE."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.hotline_engines.phone import sine

HERE = Path(__file__).parent
HAVE_SIPP = shutil.which("sipp") is not None
TONE = 500


def speech() -> bytes:
    """What citizens say: a tone, and key 1 in the band every second and a half, as A-law."""
    return sine((TONE,), 1000) + sine((697, 1209), 200) + sine((TONE,), 300)


class Callers:
    """So many calls at a rate; ``leaves`` is the share that hangs up after a random time of up to nine seconds."""

    def __init__(self, folder: Path, server: tuple[str, int], *, calls: int, rate: float, leaves: float, port: int, media: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "speech.alaw").write_bytes(speech())
        (folder / "citizen.xml").write_text((HERE / "citizen.xml").read_text().replace("LEAVES", f"{leaves:g}"))
        command = [
            "sipp", f"{server[0]}:{server[1]}", "-sf", "citizen.xml", "-i", "127.0.0.1", "-p", str(port), "-mp", str(media), "-m", str(calls),
            "-r", str(max(1, round(rate * 10))), "-rp", "10000", "-nostdin", "-trace_err", "-error_file", "errors.log", "-trace_logs", "-log_file", "wire.log",
            "-recv_timeout", "95000",
        ]  # fmt: skip
        self.folder = folder
        self.process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def over(self) -> bool:
        """Whether every call has come to its end."""
        return self.process.poll() is not None

    def stop(self) -> None:
        """End at once."""
        if not self.over():
            self.process.kill()
        self.process.wait()
