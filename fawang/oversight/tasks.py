"""Oversight reads events: lateness raises supervision orders."""

from __future__ import annotations

from django.db import transaction

from fawang.kernel.events import consume
from fawang.kernel.work import Task
from fawang.matters.models import Matter
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


TASKS = (Task("oversight.lateness", supervise_lateness, every=1.0),)
