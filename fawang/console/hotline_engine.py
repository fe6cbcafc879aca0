"""``fawang hotline-engine``: run the embedded telephone engine in this process. It knows no database; the controller speaks to it by socket."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from fawang.console.halt import Halt
from fawang.hotline.engines.embedded.engine import AlreadyRunning, serve
from fawang.hotline.engines.embedded.settings import settings_from_environment

HELP = "run the embedded SIP engine of the hotline (FAWANG_SIP_HOST, FAWANG_SIP_PORT, FAWANG_RTP_PORTS)"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("--state", help="state folder (default: FAWANG_STATE or .fawang)")


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM; calls outlast it and are taken over by the next process."""
    import os

    logging.basicConfig(level=logging.INFO, format="%(asctime)s hotline-engine %(levelname)s %(message)s")
    state = Path(options.state or os.environ.get("FAWANG_STATE") or ".fawang")
    try:
        settings = settings_from_environment(state)
        serve(settings)
    except AlreadyRunning as error:
        raise Halt(str(error)) from error
    except (OSError, ValueError) as error:
        raise Halt(f"热线引擎无法启动 / The hotline engine cannot start: {error}") from error
    return 0
