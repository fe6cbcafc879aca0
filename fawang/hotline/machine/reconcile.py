"""After any break: what the engine has and what the rows say are made one. Nobody is left on either side alone.

Called when every event up to the snapshot has been dealt with (or is known to be lost), so that what is missing is missing for good.
No state is inferred from an event that did not come.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from fawang.hotline import outbox, raw, recordings
from fawang.hotline.engines import commands as do
from fawang.hotline.engines import events as ev
from fawang.hotline.engines.port import LegView, Snapshot
from fawang.hotline.machine import arrival, closing, dispatch, ending
from fawang.hotline.machine.turn import Turn, turn
from fawang.hotline.models import Call, CallLeg, EngineCommand, EngineNode
from fawang.kernel import clock

log = logging.getLogger("fawang.hotline")
LOST = ev.LegEnded(engine_id="", boot_id="", seq=0, at="", leg_id="", cause="engine_lost", side="engine")


@dataclass(slots=True)
class Found:
    """What a reconciliation did."""

    lost: int = 0
    adopted: int = 0
    let_go: int = 0
    caught_up: int = 0


def reconcile(snapshot: Snapshot, *, holder: str | None = None) -> Found:
    """Make rows and engine one. Own transactions, one a call; raises ``LeaseLost``."""
    found = Found()
    with transaction.atomic():
        node = dispatch.node_of(snapshot.engine_id, holder)
        seen = node.seen_at
    alive = {leg.leg_id: leg for leg in snapshot.legs}
    unsent = _unsent(snapshot.engine_id)
    for call_id in list(Call.objects.filter(engine_id=snapshot.engine_id).exclude(state="ended").values_list("pk", flat=True)):
        _one_call(call_id, alive, unsent, snapshot, found, seen)
    _strangers(snapshot, alive, unsent, found)
    recordings.orphans(snapshot.engine_id, {r.rec_id for r in snapshot.recordings}, raw.moment(snapshot.at))
    EngineNode.objects.filter(pk=snapshot.engine_id).update(reconciled_at=clock.now(), seen_at=clock.now(), state="up")
    if found.lost or found.adopted or found.let_go or found.caught_up:
        log.warning("engine %s reconciled: %s", snapshot.engine_id, found)
    return found


def _unsent(engine_id: str) -> set[str]:
    """Legs the engine has not been told of yet: that it does not know them means nothing."""
    return set(EngineCommand.objects.filter(engine_id=engine_id, state="pending", kind="Originate").values_list("leg_id", flat=True))


def _one_call(call_id: UUID, alive: dict[str, LegView], unsent: set[str], snapshot: Snapshot, found: Found, seen: datetime | None) -> None:
    with turn(call_id) as here:
        if here is None or here.call.state == "ended":
            return
        for leg in list(here.call.legs.exclude(state="ended").order_by("created_at")):
            view = alive.get(leg.leg_id)
            if view is None:
                if leg.leg_id in unsent or here.call.state == "ended":
                    continue
                if seen is not None and seen < here.at:
                    here.at = max(seen, here.call.state_since)
                found.lost += 1
                _lose(here, leg)
            elif view.state == "answered" and leg.state != "answered":
                found.caught_up += 1
                dispatch.leg_answered(here, leg, ev.LegAnswered(engine_id="", boot_id="", seq=0, at="", leg_id=leg.leg_id))
            elif view.state == "alerting" and leg.state == "new":
                dispatch.leg_ringing(here, leg, ev.LegRinging(engine_id="", boot_id="", seq=0, at="", leg_id=leg.leg_id))
        _bridge_again(here, snapshot)


def _lose(here: Turn, leg: CallLeg) -> None:
    dispatch.leg_ended(here, leg, LOST)


def _bridge_again(here: Turn, snapshot: Snapshot) -> None:
    """Citizen and agent both live and should hear each other, but the bridge is gone: make it anew."""
    call = here.call
    if call.state != "talking" or call.talk in ("partner", "transferring") or not call.bridge_id or snapshot.bridge(call.bridge_id) is not None:
        return
    if EngineCommand.objects.filter(call=call, state="pending", kind="Bridge").exists():
        return
    legs = [v for v in (snapshot.leg(call.leg_id), snapshot.leg(call.agent_leg)) if v is not None and v.state == "answered"]
    if len(legs) == 2:
        call.bridge_id = outbox.new_id("b")
        here.order(do.Bridge(command_id="", bridge_id=call.bridge_id, leg_ids=(call.leg_id, call.agent_leg)))


def _strangers(snapshot: Snapshot, alive: dict[str, LegView], unsent: set[str], found: Found) -> None:
    """Legs of the engine that no row knows, or whose call is over."""
    known = {leg.leg_id: leg for leg in CallLeg.objects.filter(engine_id=snapshot.engine_id, leg_id__in=list(alive)).select_related("call")}
    for leg_id, view in alive.items():
        row = known.get(leg_id)
        if row is None and view.direction == "in":
            found.adopted += 1
            _adopt(snapshot, view)
        elif row is None or row.call.state == "ended":
            found.let_go += 1
            with transaction.atomic():
                outbox.enqueue(snapshot.engine_id, do.HangUp(command_id="", leg_id=leg_id), row.call if row else None)


def _adopt(snapshot: Snapshot, view: LegView) -> None:
    """A call whose arrival we never heard of gets its row now; one the engine answered by itself hears an apology."""
    offer = ev.LegOffered(
        engine_id=snapshot.engine_id, boot_id=snapshot.boot_id, seq=0, at=view.started_at or snapshot.at, leg_id=view.leg_id, call_ref=view.call_ref,
        to_number=view.to_number, from_number=view.from_number, trunk=view.trunk,
    )  # fmt: skip
    with transaction.atomic():
        call = arrival.offered(offer)
    if view.state == "answered":
        with turn(call.pk) as here:
            if here is not None and here.call.state == "arriving":
                CallLeg.objects.filter(call=call, leg_id=view.leg_id).update(state="answered", answered_at=here.now)
                here.call.answered_at = here.now
                closing.farewell(here, ["apology", "goodbye"], cause="error")


def engine_gone(engine_id: str) -> int:
    """The engine is away for good: its calls end as lost at its last sign of life, its agents are free, the citizens will be called back."""
    node = EngineNode.objects.get(pk=engine_id)
    EngineNode.objects.filter(pk=engine_id).update(state="lost")
    done = 0
    for call_id in list(Call.objects.filter(engine_id=engine_id).exclude(state="ended").values_list("pk", flat=True)):
        with turn(call_id) as here:
            if here is None or here.call.state == "ended":
                continue
            if node.seen_at is not None and node.seen_at < here.at:
                here.at = max(node.seen_at, here.call.state_since)
            ending.end(here, "engine_lost", side="engine")
            for leg in here.call.legs.exclude(state="ended"):
                ending.mark_leg_ended(leg, at=here.at, cause="engine_lost", side="engine")
            done += 1
    return done


SILENT_S = 120
"""Neither engine nor controller was heard of for so long: their calls are lost, whoever comes back."""


def watch() -> int:
    """The worker's look at engines nobody controls any more."""
    edge = clock.now() - timedelta(seconds=SILENT_S)
    gone = EngineNode.objects.filter(state__in=("up", "down"), seen_at__lte=edge, lease_until__lte=edge)
    return sum(engine_gone(pk) for pk in list(gone.values_list("pk", flat=True)))
