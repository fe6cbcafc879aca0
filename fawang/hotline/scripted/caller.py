"""A scripted caller: dials the hotline, asks its question in Mandarin once somebody is there, rates the call, and says what it heard happen."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from fawang.hotline import prompts
from fawang.hotline.engines import commands as do
from fawang.hotline.engines import events as ev
from fawang.hotline.models import Call
from fawang.hotline.scripted.exchange import Exchange
from fawang.hotline.states import CALL_STATES
from fawang.kernel.texts import Text

QUESTION = ("demo_question_1", "demo_question_2")
NUMBER = "055160000000"
"""A number of the demonstration; no such line exists."""
PAUSE_MS = 4000
LOOK_S = 0.5
Say = Callable[[str], None]


@dataclass(slots=True)
class Outcome:
    """How the call went: its SIP Call-ID, the states it was seen in, how it ended at the caller's side."""

    call_ref: str
    states: list[str]
    answered: bool = False
    cause: str = ""


async def place_call(
    exchange: Exchange, *, number: str = "12348", caller: str = NUMBER, longest_s: float = 180.0, rating: str = "1", tell: Say | None = None
) -> Outcome:
    """One call from dialling to its end. What the hotline's own row says (queued, talking, survey) tells the script when to speak and to press a key."""
    leg_id = f"caller-{uuid.uuid4().hex[:12]}"
    outcome = Outcome("", [])
    over = asyncio.Event()
    listening = asyncio.create_task(_listen(exchange, leg_id, outcome, over))
    try:
        await exchange.do(do.Originate, leg_id=leg_id, target=exchange.target(number), caller_id=caller, timeout_s=30.0)
        view = await exchange.leg(leg_id)
        outcome.call_ref = view.call_ref if view else ""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(longest_s):
                await _act(exchange, leg_id, outcome, over, rating, tell or (lambda words: None))
        if not over.is_set():
            await exchange.do(do.HangUp, leg_id=leg_id)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), 10)
    finally:
        listening.cancel()
    return outcome


async def _listen(exchange: Exchange, leg_id: str, outcome: Outcome, over: asyncio.Event) -> None:
    async for event in exchange.events():
        if not isinstance(event, ev.LegEvent) or event.leg_id != leg_id:
            continue
        if isinstance(event, ev.LegAnswered):
            outcome.answered = True
        elif isinstance(event, ev.LegEnded):
            outcome.cause = event.cause
            over.set()
            return


async def _act(exchange: Exchange, leg_id: str, outcome: Outcome, over: asyncio.Event, rating: str, tell: Say) -> None:
    media = await asyncio.to_thread(_question)
    while not over.is_set():
        state = await asyncio.to_thread(_state, outcome.call_ref)
        if state and (not outcome.states or outcome.states[-1] != state):
            outcome.states.append(state)
            tell(str(CALL_STATES.get(state, Text(state, state))))
            if state == "talking":
                await exchange.do(do.HoldMusic, leg_id=leg_id, music="")
                await exchange.do(do.Play, leg_id=leg_id, play_id=f"q-{leg_id}", media=media)
            elif state == "survey" and rating:
                await exchange.do(do.StopPlay, leg_id=leg_id, play_id=f"q-{leg_id}")
                await exchange.do(do.SendDigits, leg_id=leg_id, digits=rating)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), LOOK_S)


def _question() -> tuple[str, ...]:
    """The question, said again and again with pauses."""
    from django.db import connection

    try:
        spoken, _ = prompts.sound(QUESTION)
    finally:
        connection.close()
    return (*spoken, f"silence:{PAUSE_MS}") * 20


def _state(call_ref: str) -> str:
    from django.db import Error, connection

    try:
        return Call.objects.filter(call_ref=call_ref).values_list("state", flat=True).first() or "" if call_ref else ""
    except Error:
        return ""
    finally:
        connection.close()
