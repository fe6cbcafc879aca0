"""Transfers by REFER, asked of us and by us, on the engines that can."""

from __future__ import annotations

import pytest

from fawang.hotline.engines import commands as cmd
from fawang.hotline.engines import events as ev
from fawang.hotline.engines.port import Rejected
from tests.hotline_engines.conformance.worlds import World, conformance


@conformance
async def test_the_far_side_is_asked_to_call_elsewhere_and_reports_back(world: World) -> None:
    seat = await world.seat(refer_status=200)
    if not (await world.engine.capabilities()).refer:
        with pytest.raises(Rejected):
            await world.do(cmd.TransferRefer, leg_id=seat.leg_id, uri="sip:12345@elsewhere")
        return
    await world.do(cmd.TransferRefer, leg_id=seat.leg_id, uri="sip:12345@elsewhere")
    assert (await world.until(ev.TransferResult, leg_id=seat.leg_id)).ok
    stubborn = await world.seat(refer_status=486)
    await world.do(cmd.TransferRefer, leg_id=stubborn.leg_id, uri="sip:12345@elsewhere")
    result = await world.until(ev.TransferResult, leg_id=stubborn.leg_id)
    assert (result.ok, result.code) == (False, 486)
    with pytest.raises(Rejected):
        await world.do(cmd.TransferRefer, leg_id=seat.leg_id, uri="sip:a b>\r\nX: y")


@conformance
async def test_a_phone_presses_transfer_and_is_told_how_it_came_out(world: World) -> None:
    if not (await world.engine.capabilities()).refer:
        return
    for ok in (True, False):
        seat = await world.seat()
        await seat.refer("sip:12345@elsewhere")
        wish = await world.until(ev.ReferRequested, leg_id=seat.leg_id)
        assert wish.target == "sip:12345@elsewhere"
        assert wish.replaces_leg == ""
        await world.do(cmd.ReferAnswer, leg_id=seat.leg_id, refer_id=wish.refer_id, ok=ok)
        assert await seat.refer_outcome() is ok


@conformance
async def test_an_attended_transfer_names_the_leg_it_replaces(world: World) -> None:
    if not (await world.engine.capabilities()).refer:
        return
    seat, consulted = await world.seat(), await world.seat()
    await seat.refer("sip:other@elsewhere", consulted)
    assert (await world.until(ev.ReferRequested, leg_id=seat.leg_id)).replaces_leg == consulted.leg_id
