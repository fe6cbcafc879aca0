"""What SIP asks for over time and between proxies, on a clock moved by hand: repetition, giving up, session timers, reliable ringing, routes, trunks."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from fawang.hotline.engines import commands as cmd
from fawang.hotline.engines import events as ev
from fawang.hotline.engines.embedded.sip.digest import ha1
from fawang.hotline.engines.embedded.sip.transport import Flow
from fawang.hotline.engines.port import Rejected
from tests.hotline_engines.bench import HOME, Bench
from tests.hotline_engines.phone import digest_answer, header, headers

SDP = "v=0\r\no=- 1 1 IN IP4 192.0.2.77\r\ns=-\r\nc=IN IP4 192.0.2.77\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n"


def bench_test(test: Callable[[Bench], None]) -> Callable[[Path], None]:
    """Runs with a bench; nothing may have raised inside."""

    def run(tmp_path: Path) -> None:
        async def inside() -> None:
            bench = Bench(tmp_path, answer="")
            try:
                test(bench)
                assert bench.faults == 0
            finally:
                bench.close()

        asyncio.run(inside())

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


def ask(
    method: str = "INVITE",
    *,
    call: str = "c1",
    seq: int = 1,
    branch: str = "",
    to_tag: str = "",
    extra: str = "",
    body: str = SDP,
    uri: str = "sip:12348@192.0.2.1",
    frm: str = "1380",
) -> bytes:
    """A request of the caller at 192.0.2.77."""
    to = f"<sip:12348@192.0.2.1>{';tag=' + to_tag if to_tag else ''}"
    kind = "Content-Type: application/sdp\r\n" if body.startswith("v=0") else ""
    return (
        f"{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.77:5060;branch=z9hG4bK{branch or f'{method}{call}{seq}'};rport\r\nMax-Forwards: 70\r\n"
        f"From: <sip:{frm}@192.0.2.77>;tag=f1\r\nTo: {to}\r\nCall-ID: {call}\r\nCSeq: {seq} {method}\r\nContact: <sip:{frm}@192.0.2.77>\r\n{extra}{kind}"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def reply(request: str, status: int, *, tag: str = "far1", body: str = "", extra: str = "") -> bytes:
    """An answer of the far side to a request of ours."""
    vias = "".join(f"Via: {v}\r\n" for v in headers(request, "Via"))
    to = header(request, "To") + (f";tag={tag}" if "tag=" not in header(request, "To") and status > 100 else "")
    kind = "Content-Type: application/sdp\r\n" if body else ""
    return (
        f"SIP/2.0 {status} X\r\n{vias}From: {header(request, 'From')}\r\nTo: {to}\r\nCall-ID: {header(request, 'Call-ID')}\r\nCSeq: {header(request, 'CSeq')}\r\n"
        f"Contact: <sip:seat@192.0.2.77:5070>\r\n{extra}{kind}Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def starts(messages: list[str]) -> list[str]:
    """Method or status of each message."""
    return [m.split(" ")[1] if m.startswith("SIP/2.0") else m.split(" ")[0] for m in messages]


def offered(bench: Bench, **values: str) -> str:
    """A call comes in; its leg."""
    bench.give(ask(**values))  # type: ignore[arg-type]
    return bench.told(ev.LegOffered)[-1].leg_id


def standing(bench: Bench, extra: str = "", call: str = "c1") -> tuple[str, str]:
    """A call comes in, is answered and acknowledged; leg and our tag."""
    leg = offered(bench, extra=extra, call=call)
    (answer,) = bench.do(cmd.Answer, leg_id=leg)
    tag = re.search(r"tag=([^;\s]+)", header(answer, "To"))
    assert tag is not None
    bench.give(ask("ACK", to_tag=tag[1], body="", call=call))
    assert bench.core.legs[leg].state == "answered"
    return leg, tag[1]


# -- repetition and giving up ------------------------------------------------------------------------------------------


@bench_test
def test_a_200_is_repeated_until_the_ack_and_given_up_after_32_seconds(bench: Bench) -> None:
    leg = offered(bench)
    assert starts(bench.do(cmd.Answer, leg_id=leg)) == ["200"]
    assert starts(bench.advance(0.51)) == ["200"]
    assert starts(bench.advance(1.0)) == ["200"]
    assert starts(bench.advance(10)) == ["200"] * 3
    assert not bench.told(ev.LegAnswered)
    rest = starts(bench.advance(25))
    assert rest[-1] == "BYE"
    (ended,) = bench.told(ev.LegEnded)
    assert (ended.cause, ended.side) == ("timeout", "engine")


@bench_test
def test_the_ack_ends_the_repetition(bench: Bench) -> None:
    leg, _ = standing(bench)
    assert bench.advance(31) == []
    assert [e.leg_id for e in bench.told(ev.LegAnswered)] == [leg]


@bench_test
def test_a_refusal_is_repeated_until_its_ack(bench: Bench) -> None:
    leg = offered(bench)
    (refusal,) = bench.do(cmd.Reject, leg_id=leg, cause="busy")
    assert refusal.startswith("SIP/2.0 486 ")
    tag = re.search(r"tag=([^;\s]+)", header(refusal, "To"))
    assert starts(bench.advance(0.6)) == ["486"]
    bench.give(ask("ACK", branch="INVITEc11", to_tag=tag[1] if tag else "", body=""))
    assert bench.advance(10) == []


@bench_test
def test_a_call_nobody_answers_is_given_up_after_three_minutes(bench: Bench) -> None:
    leg = offered(bench)
    assert "480" in starts(bench.advance(181))
    (ended,) = bench.told(ev.LegEnded, leg_id=leg)
    assert (ended.cause, ended.side) == ("timeout", "engine")


@bench_test
def test_an_invite_without_any_answer_is_repeated_by_the_rules_and_ends_as_unreachable(bench: Bench) -> None:
    sent = bench.do(cmd.Originate, leg_id="out", target="sip:a@192.0.2.9", caller_id="12348", timeout_s=60.0)
    assert starts(sent) == ["INVITE"]
    counts = [len(bench.advance(seconds)) for seconds in (0.51, 1.0, 2.0, 4.0, 8.0, 16.0)]
    assert counts == [1, 1, 1, 1, 1, 1]
    bench.advance(1)
    (ended,) = bench.told(ev.LegEnded)
    assert (ended.cause, ended.side) == ("unreachable", "far")


@bench_test
def test_a_cancel_waits_for_the_first_sign_of_the_far_side(bench: Bench) -> None:
    (invite,) = bench.do(cmd.Originate, leg_id="out", target="sip:a@192.0.2.77", caller_id="12348")
    assert bench.do(cmd.HangUp, leg_id="out") == []
    (cancel,) = bench.give(reply(invite, 180))
    assert cancel.startswith("CANCEL ")
    assert header(cancel, "Via") == header(invite, "Via")
    assert header(cancel, "CSeq").split()[0] == header(invite, "CSeq").split()[0]
    assert starts(bench.give(reply(invite, 487))) == ["ACK"]
    assert bench.engine.board.calls == {}


@bench_test
def test_an_answer_that_crosses_our_hang_up_is_thanked_for_and_ended(bench: Bench) -> None:
    (invite,) = bench.do(cmd.Originate, leg_id="out", target="sip:a@192.0.2.77", caller_id="12348")
    bench.give(reply(invite, 180))
    bench.do(cmd.HangUp, leg_id="out")
    sent = bench.give(reply(invite, 200, body=SDP))
    assert starts(sent) == ["ACK", "BYE"]
    bench.give(reply(sent[1], 200))
    assert bench.engine.board.calls == {}
    assert len(bench.told(ev.LegEnded)) == 1
    assert not bench.told(ev.LegAnswered)


@bench_test
def test_a_second_phone_behind_a_forking_proxy_is_thanked_and_ended(bench: Bench) -> None:
    (invite,) = bench.do(cmd.Originate, leg_id="out", target="sip:a@192.0.2.77", caller_id="12348")
    assert starts(bench.give(reply(invite, 200, tag="one", body=SDP))) == ["ACK"]
    assert starts(bench.give(reply(invite, 200, tag="two", body=SDP))) == ["ACK", "BYE"]
    assert starts(bench.give(reply(invite, 200, tag="one", body=SDP))) == ["ACK"]
    assert bench.core.legs["out"].state == "answered"


@bench_test
def test_our_bye_is_repeated_until_answered(bench: Bench) -> None:
    leg, _ = standing(bench)
    (bye,) = bench.do(cmd.HangUp, leg_id=leg)
    assert starts(bench.advance(0.6)) == ["BYE"]
    bench.give(reply(bye, 200))
    assert bench.advance(20) == []
    assert bench.engine.board.calls == {}


# -- order and identity --------------------------------------------------------------------------------------------------


@bench_test
def test_the_same_invite_by_another_way_is_a_loop_and_unknown_dialogs_are_said_to_be_unknown(bench: Bench) -> None:
    offered(bench)
    assert bench.statuses(ask(branch="other")) == [482]
    assert bench.statuses(ask("BYE", to_tag="nobody", seq=2, body="")) == [481]
    assert bench.statuses(ask("CANCEL", branch="never-seen", body="")) == [481]
    assert bench.statuses(ask("INVITE", to_tag="nobody", seq=2)) == [481]
    assert bench.statuses(ask("NOTIFY", call="else", extra="Event: x\r\n", body="")) == [481]


@bench_test
def test_an_old_number_inside_a_call_is_refused_and_changes_nothing(bench: Bench) -> None:
    leg, tag = standing(bench)
    assert bench.statuses(ask("INFO", seq=5, to_tag=tag, body="")) == [200]
    assert bench.statuses(ask("BYE", seq=4, to_tag=tag, body="")) == [500]
    assert leg in bench.core.legs
    assert bench.statuses(ask("BYE", seq=6, to_tag=tag, body="")) == [200]
    assert leg not in bench.core.legs


@bench_test
def test_a_bye_with_the_tag_of_another_caller_ends_nothing(bench: Bench) -> None:
    leg, tag = standing(bench)
    assert bench.statuses(ask("BYE", seq=9, to_tag=tag, body="").replace(b"tag=f1", b"tag=thief")) == [481]
    assert leg in bench.core.legs


@bench_test
def test_a_change_while_ours_is_not_acknowledged_has_to_wait(bench: Bench) -> None:
    leg = offered(bench)
    (answer,) = bench.do(cmd.Answer, leg_id=leg)
    tag = re.search(r"tag=([^;\s]+)", header(answer, "To"))
    assert bench.statuses(ask("INVITE", seq=2, to_tag=tag[1] if tag else "")) == [491]


@bench_test
def test_proxies_on_the_way_are_kept_on_the_way(bench: Bench) -> None:
    routes = "Record-Route: <sip:192.0.2.50;lr>\r\nRecord-Route: <sip:192.0.2.51;lr>\r\n"
    leg = offered(bench, extra=routes)
    (answer,) = bench.do(cmd.Answer, leg_id=leg)
    assert headers(answer, "Record-Route") == ["<sip:192.0.2.50;lr>", "<sip:192.0.2.51;lr>"]
    tag = re.search(r"tag=([^;\s]+)", header(answer, "To"))
    bench.give(ask("ACK", to_tag=tag[1] if tag else "", body=""))
    (bye,) = bench.do(cmd.HangUp, leg_id=leg)
    assert headers(bye, "Route") == ["<sip:192.0.2.50;lr>", "<sip:192.0.2.51;lr>"]
    assert bench.sent[0][0] == Flow("udp", "192.0.2.50", 5060)
    assert bye.startswith("BYE sip:1380@192.0.2.77 SIP/2.0")


@bench_test
def test_proxies_on_the_way_out_are_used_in_reverse(bench: Bench) -> None:
    (invite,) = bench.do(cmd.Originate, leg_id="out", target="sip:a@192.0.2.77", caller_id="12348")
    sent = bench.give(reply(invite, 200, body=SDP, extra="Record-Route: <sip:192.0.2.50;lr>\r\nRecord-Route: <sip:192.0.2.51:5099;lr>\r\n"))
    assert headers(sent[0], "Route") == ["<sip:192.0.2.51:5099;lr>", "<sip:192.0.2.50;lr>"]
    assert bench.sent[0][0] == Flow("udp", "192.0.2.51", 5099)
    assert sent[0].startswith("ACK sip:seat@192.0.2.77:5070 SIP/2.0")


# -- session timers, reliable ringing ----------------------------------------------------------------------------------------


@bench_test
def test_an_interval_below_90_seconds_is_refused_with_the_least_we_take(bench: Bench) -> None:
    (answer,) = bench.give(ask(extra="Supported: timer\r\nSession-Expires: 30\r\n"))
    assert answer.startswith("SIP/2.0 422 ")
    assert header(answer, "Min-SE") == "90"


@bench_test
def test_we_refresh_half_way_when_that_is_our_part(bench: Bench) -> None:
    leg, _ = standing(bench, extra="Supported: timer\r\nSession-Expires: 200;refresher=uas\r\nAllow: INVITE, UPDATE, BYE\r\n")
    (update,) = bench.advance(100.1)
    assert update.startswith("UPDATE ")
    assert header(update, "Session-Expires") == "200;refresher=uac"
    bench.give(reply(update, 200, extra="Session-Expires: 200;refresher=uac\r\n"))
    (again,) = bench.advance(100.1)
    assert again.startswith("UPDATE ")
    bench.give(reply(again, 481))
    (ended,) = bench.told(ev.LegEnded, leg_id=leg)
    assert ended.cause == "session_expired"


@bench_test
def test_without_update_the_refresh_is_an_invite_with_the_same_description(bench: Bench) -> None:
    leg, _ = standing(bench, extra="Supported: timer\r\nSession-Expires: 200;refresher=uas\r\n")
    (invite,) = bench.advance(100.1)
    assert invite.startswith("INVITE ")
    assert "m=audio" in invite
    (ack,) = bench.give(reply(invite, 200, body=SDP, extra="Session-Expires: 200;refresher=uac\r\n"))
    assert ack.startswith("ACK ")
    assert header(ack, "CSeq").split()[0] == header(invite, "CSeq").split()[0]
    assert leg in bench.core.legs


@bench_test
def test_a_caller_that_does_not_refresh_any_more_is_let_go_before_the_interval_ends(bench: Bench) -> None:
    leg, tag = standing(bench, extra="Supported: timer\r\nSession-Expires: 120;refresher=uac\r\n")
    bench.advance(60)
    assert bench.statuses(ask("UPDATE", seq=2, to_tag=tag, body="", extra="Supported: timer\r\nSession-Expires: 120;refresher=uac\r\n")) == [200]
    assert bench.advance(87.9) == []
    assert starts(bench.advance(0.2)) == ["BYE"]
    (ended,) = bench.told(ev.LegEnded, leg_id=leg)
    assert (ended.cause, ended.side) == ("session_expired", "engine")


@bench_test
def test_ringing_is_reliable_for_a_caller_who_insists(bench: Bench) -> None:
    leg = offered(bench, extra="Require: 100rel\r\n")
    (ringing,) = bench.do(cmd.Ring, leg_id=leg)
    assert header(ringing, "Require") == "100rel"
    number = header(ringing, "RSeq")
    assert starts(bench.advance(0.6)) == ["180"]
    tag = re.search(r"tag=([^;\s]+)", header(ringing, "To"))
    prack = ask("PRACK", seq=2, to_tag=tag[1] if tag else "", body="", extra=f"RAck: {number} 1 INVITE\r\n")
    assert bench.statuses(prack.replace(f"RAck: {number}".encode(), b"RAck: 7")) == [481]
    assert bench.statuses(prack.replace(b"PRACKc12", b"PRACKsecond")) == [200]
    assert bench.advance(5) == []
    assert starts(bench.do(cmd.Answer, leg_id=leg)) == ["200"]


@bench_test
def test_a_phone_that_rings_reliably_gets_its_prack_once(bench: Bench) -> None:
    (invite,) = bench.do(cmd.Originate, leg_id="out", target="sip:a@192.0.2.77", caller_id="12348")
    ringing = reply(invite, 180, extra="Require: 100rel\r\nRSeq: 77\r\n")
    (prack,) = bench.give(ringing)
    assert header(prack, "RAck") == f"77 {header(invite, 'CSeq').split()[0]} INVITE"
    assert bench.give(ringing) == []


# -- access, trunks, floods ----------------------------------------------------------------------------------------------------


@bench_test
def test_strangers_may_not_call_when_only_trunks_may(bench: Bench) -> None:
    bench.do(cmd.Configure, accept_from=("127.0.0.0/8",), trunks=(cmd.Trunk(name="unicom", proxy="sip:192.0.2.60", sources=("192.0.2.60/31",)),))
    assert bench.statuses(ask()) == [403]
    bench.give(ask(call="c2", extra="P-Asserted-Identity: <sip:+8613800138000@ims>\r\n"), Flow("udp", "192.0.2.61", 5060))
    (call,) = bench.told(ev.LegOffered)
    assert (call.trunk, call.asserted, call.from_number) == ("unicom", "+8613800138000", "1380")


@bench_test
def test_an_asserted_identity_from_anybody_else_is_not_believed(bench: Bench) -> None:
    bench.give(ask(extra="P-Asserted-Identity: <sip:110@ims>\r\n"))
    assert bench.told(ev.LegOffered)[0].asserted == ""


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_a_desk_phone_proves_who_it_is_before_it_may_call(algorithm: str, tmp_path: Path) -> None:
    def test(bench: Bench) -> None:
        keys = {a: ha1(a, "8001", "fawang", "geheim") for a in ("MD5", "SHA-256")}
        bench.do(cmd.Configure, phones=(cmd.Phone(account="8001", ha1_md5=keys["MD5"], ha1_sha256=keys["SHA-256"]),))
        challenge = bench.give(ask(frm="8001"))[-1]
        assert challenge.startswith("SIP/2.0 401 ")
        line = next(c for c in headers(challenge, "WWW-Authenticate") if f"algorithm={algorithm}" in c)

        def attempt(seq: int, secret: str) -> list[int]:
            proof = digest_answer(line, "INVITE", "sip:12348@192.0.2.1", "8001", secret, algorithm)
            return bench.statuses(ask(frm="8001", seq=seq, extra=f"Authorization: {proof}\r\n"))

        assert attempt(2, "wrong") == [401]
        assert not bench.told(ev.LegOffered)
        assert attempt(3, "geheim") == []
        assert bench.told(ev.LegOffered)[0].account == "8001"
        proof = digest_answer(line, "INVITE", "sip:12348@192.0.2.1", "8001", "geheim", algorithm)
        repeated = ask(call="replay", frm="8001", extra=f"Authorization: {proof}\r\n")
        assert bench.statuses(repeated) == [401], "a counter used once is not taken again"
        bench.timers.advance(301)
        fresh = proof.replace("nc=00000001", "nc=00000002")
        assert "stale=true" not in bench.give(ask(call="late", frm="8001", extra=f"Authorization: {fresh}\r\n"))[-1], "a changed counter breaks the proof"

    bench_test(test)(tmp_path)


@bench_test
def test_a_trunk_that_asks_for_a_password_gets_it_once(bench: Bench) -> None:
    bench.do(cmd.Configure, trunks=(cmd.Trunk(name="t", proxy="sip:192.0.2.60", user="fawang", secret="s3", max_legs=1),))
    (invite,) = bench.do(cmd.Originate, leg_id="out", target="trunk:t/110", caller_id="12348")
    assert invite.startswith("INVITE sip:110@192.0.2.60 SIP/2.0")
    challenge = 'Proxy-Authenticate: Digest realm="ims", nonce="abc", algorithm=MD5, qop="auth"\r\n'
    ack, second = bench.give(reply(invite, 407, extra=challenge), Flow("udp", "192.0.2.60", 5060))
    assert ack.startswith("ACK ")
    given = dict(re.findall(r'(\w+)="?([^",]+)"?', header(second, "Proxy-Authorization")))
    assert given["username"] == "fawang"
    assert int(header(second, "CSeq").split()[0]) == int(header(invite, "CSeq").split()[0]) + 1

    def md5(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()

    key, call = md5("fawang:ims:s3"), md5("INVITE:sip:110@192.0.2.60")
    assert given["response"] == md5(f"{key}:abc:{given['nc']}:{given['cnonce']}:auth:{call}")
    with pytest.raises(Rejected) as full:
        bench.do(cmd.Originate, leg_id="two", target="trunk:t/120", caller_id="12348")
    assert full.value.reason == "full"
    bench.give(reply(second, 407, extra=challenge))
    (ended,) = bench.told(ev.LegEnded)
    assert (ended.cause, ended.code) == ("rejected", 407)


@bench_test
def test_a_trunk_that_does_not_answer_is_down_until_it_does(bench: Bench) -> None:
    bench.do(cmd.Configure, trunks=(cmd.Trunk(name="t", proxy="sip:192.0.2.60", keepalive_s=40),))
    (ping,) = bench.advance(0.2)
    assert ping.startswith("OPTIONS ")
    bench.give(reply(ping, 200))
    bench.advance(40)
    assert not bench.told(ev.TrunkState)
    bench.advance(33)
    assert [e.up for e in bench.told(ev.TrunkState)] == [False]
    with pytest.raises(Rejected) as refused:
        bench.do(cmd.Originate, leg_id="out", target="trunk:t/110", caller_id="12348")
    assert refused.value.reason == "unreachable"
    ping = bench.advance(8)[-1]
    bench.give(reply(ping, 404))
    assert [e.up for e in bench.told(ev.TrunkState)] == [False, True]


@bench_test
def test_a_trunk_registers_with_its_password_and_again_in_time(bench: Bench) -> None:
    bench.do(cmd.Configure, trunks=(cmd.Trunk(name="t", proxy="sip:192.0.2.60", user="u1", secret="s", register=True),))
    (first,) = bench.advance(0.2)
    assert first.startswith("REGISTER sip:192.0.2.60 ")
    (second,) = bench.give(reply(first, 401, extra='WWW-Authenticate: Digest realm="r", nonce="n", algorithm=SHA-256, qop="auth"\r\n'))
    assert 'username="u1"' in header(second, "Authorization")
    bench.give(reply(second, 200))
    assert [m.split(" ")[0] for m in bench.advance(240.1)] == ["REGISTER"]


@bench_test
def test_targets_that_lead_nowhere_are_refused_before_anything_is_sent(bench: Bench) -> None:
    for target, reason in (("trunk:none/110", "bad_value"), ("phone:nobody", "unreachable"), ("http://x", "bad_value"), ("sip:a b@h", "bad_value")):
        with pytest.raises(Rejected) as refused:
            bench.do(cmd.Originate, leg_id="out", target=target, caller_id="1")
        assert refused.value.reason == reason
    with pytest.raises(Rejected):
        bench.do(cmd.Originate, leg_id="out", target="sip:a@192.0.2.9", caller_id="1", headers=(("X-A", "b\r\nEvil: 1"),))
    assert bench.sent == []


@bench_test
def test_words_we_are_given_cannot_break_out_of_their_field(bench: Bench) -> None:
    (invite,) = bench.do(cmd.Originate, leg_id="out", target="sip:a@192.0.2.77", caller_id="1;x=<y>", caller_name='王"五\\', headers=(("X-Call", "单号 1"),))
    assert header(invite, "From").startswith('"王\\"五\\\\" <sip:1%3Bx=%3Cy%3E@')
    assert header(invite, "X-Call") == "单号 1"


def test_one_source_cannot_drown_the_others(tmp_path: Path) -> None:
    async def inside() -> None:
        bench = Bench(tmp_path, answer="", flood_free=(), flood_rate=10.0, flood_burst=20.0)
        flood, other = Flow("udp", "192.0.2.66", 5060), Flow("udp", "192.0.2.67", 5060)
        answered = sum(bool(bench.give(ask("OPTIONS", call=f"f{n}", body=""), flood)) for n in range(100))
        assert answered == 20
        assert bench.statuses(ask("OPTIONS", call="o", body=""), other) == [200]
        bench.timers.advance(1.0)
        assert sum(bool(bench.give(ask("OPTIONS", call=f"g{n}", body=""), flood)) for n in range(100)) == 10
        for _ in range(10):
            bench.timers.advance(1.0)
            for n in range(5):
                bench.give(b"rubbish %d\r\n\r\n" % n, other)
        assert bench.statuses(ask("OPTIONS", call="p", body=""), other) == [], "who sends rubbish is not heard for a while"
        bench.timers.advance(61)
        assert bench.statuses(ask("OPTIONS", call="q", body=""), other) == [200]
        assert HOME.host not in bench.engine.transactions.guard._sources
        bench.close()

    asyncio.run(inside())


# -- hold, keys, transfers in detail -----------------------------------------------------------------------------------------


@bench_test
def test_hold_in_all_its_spellings_is_answered_rightly(bench: Bench) -> None:
    leg, tag = standing(bench)
    versions = []
    for seq, (word, answer) in enumerate((("sendonly", "recvonly"), ("sendrecv", "sendrecv"), ("inactive", "inactive"), ("recvonly", "sendonly")), 2):
        (text,) = bench.give(ask(seq=seq, to_tag=tag, body=SDP + f"a={word}\r\n"))
        assert f"a={answer}\r\n" in text
        versions.append(int(re.search(r"^o=\S+ \d+ (\d+)", text, re.MULTILINE)[1]))  # type: ignore[index]
        bench.give(ask("ACK", seq=seq, to_tag=tag, body=""))
    assert versions == [2, 3, 4, 5]
    assert [e.on for e in bench.told(ev.LegHeld, leg_id=leg)] == [True, False, True, False]
    (text,) = bench.give(ask(seq=9, to_tag=tag, body=SDP.replace("c=IN IP4 192.0.2.77", "c=IN IP4 0.0.0.0")))
    assert "a=recvonly\r\n" in text
    bench.give(ask("ACK", seq=9, to_tag=tag, body=""))
    (text,) = bench.give(ask("UPDATE", seq=10, to_tag=tag, body=SDP))
    assert "a=sendrecv\r\n" in text
    assert bench.statuses(ask(seq=11, to_tag=tag, body=SDP.replace("8 101", "18"))) == [488]
    assert bench.core.legs[leg].held_by_far is False


@bench_test
def test_an_offer_with_video_is_answered_with_sound_alone(bench: Bench) -> None:
    leg = offered(bench, body=SDP.replace("m=audio", "m=video 5000 RTP/AVP 96\r\nm=audio"))
    (answer,) = bench.do(cmd.Answer, leg_id=leg)
    assert re.findall(r"^m=(\w+) (\d+)", answer, re.MULTILINE)[0] == ("video", "0")
    assert re.findall(r"^m=(\w+)", answer, re.MULTILINE) == ["video", "audio"]


@bench_test
def test_keys_by_info_count(bench: Bench) -> None:
    leg, tag = standing(bench)
    body = "Signal=5\r\nDuration=160\r\n"
    assert bench.statuses(ask("INFO", seq=2, to_tag=tag, body=body, extra="Content-Type: application/dtmf-relay\r\n")) == [200]
    assert [(e.digit, e.ms, e.method) for e in bench.told(ev.Digit, leg_id=leg)] == [("5", 160, "info")]
    assert bench.statuses(ask("INFO", seq=3, to_tag=tag, body="Signal=x", extra="Content-Type: application/dtmf-relay\r\n")) == [400]
    assert bench.statuses(ask("INFO", seq=4, to_tag=tag, body="?", extra="Content-Type: text/plain\r\n")) == [415]


@bench_test
def test_a_transfer_that_is_never_reported_on_ends_as_failed(bench: Bench) -> None:
    leg, _ = standing(bench)
    (refer,) = bench.do(cmd.TransferRefer, leg_id=leg, uri="sip:12345@192.0.2.5")
    bench.give(reply(refer, 202))
    bench.advance(61)
    (result,) = bench.told(ev.TransferResult)
    assert (result.ok, result.code) == (False, 408)


@bench_test
def test_a_caller_without_an_offer_gets_ours_and_answers_in_the_ack(bench: Bench) -> None:
    leg = offered(bench, body="")
    (answer,) = bench.do(cmd.Answer, leg_id=leg)
    assert re.search(r"^m=audio \d+ RTP/AVP 8 0 101\r$", answer, re.MULTILINE)
    tag = re.search(r"tag=([^;\s]+)", header(answer, "To"))
    bench.give(ask("ACK", to_tag=tag[1] if tag else "", body=SDP))
    assert bench.core.legs[leg].state == "answered"
    assert bench.engine.board.streams[leg].remote == ("192.0.2.77", 4000)


@bench_test
def test_hanging_up_before_the_ack_ends_the_call_when_the_ack_is_here(bench: Bench) -> None:
    leg = offered(bench)
    (answer,) = bench.do(cmd.Answer, leg_id=leg)
    assert bench.do(cmd.HangUp, leg_id=leg) == []
    tag = re.search(r"tag=([^;\s]+)", header(answer, "To"))
    assert starts(bench.give(ask("ACK", to_tag=tag[1] if tag else "", body=""))) == ["BYE"]
    assert len(bench.told(ev.LegEnded)) == 1
    assert not bench.told(ev.LegAnswered)
