"""``fawang hotline``: control the engine, look at the hotline, speak its prompts, scripted seats and callers."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import re
import signal
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any

from fawang.console.halt import Halt
from fawang.console.setup import ready

HELP = "the 12348 hotline: run, gateway, status, calls, prompts, asterisk-config, kamailio-config, demo-seat, demo-call"
SPAN = re.compile(r"([0-9]+)\s*([smhd])")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """One word says what to do."""
    acts = parser.add_subparsers(dest="act", required=True)
    acts.add_parser("run", help="control the engine of this host (started by `up`)")
    acts.add_parser("gateway", help="the voice of browser seats (started by `up`)")
    status = acts.add_parser("status", help="queues, seats and calls now")
    status.add_argument("--json", action="store_true")
    calls = acts.add_parser("calls", help="calls with how each ended")
    calls.add_argument("--json", action="store_true")
    calls.add_argument("--since", default="1d", help="a moment (2026-03-02T09:00) or how long ago (90s, 15m, 2h, 1d)")
    prompts = acts.add_parser("prompts", help="speak the wordings that have no sound yet, and list all")
    prompts.add_argument("--json", action="store_true")
    asterisk = acts.add_parser("asterisk-config", help="write the files of an Asterisk that carries the hotline")
    asterisk.add_argument("folder", help="where to (Asterisk reads them from /etc/asterisk)")
    edge = acts.add_parser("kamailio-config", help="write the files of a Kamailio pair in front of several engine nodes")
    edge.add_argument("folder", help="where to (Kamailio is started with -f FOLDER/kamailio.cfg)")
    edge.add_argument("--listen", required=True, help="address:port the pair shares")
    edge.add_argument("--node", action="append", required=True, help="address:port of an engine; once each")
    edge.add_argument("--carrier", action="append", default=[], help="address:port calls of the engines go to; once each")
    edge.add_argument("--source", action="append", default=[], help="a network calls come from, beside those of the live trunks; once each")
    edge.add_argument("--interface", default="eth0", help="where the shared address lies")
    seats = acts.add_parser("demo-seat", help="scripted seats that answer, talk and wrap up, until Ctrl-C")
    seats.add_argument("--number", type=int, default=1)
    seats.add_argument("--ring", type=float, default=1.0, help="seconds")
    seats.add_argument("--talk", type=float, default=20.0, help="seconds")
    seats.add_argument("--wrap-up", type=float, default=3.0, help="seconds")
    call = acts.add_parser("demo-call", help="a scripted caller dials, asks, rates")
    call.add_argument("--number", default="12348", help="what it dials")
    call.add_argument("--longest", type=float, default=180.0, help="seconds")


def run(options: argparse.Namespace) -> int:
    """Do it. What runs for ever also begins while the database is away."""
    ready(asked=options.act not in {"run", "gateway"})
    return int(ACTS[options.act](options) or 0)


def _run(options: argparse.Namespace) -> int:
    from fawang.hotline.station import control

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s hotline %(levelname)s %(message)s")
    return _until_told(control)


def _gateway(options: argparse.Namespace) -> int:
    from pathlib import Path

    from django.conf import settings

    from fawang.hotline.gateway.serve import run as serve
    from fawang.hotline.gateway.settings import settings_from_environment

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s seats %(levelname)s %(message)s")
    try:
        serve(settings_from_environment(Path(settings.STATE_DIR)))
    except (OSError, ValueError) as error:
        raise Halt(f"坐席语音网关无法启动 / The seat gateway cannot start: {error}") from error
    return 0


def _status(options: argparse.Namespace) -> int:
    from fawang.hotline.operation import status

    found = status()
    if options.json:
        print(json.dumps(found, ensure_ascii=False))
        return 0
    for engine in found["engines"]:
        print(f"引擎 engine {engine['id']}: {engine['state']} · {engine['controller'] or '无控制进程 no controller'}")
    for queue in found["queues"]:
        print(f"队列 queue {queue['code']} {queue['name'][0]}: 等待 waiting {queue['waiting']}（{queue['longest_wait_s']} s），通话 talking {queue['talking']}")
    for seat in found["seats"]:
        print(f"坐席 seat {seat['number']} {seat['pool']} {seat['kind']}: {seat['state']} {seat['reason']} {seat['agent']}".rstrip())
    for call in found["calls"]:
        print(f"通话 call {call['id']}: {call['state']} {call['queue']} {call['arrived_at']} {call['agent']}".rstrip())
    return 0


def _calls(options: argparse.Namespace) -> int:
    from fawang.hotline.operation import calls_since

    found = calls_since(moment(options.since))
    if options.json:
        print(json.dumps(found, ensure_ascii=False))
        return 0
    for call in found:
        print(f"{call['arrived_at']} {call['id']} {call['did']} {call['state']} {call['end_cause'] or '-'} {call['agent']}".rstrip())
    print(f"{len(found)} 个来电 / calls")
    return 0


def _prompts(options: argparse.Namespace) -> int:
    from fawang.hotline import speech
    from fawang.hotline.models import Prompt
    from fawang.people.actors import SYSTEM

    made = speech.speak_missing(actor=SYSTEM)
    rows = list(Prompt.objects.filter(in_use=True).order_by("code", "language"))
    if options.json:
        print(json.dumps([{"code": p.code, "language": p.language, "version": p.version, "source": p.source, "ms": p.ms} for p in rows]))
        return 0
    for row in rows:
        print(f"{row.code} {row.language} v{row.version} {row.source} {row.ms} ms")
    if not speech.has_voice():
        raise Halt("未安装 espeak-ng，没有声音的提示用单音代替 / espeak-ng is not installed: prompts without sound are tones.")
    print(f"新生成 {made} 条，共 {len(rows)} 条 / spoken {made}, in use {len(rows)}")
    return 0


def _asterisk_config(options: argparse.Namespace) -> int:
    from pathlib import Path

    from fawang.hotline.engines.asterisk import config
    from fawang.hotline.station import asterisk_files, asterisk_settings

    try:
        changed = config.write(Path(options.folder), asterisk_files())
    except (config.Unfit, OSError) as error:
        raise Halt(f"无法写出 Asterisk 的配置 / The files of Asterisk cannot be written: {error}") from error
    for name in changed:
        print(f"{options.folder}/{name}")
    print(
        f"改动 {len(changed)} 个文件 / {len(changed)} files changed. {asterisk_settings().shared}: 提示音、录音由 Asterisk 读写 / prompts and sound, read and written by Asterisk."
    )
    return 0


def _kamailio_config(options: argparse.Namespace) -> int:
    from pathlib import Path

    from fawang.hotline.configurations import live_document
    from fawang.hotline.engines import edge
    from fawang.hotline.engines.asterisk.config import write

    document = live_document()
    sources = [source for trunk in (document.trunks if document else ()) for source in trunk.sources] + options.source
    asked = edge.Edge(
        listen=options.listen, nodes=tuple(options.node), carriers=tuple(options.carrier), sources=tuple(sources), interface=options.interface
    )  # fmt: skip
    try:
        changed = write(Path(options.folder), edge.render(asked, Path(options.folder)))
    except (edge.Unfit, OSError) as error:
        raise Halt(f"无法写出 Kamailio 的配置 / The files of Kamailio cannot be written: {error}") from error
    for name in changed:
        print(f"{options.folder}/{name}")
    print(f"改动 {len(changed)} 个文件 / {len(changed)} files changed.")
    return 0


def _demo_seat(options: argparse.Namespace) -> int:
    from fawang.hotline.scripted import seats

    _demo_only()
    if not 1 <= options.number <= seats.MOST:
        raise Halt(f"--number 须在 1 到 {seats.MOST} 之间 / between 1 and {seats.MOST}.")
    script = seats.Script(ring_s=options.ring, talk_s=options.talk, wrap_s=options.wrap_up)
    return _until_told(lambda stopping: _sit(options.number, script, stopping))


async def _sit(number: int, script: Any, stopping: asyncio.Event) -> int:
    from fawang.hotline.scripted.exchange import Exchange
    from fawang.hotline.scripted.seats import Seats, prepare
    from fawang.hotline.station import engine, listening

    people = await asyncio.to_thread(prepare, number)
    client = engine()
    async with Exchange(*listening()) as exchange:
        seats = Seats(exchange, client, people, script)
        working = asyncio.create_task(seats.run(stopping))
        signed_on = asyncio.create_task(seats.ready.wait())
        await asyncio.wait({working, signed_on}, return_when=asyncio.FIRST_COMPLETED)
        if seats.ready.is_set():
            print(f"{number} 个模拟坐席就绪 / scripted seats are ready. Ctrl-C 停止", flush=True)
        await working
        signed_on.cancel()
    await client.close()
    print(f"接听 {seats.answered} 次 / answered {seats.answered} calls.", flush=True)
    return 0


def _demo_call(options: argparse.Namespace) -> int:
    _demo_only()

    async def call(stopping: asyncio.Event) -> int:
        from fawang.hotline.scripted.caller import place_call
        from fawang.hotline.scripted.exchange import Exchange
        from fawang.hotline.station import listening

        async with Exchange(*listening()) as exchange:
            calling = asyncio.create_task(
                place_call(exchange, number=options.number, longest_s=options.longest, tell=lambda words: print(f"  {words}", flush=True))
            )
            told = asyncio.create_task(stopping.wait())
            await asyncio.wait({calling, told}, return_when=asyncio.FIRST_COMPLETED)
            told.cancel()
            if not calling.done():
                calling.cancel()
                return 1
            outcome = calling.result()
        print(f"{outcome.call_ref} {'接通 answered' if outcome.answered else '未接通 not answered'} {outcome.cause}", flush=True)
        return 0 if outcome.answered else 1

    return _until_told(call)


def _demo_only() -> None:
    from django.conf import settings

    if not settings.DEMO:
        raise Halt("仅演示环境可用 / Only in a demonstration (FAWANG_DEMO is 0).")


def _until_told(work: Any) -> int:
    """Run a coroutine function that takes the event set by SIGTERM or SIGINT."""

    async def inside() -> int:
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        made: Coroutine[Any, Any, int] = work(stopping)
        return await made

    return asyncio.run(inside())


def moment(text: str) -> datetime:
    """A moment of ISO 8601 (Beijing time without an offset), or so long ago. Raises ``Halt``."""
    from fawang.kernel import clock

    if found := SPAN.fullmatch(text.strip()):
        return clock.now() - timedelta(**{UNITS[found[2]]: int(found[1])})
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Halt(f"看不懂的时间 / Not a moment: {text}") from None
    return at if at.tzinfo else at.replace(tzinfo=clock.BEIJING)


ACTS = {
    "run": _run, "gateway": _gateway, "status": _status, "calls": _calls, "prompts": _prompts, "asterisk-config": _asterisk_config, "kamailio-config": _kamailio_config,
    "demo-seat": _demo_seat, "demo-call": _demo_call,
}  # fmt: skip
