"""The hotline's part of the world: a finished call with its ticket and recording, and a complaint about a seat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from fawang.hotline import seats
from fawang.hotline.models import CallTicket, Recording
from fawang.kernel.context import acting
from fawang.people.models import Staff
from tests import factories
from tests.hotline.world import World as Hotline
from tests.hotline.world import staff_of


@dataclass(frozen=True, slots=True)
class Line:
    """What the hotline left behind, and who was there."""

    ticket: CallTicket
    about: CallTicket
    recording: Recording
    recording_about: Recording
    staff: dict[str, Staff]


def connect(move: Callable[[timedelta], None], folder: Path) -> Line:
    """A caller asks a seat; later he complains to another seat about the first one. Supervisor and checker of the same platform."""
    with acting(door="hotline"):
        line = Hotline(move, folder)
        author, second = line.agent("接听甲"), line.agent("接听乙", ready=False)
        asked, _ = line.connected(author, "13900000071")
        line.wait(20)
        asked.hang_up()
        line.pump()
        line.store()
        ticket = line.ticket(asked)
        seats.set_not_ready(actor=author, reason="break")
        seats.set_ready(actor=second)
        line.pump()
        complaining, _ = line.connected(second, "13900000072")
        complaining.hang_up()
        line.pump()
        line.store()
        about = line.ticket(complaining)
        CallTicket.objects.filter(pk=about.pk).update(about_staff_id=author.account)
        about.refresh_from_db()
    boss = factories.staff("热线班长", "hotline_supervisor", "seat", at=line.platform)
    checker = factories.staff("热线质检", "quality_checker", "seat", at=line.platform)
    other = factories.staff("接听丙", "seat", at=line.platform)
    cast = {"call_author": staff_of(author), "call_second": staff_of(second), "call_other": other, "call_boss": boss, "call_checker": checker}
    return Line(ticket, about, Recording.objects.get(call=ticket.call), Recording.objects.get(call=about.call), cast)
