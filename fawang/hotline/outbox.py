"""What engines are still to be told: written in the transaction that wants it, sent by whoever controls the engine."""

from __future__ import annotations

import json
import uuid

from django.db.models import F

from fawang.hotline.engines import wire
from fawang.hotline.engines.commands import Command
from fawang.hotline.models import Call, EngineCommand
from fawang.hotline.together import insert
from fawang.kernel import clock
from fawang.kernel.work import after_commit

CHANNEL = "fawang_hotline"
"""Heard by controllers: there is something for the engine named."""


def new_id(kind: str) -> str:
    """A fresh id for a leg (``a``), prompt (``p``), digits (``d``), bridge (``b``), recording (``r``) or command (``c``)."""
    return f"{kind}-{uuid.uuid4().hex}"


def enqueue(engine_id: str, command: Command, call: Call | None = None) -> None:
    """Queue one command; its ``command_id`` is filled in when empty. Call inside a transaction; the controller hears of it after the commit."""
    known = uuid.UUID(command.command_id) if command.command_id else uuid.uuid4()
    body = {**wire.encode(command), "command_id": str(known)}
    insert(
        EngineCommand(
            engine_id=engine_id, command_id=known, kind=type(command).__name__, body=json.dumps(body, ensure_ascii=False), call=call,
            leg_id=getattr(command, "leg_id", ""), created_at=clock.now(),
        )
    )  # fmt: skip
    after_commit(CHANNEL, engine_id)


def pending(engine_id: str, limit: int = 200) -> list[EngineCommand]:
    """What is to be sent next, in the order it was wanted."""
    return list(EngineCommand.objects.filter(engine_id=engine_id, state="pending").order_by("id")[:limit])


def command_of(row: EngineCommand) -> Command:
    """The command itself."""
    return wire.decode_command(json.loads(row.body))


def settle(row: EngineCommand, *, refusal: str = "") -> None:
    """The engine has answered."""
    EngineCommand.objects.filter(pk=row.pk).update(
        state="refused" if refusal else "accepted", refusal=refusal[:120], sent_at=clock.now(), attempts=row.attempts + 1
    )


def settle_all(rows: list[EngineCommand]) -> None:
    """The engine has accepted these."""
    EngineCommand.objects.filter(pk__in=[r.pk for r in rows]).update(state="accepted", sent_at=clock.now(), attempts=F("attempts") + 1)


def forget_for_leg(engine_id: str, leg_id: str) -> int:
    """Commands about a leg that is over need not be sent any more."""
    return EngineCommand.objects.filter(engine_id=engine_id, leg_id=leg_id, state="pending").update(state="refused", refusal="leg over")
