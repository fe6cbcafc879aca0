"""Editions of the configuration: drafted, walked through, let live by somebody else; what is fixed never changes."""

from __future__ import annotations

import functools
import json
import uuid
from typing import Any

from django.db import transaction

from fawang.hotline import simulator
from fawang.hotline.configuration import BadDocument, Document, parse
from fawang.hotline.models import ConfigVersion, SeatPool
from fawang.kernel import clock, crypto, events
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.policy import require
from fawang.kernel.work import tell_live
from fawang.people.actors import Actor


@functools.lru_cache(maxsize=8)
def _parsed(pk: uuid.UUID) -> Document:
    return parse(ConfigVersion.objects.get(pk=pk).document)


def live_document() -> Document | None:
    """The document in force, or ``None`` before the first. One query; the parsed form is kept."""
    pk = ConfigVersion.objects.filter(state="live").values_list("pk", flat=True).first()
    return _parsed(pk) if pk else None


def digest_of(document: dict[str, Any]) -> str:
    """Digest of a document's canonical form."""
    return crypto.text_digest(json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":")))


def _sound(document: dict[str, Any]) -> Document:
    """The parsed document. Raises ``Refusal`` ``hotline.config_faults``, ``hotline.config_pools``; ``fields`` holds each fault by its place."""
    try:
        parsed = parse(document)
    except BadDocument as bad:
        fields = {place: Refusal("hotline.config_fault", field=place, words=words) for place, words in bad.faults}
        raise Refusal("hotline.config_faults", fields=fields, faults="；".join(f"{place}：{words}" for place, words in bad.faults)) from None
    named = {use.pool for queue in parsed.queues.values() for use in queue.pools}
    if missing := named - set(SeatPool.objects.filter(code__in=named).values_list("code", flat=True)):
        uses = ((f"queues.{code}.pools.{n}.pool", use.pool) for code, queue in parsed.queues.items() for n, use in enumerate(queue.pools))
        fields = {place: Refusal("hotline.config_pools", field=place, pools=pool) for place, pool in uses if pool in missing}
        raise Refusal("hotline.config_pools", fields=fields, pools="、".join(sorted(missing)))
    return parsed


def draft(*, actor: Actor, document: dict[str, Any], note: str = "", demo: bool = False) -> ConfigVersion:
    """A new draft. Raises ``Forbidden`` and what makes the document unsound."""
    require("hotline.plan", actor)
    _sound(document)
    with transaction.atomic():
        last = ConfigVersion.objects.select_for_update().order_by("-number").first()
        row = ConfigVersion.objects.create(
            number=last.number + 1 if last else 1, document=document, note=note[:200], created_by=actor.staff(), created_at=clock.now(), demo=demo
        )
        events.record(kind="hotline.config_drafted", stream=row.pk, payload={"version": str(row.pk), "number": row.number, "digest": digest_of(document)})
    return row


def revise(*, actor: Actor, version_id: uuid.UUID, document: dict[str, Any], note: str = "") -> ConfigVersion:
    """Change a draft; its simulation, if any, is void. Raises ``Refusal('hotline.config_fixed')`` for anything but a draft."""
    require("hotline.plan", actor)
    _sound(document)
    with transaction.atomic():
        row = _locked(version_id)
        if row.state not in ("draft", "simulated"):
            raise Refusal("hotline.config_fixed", status=409)
        ConfigVersion.objects.filter(pk=row.pk).update(state="draft", digest="", simulation=[], simulated_at=None)
        ConfigVersion.objects.filter(pk=row.pk).update(document=document, note=note[:200] or row.note)
        row.refresh_from_db()
        events.record(kind="hotline.config_drafted", stream=row.pk, payload={"version": str(row.pk), "number": row.number, "digest": digest_of(document)})
    return row


def _locked(version_id: uuid.UUID) -> ConfigVersion:
    row = ConfigVersion.objects.select_for_update(of=("self",)).filter(pk=version_id).first()
    if row is None:
        raise Absent
    return row


def simulate(*, actor: Actor, version_id: uuid.UUID, scenarios: list[simulator.Scenario] | None = None) -> ConfigVersion:
    """Walk calls through a draft: the standing scenarios and those given. The walks are kept with it; from now on it does not change unseen.

    Raises ``Refusal('hotline.config_dead')`` naming a walk that does not come to an end.
    """
    require("hotline.plan", actor)
    with transaction.atomic():
        row = _locked(version_id)
        if row.state not in ("draft", "simulated"):
            raise Refusal("hotline.config_fixed", status=409)
        parsed = _sound(row.document)
        walks = [simulator.walk(parsed, s) for s in [*simulator.standing(parsed, clock.now()), *(scenarios or [])]]
        dead = [w for w in walks if not w.ended]
        if dead:
            raise Refusal("hotline.config_dead", walk=dead[0].scenario.name.zh, status=409)
        row.state, row.digest, row.simulated_at = "simulated", digest_of(row.document), clock.now()
        row.simulation = [w.as_data() for w in walks]
        row.save()
        events.record(
            kind="hotline.config_simulated", stream=row.pk,
            payload={"version": str(row.pk), "number": row.number, "digest": row.digest, "walks": len(walks)},
        )  # fmt: skip
    return row


def let_live(*, actor: Actor, version_id: uuid.UUID) -> ConfigVersion:
    """Let a simulated edition go live, by somebody else than its author; the one before is retired. Calls under way keep theirs.

    Raises ``Refusal`` ``hotline.config_stale``, ``hotline.config_self``.
    """
    require("hotline.let_live", actor)
    with transaction.atomic():
        row = _locked(version_id)
        if row.state != "simulated" or row.digest != digest_of(row.document):
            raise Refusal("hotline.config_stale", status=409)
        if actor.kind == "staff" and row.created_by_id == actor.staff_id:
            raise Refusal("hotline.config_self", status=409)
        _sound(row.document)
        before = ConfigVersion.objects.select_for_update(of=("self",)).filter(state="live").first()
        if before is not None:
            before.state, before.retired_at = "retired", clock.now()
            before.save(update_fields=["state", "retired_at"])
        row.state, row.live_by, row.live_at = "live", actor.staff(), clock.now()
        row.save(update_fields=["state", "live_by", "live_at"])
        events.record(
            kind="hotline.config_live", stream=row.pk,
            payload={"version": str(row.pk), "number": row.number, "digest": row.digest, "before": str(before.pk) if before else ""},
        )  # fmt: skip
        tell_live(["hotline"], "config", str(row.pk))
    return row
