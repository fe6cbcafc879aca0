"""Giving out what nobody claimed: after the claim window the best-placed adviser gets it by rule."""

from __future__ import annotations

import logging
import tomllib
import uuid
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

from django.db import DatabaseError, transaction
from django.db.models import F

from fawang.kernel import clock
from fawang.kernel.context import acting
from fawang.matters.allocation import assign_automatically
from fawang.matters.models import Matter
from fawang.matters.processes import all_processes
from fawang.regions.codes import prefix_of, scope_contains

log = logging.getLogger("fawang.dispatching")
_tried: dict[uuid.UUID, datetime] = {}


@cache
def _rules() -> list[dict[str, object]]:
    with (Path(__file__).parent / "rules" / "dispatch.toml").open("rb") as file:
        return list(tomllib.load(file)["rule"])


def windows(process: str, region: str, on: date) -> tuple[timedelta, timedelta]:
    """How long one may claim, and how soon a matter nobody fits is tried again. The nearest rule in force wins."""
    fitting = [
        r for r in _rules()
        if r["process"] in {"*", process} and scope_contains(str(r["region"]), region) and str(r["from"]) <= on.isoformat()
    ]  # fmt: skip
    best = max(fitting, key=lambda r: (r["process"] != "*", len(prefix_of(str(r["region"]))), str(r["from"])))
    return timedelta(minutes=int(str(best["claim_minutes"]))), timedelta(minutes=int(str(best["retry_minutes"])))


def allocate_waiting(batch: int = 20) -> int:
    """Assign matters that stand unclaimed past their window, most urgent first; returns how many got somebody."""
    now = clock.now()
    pooled = sorted({p.code for p in all_processes() if p.pooled})
    waiting = Matter.objects.filter(is_open=True, assignee=None, lead=None, process_code__in=pooled).order_by(F("next_due_at").asc(nulls_last=True))
    for matter_id in [m for m, at in _tried.items() if now - at > timedelta(days=1)]:
        del _tried[matter_id]
    given = attempts = 0
    with acting(door="system"):
        for matter_id, process, region, opened in list(waiting.values_list("pk", "process_code", "region_code", "opened_at")):
            claim, retry = windows(process, region, clock.beijing_date(now))
            if opened + claim > now or now - _tried.get(matter_id, opened - retry) < retry:
                continue
            _tried[matter_id], attempts = now, attempts + 1
            try:
                given += _give(matter_id)
            except DatabaseError:
                raise  # the connection is gone, not the matter
            except Exception:
                log.exception("matter %s could not be given out", matter_id)  # one that cannot be given out holds up no other
            if given >= batch or attempts >= batch * 10:
                break
    return given


def _give(matter_id: uuid.UUID) -> int:
    with transaction.atomic():
        matter = Matter.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=matter_id, is_open=True, assignee=None).first()
        if matter is None or assign_automatically(matter) is None:
            return 0
        matter.version += 1
        matter.save()
    return 1
