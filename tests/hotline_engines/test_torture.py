"""RFC 4475: valid messages are answered as valid, invalid ones refused as they deserve, and nothing ever falls over. Then 20,000 mutations."""

from __future__ import annotations

import asyncio
import random
import re
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fawang.hotline.engines import commands as cmd
from fawang.hotline.engines.embedded.sip.transport import Flow
from tests.hotline_engines.bench import Bench
from tests.hotline_engines.phone import digest_answer
from tests.hotline_engines.torture import CATALOGUE, Case


def on_bench(test: Callable[[Bench], None], folder: Path, **settings: object) -> None:
    async def inside() -> None:
        bench = Bench(folder, **settings)  # type: ignore[arg-type]
        try:
            test(bench)
            assert bench.faults == 0
        finally:
            bench.close()

    asyncio.run(inside())


def test_the_catalogue_is_complete() -> None:
    sections = [c.section for c in CATALOGUE]
    wanted = [f"3.1.1.{n}" for n in range(1, 14)] + [f"3.1.2.{n}" for n in range(1, 20)] + ["3.2.1"] + [f"3.3.{n}" for n in range(1, 16)] + ["3.4.1"]
    assert sections == wanted


@pytest.mark.parametrize("case", CATALOGUE, ids=lambda c: c.name)
def test_every_message_of_the_catalogue_is_taken_as_it_deserves(case: Case, tmp_path: Path) -> None:
    def test(bench: Bench) -> None:
        statuses = bench.statuses(case.data)
        if case.answers:
            assert len(statuses) == 1, case.why
            assert statuses[0] in case.answers, case.why
        else:
            assert statuses == [], case.why
        again = bench.statuses(case.data)
        assert again == statuses, "a repetition gets the same answer"
        assert len(bench.core.legs) == (1 if statuses == [180] else 0)

    on_bench(test, tmp_path)


def test_what_a_refusal_has_to_name_is_named(tmp_path: Path) -> None:
    def test(bench: Bench) -> None:
        by_name = {c.name: c for c in CATALOGUE}
        (text,) = bench.give(by_name["bext01"].data)
        wanted = {"nothingsupportsthis", "nothingsupportsthiseither", "noproxiessupportthis", "nordoanyproxiessupportthis"}
        unsupported = re.search(r"^Unsupported: (.*)\r$", text, re.MULTILINE)
        assert unsupported is not None
        assert {part.strip().lower() for part in unsupported[1].split(",")} == wanted
        (text,) = bench.give(by_name["invut"].data)
        assert "Accept: application/sdp\r\n" in text
        (text,) = bench.give(by_name["mpart01"].data)
        assert re.search(r"^Allow: .*INVITE.*BYE", text, re.MULTILINE)
        challenge = bench.give(by_name["regaut01"].data)[0]
        assert re.findall(r"algorithm=([A-Z0-9-]+)", challenge) == ["SHA-256", "MD5"]

    on_bench(test, tmp_path)


@pytest.mark.parametrize("algorithm", ["SHA-256", "MD5"])
@pytest.mark.parametrize("name", ["cparam01", "cparam02", "regescrt"])
def test_odd_contacts_are_registered_once_the_phone_has_proved_who_it_is(name: str, algorithm: str, tmp_path: Path) -> None:
    from fawang.hotline.engines.embedded.sip.digest import ha1

    def test(bench: Bench) -> None:
        case = next(c for c in CATALOGUE if c.name == name)
        account = "watson"
        keys = {a: ha1(a, account, "fawang", "secret") for a in ("MD5", "SHA-256")}
        bench.core.do(cmd.Configure(command_id="c", phones=(cmd.Phone(account=account, ha1_md5=keys["MD5"], ha1_sha256=keys["SHA-256"]),)))
        challenge = bench.give(case.data)[0]
        line = next(c for c in re.findall(r"^WWW-Authenticate: (.*)\r$", challenge, re.MULTILINE) if f"algorithm={algorithm}" in c)
        proof = digest_answer(line, "REGISTER", "sip:example.com", account, "secret", algorithm)
        text = (
            case.data.decode().replace("kdjuw", "second").replace("CSeq: 2 ", "CSeq: 3 ").replace("\r\nContact:", f"\r\nAuthorization: {proof}\r\nContact:", 1)
        )
        (answer,) = bench.give(text.encode())
        assert answer.startswith("SIP/2.0 200 ")
        contact = re.search(r"^Contact: <(.*)>;expires=(\d+)\r$", answer, re.MULTILINE)
        assert contact is not None
        wanted = {
            "cparam01": "sip:+19725552222@gw1.example.net",
            "cparam02": "sip:+19725552222@gw1.example.net;unknownparam",
            "regescrt": "sip:user@example.com?Route=%3Csip:sip.example.com%3E",
        }[name]
        assert contact[1] == wanted
        assert [p.contact for p in bench.core.snapshot().phones] == [wanted]

    on_bench(test, tmp_path)


# -- mutations ---------------------------------------------------------------------------------------------------------

SEED = 12348
MESSAGES = 20_000
PIECES = [
    b"\r\n", b"\r\n\r\n", b"\0", b"%", b"%00", b";", b",", b"<", b">", b'"', b"\\", b":", b"@", b"=", b" ", b"\t", b"\xff", b"\xe4\xbd\xa0", b"sip:", b"tag=",
    b"Via: ", b"Content-Length: 99999999999999999999", b"SIP/2.0", b"*", b"65536", b"-1", b"4294967296", b"[::1]", b"a" * 3000, b"m=audio 0 RTP/AVP 8\r\n",
    b"c=IN IP4 999.1.1.1\r\n", b"Route: <", b"Session-Expires: x;refresher=uas", b"Require: 100rel", b"Replaces: a;to-tag=b;from-tag=c",
]  # fmt: skip
DESCRIPTION = b"v=0\r\no=- 1 1 IN IP4 192.0.2.77\r\ns=-\r\nc=IN IP4 192.0.2.77\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"
GOOD = b"\r\n".join(
    [
        b"INVITE sip:12348@192.0.2.1 SIP/2.0", b"Via: SIP/2.0/UDP 192.0.2.77:5060;branch=z9hG4bKfuzz;rport", b"Max-Forwards: 70", b'From: "A" <sip:1380@192.0.2.77>;tag=f1',
        b"To: <sip:12348@192.0.2.1>", b"Call-ID: fuzz@x", b"CSeq: 1 INVITE", b"Contact: <sip:1380@192.0.2.77>", b"Supported: timer, 100rel", b"Session-Expires: 1800",
        b"Content-Type: application/sdp", b"Content-Length: %d" % len(DESCRIPTION), b"", DESCRIPTION,
    ]
)  # fmt: skip
METHODS = (b"ACK", b"BYE", b"CANCEL", b"OPTIONS", b"REGISTER", b"REFER", b"NOTIFY", b"UPDATE", b"INFO", b"PRACK", b"INVITE")


def mutate(data: bytes, chance: random.Random) -> bytes:
    """One to six small damages."""
    work = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at, kind = chance.randrange(len(work) + 1), chance.randrange(7)
        end = min(len(work), at + chance.randint(1, 30))
        if kind == 0:
            del work[at:end]
        elif kind == 1:
            work[at:at] = chance.choice(PIECES)
        elif kind == 2 and at < len(work):
            work[at] = chance.randrange(256)
        elif kind == 3:
            work[at:at] = work[at:end]
        elif kind == 4:
            lines = bytes(work).split(b"\r\n")
            chance.shuffle(lines)
            work = bytearray(b"\r\n".join(lines))
        elif kind == 5:
            work = work[: max(1, at)]
        else:
            work[at:end] = chance.choice(PIECES)
    return bytes(work)


def live(bench: Bench, chance: random.Random) -> bytes:
    """A request inside a call that stands, so that the deeper code is reached too."""
    call = chance.choice(list(bench.engine.board.calls.values()))
    method = chance.choice(METHODS)
    number = 0 if method == b"ACK" else chance.randrange(1, 1 << 30)
    head = [
        method + b" sip:12348@192.0.2.1 SIP/2.0", b"Via: SIP/2.0/UDP 192.0.2.77;branch=z9hG4bK%x" % chance.getrandbits(40), b"Max-Forwards: 70",
        call.dialog.remote.encode("utf-8", "surrogateescape") + b";tag=" + call.dialog.remote_tag.encode("utf-8", "surrogateescape"),
        call.dialog.local.encode("utf-8", "surrogateescape") + b";tag=" + call.dialog.local_tag.encode(), call.dialog.call_id.encode("utf-8", "surrogateescape"),
        b"%d " % (number or call.dialog.remote_seq) + method, b"<sip:x@192.0.2.77>",
    ]  # fmt: skip
    names = (b"", b"", b"", b"From: ", b"To: ", b"Call-ID: ", b"CSeq: ", b"Contact: ")
    lines = [name + value for name, value in zip(names, head, strict=True)]
    if method in (b"INVITE", b"UPDATE", b"ACK"):
        lines += [b"Content-Type: application/sdp", b"", DESCRIPTION]
    elif method == b"INFO":
        lines += [b"Content-Type: application/dtmf-relay", b"", b"Signal=5\r\nDuration=100\r\n"]
    elif method == b"REFER":
        lines += [b"Refer-To: <sip:a@b?Replaces=x%3Bto-tag%3Dy>", b"", b""]
    else:
        lines += [b"RAck: 1 1 INVITE", b"Event: refer", b"", b"SIP/2.0 200 OK\r\n"]
    return b"\r\n".join(lines)


def test_twenty_thousand_mutations_leave_the_engine_standing_and_answering(tmp_path: Path) -> None:
    def test(bench: Bench) -> None:
        chance = random.Random(SEED)
        seeds = [c.data for c in CATALOGUE] + [GOOD] * 20
        began = time.monotonic()
        answered = 0
        for n in range(MESSAGES):
            if n % 400 == 0:
                bench.clear()
            if bench.engine.board.calls and n % 3 == 0:
                data = live(bench, chance)
                data = mutate(data, chance) if chance.random() < 0.6 else data
            else:
                data = mutate(chance.choice(seeds).replace(b"z9hG4bK", b"z9hG4bK%x" % n), chance)
                data = data.replace(b"fuzz@x", b"fuzz%d@x" % n)
            bench.answer = "answer" if n % 2 else "ring"
            answered += bool(bench.give(data, Flow("udp", "192.0.2.77", 5060)))
            assert bench.faults == 0, f"message {n}: {data!r}"
        took = time.monotonic() - began
        assert answered > MESSAGES / 4, "most of it must have gone deep enough to deserve an answer"
        assert bench.statuses(GOOD.replace(b"fuzz@x", b"after@x").replace(b"z9hG4bKfuzz", b"z9hG4bKafter")) == [200]
        bench.clear()
        assert bench.core.legs == {}
        print(f"{MESSAGES} mutations in {took:.1f} s, {answered} answered")

    on_bench(test, tmp_path)


def test_the_catalogue_over_the_network_leaves_a_running_engine_alive(tmp_path: Path) -> None:
    from tests.hotline_engines.process import EngineProcess

    async def inside() -> None:
        process = await EngineProcess(tmp_path).start()
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
                for case in CATALOGUE:
                    one.sendto(case.data, process.sip)
                for size in (0, 1, 11, 12, 65507):
                    one.sendto(b"\xff" * size, process.sip)
                one.bind(("127.0.0.1", 0)) if one.getsockname()[1] == 0 else None
                ask = GOOD.replace(b"INVITE", b"OPTIONS").split(b"Content-Type")[0] + b"\r\n"
                one.sendto(ask, process.sip)
                one.setblocking(False)
                text = b""
                for _ in range(100):
                    await asyncio.sleep(0.02)
                    try:
                        text = one.recv(65535)
                    except BlockingIOError:
                        continue
                    if b"Call-ID: fuzz@x" in text:
                        break
                assert text.startswith(b"SIP/2.0 200 OK\r\n")
            figures = await process.client.figures()
            assert figures["faults"] == 0
            assert figures["sip"]["in"] >= len(CATALOGUE)
            assert process.trouble() == ""
        finally:
            process.stop()

    asyncio.run(inside())
