"""A re-INVITE that meets another one, and an ACK that never comes (RFC 3261 §14, §13.3.1.4): on a clock moved by hand and with real telephones."""

from __future__ import annotations

import asyncio
import re
import time

from fawang.hotline.engines import commands as cmd
from fawang.hotline.engines import events as ev
from tests.hotline_engines.bench import Bench
from tests.hotline_engines.conformance.worlds import EmbeddedWorld
from tests.hotline_engines.phone import Line, Phone, header
from tests.hotline_engines.process import EngineProcess
from tests.hotline_engines.test_embedded_calls import answered, with_world
from tests.hotline_engines.test_sip_by_the_clock import SDP, ask, bench_test, reply, standing, starts

HOLD = SDP + "a=sendonly\r\n"
TIMER = "Supported: timer\r\nSession-Expires: 200;refresher=uas\r\n"


def status(answer: str) -> int:
    return int(answer[8:11])


# -- on a clock moved by hand --------------------------------------------------------------------------------------------


@bench_test
def test_a_second_change_before_the_ack_of_the_first_is_told_to_wait_and_the_first_is_not_forgotten(bench: Bench) -> None:
    leg, tag = standing(bench)
    assert bench.statuses(ask(seq=2, to_tag=tag, body=HOLD)) == [200]
    waits = set()
    for seq in range(3, 43):
        (refused,) = bench.give(ask(seq=seq, to_tag=tag, body=SDP))
        assert status(refused) == 500
        waits.add(int(header(refused, "Retry-After")))
        bench.give(ask("ACK", branch=f"INVITEc1{seq}", seq=seq, to_tag=tag, body=""))
    assert waits <= set(range(11)), "RFC 3261 §14.2: between 0 and 10 s"
    assert len(waits) > 3, "chosen at random"
    assert bench.core.legs[leg].held_by_far, "what was refused changed nothing"
    (again,) = bench.advance(0.6)
    assert (status(again), header(again, "CSeq")) == (200, "2 INVITE"), "the first 200 is repeated until its own ACK"
    bench.give(ask("ACK", seq=2, to_tag=tag, body=""))
    assert bench.advance(30) == []
    assert bench.statuses(ask(seq=50, to_tag=tag, body=SDP)) == [200]
    assert not bench.core.legs[leg].held_by_far


@bench_test
def test_the_ack_of_an_earlier_invite_does_not_end_the_repetition(bench: Bench) -> None:
    _, tag = standing(bench)
    bench.give(ask(seq=2, to_tag=tag, body=HOLD))
    bench.give(ask("ACK", seq=1, branch="late", to_tag=tag, body=""))
    assert starts(bench.advance(0.6)) == ["200"]


@bench_test
def test_a_change_nobody_acknowledges_is_repeated_for_32_seconds_and_ends_the_call_by_bye(bench: Bench) -> None:
    leg, tag = standing(bench)
    bench.give(ask(seq=2, to_tag=tag, body=HOLD))
    sent = starts(bench.advance(31.9))
    assert set(sent) == {"200"}
    assert len(sent) == 10, "after 0.5, 1, 2 and then every 4 s"
    assert starts(bench.advance(0.2)) == ["BYE"]
    (ended,) = bench.told(ev.LegEnded, leg_id=leg)
    assert (ended.cause, ended.side) == ("timeout", "engine")
    assert "200" not in starts(bench.advance(10)), "after the BYE nobody waits for a 200"


@bench_test
def test_theirs_that_meets_ours_is_refused_and_ours_is_tried_again_when_they_refuse_it(bench: Bench) -> None:
    """A caller's dialog: the Call-ID is theirs, so we try again after 0 to 2 s."""
    waits = []
    for number in range(12):
        call = f"glare{number}"
        leg, tag = standing(bench, extra=TIMER, call=call)
        (ours,) = bench.advance(100.1)
        assert bench.statuses(ask(seq=2, to_tag=tag, body=HOLD, call=call)) == [491]
        bench.give(ask("ACK", branch=f"INVITE{call}2", seq=2, to_tag=tag, body="", call=call))
        assert bench.statuses(ask("UPDATE", seq=3, to_tag=tag, body=HOLD, call=call)) == [491], "RFC 3311 §5.2"
        assert bench.statuses(ask("UPDATE", seq=4, to_tag=tag, body="", call=call)) == [200], "a sign of life crosses nothing"
        assert not bench.core.legs[leg].held_by_far
        assert starts(bench.give(reply(ours, 491))) == ["ACK"]
        waits.append(_tried_again(bench, ours, 2.01))
        bench.give(reply(bench.sent[0][1].decode(), 200, body=SDP))
        (bye,) = bench.do(cmd.HangUp, leg_id=leg)
        bench.give(reply(bye, 200))
    assert max(waits) <= 2.01
    assert len(set(waits)) > 3, "at random"


@bench_test
def test_ours_on_a_call_we_made_is_tried_again_after_two_to_four_seconds_and_its_answer_is_taken(bench: Bench) -> None:
    waits = []
    for number in range(12):
        leg = f"out{number}"
        (invite,) = bench.do(cmd.Originate, leg_id=leg, target="sip:a@192.0.2.77", caller_id="12348")
        bench.give(reply(invite, 200, tag=f"far{number}", body=SDP, extra="Supported: timer\r\nSession-Expires: 200;refresher=uac\r\n"))
        (ours,) = bench.advance(100.1)
        bench.give(reply(ours, 491))
        waits.append(_tried_again(bench, ours, 4.01))
        again = bench.sent[0][1].decode()
        moved = SDP.replace("m=audio 4000", "m=audio 4444")
        (ack,) = bench.give(reply(again, 200, body=moved, extra="Session-Expires: 200;refresher=uac\r\n"))
        assert header(ack, "CSeq").split() == [header(again, "CSeq").split()[0], "ACK"]
        assert bench.engine.board.streams[leg].remote == ("192.0.2.77", 4444), "their answer says where they hear"
        assert starts(bench.give(reply(again, 200, body=SDP))) == ["ACK"], "their 200 came again"
        assert bench.engine.board.streams[leg].remote == ("192.0.2.77", 4444)
        (bye,) = bench.do(cmd.HangUp, leg_id=leg)
        bench.give(reply(bye, 200))
    assert min(waits) >= 2.1
    assert max(waits) <= 4.01
    assert len(set(waits)) > 3


def _tried_again(bench: Bench, ours: str, most: float) -> float:
    began = bench.timers.now()
    while not (sent := bench.advance(0.01)):
        assert bench.timers.now() - began < most + 0.1
    assert starts(sent) == ["INVITE"]
    assert int(header(sent[0], "CSeq").split()[0]) == int(header(ours, "CSeq").split()[0]) + 1
    assert header(sent[0], "Via") != header(ours, "Via")
    first, second = (re.search(r"^o=\S+ \d+ (\d+)", text, re.MULTILINE) for text in (ours, sent[0]))
    assert first is not None
    assert second is not None
    assert int(second[1]) == int(first[1]) + 1
    return round(bench.timers.now() - began, 2)


@bench_test
def test_ours_waits_while_theirs_has_no_ack_and_while_they_say_so(bench: Bench) -> None:
    leg, tag = standing(bench, extra=TIMER)
    bench.advance(99)
    assert bench.statuses(ask("INVITE", seq=2, to_tag=tag, body=SDP, extra=TIMER)) == [200]
    bench.engine.board.call_of(leg).set_timer("session", bench.timers.after(1, lambda: _refresh(bench, leg)))  # type: ignore[union-attr]
    assert set(starts(bench.advance(5))) == {"200"}, "RFC 3261 §14.1: not while theirs is under way"
    bench.give(ask("ACK", seq=2, to_tag=tag, body=""))
    (ours,) = bench.advance(1.1)
    bench.give(reply(ours, 500, extra="Retry-After: 7\r\n"))
    assert bench.advance(6.9) == []
    assert starts(bench.advance(0.2)) == ["INVITE"]


@bench_test
def test_we_never_have_two_changes_under_way(bench: Bench) -> None:
    leg, tag = standing(bench, extra=TIMER)
    (ours,) = bench.advance(100.1)
    bench.give(reply(ours, 100))
    assert bench.statuses(ask("UPDATE", seq=2, to_tag=tag, body="", extra=TIMER)) == [200]
    assert bench.advance(140) == [], "the interval began anew, but ours has no answer yet"
    assert set(starts(bench.advance(30))) == {"BYE"}, "and so the call ends with it"
    assert bench.told(ev.LegEnded, leg_id=leg)[0].cause == "session_expired"


def _refresh(bench: Bench, leg: str) -> None:
    from fawang.hotline.engines.embedded import session

    call = bench.engine.board.call_of(leg)
    assert call is not None
    session.refresh(bench.engine.board, call)


@bench_test
def test_a_call_whose_refreshing_is_put_off_for_ever_ends_with_its_interval(bench: Bench) -> None:
    leg, _ = standing(bench, extra=TIMER)
    (ours,) = bench.advance(100.1)
    for _ in range(200):
        sent = bench.give(reply(ours, 491)) and next(iter(bench.advance(2.02)), "")
        if not sent.startswith("INVITE"):
            break
        ours = sent
    assert sent.startswith("BYE")
    (ended,) = bench.told(ev.LegEnded, leg_id=leg)
    assert ended.cause == "session_expired"


# -- with real telephones --------------------------------------------------------------------------------------------------


def change(line: Line, direction: str) -> asyncio.Task[str]:
    """A re-INVITE on its way; a refusal is acknowledged, a 200 is not."""
    before, line.direction, line.sdp_version = line.direction, direction, line.sdp_version + 1

    async def ask() -> str:
        answer = await line.phone.request(line, "INVITE", body=line.phone.sdp(line))
        if status(answer) >= 300:
            line.direction = before
            line.phone.ack(line, answer, same_branch=True)
        return answer

    return asyncio.get_running_loop().create_task(ask())


def of(line: Line, number: int) -> list[str]:
    """Every 200 to this INVITE."""
    return [text for text in line.responses if text.startswith("SIP/2.0 200") and header(text, "CSeq") == f"{number} INVITE"]


def test_two_changes_at_once_are_answered_one_after_the_other_and_survive_the_death_of_the_engine() -> None:
    async def scenario(world: EmbeddedWorld) -> None:
        caller = await world.caller()
        line: Line = caller.line  # type: ignore[attr-defined]
        line.phone.ack_lost = True
        first = await change(line, "sendonly")
        number = line.cseq
        second = await change(line, "sendrecv")
        assert (status(first), status(second)) == (200, 500)
        assert 0 <= int(header(second, "Retry-After")) <= 10
        await world.until(ev.LegHeld, leg_id=caller.leg_id, on=True)
        cursor = world.cursor()
        await world.unfollow()
        await world.crash_and_restart()
        world.follow(cursor)
        seen = len(of(line, number))
        async with asyncio.timeout(5):
            while len(of(line, number)) < seen + 2:
                await asyncio.sleep(0.05)
        line.phone.ack_lost = False
        line.phone.ack(line, first)
        await asyncio.sleep(0.3)
        seen = len(of(line, number))
        await asyncio.sleep(4.5)
        assert len(of(line, number)) == seen, "acknowledged"
        assert status(await line.hold(False)) == 200
        await world.until(ev.LegHeld, leg_id=caller.leg_id, on=False)
        await caller.hang_up()
        await world.until(ev.LegEnded, leg_id=caller.leg_id)

    with_world(scenario, EngineProcess())


def test_changes_that_cross_are_both_refused_and_come_through_afterwards_and_one_never_acknowledged_ends_its_call() -> None:
    async def scenario(world: EmbeddedWorld) -> None:
        await asyncio.gather(_crossing(world), _never_acknowledged(world))

    with_world(scenario, EngineProcess())


async def _crossing(world: EmbeddedWorld) -> None:
    phone = await Phone(660).open()
    phone.allow, phone.timer = "INVITE, ACK, CANCEL, BYE", "30;refresher=uac"
    ours: list[tuple[float, int]] = []
    theirs: list[asyncio.Task[str]] = []

    def on_change(line: Line, text: str) -> int:
        number = int(header(text, "CSeq").split()[0])
        if not ours or ours[-1][1] != number:
            ours.append((time.monotonic(), number))
        if not theirs:
            theirs.append(change(line, "sendonly"))
        if not theirs[0].done():
            return 0  # ours is under way: theirs is refused before we have said anything
        return 491 if number == ours[0][1] else 200

    phone.on_change = on_change
    try:
        await world.do(cmd.Originate, leg_id="crossing", target=phone.uri, caller_id="12348")
        await world.until(ev.LegAnswered, leg_id="crossing")
        async with asyncio.timeout(30):
            while len(ours) < 2:
                await asyncio.sleep(0.05)
        refused = await theirs[0]
        line = phone.lines[0]
        assert status(refused) == 491
        assert not world.told(ev.LegHeld, leg_id="crossing")
        assert 2.1 <= ours[1][0] - ours[0][0] < 8.0, "not before 2.1 s have passed"
        assert ours[1][1] == ours[0][1] + 1
        await asyncio.sleep(0.3)
        assert status(await line.hold(True)) == 200
        await world.until(ev.LegHeld, leg_id="crossing", on=True)
        await line.hang_up()
        await world.until(ev.LegEnded, leg_id="crossing", cause="normal")
    finally:
        phone.close()


async def _never_acknowledged(world: EmbeddedWorld) -> None:
    phone = await Phone(820).open()
    try:
        line = phone.call("12348", world.process.sip)
        far = await answered(world, line)
        phone.ack_lost = True
        began = time.monotonic()
        assert status(await change(line, "sendonly")) == 200
        await asyncio.wait_for(line.over.wait(), 45)
        assert line.ended_by == "far"
        assert time.monotonic() - began > 31, "64·T1"
        assert len(of(line, line.cseq)) > 8
        ended = await world.until(ev.LegEnded, leg_id=far.leg_id)
        assert (ended.cause, ended.side) == ("timeout", "engine")
    finally:
        phone.close()
