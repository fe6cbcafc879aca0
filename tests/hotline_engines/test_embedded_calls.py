"""The embedded engine with real telephones: other transports and codecs, desk phones, strangers, copies, the engine left to itself."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import ssl
import struct
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from fawang.hotline.engines import commands as cmd
from fawang.hotline.engines import events as ev
from fawang.hotline.engines.embedded.client import EmbeddedEngine
from fawang.hotline.engines.embedded.sip.digest import ha1
from fawang.hotline.engines.port import EngineUnavailable
from tests.hotline_engines.conformance.worlds import EmbeddedWorld, PhoneFar
from tests.hotline_engines.phone import Manners, Phone, sine, tones_in
from tests.hotline_engines.process import EngineProcess


def with_world(scenario: Callable[[EmbeddedWorld], Awaitable[None]], process: EngineProcess | None = None) -> None:
    """A scenario with the shared engine, or with one of its own."""

    async def inside() -> None:
        world: Any = EmbeddedWorld()
        shared = EmbeddedWorld.shared
        if process:
            await process.start()
            EmbeddedWorld.shared = process
        try:
            await world.open()
            await asyncio.wait_for(scenario(world), 60)
        finally:
            try:
                await world.unfollow()
                await world.close()
            finally:
                if process:
                    EmbeddedWorld.shared = shared
                    process.stop()

    asyncio.run(inside())


async def offered(world: EmbeddedWorld, line: Any) -> PhoneFar:
    """The far end of a call just dialled."""
    call = await world.until(ev.LegOffered, call_ref=line.call_id)
    return PhoneFar(line, call.leg_id)


async def answered(world: EmbeddedWorld, line: Any) -> PhoneFar:
    far = await offered(world, line)
    await world.do(cmd.Answer, leg_id=far.leg_id)
    await world.until(ev.LegAnswered, leg_id=far.leg_id)
    return far


def test_phones_on_tcp_call_and_are_called() -> None:
    async def scenario(world: EmbeddedWorld) -> None:
        caller = await Phone(500, transport="tcp").open()
        seat = await Phone(740, transport="tcp").open()
        world.phones += [caller, seat]
        await caller.connect(world.process.sip)
        far = await answered(world, caller.call("12348", world.process.sip))
        assert world.told(ev.LegOffered)[0].source.startswith("tcp:127.0.0.1:")
        await world.do(cmd.Originate, leg_id=(leg := world.id("seat")), target=seat.uri, caller_id="12348")
        await world.until(ev.LegAnswered, leg_id=leg)
        await world.do(cmd.Bridge, bridge_id=world.id("b"), leg_ids=(far.leg_id, leg))
        assert await far.hears() == {740}
        assert set(await seat.lines[0].hears()) == {500}
        await world.do(cmd.HangUp, leg_id=far.leg_id)
        await far.over()
        await seat.lines[0].hang_up()
        await world.until(ev.LegEnded, leg_id=leg, side="far")

    with_world(scenario)


def test_a_law_and_mu_law_phones_understand_each_other() -> None:
    async def scenario(world: EmbeddedWorld) -> None:
        old = await Phone(500, codec=0).open()
        world.phones.append(old)
        caller = await answered(world, old.call("12348", world.process.sip))
        seat = await world.seat()
        boss = await world.seat()
        bridge = world.id("b")
        await world.do(cmd.Bridge, bridge_id=bridge, leg_ids=(caller.leg_id, seat.leg_id))
        assert await caller.hears() == {seat.tone}
        assert await seat.hears() == {500}
        await world.do(cmd.Join, leg_id=boss.leg_id, bridge_id=bridge)
        assert await caller.hears() == {seat.tone, boss.tone}

    with_world(scenario)


def test_keys_of_a_phone_without_key_packets_are_found_in_its_sound() -> None:
    async def scenario(world: EmbeddedWorld) -> None:
        plain = await Phone(0, events=False).open()
        world.phones.append(plain)
        caller = await answered(world, plain.call("12348", world.process.sip))
        await world.do(cmd.Collect, leg_id=caller.leg_id, digits_id="d", max_digits=5)
        caller.line.press("17*#0", 80, method="inband")
        assert (await world.until(ev.DigitsDone, digits_id="d")).reason == "terminator"
        await world.until(ev.Digit, digit="0")
        told = world.told(ev.Digit, leg_id=caller.leg_id)
        assert [(e.digit, e.method) for e in told] == [(d, "inband") for d in "17*#0"]
        await world.do(cmd.SendDigits, leg_id=caller.leg_id, digits="9")
        caller.line.heard_stream.clear()
        await asyncio.sleep(0.25)
        keys = tones_in(list(caller.line.heard_stream), (852, 1477, 697, 1209), 800)
        assert keys == {852, 1477}

    with_world(scenario)


def test_calls_without_an_offer_carry_sound_both_ways() -> None:
    async def scenario(world: EmbeddedWorld) -> None:
        late = await Phone(500).open()
        world.phones.append(late)
        line = late.call("12348", world.process.sip, offer=False)
        original = late.ack

        def ack(one: Any, answer: str, *, same_branch: bool = False) -> None:
            number = int(answer.split("CSeq: ")[1].split()[0])
            late.send(late._start("ACK", one.target, one, number) + "Content-Type: application/sdp\r\n", one.peer, late.sdp(one))
            late.ack = original  # type: ignore[method-assign]

        late.ack = ack  # type: ignore[method-assign]
        far = await answered(world, line)
        seat = await world.seat()
        await world.do(cmd.Bridge, bridge_id=world.id("b"), leg_ids=(far.leg_id, seat.leg_id))
        assert await far.hears() == {seat.tone}
        assert await seat.hears() == {500}

    with_world(scenario)


def phone_account(name: str, secret: str) -> cmd.Phone:
    return cmd.Phone(account=name, ha1_md5=ha1("MD5", name, "fawang", secret), ha1_sha256=ha1("SHA-256", name, "fawang", secret))


def test_desk_phones_register_ring_together_outlast_a_crash_and_go() -> None:
    async def scenario(world: EmbeddedWorld) -> None:
        await world.do(cmd.Configure, phones=(phone_account("8001", "one"), phone_account("8002", "two")))
        office, home = await Phone(580).open(), await Phone(820).open()
        world.phones += [office, home]
        sip = world.process.sip
        assert await office.register("8001", "wrong", sip) == 401
        assert not world.told(ev.PhoneRegistered)
        assert await office.register("8001", "one", sip, algorithm="SHA-256") == 200
        assert await home.register("8001", "one", sip, algorithm="MD5") == 200
        assert await home.register("8001", "one", sip, expires=10) == 423
        assert {e.contact for e in world.told(ev.PhoneRegistered)} == {office.uri, home.uri}
        cursor = world.cursor()
        await world.unfollow()
        await world.crash_and_restart()
        world.follow(cursor)
        assert {(p.account, p.contact) for p in (await world.snapshot()).phones} == {("8001", office.uri), ("8001", home.uri)}
        office.manners, home.manners = Manners(answer_s=None), Manners(ring_s=0.05, answer_s=0.2)
        await world.do(cmd.Originate, leg_id=(leg := world.id("phone")), target="phone:8001", caller_id="12348")
        await world.until(ev.LegAnswered, leg_id=leg)
        assert len(world.told(ev.LegRinging, leg_id=leg)) == 1
        await asyncio.wait_for(office.lines[-1].over.wait(), 2)  # cancelled: the other was quicker
        caller = await world.caller()
        await world.do(cmd.Bridge, bridge_id=world.id("b"), leg_ids=(caller.leg_id, leg))
        assert await caller.hears() == {820}
        await world.do(cmd.HangUp, leg_id=leg)
        for phone, status in ((office, 486), (home, 603)):
            phone.manners = Manners(refuse=status)
        await world.do(cmd.Originate, leg_id=(leg := world.id("phone")), target="phone:8001", caller_id="12348")
        ended = await world.until(ev.LegEnded, leg_id=leg)
        assert ended.cause == "busy", "of two refusals the more telling counts"
        assert await office.register("8001", "one", sip, expires=0) == 200
        assert await home.register("8001", "one", sip, expires=0) == 200
        await world.until(ev.PhoneGone, account="8001")
        assert (await world.snapshot()).phones == ()

    with_world(scenario)


def test_sound_from_a_stranger_is_not_heard() -> None:
    async def scenario(world: EmbeddedWorld) -> None:
        caller, seat, _ = await world.talk()
        assert await seat.hears() == {caller.tone}
        port = caller.line.media[1]  # type: ignore[attr-defined]
        voice = sine((1100,), 1000)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as neighbour:
            stranger.bind(("127.0.0.9", 0))
            for n in range(50):
                packet = struct.pack("!BBHII", 128, 8, n, n * 160, 99) + voice[n * 160 : n * 160 + 160]
                stranger.sendto(packet, ("127.0.0.1", port))
                neighbour.sendto(packet, ("127.0.0.1", port))
                await asyncio.sleep(0.01)
                if n == 20:
                    seat.line.heard_stream.clear()  # type: ignore[attr-defined]
            heard = tones_in(list(seat.line.heard_stream), (caller.tone, 1100))  # type: ignore[attr-defined]
        assert heard == {caller.tone}
        assert await caller.hears() == {seat.tone}

    with_world(scenario)


def test_what_a_leg_says_can_be_copied_for_recognition() -> None:
    async def scenario(world: EmbeddedWorld) -> None:
        caller = await world.caller()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
            sink.bind(("127.0.0.1", 0))
            sink.setblocking(False)
            await world.do(cmd.MediaSink, leg_id=caller.leg_id, url=f"udp:127.0.0.1:{sink.getsockname()[1]}")
            await asyncio.sleep(0.4)
            await world.do(cmd.MediaSink, leg_id=caller.leg_id, url="")
            await asyncio.sleep(0.05)
            samples: list[int] = []
            with suppress(BlockingIOError):
                while True:
                    data = sink.recv(2048)
                    assert (data[0], data[1] & 127) == (128, 8)
                    from tests.hotline_engines.phone import A_TABLE

                    samples += [A_TABLE[code] for code in data[12:]]
        assert len(samples) > 1600
        assert tones_in(samples) == {caller.tone}

    with_world(scenario)


def test_silence_on_the_line_is_told_and_taken_back() -> None:
    async def scenario(world: EmbeddedWorld) -> None:
        caller = await world.caller()
        phone = caller.line.phone  # type: ignore[attr-defined]
        phone.rtp_silent = True
        lost = await world.until(ev.MediaLost, leg_id=caller.leg_id)
        assert 1000 <= lost.silent_ms < 1500

        async def told(enough: Callable[[list[ev.MediaLost]], bool]) -> list[ev.MediaLost]:
            async with asyncio.timeout(20):
                while not enough(found := world.told(ev.MediaLost, leg_id=caller.leg_id)):
                    await asyncio.sleep(0.05)
            return found

        spans = [e.silent_ms // 1000 for e in await told(lambda found: len(found) > 1)]
        assert spans == sorted(set(spans)), "once for every span"
        assert {e.control_ms for e in world.told(ev.MediaLost, leg_id=caller.leg_id)} == {-1}, "no RTCP ever came"
        host, port = caller.line.media  # type: ignore[attr-defined]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            control.sendto(struct.pack("!BBHI", 0x80, 201, 1, 7), (host, port + 1))  # an empty receiver report (RFC 3550 §6.4.2)
        still = (await told(lambda found: found[-1].control_ms >= 0))[-1]
        assert still.control_ms < still.silent_ms - 1000, "silent, but still there"
        phone.rtp_silent = False
        await world.until(ev.MediaBack, leg_id=caller.leg_id)

    with_world(scenario, EngineProcess(FAWANG_SIP_MEDIA_LOST_S="1"))


def test_tls_and_a_state_folder_with_a_very_long_name(tmp_path: Path) -> None:
    from datetime import datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime(2020, 1, 1)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7).not_valid_before(now)
        .not_valid_after(now + timedelta(days=20_000)).sign(key, hashes.SHA256())
    )  # fmt: skip
    (tmp_path / "c.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "k.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    process = EngineProcess(folder, FAWANG_SIP_TLS_PORT="15159", FAWANG_SIP_TLS_CERTIFICATE=str(tmp_path / "c.pem"), FAWANG_SIP_TLS_KEY=str(tmp_path / "k.pem"))

    async def inside() -> None:
        await process.start()
        try:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            reader, writer = await asyncio.open_connection("127.0.0.1", 15159, ssl=context)
            writer.write(
                b"\r\n\r\nOPTIONS sip:12348@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@c>\r\n"
                b"Call-ID: tls\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
            )
            text = await asyncio.wait_for(reader.readuntil(b"Content-Length: 0\r\n\r\n"), 3)
            assert text.startswith(b"\r\nSIP/2.0 200 OK\r\n")
            writer.close()
            assert (await process.client.snapshot()).legs == ()
        finally:
            process.stop()

    asyncio.run(inside())


def test_a_slow_or_endless_sender_on_tcp_is_let_go_and_others_are_served() -> None:
    async def scenario(world: EmbeddedWorld) -> None:
        reader, writer = await asyncio.open_connection(*world.process.sip)
        writer.write(b"INVITE sip:a@b SIP/2.0\r\n" + b"X-Long: " + b"a" * 100_000)
        with suppress(OSError):
            assert await asyncio.wait_for(reader.read(10), 3) == b""
        many = [await asyncio.open_connection(*world.process.sip) for _ in range(30)]
        for _, one in many:
            one.write(b"OPTI")
        await world.caller()
        for _, one in many:
            one.close()

    with_world(scenario)


# -- the engine left to itself ---------------------------------------------------------------------------------------------


def test_without_a_controller_callers_hear_a_message_may_leave_one_and_everything_is_told_afterwards() -> None:
    process = EngineProcess()

    async def inside() -> None:
        await process.start()
        try:
            fallback = cmd.Fallback(after_s=0.5, media=("tone:1100/1500",), voicemail_s=1.5)
            await process.client.do(cmd.Configure(command_id="c", fallback=fallback))
            await process.client.close()
            phone = await Phone(500).open()
            line = phone.call("12348", process.sip)
            await asyncio.wait_for(line.answered.wait(), 6)
            assert await line.hears() == {1100}
            await asyncio.wait_for(line.over.wait(), 10)
            assert line.ended_by == "far"
            phone.close()
            client = EmbeddedEngine(process.client.socket)
            told = []
            reader = client.events()
            while not any(isinstance(e, ev.RecordDone) for e in told):
                told.append(await asyncio.wait_for(anext(reader), 3))
            kinds = [type(e).__name__ for e in told]
            assert kinds == ["EngineUp", "LegOffered", "LegAnswered", "PlayStarted", "PlayDone", "RecordStarted", "DigitsDone", "LegEnded", "RecordDone"]
            done = told[-1]
            assert isinstance(done, ev.RecordDone)
            assert 1400 < done.ms < 3000  # the message to leave, not what was said to the caller before it was announced
            await client.close()
        finally:
            process.stop()
        assert process.trouble() == ""

    asyncio.run(inside())


def test_without_a_controller_and_without_a_message_new_callers_are_refused_and_running_talks_are_left_alone() -> None:
    process = EngineProcess()

    async def inside() -> None:
        await process.start()
        try:
            world: Any = EmbeddedWorld()
            shared, EmbeddedWorld.shared = EmbeddedWorld.shared, process
            await world.open()
            await world.do(cmd.Configure, fallback=cmd.Fallback(after_s=0.3))
            caller, seat, _ = await world.talk()
            await world.unfollow()
            phone = await Phone(900).open()
            line = phone.call("12348", process.sip)
            await asyncio.wait_for(line.over.wait(), 5)
            assert line.status == 503
            phone.close()
            assert await caller.hears() == {seat.tone}
            await world.close()
            EmbeddedWorld.shared = shared
        finally:
            process.stop()

    asyncio.run(inside())


def test_the_memory_told_is_that_of_the_engine_and_not_of_whoever_started_it() -> None:
    ballast = b"\1" * (300 << 20)

    async def scenario(world: EmbeddedWorld) -> None:
        figures = await world.process.client.figures()
        status = Path(f"/proc/{figures['pid']}/status").read_text()
        most = int(re.findall(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)[0]) // 1024
        assert 0 < figures["rss_mb"] <= figures["rss_most_mb"] <= most
        assert figures["rss_most_mb"] < len(ballast) >> 20

    with_world(scenario, EngineProcess())


def test_a_second_engine_on_the_same_folder_is_refused() -> None:
    process = EngineProcess()

    async def inside() -> None:
        await process.start()
        second = EngineProcess(process.folder)
        try:
            await second.start()  # it is the first that answers on the socket
            assert second.process is not None
            for _ in range(2400):
                if second.process.poll() is not None:
                    break
                await asyncio.sleep(0.05)
            assert second.process.poll() not in (None, 0)
            assert "an engine runs already on" in second.log.read_text()
            assert (await process.client.snapshot()).legs == ()
        finally:
            process.stop()

    asyncio.run(inside())


def test_rubbish_on_the_control_socket_hurts_nobody() -> None:
    async def scenario(world: EmbeddedWorld) -> None:
        for line in (b"not json\n", b"[]\n", b'{"do": 5}\n', b'{"events": {"boot_id": 1}}\n', b"\xff\xfe\n", b'{"id": 1, "do": {"kind": "Answer"}}\n'):
            reader, writer = await asyncio.open_unix_connection(str(world.process.client.socket))
            writer.write(line)
            await asyncio.wait_for(reader.readline(), 2)
            writer.close()
        assert os.stat(world.process.client.socket).st_mode & 0o777 == 0o600
        await world.caller()

    with_world(scenario)


def test_commands_to_an_engine_that_is_not_there_say_so_quickly(tmp_path: Path) -> None:
    async def inside() -> None:
        client = EmbeddedEngine(tmp_path / "engine.sock")
        began = time.monotonic()
        with pytest.raises(EngineUnavailable):
            await client.snapshot()
        with pytest.raises(EngineUnavailable):
            await anext(client.events())
        assert time.monotonic() - began < 1

    asyncio.run(inside())
