"""Hearing at once that an engine has something to be told, instead of asking the database ten times a second."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable

import psycopg

from fawang.hotline.outbox import CHANNEL

log = logging.getLogger("fawang.hotline")


class Listener:
    """Follows the channel of the outbox until cancelled; ``hears`` is false while the database cannot be listened to: then it must be asked often."""

    def __init__(self, engine_id: str, heard: Callable[[], None]) -> None:
        self.engine_id = engine_id
        self.heard = heard
        self.hears = False

    async def run(self) -> None:
        """Listen; after a break begin again, and have a look for what was said meanwhile."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")  # type: ignore[arg-type]
                    self.hears = True
                    self.heard()
                    async for notice in connection.notifies():
                        if notice.payload == self.engine_id:
                            self.heard()
            except psycopg.Error:
                log.info("the database does not answer; it is asked instead of heard")
            finally:
                self.hears = False
            await asyncio.sleep(1)
