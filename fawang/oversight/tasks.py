"""Oversight reads events: lateness raises supervision orders."""

from __future__ import annotations

from django.db import transaction

from fawang.kernel.events import consume
from fawang.kernel.work import Task
from fawang.matters.models import Matter
from fawang.oversight import hotline
from fawang.oversight.services import raise_order

UNSUPERVISED = {"supervision_order"}
"""An order that is late escalates by itself; it does not raise an order about an order."""


def supervise_lateness(batch: int = 200) -> int:
    """Raise an order for every red or overdue light in the ledger since last time, in the cursor's transaction."""
    done = 0
    with transaction.atomic():
        for _, event in consume("oversight.lateness", batch):
            done += 1
            if event.kind != "matter.clock_lit" or event.payload["light"] not in {"red", "overdue"}:
                continue
            if event.payload["process"] in UNSUPERVISED:
                continue
            matter = Matter.objects.select_for_update(of=("self",)).filter(pk=event.stream, is_open=True).first()
            if matter is not None:
                raise_order(matter=matter, cause=f"{event.payload['light']}:{event.payload['rule']}")
    return done


def rate_calls(batch: int = 200) -> int:
    """A key pressed after a call is the rating of the matter the call became, as soon as both are there; one that cannot be rated yet is called back."""
    done = 0
    with transaction.atomic():
        for _, event in consume("oversight.calls", batch):
            done += 1
            if event.kind in ("hotline.call_rated", "hotline.ticket_closed"):
                hotline.rate_call(event.payload["call"])
    return done


TASKS = (
    Task("oversight.lateness", supervise_lateness, every=1.0),
    Task("oversight.calls", rate_calls, every=1.0),
)
