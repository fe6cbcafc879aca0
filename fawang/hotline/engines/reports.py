"""What happens to a leg, as the driver reports it or a command brings about: each tells its events exactly once, in the port's order."""

from __future__ import annotations

from fawang.hotline.engines import events as ev
from fawang.hotline.engines.core import Core, now_text
from fawang.hotline.engines.model import DIGITS_KEPT, Leg, Recording


def on_offered(core: Core, leg: Leg, offer: dict[str, object]) -> None:
    """Somebody calls; ``offer`` holds the further fields of ``LegOffered``."""
    with core.turn():
        core.legs[leg.leg_id] = leg
        core.keep(leg)
        core.tell(ev.LegOffered, leg_id=leg.leg_id, call_ref=leg.call_ref, to_number=leg.to_number, from_number=leg.from_number, trunk=leg.trunk, **offer)


def on_ringing(core: Core, leg_id: str, *, early_media: bool = False) -> None:
    """The far side of our call rings; told once."""
    leg = core.legs.get(leg_id)
    if leg and leg.state == "dialling":
        with core.turn():
            leg.state = "alerting"
            core.keep(leg)
            core.tell(ev.LegRinging, leg_id=leg_id, early_media=early_media)


def on_answered(core: Core, leg_id: str) -> None:
    """Both sides can speak."""
    leg = core.legs.get(leg_id)
    if leg and leg.state != "answered":
        with core.turn():
            leg.state = "answered"
            leg.answered_at = now_text()
            leg.answered_mono = core.timers.now()
            core.keep(leg)
            core.tell(ev.LegAnswered, leg_id=leg_id)


def on_ended(core: Core, leg_id: str, cause: ev.EndCause, side: ev.Side, *, code: int = 0, detail: str = "") -> None:
    """A leg is over: what hung on it ends first, then the leg; later reports about it are nothing."""
    leg = core.legs.get(leg_id)
    if leg is None:
        return
    with core.turn():
        end_play(core, leg, "leg_ended")
        end_collect(core, leg, "leg_ended")
        leave_room(core, leg, "leg_ended")
        for recording in [r for r in core.recordings.values() if r.leg_id == leg_id and not r.stopping]:
            end_recording(core, recording, "leg_ended")
        counted = core.driver.leg_over(leg)
        talk_ms = round((core.timers.now() - leg.answered_mono) * 1000) if leg.answered_at else 0
        core.drop(leg)
        core.tell(ev.LegEnded, leg_id=leg_id, cause=cause, side=side, code=code, detail=detail[:200], talk_ms=talk_ms, **counted)


def on_held(core: Core, leg_id: str, on: bool) -> None:
    """The far side holds us, or takes us back."""
    leg = core.legs.get(leg_id)
    if leg and leg.held_by_far != on:
        with core.turn():
            leg.held_by_far = on
            core.keep(leg)
            core.tell(ev.LegHeld, leg_id=leg_id, on=on)


# -- digits ----------------------------------------------------------------------------------------------------------


def on_digit(core: Core, leg_id: str, digit: str, ms: int = 0, method: str = "rfc4733") -> None:
    """A key was pressed and let go."""
    leg = core.legs.get(leg_id)
    if leg is None or digit not in "0123456789*#ABCD":
        return
    with core.turn():
        core.tell(ev.Digit, leg_id=leg_id, digit=digit, ms=ms, method=method)
        if leg.playing and leg.playing.interruptible:
            end_play(core, leg, "interrupted")
        if leg.collecting:
            take_digit(core, leg, digit)
            wait_for_digit(core, leg)
        else:
            leg.waiting = (leg.waiting + digit)[-DIGITS_KEPT:]
            core.keep(leg)


def take_digit(core: Core, leg: Leg, digit: str) -> None:
    """One digit for the gathering under way."""
    gathering = leg.collecting
    if gathering is None:
        return
    core.keep(leg)
    if digit in gathering.terminators:
        end_collect(core, leg, "terminator")
        return
    gathering.digits += digit
    if len(gathering.digits) >= gathering.max_digits:
        end_collect(core, leg, "max")


def wait_for_digit(core: Core, leg: Leg) -> None:
    """Set the timer that fits: none while a prompt plays before the first digit, first, or between digits."""
    if timer := core.digit_timers.pop(leg.leg_id, None):
        timer.cancel()
    gathering = leg.collecting
    if gathering is None or (leg.playing and not gathering.digits):
        return
    seconds = gathering.inter_timeout_s if gathering.digits else gathering.first_timeout_s

    def late() -> None:
        if leg.collecting is gathering and leg.leg_id in core.legs:
            with core.turn():
                end_collect(core, leg, "timeout")

    core.digit_timers[leg.leg_id] = core.timers.after(seconds, late)


def end_collect(core: Core, leg: Leg, reason: str) -> None:
    """Gathering is over, if there is one."""
    gathering, leg.collecting = leg.collecting, None
    if timer := core.digit_timers.pop(leg.leg_id, None):
        timer.cancel()
    if gathering:
        core.keep(leg)
        core.tell(ev.DigitsDone, leg_id=leg.leg_id, digits_id=gathering.digits_id, digits=gathering.digits, reason=reason)


# -- prompts ---------------------------------------------------------------------------------------------------------


def end_play(core: Core, leg: Leg, reason: str) -> None:
    """Stop the prompt, if one sounds."""
    if leg.playing:
        playing, leg.playing = leg.playing, None
        ms = core.driver.stop_play(leg)
        core.keep(leg)
        core.tell(ev.PlayDone, leg_id=leg.leg_id, play_id=playing.play_id, reason=reason, ms_played=ms)


def on_play_over(core: Core, leg_id: str, play_id: str, reason: str, ms: int) -> None:
    """The driver came to the end of a prompt (``finished``) or could not go on (``failed``)."""
    leg = core.legs.get(leg_id)
    if leg is None or leg.playing is None or leg.playing.play_id != play_id:
        return
    with core.turn():
        if leg.playing.record and reason == "finished":
            begin_recording(core, leg, leg.playing.record)
        leg.playing = None
        core.keep(leg)
        core.tell(ev.PlayDone, leg_id=leg_id, play_id=play_id, reason=reason, ms_played=ms)
        wait_for_digit(core, leg)


# -- bridges, recordings ---------------------------------------------------------------------------------------------


def leave_room(core: Core, leg: Leg, reason: str) -> None:
    """Take a leg out of its bridge, if it is in one; the last one to leave ends the bridge."""
    room = core.rooms.get(leg.bridge_id)
    if room is None:
        return
    with core.turn():
        room.members.pop(leg.leg_id, None)
        room.forget_paths_of(leg.leg_id)
        leg.bridge_id = ""
        core.keep(leg)
        core.driver.alone(leg)
        core.tell(ev.Left, leg_id=leg.leg_id, bridge_id=room.bridge_id, reason=reason)
        if room.members:
            core.keep(room)
            core.driver.hearing(room)
        else:
            core.drop(room)
            core.tell(ev.BridgeEnded, bridge_id=room.bridge_id)


def begin_recording(core: Core, leg: Leg, rec_id: str) -> bool:
    """Record a leg from now on; ``False`` when it is recorded already or the id was used: a leg has one recording at a time."""
    if rec_id in core.recordings or any(r.leg_id == leg.leg_id and not r.stopping for r in core.recordings.values()):
        return False
    recording = Recording(rec_id, leg.leg_id, "", since=core.timers.now())
    core.recordings[rec_id] = recording
    recording.path = core.driver.record(recording, leg)
    core.keep(recording)
    core.tell(ev.RecordStarted, leg_id=leg.leg_id, rec_id=rec_id, path=recording.path)
    return True


def end_recording(core: Core, recording: Recording, reason: str) -> None:
    """Close a recording; ``RecordDone`` follows when the file is whole."""
    recording.stopping = reason
    core.keep(recording)
    core.driver.stop_record(recording)


def on_record_over(core: Core, rec_id: str, *, ms: int, sha256: str, size: int, gaps_ms: int = 0, failed: bool = False) -> None:
    """A recording's file is whole (or, ``failed``, lost)."""
    recording = core.recordings.get(rec_id)
    if recording is None:
        return
    with core.turn():
        core.drop(recording)
        core.tell(
            ev.RecordDone,
            leg_id=recording.leg_id,
            rec_id=rec_id,
            path=recording.path,
            ms=ms,
            sha256=sha256,
            size=size,
            reason="failed" if failed else (recording.stopping or "failed"),
            gaps_ms=gaps_ms,
        )


# -- the rest --------------------------------------------------------------------------------------------------------


def on_refer_requested(core: Core, leg_id: str, refer_id: str, target: str, replaces_leg: str = "") -> None:
    """A phone pressed transfer."""
    if leg_id in core.legs:
        with core.turn():
            core.tell(ev.ReferRequested, leg_id=leg_id, refer_id=refer_id, target=target, replaces_leg=replaces_leg)


def on_transfer_result(core: Core, leg_id: str, ok: bool, code: int = 0) -> None:
    """How our REFER came out."""
    if leg_id in core.legs:
        with core.turn():
            core.tell(ev.TransferResult, leg_id=leg_id, ok=ok, code=code)


def on_media(core: Core, leg_id: str, silent_ms: int, control_ms: int = -1) -> None:
    """No sound for so long (and no RTCP; -1: there never was any), or (0) sound again."""
    if leg_id in core.legs:
        with core.turn():
            if silent_ms:
                core.tell(ev.MediaLost, leg_id=leg_id, silent_ms=silent_ms, control_ms=control_ms)
            else:
                core.tell(ev.MediaBack, leg_id=leg_id)
