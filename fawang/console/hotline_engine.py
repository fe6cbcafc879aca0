"""``fawang hotline-engine``: run the telephone engine of this host in this process: the embedded one, or the adapter of an Asterisk (``FAWANG_ENGINE``).

It knows no database; the controller speaks to it by socket.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from fawang.console.halt import Halt
from fawang.hotline.engines.embedded.engine import AlreadyRunning, serve
from fawang.hotline.engines.embedded.settings import EngineSettings, settings_from_environment

HELP = "run the telephone engine of the hotline (FAWANG_ENGINE, FAWANG_SIP_HOST, FAWANG_SIP_PORT, FAWANG_RTP_PORTS, FAWANG_ARI_URL)"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("--state", help="state folder (default: FAWANG_STATE or .fawang)")


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM; calls outlast it and are taken over by the next process."""
    import os

    logging.basicConfig(level=logging.INFO, format="%(asctime)s hotline-engine %(levelname)s %(message)s")
    state = Path(options.state or os.environ.get("FAWANG_STATE") or ".fawang")
    kind = os.environ.get("FAWANG_ENGINE", "embedded")
    if kind not in ("embedded", "asterisk"):
        raise Halt(f"FAWANG_ENGINE 只能是 embedded 或 asterisk / FAWANG_ENGINE is embedded or asterisk, not {kind}.")
    try:
        settings = settings_from_environment(state)
        if kind == "asterisk":
            _adapter(state, settings)
        else:
            serve(settings)
    except AlreadyRunning as error:
        raise Halt(str(error)) from error
    except (OSError, ValueError) as error:
        raise Halt(f"热线引擎无法启动 / The hotline engine cannot start: {error}") from error
    return 0


def _adapter(state: Path, line: EngineSettings) -> None:
    import os

    from fawang.hotline.engines.asterisk import config, process
    from fawang.hotline.engines.asterisk.settings import settings_from_environment as asterisk_settings

    folder = os.environ.get("FAWANG_ASTERISK_CONFIG", "")
    process.serve(asterisk_settings(state), config.line_of(line), Path(folder) if folder else None)
