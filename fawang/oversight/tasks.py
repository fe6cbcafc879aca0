"""Oversight reads events: lateness raises supervision orders."""

from __future__ import annotations

from fawang.kernel.events import deliver
from fawang.kernel.models import Event
from fawang.kernel.work import Task
from fawang.matters.models import Matter
from fawang.oversight import hotline
from fawang.oversight.services import raise_order

UNSUPERVISED = {"supervision_order"}
"""An order that is late escalates by itself; it does not raise an order about an order."""


def supervise_lateness(batch: int = 200) -> int:
    """Raise an order for every red or overdue light in the ledger since last time."""
    return deliver("oversight.lateness", _supervise, batch)


def _supervise(event: Event) -> None:
    if event.kind != "matter.clock_lit" or event.payload["light"] not in {"red", "overdue"} or event.payload["process"] in UNSUPERVISED:
        return
    matter = Matter.objects.select_for_update(of=("self",)).filter(pk=event.stream, is_open=True).first()
    if matter is not None:
        raise_order(matter=matter, cause=f"{event.payload['light']}:{event.payload['rule']}")


def rate_calls(batch: int = 200) -> int:
    """A key pressed after a call is the rating of the matter the call became, as soon as both are there; one that cannot be rated yet is called back."""
    return deliver("oversight.calls", _rate_call, batch)


def _rate_call(event: Event) -> None:
    if event.kind in ("hotline.call_rated", "hotline.ticket_closed"):
        hotline.rate_call(event.payload["call"])


TASKS = (
    Task("oversight.lateness", supervise_lateness, every=1.0),
    Task("oversight.calls", rate_calls, every=1.0),
)
