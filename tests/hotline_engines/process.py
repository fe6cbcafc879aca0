"""Starting, killing and restarting an engine process for the tests."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from fawang.hotline.engines.embedded.client import EmbeddedEngine
from fawang.hotline.engines.embedded.settings import EngineSettings
from fawang.hotline.engines.port import EngineUnavailable

ROOT = Path(__file__).resolve().parents[2]
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 2
"""Who runs beside others has ports of his own, below those the system hands out."""
FIRST = 15060 + WORKER * 400
PORTS = iter(range(FIRST, FIRST + 90))


class EngineProcess:
    """One engine on a state folder of its own; survives :meth:`kill` and :meth:`start`."""

    def __init__(self, folder: Path | None = None, **settings: str) -> None:
        self.folder = folder or Path(tempfile.mkdtemp(prefix="fawang-engine-"))
        self.port = next(PORTS)
        slot = (self.port - FIRST) % 10 + WORKER * 10
        self.environment = {
            "FAWANG_SIP_PORT": str(self.port),
            "FAWANG_RTP_PORTS": f"{20000 + slot * 400}-{20398 + slot * 400}",
            "PYTHONPATH": str(ROOT),
            "PATH": os.environ["PATH"],
            **settings,
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.client = EmbeddedEngine(EngineSettings(state=self.folder / "hotline").socket)
        self.log = self.folder / "engine.log"

    @property
    def sip(self) -> tuple[str, int]:
        """Where it listens."""
        return "127.0.0.1", self.port

    @property
    def pid(self) -> int:
        """The process."""
        assert self.process is not None
        return self.process.pid

    async def start(self, wait_s: float = 15.0) -> EngineProcess:
        """Start and wait until it answers."""
        code = (
            "import logging, sys; from pathlib import Path; logging.basicConfig(level=logging.INFO);"
            "from fawang.hotline.engines.embedded.settings import settings_from_environment; from fawang.hotline.engines.embedded.engine import serve;"
            "serve(settings_from_environment(Path(sys.argv[1])))"
        )
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([sys.executable, "-c", code, str(self.folder)], env=self.environment, stderr=log, stdout=log)
        for _ in range(int(wait_s / 0.05)):
            try:
                await self.client.capabilities()
                return self
            except EngineUnavailable:
                if self.process.poll() is not None:
                    raise AssertionError(f"the engine did not start: {self.log.read_text()[-3000:]}") from None
                await asyncio.sleep(0.05)
        raise AssertionError("the engine did not answer")

    def kill(self) -> None:
        """As a crash does."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(5)

    def stop(self) -> None:
        """Orderly; kills what does not go."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(8)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError("the engine did not stop when told to") from None

    def trouble(self) -> str:
        """Tracebacks in its log."""
        text = self.log.read_text(errors="replace")
        return text[text.find("Traceback") :][:4000] if "Traceback" in text else ""
