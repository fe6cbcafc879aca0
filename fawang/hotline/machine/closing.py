"""Ways a call ends without or after a human: survey, farewell, voicemail, a promised call-back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from fawang.hotline import callbacks, flow, voicemails
from fawang.hotline.engines import commands as do
from fawang.hotline.machine import ending
from fawang.hotline.machine.turn import Turn, continues, go_on, say
from fawang.kernel import events
from fawang.kernel.clock import BEIJING

LAST_WORDS = timedelta(seconds=5)


def farewell(here: Turn, codes: Sequence[str], *, cause: str) -> None:
    """Say the last words and hang up; ``cause`` is why the call ends."""
    here.call.notes["cause"] = cause
    here.go("farewell")
    say(here, codes, "said_farewell")


@continues("said_farewell")
def said_farewell(here: Turn, digits: str) -> None:
    """The words are said: hang up. The end itself comes as an event, or by the deadline."""
    here.call.notes["hung_up"] = 1
    here.order(do.HangUp(command_id="", leg_id=here.call.leg_id))
    here.due(LAST_WORDS)


def farewell_late(here: Turn) -> None:
    """Say nothing more; end."""
    if here.call.notes.get("hung_up"):
        ending.end(here, here.call.notes.get("cause", "completed"), side="us")
    else:
        if not go_on(here):
            said_farewell(here, "")


# -- survey ----------------------------------------------------------------------------------------------------------------------------


def survey(here: Turn) -> None:
    """Our side has ended the conversation: one question with one key (好差评). Who hangs up now is simply not rated."""
    call = here.call
    if here.document.survey is None or call.survey_level is not None or call.notes.get("cause") == "reasoned":
        farewell(here, ["goodbye"], cause=call.notes.get("cause", "completed"))
        return
    here.go("survey")
    call.notes["cause"] = "completed"
    call.notes["asked"] = call.notes.get("asked", 0) + 1
    say(here, ["survey"], "surveyed", interruptible=True, keys=1, wait=here.document.survey.wait, fresh=True)


@continues("surveyed")
def surveyed(here: Turn, digits: str) -> None:
    """A valid key is the rating; anything else is asked once more, then left."""
    call, question = here.call, here.document.survey
    level = question.levels.get(digits) if question else None
    if level is None:
        if question is not None and digits and call.notes.get("asked", 0) < question.tries:
            survey(here)
        else:
            farewell(here, ["goodbye"], cause="completed")
        return
    call.survey_level = level
    here.note("rated", staff=call.agent_id, level=level)
    events.record(
        kind="hotline.call_rated", stream=call.pk, occurred_at=here.at, payload={"call": str(call.pk), "level": level, "staff": str(call.agent_id or "")}
    )
    farewell(here, ["survey_thanks", "goodbye"], cause="completed")


def survey_late(here: Turn) -> None:
    """The question was not answered."""
    if not go_on(here):
        farewell(here, ["goodbye"], cause="completed")


# -- voicemail -------------------------------------------------------------------------------------------------------------------------


def voicemail(here: Turn, said: Sequence[str] = ()) -> None:
    """Ask for a message after the tone. It is a recording of its own; the one of the call ends here."""
    here.go("voicemail")
    here.order(do.HoldMusic(command_id="", leg_id=here.call.leg_id))
    say(here, [*said, "voicemail"], "voicemail_begins")


@continues("voicemail_begins")
def voicemail_begins(here: Turn, digits: str) -> None:
    """Tone, then record until a key, silence of the line, or the limit."""
    from fawang.hotline.machine import arrival

    call = here.call
    if rec := call.notes.pop("rec", ""):
        here.order(do.RecordStop(command_id="", rec_id=rec))
    arrival.start_recording(here, kind="voicemail")
    voicemails.begin(here, call.notes["rec"])
    limit = here.document.limits.voicemail
    say(here, [], "voicemail_over", media=("tone:880/400",), keys=1, wait=limit)
    here.due(timedelta(seconds=limit) + LAST_WORDS)


@continues("voicemail_over")
def voicemail_over(here: Turn, digits: str) -> None:
    """A key or the limit: thank and hang up."""
    if rec := here.call.notes.pop("rec", ""):
        here.order(do.RecordStop(command_id="", rec_id=rec))
    farewell(here, ["voicemail_thanks", "goodbye"], cause="voicemail")


def voicemail_late(here: Turn) -> None:
    """The deadline of the voicemail: go on to its end."""
    if not go_on(here):
        voicemail_over(here, "")


# -- a promised call-back ----------------------------------------------------------------------------------------------------------------


def promise(here: Turn, said: Sequence[str] = ()) -> None:
    """Promise a call-back to the caller's own number in the next free slot and say when; a withheld number gets voicemail instead."""
    call = here.call
    request = callbacks.promise_to_caller(here)
    if request is None:
        voicemail(here, said=said)
        return
    local = request.due_at.astimezone(BEIJING)
    day = (local.date() - here.now.astimezone(BEIJING).date()).days
    when = ["today", "tomorrow", "day_after"][min(day, 2)]
    call.notes["callback"] = str(request.pk)
    farewell(here, [*said, "callback_before", when, *flow.spoken_number(local.hour), "oclock", "callback_after", "goodbye"], cause="callback")
