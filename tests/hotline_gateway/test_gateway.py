"""The gateway between a real engine and real WebRTC: sound both ways, lines with digest, pages that come and go, a gateway that dies."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from fawang.hotline.engines import commands as cmd
from fawang.hotline.engines import events as ev
from fawang.hotline.engines.embedded.sip.digest import ha1
from fawang.hotline.engines.port import EngineError
from fawang.hotline.gateway import accounts
from fawang.hotline.gateway.media import Meter, Seam, unpack
from fawang.hotline.gateway.peer import BadOffer, can_pass_packets, only_a_law, with_address
from tests.hotline_engines.phone import Phone, header
from tests.hotline_engines.process import EngineProcess
from tests.hotline_engines.test_changes import change, of, status
from tests.hotline_gateway.bench import SEAT, Bench, Browser

ENGINE = EngineProcess(None, FAWANG_SIP_MEDIA_LOST_S="3")


@pytest.fixture(scope="module", autouse=True)
def _engine() -> Iterator[None]:
    async def start() -> None:
        await ENGINE.start()
        await ENGINE.client.close()

    asyncio.run(start())
    yield
    ENGINE.stop()


def with_bench(scenario: Callable[[Bench, Phone], Awaitable[None]], **settings: Any) -> None:
    async def inside() -> None:
        phone = await Phone(580).open()
        try:
            async with Bench(ENGINE, **settings) as bench:
                await asyncio.wait_for(scenario(bench, phone), 60)
        finally:
            phone.close()

    asyncio.run(inside())


@pytest.mark.parametrize("frames", [False, True], ids=["packets as they are", "frames decoded and encoded"])
def test_citizen_and_browser_hear_each_other_through_the_gateway(frames: bool) -> None:
    async def scenario(bench: Bench, phone: Phone) -> None:
        browser = Browser(bench.gateway, 1000)
        line = await bench.talking(browser, phone)
        assert await browser.hears() == {580}
        assert await line.hears(0.4) == {1000}
        peer = bench.gateway.seats[SEAT].peer
        assert peer is not None
        assert peer.frames is frames
        await bench.do(cmd.HoldMusic, leg_id=line.leg, music="tone:420/1000")
        assert await browser.hears() == set()
        assert await line.hears(0.4) == {420}
        await bench.do(cmd.HoldMusic, leg_id=line.leg)
        assert await browser.hears() == {580}
        assert (await browser.until("quality"))["loss"] == 0.0
        await line.hang_up()
        await bench.do(cmd.HangUp, leg_id="seat")
        await browser.until("over")
        await browser.close()

    with_bench(scenario, frames=frames)


def test_the_library_still_has_the_two_inner_doors_of_the_packet_way() -> None:
    assert can_pass_packets()


def test_a_killed_gateway_goes_on_with_the_conversation_when_it_is_started_again() -> None:
    async def scenario(bench: Bench, phone: Phone) -> None:
        browser = Browser(bench.gateway, 1000)
        line = await bench.talking(browser, phone)
        await bench.kill()
        await browser.close()
        await bench.restart()
        again = Browser(bench.gateway, 1250)
        assert again.come()
        assert {k: v for k, v in (await again.until("on")).items() if k != "kind"} == {"seat": SEAT, "call": "call-1", "act": "", "state": "talking"}
        await again.connect()
        assert await again.hears() == {580}
        assert await line.hears(0.4) == {1250}
        await bench.do(cmd.HangUp, leg_id="seat")
        await again.until("over")
        assert list(bench.settings.state.iterdir()) == []
        await again.close()

    with_bench(scenario)


def test_a_gateway_that_is_back_is_not_taken_for_one_that_is_gone_until_its_page_has_had_its_time() -> None:
    async def scenario(bench: Bench, phone: Phone) -> None:
        browser = Browser(bench.gateway, 1000)
        await bench.talking(browser, phone)
        await bench.kill()
        await browser.close()
        await bench.restart()
        await asyncio.sleep(5.0)
        assert [e for e in bench.events if isinstance(e, ev.MediaLost)] == []
        await bench.until_event(ev.MediaLost, "seat")

    with_bench(scenario, grace_s=6.0)


def test_a_killed_gateway_still_rings_and_is_answered_when_it_is_started_again() -> None:
    async def scenario(bench: Bench, phone: Phone) -> None:
        browser = Browser(bench.gateway, 1000)
        assert browser.come()
        await bench.registered()
        await bench.ring()
        await browser.until("ring")
        await bench.kill()
        await bench.restart()
        again = Browser(bench.gateway, 1000)
        assert again.come()
        assert (await again.until("on"))["state"] == "ringing"
        await again.say("answer")
        await again.until("talking")
        await bench.until_state("answered")

    with_bench(scenario)


def test_a_change_by_invite_is_repeated_until_its_own_ack_and_another_one_before_that_has_to_wait() -> None:
    """As an Asterisk changes a call; here a telephone stands where the engine stands."""

    async def scenario(bench: Bench, phone: Phone) -> None:
        browser = Browser(bench.gateway, 1000)
        assert browser.come()
        await bench.registered()
        line = phone.call(accounts.address_of(SEAT), ("127.0.0.1", bench.settings.sip_port))
        await browser.until("ring")
        await browser.say("answer")
        await browser.until("talking")
        phone.ack_lost = True
        first = await change(line, "sendonly")
        number = line.cseq
        second = await change(line, "sendrecv")
        assert (status(first), status(second)) == (200, 500)
        assert 0 <= int(header(second, "Retry-After")) <= 10
        seen = len(of(line, number))
        async with asyncio.timeout(8):
            while len(of(line, number)) < seen + 2:
                await asyncio.sleep(0.05)
        phone.ack_lost = False
        phone.ack(line, first)
        await asyncio.sleep(0.3)
        seen = len(of(line, number))
        await asyncio.sleep(4.5)
        assert len(of(line, number)) == seen, "acknowledged"
        assert status(await line.hold(False)) == 200
        await line.hang_up()
        await browser.until("over")

    with_bench(scenario)


def test_a_call_that_ended_while_the_gateway_was_away_is_over_when_it_comes_back() -> None:
    async def scenario(bench: Bench, phone: Phone) -> None:
        browser = Browser(bench.gateway, 1000)
        line = await bench.talking(browser, phone)
        await bench.kill()
        await line.hang_up()
        await bench.do(cmd.HangUp, leg_id="seat")
        await browser.close()
        await bench.restart()
        for _ in range(500):
            if not bench.gateway.telephone.calls:
                break
            await asyncio.sleep(0.02)
        assert bench.gateway.telephone.calls == {}
        assert list(bench.settings.state.iterdir()) == []

    with_bench(scenario)


def test_a_reloaded_page_is_back_in_its_conversation() -> None:
    async def scenario(bench: Bench, phone: Phone) -> None:
        browser = Browser(bench.gateway, 1000)
        line = await bench.talking(browser, phone)
        bench.gateway.go(SEAT, browser, for_good=False)
        await browser.close()
        assert await line.hears(0.4) == set()
        again = Browser(bench.gateway, 1000)
        assert again.come()
        assert (await again.until("on"))["state"] == "talking"
        await again.connect()
        assert await again.hears() == {580}
        assert await line.hears(0.4) == {1000}
        await again.close()

    with_bench(scenario)


def test_the_engine_hears_that_a_page_does_not_come_back() -> None:
    async def scenario(bench: Bench, phone: Phone) -> None:
        browser = Browser(bench.gateway, 1000)
        await bench.talking(browser, phone)
        bench.gateway.go(SEAT, browser, for_good=False)
        await browser.close()
        await bench.until_event(ev.MediaLost, "seat")
        assert await bench.state() == "answered", "the gateway does not end a conversation by itself"

    with_bench(scenario, grace_s=0.5)


def test_a_seat_whose_page_is_gone_is_unreachable_at_once_and_a_ringing_call_goes_on_to_the_next() -> None:
    async def scenario(bench: Bench, phone: Phone) -> None:
        browser = Browser(bench.gateway, 1000)
        assert browser.come()
        await bench.registered()
        await bench.ring()
        await browser.until("ring")
        bench.gateway.go(SEAT, browser, for_good=True)
        await bench.until_state("")
        assert (await bench.engine.client.snapshot()).phones == ()
        with pytest.raises(EngineError, match="unreachable"):
            await bench.ring("second")

    with_bench(scenario)


def test_a_second_window_is_refused_until_it_takes_over_and_the_first_is_told() -> None:
    async def scenario(bench: Bench, phone: Phone) -> None:
        first, second = Browser(bench.gateway, 1000, "tab-1"), Browser(bench.gateway, 1400, "tab-2")
        line = await bench.talking(first, phone)
        assert second.come() is False
        assert first.dismissed == ""
        assert await line.hears(0.4) == {1000}
        assert second.come(take_over=True) is True
        assert first.dismissed == "taken"
        await second.connect()
        assert await line.hears(0.4) == {1400}
        await first.say("hang_up")
        assert await bench.state() == "answered", "a window that is not the seat any more has nothing to say"
        for one in (first, second):
            await one.close()

    with_bench(scenario)


def test_the_page_hangs_up_and_refuses() -> None:
    async def scenario(bench: Bench, phone: Phone) -> None:
        browser = Browser(bench.gateway, 1000)
        await bench.talking(browser, phone)
        await browser.say("hang_up")
        await bench.until_state("")
        await browser.until("over")
        await bench.ring("next")
        await browser.until("ring")
        await browser.say("hang_up")
        await bench.until_state("", "next")
        await browser.close()

    with_bench(scenario)


def test_a_caller_who_gives_up_stops_the_ringing() -> None:
    async def scenario(bench: Bench, phone: Phone) -> None:
        browser = Browser(bench.gateway, 1000)
        assert browser.come()
        await bench.registered()
        await bench.ring()
        await browser.until("ring")
        await bench.do(cmd.HangUp, leg_id="seat")
        await browser.until("over")
        assert bench.gateway.telephone.calls == {}

    with_bench(scenario)


def test_nobody_but_the_engine_knows_the_address_of_a_line() -> None:
    async def scenario(bench: Bench, phone: Phone) -> None:
        assert Browser(bench.gateway, 1000).come()
        await bench.registered()
        for made_up in (SEAT, f"{SEAT}.{'0' * 32}", accounts.account_of(SEAT)):
            line = phone.call(made_up, ("127.0.0.1", bench.settings.sip_port))
            await asyncio.wait_for(line.over.wait(), 10)
            assert line.status == 404

    with_bench(scenario)


def test_a_line_with_another_secret_is_not_registered() -> None:
    async def scenario(bench: Bench, phone: Phone) -> None:
        account = accounts.account_of(SEAT)
        keys = {name: ha1(name, account, "fawang", "another") for name in ("MD5", "SHA-256")}
        await bench.do(cmd.Configure, phones=(cmd.Phone(account=account, ha1_md5=keys["MD5"], ha1_sha256=keys["SHA-256"]),))
        assert Browser(bench.gateway, 1000).come()
        for _ in range(50):
            await asyncio.sleep(0.02)
        assert bench.gateway.telephone.registered == {SEAT: False}
        assert (await bench.engine.client.snapshot()).phones == ()

    with_bench(scenario)


def test_an_offer_is_cut_down_to_a_law_without_header_extensions() -> None:
    offer = "\r\n".join([
        "v=0", "m=audio 9 UDP/TLS/RTP/SAVPF 111 8 0 126", "a=extmap:1 urn:x", "a=rtpmap:111 opus/48000/2", "a=fmtp:111 minptime=10", "a=rtcp-fb:111 transport-cc",
        "a=rtpmap:8 PCMA/8000", "a=rtpmap:0 PCMU/8000", "a=rtpmap:126 telephone-event/8000", "a=sendrecv", "",
    ])  # fmt: skip
    assert only_a_law(offer) == "\r\n".join(["v=0", "m=audio 9 UDP/TLS/RTP/SAVPF 8", "a=rtpmap:8 PCMA/8000", "a=sendrecv", ""])
    opus = offer.replace("111 8 0 126", "111")
    assert only_a_law(opus) == opus
    with pytest.raises(BadOffer):
        only_a_law("v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n")


def test_a_public_address_replaces_our_own_in_the_answer() -> None:
    answer = "c=IN IP4 10.0.0.5\r\na=candidate:abc 1 udp 2130706431 10.0.0.5 40001 typ host\r\na=rtcp:9 IN IP4 0.0.0.0\r\n"
    changed = "c=IN IP4 203.0.113.7\r\na=candidate:abc 1 udp 2130706431 203.0.113.7 40001 typ host\r\na=rtcp:9 IN IP4 0.0.0.0\r\n"
    assert with_address(answer, "203.0.113.7") == changed


def test_rtp_is_read_behind_sources_extension_and_before_padding() -> None:
    plain = bytes([0x80, 0x88, 0, 7, 0, 0, 0, 160, 1, 2, 3, 4]) + b"abc"
    assert unpack(plain) == (8, 7, 160, b"abc")
    dressed = bytes([0xB1, 8, 0, 7, 0, 0, 0, 160, 1, 2, 3, 4, 9, 9, 9, 9, 0xBE, 0xDE, 0, 1, 5, 5, 5, 5]) + b"abc" + b"\0\0\3"
    assert unpack(dressed) == (8, 7, 160, b"abc")
    assert unpack(plain[:12]) is None
    assert unpack(b"\x16" + plain[1:]) is None


def test_a_new_source_goes_on_without_a_jump_and_gaps_stay_gaps() -> None:
    seam, first, second = Seam(), object(), object()
    start = unpack(seam.head(first, 100, 1600, 8) + b"x")
    after_gap = unpack(seam.head(first, 103, 2080, 8) + b"x")
    other = seam.head(second, 9, 77_000, 8)
    assert start is not None
    assert after_gap is not None
    assert (after_gap[1] - start[1]) & 0xFFFF == 3
    assert (after_gap[2] - start[2]) & 0xFFFFFFFF == 480
    found = unpack(other + b"x")
    assert found is not None
    assert (found[1] - after_gap[1]) & 0xFFFF == 1
    assert other[1] & 0x80


def test_loss_is_told_for_the_stretch_since_it_was_last_asked() -> None:
    meter = Meter()
    for seq in (65_534, 65_535, 1, 2):
        meter.count(seq & 0xFFFF, 0)
    assert meter.since_last()[0] == pytest.approx(1 / 5)
    for seq in (3, 4):
        meter.count(seq, 0)
    assert meter.since_last()[0] == 0.0
