"""A telephone exchange beside the running house: scripted lines under the product's own controller.

``python -m tests.browser.exchange`` furnishes two seats with desk phones that answer by themselves, then takes orders on standard
input, one a line: ``call NUMBER`` rings 12348 and stays on the line, ``leave NUMBER`` rings and gives up, ``check TICKET`` has a ticket
checked for quality. It ends with its input.
"""

from __future__ import annotations

import asyncio
import sys
import uuid
from typing import Any

ENGINE, POOL = "exchange", "hefei"
SEATS = ("9001", "9002")
EDITION: dict[str, Any] = {
    "numbers": [{"did": "12348", "to": "queue:general"}],
    "queues": {"general": {"name": ["综合法律服务", "General legal services"], "pools": [{"pool": POOL}], "longest_wait": 900}},
    "hours": {"day": {day: ["00:00-24:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}},
    "partners": {
        "12345": {"name": ["12345热线", "12345 hotline"], "target": "trunk:main/12345"},
        "110": {"name": ["公安110", "Police"], "target": "trunk:main/110", "emergency": True},
    },
    "dialling": [{"pattern": "1[3-9][0-9]{9}", "roles": ["seat"]}],
    "dial_by": "trunk:main/",
}


def furnish() -> None:
    """Two seats in the demonstration's pool, and an edition of the configuration that is open at every hour."""
    from fawang.hotline import configurations
    from fawang.hotline.models import Seat, SeatPool
    from fawang.people.actors import SYSTEM

    pool = SeatPool.objects.get(code=POOL)
    for number in SEATS:
        Seat.objects.get_or_create(number=number, defaults={"pool": pool, "kind": "phone", "demo": True})
    edition = configurations.draft(actor=SYSTEM, document=EDITION, note="浏览器测试", demo=True)
    configurations.simulate(actor=SYSTEM, version_id=edition.pk)
    configurations.let_live(actor=SYSTEM, version_id=edition.pk)


def have_checked(ticket: str) -> None:
    """Put a ticket before the checkers."""
    from fawang.hotline.quality import ask_for
    from fawang.kernel.context import acting
    from fawang.people.actors import SYSTEM

    with acting(door="system"):
        ask_for(actor=SYSTEM, ticket_id=uuid.UUID(ticket))


async def serve() -> None:
    """Control the lines until the input ends."""
    from fawang.hotline.controller import Controller
    from fawang.hotline.engines.fake import Dialled, FakeEngine

    engine = FakeEngine(ENGINE)
    engine.expect("phone:", Dialled(ring_s=0.2, answer_s=0.5))
    controller = Controller(engine)
    running = asyncio.create_task(controller.run())
    print("ready", flush=True)
    while order := await asyncio.to_thread(sys.stdin.readline):
        verb, what = order.split()
        if verb == "check":
            await asyncio.to_thread(have_checked, what)
        else:
            party = engine.call("12348", what)
            if verb == "leave":
                await asyncio.sleep(6)
                party.hang_up()
        print("done", flush=True)
    controller.stop()
    await running


def main() -> None:
    """Furnish, then serve."""
    from fawang.console.setup import ready

    ready()
    from fawang.kernel.context import acting

    with acting(door="system"):
        furnish()
    asyncio.run(serve())


if __name__ == "__main__":
    main()
