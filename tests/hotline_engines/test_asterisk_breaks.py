"""The asterisk engine when something breaks: the websocket, an answer, a channel, the server; and events nobody should send."""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from fawang.hotline.engines import commands as cmd
from fawang.hotline.engines import events as ev
from fawang.hotline.engines.port import EngineUnavailable, NoSuchLeg
from tests.hotline_engines.asterisk.server import FakeAsterisk
from tests.hotline_engines.conformance.asterisk_world import AsteriskWorld


def on_asterisk(scenario: Callable[[AsteriskWorld], Awaitable[None]]) -> Callable[[], None]:
    """A scenario in a world of its own."""

    @functools.wraps(scenario)
    def test() -> None:
        async def inside() -> None:
            world = AsteriskWorld()
            await world.open()
            try:
                await asyncio.wait_for(scenario(world), 30)
            finally:
                await world.unfollow()
                await world.close()

        asyncio.run(inside())

    del test.__wrapped__  # type: ignore[attr-defined]
    return test


class Times:
    """True for the first ``n`` requests that fit."""

    def __init__(self, method: str, ending: str, n: int = 1) -> None:
        self.method, self.ending, self.left = method, ending, n

    def __call__(self, method: str, path: str) -> bool:
        if self.left and method == self.method and path.endswith(self.ending):
            self.left -= 1
            return True
        return False


async def back(world: AsteriskWorld, breaks: int = 1) -> None:
    """The connection has been lost so often and stands again."""
    for _ in range(500):
        if world.engine.link.breaks >= breaks and world.engine.link.up.is_set():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the connection did not come back")


def done(world: AsteriskWorld, method: str, ending: str) -> int:
    """How often the server carried a request out."""
    return sum(m == method and path.endswith(ending) for m, path, _ in world.server.requests)


@on_asterisk
async def test_what_happened_while_the_websocket_was_down_is_found_by_listing(world: AsteriskWorld) -> None:
    leaver, stayer = await world.caller(), await world.caller()
    waiting = await world.caller(answered=False)
    callee = await world.phone(answer_s=0.3)
    dialled = world.id("seat")
    await world.do(cmd.Originate, leg_id=dialled, target=callee.target, caller_id="12348")
    await world.until(ev.LegRinging, leg_id=dialled)
    server = world.server
    server.emit = lambda kind, **values: None  # type: ignore[method-assign]  # Asterisk keeps no events for an application that is away
    server.hang_up(leaver.leg_id)
    server.hang_up(waiting.leg_id)
    new = server.call("12348", "13700000000")
    await asyncio.sleep(0.4)
    del server.emit  # type: ignore[method-assign]
    server.cut()
    await back(world)
    ended = await world.until(ev.LegEnded, leg_id=leaver.leg_id)
    assert (ended.cause, ended.side, ended.detail) == ("normal", "far", "ended while the connection was away")
    assert (await world.until(ev.LegEnded, leg_id=waiting.leg_id)).cause == "cancelled"
    assert (await world.until(ev.LegOffered, leg_id=new.channel_id)).from_number == "13700000000"
    await world.until(ev.LegAnswered, leg_id=dialled)
    assert {leg.leg_id for leg in (await world.snapshot()).legs} == {stayer.leg_id, new.channel_id, dialled}
    await world.do(cmd.Bridge, bridge_id=world.id("b"), leg_ids=(stayer.leg_id, dialled))
    assert await stayer.hears() == {callee.tone}


@on_asterisk
async def test_an_answer_lost_in_the_middle_of_a_command_leaves_one_bridge_with_both(world: AsteriskWorld) -> None:
    caller, seat = await world.caller(), await world.seat()
    world.server.swallow = Times("POST", "/addChannel")
    bridge = world.id("b")
    await world.do(cmd.Bridge, bridge_id=bridge, leg_ids=(caller.leg_id, seat.leg_id))
    await back(world)
    assert await caller.hears() == {seat.tone}
    assert await seat.hears() == {caller.tone}
    assert list(world.server.board.bridges) == [f"fawang-b-{bridge}"]
    assert not world.told(ev.LegEnded)


@on_asterisk
async def test_a_dialled_phone_whose_answer_was_lost_rings_once(world: AsteriskWorld) -> None:
    callee = await world.phone(answer_s=0.6)
    dial = cmd.Originate(command_id=world.id(), leg_id=world.id("seat"), target=callee.target, caller_id="12348")
    world.server.swallow = Times("POST", dial.leg_id)
    await world.engine.do(dial)
    await back(world)
    assert (await world.engine.do(dial)).repeated
    await world.until(ev.LegAnswered, leg_id=dial.leg_id)
    assert done(world, "POST", dial.leg_id) == 1


@on_asterisk
async def test_a_dial_request_lost_on_its_way_ends_the_leg_and_is_not_sent_again(world: AsteriskWorld) -> None:
    callee = await world.phone()
    leg_id = world.id("seat")
    world.server.drop = Times("POST", leg_id)
    world.engine.link.audit_s = 60  # the list after the break says it, not a later look
    await world.do(cmd.Originate, leg_id=leg_id, target=callee.target, caller_id="12348")
    ended = await world.until(ev.LegEnded, leg_id=leg_id)
    assert (ended.cause, ended.side) == ("unreachable", "engine")
    await back(world)
    await asyncio.sleep(0.1)
    assert done(world, "POST", leg_id) == 0


@on_asterisk
async def test_a_command_refused_for_want_of_a_connection_is_done_once_when_sent_again(world: AsteriskWorld) -> None:
    caller = await world.caller(answered=False)
    await world.server.close()
    answer = cmd.Answer(command_id=world.id(), leg_id=caller.leg_id)
    while world.engine.link.up.is_set():
        await asyncio.sleep(0.01)
    with pytest.raises(EngineUnavailable) as said:
        await world.engine.snapshot()
    assert f"Asterisk at http://127.0.0.1:{world.server.port}/ari" in str(said.value)
    with pytest.raises(EngineUnavailable):
        await world.engine.do(answer)
    world.server._tasks.clear()
    await world.server.open()
    await back(world)
    assert not (await world.engine.do(answer)).repeated
    assert (await world.engine.do(answer)).repeated
    await world.until(ev.LegAnswered, leg_id=caller.leg_id)
    assert done(world, "POST", f"{caller.leg_id}/answer") == 1


@on_asterisk
async def test_a_channel_that_is_gone_without_a_word_is_found_by_the_next_look(world: AsteriskWorld) -> None:
    caller, seat, _ = await world.talk()
    await world.settled()
    bridge = world.server.board.bridge_of(caller.leg_id)
    assert bridge is not None
    bridge.channels.remove(caller.leg_id)
    world.server.board.close_tape(caller.leg_id)
    del world.server.board.lines[caller.leg_id]
    ended = await world.until(ev.LegEnded, leg_id=caller.leg_id)
    assert (ended.cause, ended.side) == ("normal", "far")
    assert (await world.snapshot()).leg(seat.leg_id) is not None


@on_asterisk
async def test_a_command_that_meets_a_channel_that_is_gone_ends_its_leg(world: AsteriskWorld) -> None:
    caller = await world.caller()
    await world.settled()
    world.server.board.close_tape(caller.leg_id)
    del world.server.board.lines[caller.leg_id]
    await world.do(cmd.Play, leg_id=caller.leg_id, play_id="late", media=("tone:420/500",))
    await world.until(ev.LegEnded, leg_id=caller.leg_id)
    with pytest.raises(NoSuchLeg):
        await world.do(cmd.HangUp, leg_id=caller.leg_id)


@on_asterisk
async def test_when_asterisk_is_started_anew_every_leg_is_told_lost_and_new_calls_are_taken(world: AsteriskWorld) -> None:
    caller, seat, bridge = await world.talk()
    rec = world.id("rec")
    await world.do(cmd.RecordStart, leg_id=caller.leg_id, rec_id=rec)
    await asyncio.sleep(1.3)
    await world.server.restart()
    for leg in (caller.leg_id, seat.leg_id):
        ended = await world.until(ev.LegEnded, leg_id=leg)
        assert (ended.cause, ended.side) == ("engine_lost", "engine")
    await world.until(ev.BridgeEnded, bridge_id=bridge)
    recorded = await world.until(ev.RecordDone, rec_id=rec)
    assert recorded.reason == "leg_ended"
    assert recorded.ms >= 1000
    await back(world)
    snapshot = await world.snapshot()
    assert (snapshot.legs, snapshot.bridges, snapshot.recordings) == ((), (), ())
    await world.caller()


@on_asterisk
async def test_without_the_application_the_dialplan_cares_for_the_caller(world: AsteriskWorld) -> None:
    await world.engine.stop(word=False)
    await asyncio.sleep(0.05)
    stranded = world.server.call()
    assert world.server.fallback == [stranded]
    assert not stranded.in_app
    world.spool.close()
    await world._adapter()
    assert (await world.snapshot()).legs == ()


@on_asterisk
async def test_events_twice_late_and_out_of_order_change_nothing(world: AsteriskWorld) -> None:
    server = world.server
    caller = await world.caller(answered=False)
    line = server.board.lines[caller.leg_id]
    server.emit("StasisStart", args=["in", "carrier"], channel=line.json())
    callee = await world.phone()
    leg_id = world.id("seat")
    await world.do(cmd.Originate, leg_id=leg_id, target=callee.target, caller_id="12348")
    await world.until(ev.LegAnswered, leg_id=leg_id)
    late = {**server.board.lines[leg_id].json(), "state": "Ringing"}
    server.emit("ChannelStateChange", channel=late)
    server.emit("StasisStart", args=["out"], channel=server.board.lines[leg_id].json())
    server.emit("PlaybackFinished", playback={"id": "nobody", "target_uri": f"channel:{leg_id}", "media_uri": "sound:x", "state": "done"})
    gone = {**line.json(), "id": "1700000000.9"}
    server.emit("ChannelDestroyed", cause=16, cause_txt="Normal Clearing", channel=gone)
    server.emit("StasisStart", args=["in", "carrier"], channel=gone)
    server.hang_up(caller.leg_id)
    server.emit("ChannelDestroyed", cause=17, cause_txt="User busy", channel=line.json())
    await world.until(ev.LegEnded, leg_id=caller.leg_id)
    await world.settled()
    assert len(world.told(ev.LegOffered)) == 1
    assert [e.cause for e in world.told(ev.LegEnded)] == ["cancelled"]
    assert len(world.told(ev.LegAnswered, leg_id=leg_id)) == len(world.told(ev.LegRinging, leg_id=leg_id)) == 1
    assert (await world.snapshot()).leg(leg_id).state == "answered"  # type: ignore[union-attr]


@on_asterisk
async def test_events_that_are_no_events_do_not_stop_the_adapter(world: AsteriskWorld) -> None:
    server = world.server
    stranger = {"type": "StasisStart", "application": "somebody-else", "args": ["in"], "channel": server.call().json()}
    for text in (
        "",
        "{",
        "[]",
        "null",
        '{"type": 7}',
        '{"type": "NewInVersion23", "application": "fawang"}',
        json.dumps({**stranger, "channel": {"id": "7.7"}}),
    ):
        server.inject(text)
    await world.caller()
    assert len(world.told(ev.LegOffered)) == 2
    for broken in ({"type": "ChannelDestroyed"}, {"type": "StasisStart", "channel": None}, {"type": "PlaybackFinished", "playback": "x"}):
        server.inject(json.dumps({**broken, "application": "fawang"}))
    await world.caller()
    assert world.engine.figures()["faults"] == 3
    world.engine.listener.faults = 0


@on_asterisk
async def test_names_of_the_network_are_kept_as_harmless_text(world: AsteriskWorld) -> None:
    hostile = "<script>alert(1)</script>\r\nX-Evil: 1\x00\u202e法网\ud800" + "长" * 500
    world.server.call("12348", "13700000000\r\nBYE sip:x", name=hostile)
    offered = await world.until(ev.LegOffered)
    assert offered.from_number == "13700000000BYE sip:x"
    assert offered.from_name.startswith("<script>alert(1)</script>X-Evil: 1法网长长")
    assert len(offered.from_name) == 120
    leg_id = world.id("seat")
    callee = await world.phone()
    await world.do(
        cmd.Originate, leg_id=leg_id, target=callee.target, caller_id='12348" <110>', caller_name='法网" <sip:x@y>, \\', headers=(("X-Fawang-Call", "c1"),)
    )
    await world.until(ev.LegAnswered, leg_id=leg_id)
    asked = world.server.board.lines[leg_id].asked
    assert asked["callerId"] == '"法网 sip:x@y," <12348110>'
    assert asked["variables"] == {"PJSIP_HEADER(add,X-Fawang-Call)": "c1"}
    assert (await world.snapshot()).leg(leg_id).call_ref == f"{leg_id}@test"  # type: ignore[union-attr]


@on_asterisk
async def test_causes_of_asterisk_keep_their_meaning(world: AsteriskWorld) -> None:
    told: list[tuple[str, str, int]] = []
    for cause in (16, 44, 102, 38, 127):
        caller = await world.caller()
        world.server.hang_up(caller.leg_id, cause)
        ended = await world.until(ev.LegEnded, leg_id=caller.leg_id)
        told.append((ended.cause, ended.side, ended.code))
    assert told == [("normal", "far", 16), ("media_lost", "engine", 44), ("timeout", "engine", 102), ("media_lost", "engine", 38), ("normal", "far", 127)]
    refused: list[tuple[str, int]] = []
    for cause, status in ((17, 486), (17, 0), (21, 403), (1, 484), (34, 500), (18, 0), (19, 480), (20, 0), (58, 488), (0, 0)):
        callee = await world.phone(answer_s=None)
        leg_id = world.id("seat")
        await world.do(cmd.Originate, leg_id=leg_id, target=callee.target, caller_id="12348")
        await world.until(ev.LegRinging, leg_id=leg_id)
        world.server.hang_up(leg_id, cause, status)
        gone = await world.until(ev.LegEnded, leg_id=leg_id)
        refused.append((gone.cause, gone.code))
    assert refused == [
        ("busy", 486), ("busy", 486), ("rejected", 403), ("not_found", 484), ("unreachable", 500), ("no_answer", 408), ("unreachable", 480),
        ("unreachable", 503), ("rejected", 488), ("unreachable", 0),
    ]  # fmt: skip


@on_asterisk
async def test_refusals_reach_asterisk_as_q850_causes(world: AsteriskWorld) -> None:
    asked = {}
    for cause in ("busy", "unavailable", "forbidden", "not_found", "declined", "overloaded"):
        caller = await world.caller(answered=False)
        line = world.server.board.lines[caller.leg_id]
        await world.do(cmd.Reject, leg_id=caller.leg_id, cause=cause)
        await caller.over()
        asked[cause] = line.asked["reason_code"]
    assert asked == {"busy": "17", "unavailable": "20", "forbidden": "21", "not_found": "1", "declined": "21", "overloaded": "42"}


@on_asterisk
async def test_a_call_taken_out_of_the_application_is_ended(world: AsteriskWorld) -> None:
    caller = await world.caller()
    line = world.server.board.lines[caller.leg_id]
    line.in_app = False
    world.server.emit("StasisEnd", channel=line.json())
    ended = await world.until(ev.LegEnded, leg_id=caller.leg_id)
    assert (ended.cause, ended.side) == ("error", "engine")
    await caller.over()


@on_asterisk
async def test_a_whisper_moves_neither_citizen_nor_agent(world: AsteriskWorld) -> None:
    caller, seat, bridge = await world.talk()
    boss = await world.seat()
    await world.settled()
    before = len(world.server.requests)
    await world.do(cmd.Join, leg_id=boss.leg_id, bridge_id=bridge, heard_by=(seat.leg_id,))
    assert await seat.hears() == {caller.tone, boss.tone}
    moved = {q["channel"] for m, path, q in world.server.requests[before:] if path.endswith(("/addChannel", "/removeChannel"))}
    assert not moved & {caller.leg_id, seat.leg_id}
    await world.do(cmd.HangUp, leg_id=boss.leg_id)
    assert await seat.hears() == {caller.tone}
    await world.settled()
    assert sorted(world.server.board.lines) == sorted([caller.leg_id, seat.leg_id])
    assert list(world.server.board.bridges) == [f"fawang-b-{bridge}"]


@on_asterisk
async def test_a_phone_that_presses_transfer_is_heard_and_told(world: AsteriskWorld) -> None:
    seat = await world.seat()
    line = world.server.board.lines[seat.leg_id].json()
    world.server.emit(
        "ChannelTransfer",
        refer_to={"requested_destination": {"protocol_id": "", "destination": "12345", "additional_protocol_params": []}},
        referred_by={"source_channel": line},
    )
    wish = await world.until(ev.ReferRequested, leg_id=seat.leg_id)
    assert (wish.target, wish.replaces_leg) == ("12345", "")
    await world.do(cmd.ReferAnswer, leg_id=seat.leg_id, refer_id=wish.refer_id, ok=False)
    await world.settled()
    assert world.server.progress == [(seat.leg_id, "channel_declined")]


@on_asterisk
async def test_raw_sound_nobody_asked_to_keep_does_not_stay(world: AsteriskWorld) -> None:
    silent, recorded = await world.caller(), await world.caller()
    rec = world.id("rec")
    await world.do(cmd.RecordStart, leg_id=recorded.leg_id, rec_id=rec)
    await asyncio.sleep(0.3)
    for far in (silent, recorded):
        await far.hang_up()
    finished = await world.until(ev.RecordDone, rec_id=rec)
    assert Path(finished.path).stat().st_mode & 0o777 == 0o600
    await asyncio.sleep(1.4)
    world.engine.tapes.sweep(set())
    assert list(world.settings.raw.iterdir()) == []


@on_asterisk
async def test_a_wrong_secret_is_said_and_no_call_is_taken(world: AsteriskWorld) -> None:
    await world.engine.stop(word=False)
    other = await FakeAsterisk(world.settings.raw, secret="changed").open()
    before, world.server = world.server, other
    world.spool.close()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(world._adapter(), 0.6)
    with pytest.raises(EngineUnavailable) as said:
        await world.engine.snapshot()
    assert "401" in str(said.value) or "403" in str(said.value)
    await other.close()
    world.server = before
    await world.engine.stop(word=False)
    world.spool.close()
    await world._adapter()


@on_asterisk
async def test_two_nodes_carry_their_own_calls(world: AsteriskWorld) -> None:
    other = AsteriskWorld()
    await other.open()
    try:
        here, there = await world.caller(frm="13700000001"), await other.caller(frm="13700000002")
        assert [leg.from_number for leg in (await world.snapshot()).legs] == ["13700000001"]
        assert [leg.from_number for leg in (await other.snapshot()).legs] == ["13700000002"]
        await other.server.restart()
        assert (await other.until(ev.LegEnded, leg_id=there.leg_id)).cause == "engine_lost"
        assert (await world.snapshot()).leg(here.leg_id) is not None
        assert not world.told(ev.LegEnded)
    finally:
        await other.unfollow()
        await other.close()
