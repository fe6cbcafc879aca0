"""What each command does: one function a command, registered in ``ACTS``. Each checks everything first, then changes state, then tells."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any, TypeVar

from fawang.hotline.engines import commands as cmd
from fawang.hotline.engines import events as ev
from fawang.hotline.engines import reports
from fawang.hotline.engines.core import Core, now_text
from fawang.hotline.engines.model import SPEAKABLE, Collecting, Ears, Leg, Playing, Recording, Room
from fawang.hotline.engines.port import NoSuchLeg, Rejected

C = TypeVar("C", bound=cmd.Command)
ACTS: dict[type[cmd.Command], Callable[[Core, Any], None]] = {}
ID = re.compile(r"[A-Za-z0-9._:-]{1,80}")
DIGITS = re.compile(r"[0-9*#A-D,]{1,64}")
NAME = re.compile(r"X-[A-Za-z0-9-]{1,40}")


def act(kind: type[C]) -> Callable[[Callable[[Core, C], None]], Callable[[Core, C], None]]:
    """Register the function as what ``kind`` does."""

    def keep(function: Callable[[Core, C], None]) -> Callable[[Core, C], None]:
        ACTS[kind] = function
        return function

    return keep


def _fresh_id(value: str, what: str) -> None:
    """Ids become file names, header values and rows: letters, digits and ``._:-`` only."""
    if not ID.fullmatch(value) or value.startswith("."):
        raise Rejected("bad_value", what)


# -- the life of a leg -------------------------------------------------------------------------------------------


@act(cmd.Ring)
def ring(core: Core, order: cmd.Ring) -> None:
    """Offered → ringing."""
    leg = core.leg(order.leg_id, "offered", "ringing")
    if leg.state == "offered":
        leg.state = "ringing"
        core.keep(leg)
        core.driver.ring(leg)


@act(cmd.Answer)
def answer(core: Core, order: cmd.Answer) -> None:
    """Offered or ringing → answering; ``answered`` is reported by the driver."""
    leg = core.leg(order.leg_id, "offered", "ringing", *SPEAKABLE)
    if leg.direction != "in":
        raise Rejected("bad_state", "we called this leg")
    if leg.state not in SPEAKABLE:
        leg.state = "answering"
        core.keep(leg)
        core.driver.answer(leg)


@act(cmd.Reject)
def reject(core: Core, order: cmd.Reject) -> None:
    """Offered or ringing → ended."""
    leg = core.leg(order.leg_id, "offered", "ringing")
    core.driver.reject(leg, order.cause)
    reports.on_ended(core, leg.leg_id, "busy" if order.cause == "busy" else "rejected", "us")


@act(cmd.HangUp)
def hang_up(core: Core, order: cmd.HangUp) -> None:
    """Any state → ended."""
    leg = core.leg(order.leg_id)
    core.driver.hang_up(leg, order.cause)
    waiting = leg.state in ("dialling", "alerting")
    reports.on_ended(core, leg.leg_id, "cancelled" if waiting else "normal", "us", detail=order.cause)


@act(cmd.Originate)
def originate(core: Core, order: cmd.Originate) -> None:
    """A new leg of ours begins to dial."""
    _fresh_id(order.leg_id, "leg_id")
    if order.leg_id in core.legs:
        raise Rejected("conflict", f"leg {order.leg_id} lives")
    if not 0 < order.timeout_s <= 600:
        raise Rejected("bad_value", "timeout_s")
    if any(not NAME.fullmatch(name) or not _plain(value) for name, value in order.headers) or len(order.headers) > 16:
        raise Rejected("bad_value", "headers")
    if not _plain(order.caller_id) or not _plain(order.caller_name):
        raise Rejected("bad_value", "caller_id")
    if why := core.driver.can_dial(order.target):
        raise Rejected(why, order.target)
    leg = Leg(order.leg_id, "out", "dialling", order.target, order.caller_id, "", now_text())
    core.legs[leg.leg_id] = leg
    core.keep(leg)
    core.driver.originate(leg, order)


def _plain(text: str) -> bool:
    return len(text) <= 256 and not any(ord(ch) < 32 or ord(ch) == 127 for ch in text)


# -- prompts, music, digits ----------------------------------------------------------------------------------------


@act(cmd.Play)
def play(core: Core, order: cmd.Play) -> None:
    """A prompt begins; one that sounds already is replaced."""
    leg = core.leg(order.leg_id, *SPEAKABLE)
    _fresh_id(order.play_id, "play_id")
    if order.record:
        _fresh_id(order.record, "record")
    if not order.media or len(order.media) > 64:
        raise Rejected("bad_value", "media")
    for medium in order.media:
        if why := core.driver.can_play(medium):
            raise Rejected("bad_value", f"{medium}: {why}")
    reports.end_play(core, leg, "replaced")
    leg.playing = Playing(order.play_id, order.media, order.interruptible, core.timers.now(), order.record)
    core.keep(leg)
    core.tell(ev.PlayStarted, leg_id=leg.leg_id, play_id=order.play_id)
    reports.wait_for_digit(core, leg)
    core.driver.play(leg)


@act(cmd.StopPlay)
def stop_play(core: Core, order: cmd.StopPlay) -> None:
    """The prompt stops, if it is this one."""
    leg = core.leg(order.leg_id)
    if leg.playing and leg.playing.play_id == order.play_id:
        reports.end_play(core, leg, "stopped")
        reports.wait_for_digit(core, leg)


@act(cmd.HoldMusic)
def hold_music(core: Core, order: cmd.HoldMusic) -> None:
    """Music on or off."""
    leg = core.leg(order.leg_id, *SPEAKABLE)
    if order.music and (why := core.driver.can_play(order.music)):
        raise Rejected("bad_value", f"{order.music}: {why}")
    if leg.music != order.music:
        leg.music = order.music
        core.keep(leg)
        core.driver.music(leg)


@act(cmd.Collect)
def collect(core: Core, order: cmd.Collect) -> None:
    """Gathering begins, with the digits that wait."""
    leg = core.leg(order.leg_id, *SPEAKABLE)
    _fresh_id(order.digits_id, "digits_id")
    if not 1 <= order.max_digits <= 32 or not 0 < order.first_timeout_s <= 600 or not 0 < order.inter_timeout_s <= 600:
        raise Rejected("bad_value", "max_digits or timeouts")
    if any(ch not in "0123456789*#ABCD" for ch in order.terminators):
        raise Rejected("bad_value", "terminators")
    reports.end_collect(core, leg, "replaced")
    waiting, leg.waiting = ("" if order.fresh else leg.waiting), ""
    leg.collecting = Collecting(order.digits_id, order.max_digits, order.terminators, order.first_timeout_s, order.inter_timeout_s)
    core.keep(leg)
    for n, digit in enumerate(waiting):
        if leg.collecting is None:
            leg.waiting = waiting[n:]
            break
        reports.take_digit(core, leg, digit)
    reports.wait_for_digit(core, leg)


@act(cmd.StopCollect)
def stop_collect(core: Core, order: cmd.StopCollect) -> None:
    """Gathering ends, if it is this one."""
    leg = core.leg(order.leg_id)
    if leg.collecting and leg.collecting.digits_id == order.digits_id:
        reports.end_collect(core, leg, "stopped")


@act(cmd.SendDigits)
def send_digits(core: Core, order: cmd.SendDigits) -> None:
    """Keys are pressed towards the far side."""
    leg = core.leg(order.leg_id, *SPEAKABLE)
    if not DIGITS.fullmatch(order.digits):
        raise Rejected("bad_value", "digits")
    core.driver.send_digits(leg, order.digits)


# -- bridges ---------------------------------------------------------------------------------------------------------


@act(cmd.Bridge)
def bridge(core: Core, order: cmd.Bridge) -> None:
    """A bridge with its first legs."""
    _fresh_id(order.bridge_id, "bridge_id")
    if order.bridge_id in core.rooms:
        raise Rejected("conflict", f"bridge {order.bridge_id} lives")
    if not order.leg_ids or len(set(order.leg_ids)) != len(order.leg_ids) or len(order.leg_ids) > 32:
        raise Rejected("bad_value", "leg_ids")
    legs = [core.leg(leg_id, *SPEAKABLE) for leg_id in order.leg_ids]
    for leg in legs:
        reports.leave_room(core, leg, "moved")
    room = Room(order.bridge_id, {leg.leg_id: Ears() for leg in legs})
    core.rooms[room.bridge_id] = room
    for leg in legs:
        _enter(core, room, leg)
    core.keep(room)
    core.driver.hearing(room)


@act(cmd.Join)
def join(core: Core, order: cmd.Join) -> None:
    """A leg comes into a bridge, or its ears are set anew."""
    room = core.room(order.bridge_id)
    leg = core.leg(order.leg_id, *SPEAKABLE)
    if leg.bridge_id == room.bridge_id:
        room.forget_paths_of(leg.leg_id)
        room.members[leg.leg_id] = Ears(order.hears, order.heard_by)
        core.tell(ev.Joined, leg_id=leg.leg_id, bridge_id=room.bridge_id)
    else:
        if len(room.members) >= 32:
            raise Rejected("full", order.bridge_id)
        reports.leave_room(core, leg, "moved")
        room.members[leg.leg_id] = Ears(order.hears, order.heard_by)
        _enter(core, room, leg)
    core.keep(room)
    core.driver.hearing(room)


def _enter(core: Core, room: Room, leg: Leg) -> None:
    leg.bridge_id = room.bridge_id
    if leg.music:
        leg.music = ""
        core.driver.music(leg)
    core.keep(leg)
    core.tell(ev.Joined, leg_id=leg.leg_id, bridge_id=room.bridge_id)


@act(cmd.Leave)
def leave(core: Core, order: cmd.Leave) -> None:
    """A leg leaves its bridge."""
    reports.leave_room(core, core.leg(order.leg_id), "left")


@act(cmd.Unbridge)
def unbridge(core: Core, order: cmd.Unbridge) -> None:
    """A bridge ends."""
    for leg_id in list(core.room(order.bridge_id).members):
        reports.leave_room(core, core.leg(leg_id), "unbridged")


@act(cmd.SetPath)
def set_path(core: Core, order: cmd.SetPath) -> None:
    """One direction is set."""
    room = core.room(order.bridge_id)
    for leg_id in (order.from_leg, order.to_leg):
        if leg_id not in room.members:
            raise NoSuchLeg(f"{leg_id} in bridge {order.bridge_id}")
    if order.from_leg == order.to_leg:
        raise Rejected("bad_value", "a leg does not hear itself")
    room.paths[order.from_leg, order.to_leg] = order.hear
    core.keep(room)
    core.tell(ev.PathSet, bridge_id=room.bridge_id, from_leg=order.from_leg, to_leg=order.to_leg, hear=order.hear)
    core.driver.hearing(room)


# -- recordings ------------------------------------------------------------------------------------------------------


@act(cmd.RecordStart)
def record_start(core: Core, order: cmd.RecordStart) -> None:
    """A recording of a leg begins; a leg has one at a time."""
    leg = core.leg(order.leg_id, *SPEAKABLE)
    _fresh_id(order.rec_id, "rec_id")
    if not reports.begin_recording(core, leg, order.rec_id):
        raise Rejected("conflict", "recorded already")


def _recording(core: Core, rec_id: str) -> Recording:
    recording = core.recordings.get(rec_id)
    if recording is None or recording.stopping:
        raise NoSuchLeg(f"recording {rec_id}")
    return recording


@act(cmd.RecordPause)
def record_pause(core: Core, order: cmd.RecordPause) -> None:
    """Silence on the file, or sound again."""
    recording = _recording(core, order.rec_id)
    if recording.paused != order.on:
        recording.paused = order.on
        core.keep(recording)
        core.driver.pause_record(recording)


@act(cmd.RecordStop)
def record_stop(core: Core, order: cmd.RecordStop) -> None:
    """The file is closed."""
    reports.end_recording(core, _recording(core, order.rec_id), "stopped")


# -- transfer, copies, the engine itself -------------------------------------------------------------------------------


@act(cmd.TransferRefer)
def transfer_refer(core: Core, order: cmd.TransferRefer) -> None:
    """The far side is asked to call elsewhere."""
    leg = core.leg(order.leg_id, "answered")
    if not core.driver.capabilities().refer:
        raise Rejected("unsupported", "refer")
    if not re.fullmatch(r"(sips?|tel):[^\s<>\"]{1,200}", order.uri):
        raise Rejected("bad_value", "uri")
    core.driver.refer(leg, order.uri)


@act(cmd.ReferAnswer)
def refer_answer(core: Core, order: cmd.ReferAnswer) -> None:
    """The phone is told how its transfer came out."""
    core.driver.refer_answer(core.leg(order.leg_id), order.refer_id, order.ok)


@act(cmd.MediaSink)
def media_sink(core: Core, order: cmd.MediaSink) -> None:
    """A copy of the sound begins or ends."""
    leg = core.leg(order.leg_id, *SPEAKABLE)
    if not core.driver.capabilities().media_sink:
        raise Rejected("unsupported", "media_sink")
    if order.url and not re.fullmatch(r"udp:\d{1,3}(\.\d{1,3}){3}:\d{1,5}", order.url):
        raise Rejected("bad_value", "url")
    core.driver.media_sink(leg, order.url)


@act(cmd.Drain)
def drain(core: Core, order: cmd.Drain) -> None:
    """New calls are refused, or taken again."""
    if core.draining != order.on:
        core.draining = order.on
        core.spool.put("setting", "drain", {"on": order.on})
        core.tell(ev.Draining, on=order.on)
        core.driver.drain(order.on)


@act(cmd.Configure)
def configure(core: Core, order: cmd.Configure) -> None:
    """New phones, trunks, fall-back, as a whole."""
    if len({t.name for t in order.trunks}) != len(order.trunks) or len({p.account for p in order.phones}) != len(order.phones):
        raise Rejected("bad_value", "a name twice")
    for name in [*(t.name for t in order.trunks), *(p.account for p in order.phones)]:
        _fresh_id(name, "name")
    if why := core.driver.can_configure(order):
        raise Rejected("bad_value", why)
    core.spool.put("setting", "configuration", dataclasses.asdict(dataclasses.replace(order, command_id="-")))
    core.driver.configure(order)
