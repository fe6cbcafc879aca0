"""This host's telephone station: its engine, and the process that controls it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from pathlib import Path

from django.conf import settings
from django.db import Error, connection

from fawang.hotline import equipment, speech
from fawang.hotline.controller import Controller
from fawang.hotline.engines.asterisk import config
from fawang.hotline.engines.asterisk import settings as asterisk
from fawang.hotline.engines.asterisk.media import MediaShelf
from fawang.hotline.engines.asterisk.settings import AsteriskSettings, secret_file
from fawang.hotline.engines.embedded.client import EmbeddedEngine
from fawang.hotline.engines.embedded.settings import EngineSettings, settings_from_environment
from fawang.hotline.scripted import requests
from fawang.kernel.context import acting
from fawang.kernel.errors import Refusal
from fawang.kernel.made_once import made_once
from fawang.people.actors import SYSTEM

log = logging.getLogger("fawang.hotline")


def engine_settings() -> EngineSettings:
    """The start-up settings of this host's engine."""
    return settings_from_environment(Path(settings.STATE_DIR))


def asterisk_settings() -> AsteriskSettings:
    """The same for the engine ``asterisk``."""
    return asterisk.settings_from_environment(Path(settings.STATE_DIR))


def engine() -> EmbeddedEngine:
    """This host's engine, by the control socket of its process: the same for every kind (``FAWANG_ENGINE``)."""
    chosen = asterisk_settings() if settings.HOTLINE_ENGINE == "asterisk" else engine_settings()
    return EmbeddedEngine(chosen.socket, chosen.engine_id)


def asterisk_files() -> dict[str, str]:
    """What an Asterisk for this host reads, from seats, trunks and settings as they are. Makes the secret of ARI if there is none yet.

    Raises ``config.Unfit``, OSError.
    """
    made_once(secret_file(Path(settings.STATE_DIR)), lambda: secrets.token_urlsafe(32))
    chosen = asterisk_settings()
    for folder in (chosen.raw, chosen.media, chosen.shared / "moh", chosen.shared / "voicemail"):
        folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    return config.render(chosen, asterisk_line(), equipment.order(), MediaShelf(chosen.media))


def asterisk_line() -> config.Line:
    """Where SIP and sound come in."""
    return config.line_of(engine_settings())


def listening() -> tuple[str, int]:
    """Where the engine takes calls, as seen from this host."""
    host = settings.SIP_HOST
    return ("127.0.0.1" if host == "0.0.0.0" else host), settings.SIP_PORT  # noqa: S104 - compared, not bound


async def control(stopping: asyncio.Event) -> int:
    """Control the engine until told to stop. Calls go on without us; the engine keeps what happens for the next controller."""
    client = engine()
    controller = Controller(client)
    following = asyncio.create_task(_stop_when(stopping, controller))
    speaking = asyncio.create_task(asyncio.to_thread(_speak)) if settings.DEMO else None
    scripted = asyncio.create_task(requests.serve(*listening())) if settings.DEMO else None
    try:
        await controller.run()
    finally:
        following.cancel()
        if scripted is not None:
            scripted.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await scripted
        if speaking is not None:
            await speaking
        await client.close()
    return 0


def _speak() -> None:
    """The demonstration's prompts, in the background: until one is spoken it is a tone."""
    try:
        with acting(door="system"):
            speech.speak_missing(actor=SYSTEM, demo=True)
    except (Refusal, Error, OSError):
        log.exception("prompts could not be spoken; they are tones")
    finally:
        connection.close()


async def _stop_when(stopping: asyncio.Event, controller: Controller) -> None:
    await stopping.wait()
    controller.stop()
