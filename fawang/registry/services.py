"""Changing the register: organisations, sites, practitioners. Every change is an event; lost updates are refused."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import IntegrityError, connection, transaction

from fawang.kernel import events
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.folding import fold_name, pinyin_key
from fawang.kernel.freshness import changing
from fawang.kernel.policy import require
from fawang.kernel.text_safety import ValueProblem, check_text
from fawang.people.actors import Actor
from fawang.regions.selectors import division_exists
from fawang.registry.hours import check_hours
from fawang.registry.kinds import KINDS
from fawang.registry.models import Organisation, Practitioner, ServiceSite
from fawang.registry.tree import descendant_ids, forget_tree
from fawang.registry.validators import parse_licence, parse_uscc

_LONGEST = {"short_name": 60, "phone": 40, "address": 300, "state": 10}
_CHINA = (73.0, 136.0, 3.0, 54.0)


def _bad(field: str, code: str, **params: Any) -> Refusal:
    return Refusal("form.invalid", fields={field: Refusal(code, field=field, **params)})


def _check(field: str, check: Any) -> Any:
    try:
        return check()
    except ValueProblem as problem:
        raise _bad(field, problem.code, **problem.params) from None


def _name(text: str, limit: int = 200) -> dict[str, str]:
    if not text.strip():
        raise _bad("name", "field.required")
    _check("name", lambda: check_text(text, max_length=limit, single_line=True))
    folded = fold_name(text)
    if len(folded) > limit:  # one sign may stand for a whole sentence
        raise _bad("name", "text.too_long", max_length=limit)
    return {"name": text, "folded": folded, "pinyin_key": pinyin_key(text)[:300]}


def _line(field: str, text: str) -> str:
    """A line as it was typed, if its column takes it."""
    _check(field, lambda: check_text(text, max_length=_LONGEST[field], single_line=True))
    return text


def _region(code: str) -> str:
    if not division_exists(code):
        raise _bad("region", "organisation.region")
    return code


def _next_serial() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(744)")
    last = Organisation.objects.filter(serial__isnull=False).order_by("-serial").values_list("serial", flat=True).first()
    return (last or 0) + 1


def _uscc(text: str, kind: str) -> str:
    declared = KINDS[kind]
    return str(_check("uscc", lambda: parse_uscc(text, kind=declared.name.zh, uscc_class=declared.uscc_class))) if text else ""


def add_organisation(
    *,
    actor: Actor,
    kind: str,
    name: str,
    region_code: str,
    parent: Organisation | None = None,
    uscc: str = "",
    phone: str = "",
    address: str = "",
    short_name: str = "",
    demo: bool = False,
) -> Organisation:
    """Register a body. Kinds that take matters get the next serial. Raises ``Forbidden``, ``Refusal('form.invalid')``."""
    with transaction.atomic():
        changing("registry_organisation")
        require("registry.manage", actor, parent or region_code)
        if kind not in KINDS:
            raise _bad("kind", "organisation.kind")
        row = Organisation(
            kind=kind, region_code=_region(region_code), parent=parent, uscc=_uscc(uscc, kind), phone=_line("phone", phone), address=_line("address", address),
            short_name=_line("short_name", short_name), demo=demo, serial=_next_serial() if KINDS[kind].numbered else None, **_name(name),
        )  # fmt: skip
        _save(row, "name", "organisation.exists")
        forget_tree()
        events.record(
            kind="organisation.added",
            stream=row.pk,
            payload={"organisation": str(row.pk), "kind": kind, "region": region_code, "parent": str(parent.pk) if parent else ""},
        )
    return row


def _save(row: Organisation | ServiceSite | Practitioner, field: str, code: str) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise _bad(field, code) from None


def change_organisation(*, actor: Actor, organisation_id: uuid.UUID, version: int, changes: dict[str, Any]) -> Organisation:
    """Change name, short_name, uscc, phone, address, parent_id, state. Who moves it needs the right at both places.

    Raises ``Forbidden``, ``Refusal`` ``stale`` (409) and of the values. Locks the row.
    """
    with transaction.atomic():
        changing("registry_organisation")
        row = Organisation.objects.select_for_update(of=("self",)).get(pk=organisation_id)
        require("registry.manage", actor, row)
        _fresh(row.version, version)
        if "name" in changes:
            row.name, row.folded, row.pinyin_key = _name(changes["name"]).values()
        if "uscc" in changes:
            row.uscc = _uscc(changes["uscc"], row.kind)
        if "parent_id" in changes:
            _move(actor, row, changes["parent_id"])
        if changes.get("state") == "closed" and (row.children.exclude(state="closed").exists() or _has_open_work(row)):
            raise _bad("state", "organisation.busy")
        if "state" in changes and changes["state"] not in Organisation.State.values:
            raise _bad("state", "field.choice")
        for name in ("short_name", "phone", "address", "state"):
            if name in changes:
                setattr(row, name, _line(name, changes[name]))
        row.version += 1
        _save(row, "name", "organisation.exists")
        forget_tree()
        _changed("organisation", row.pk, changes, row.version)
    return row


def _has_open_work(row: Organisation) -> bool:
    with connection.cursor() as cursor:  # the desk stands above this room; only its table's foreign key is known here
        cursor.execute("SELECT EXISTS (SELECT 1 FROM matters_matter WHERE office_id = %s AND is_open)", [row.pk])
        return bool(cursor.fetchone()[0])


def _move(actor: Actor, row: Organisation, parent_id: uuid.UUID | None) -> None:
    """Under another body, or out of any: one needs the right there as well, as for registering it there."""
    parent = Organisation.objects.filter(pk=parent_id).first() if parent_id else None
    if parent_id and (parent is None or parent.pk in descendant_ids(row.pk)):
        raise _bad("parent", "organisation.parent")
    if parent_id != row.parent_id:
        require("registry.manage", actor, parent or row.region_code)
    row.parent = parent


def _fresh(mine: int, theirs: int) -> None:
    if mine != theirs:
        raise Refusal("stale", status=409)


def _changed(what: str, row_id: uuid.UUID, changes: dict[str, Any], version: int) -> None:
    events.record(kind=f"{what}.changed", stream=row_id, payload={what: str(row_id), "fields": sorted(changes), "version": version})


def add_site(
    *,
    actor: Actor,
    organisation: Organisation,
    level: str,
    name: str,
    region_code: str,
    address: str = "",
    lon: float | None = None,
    lat: float | None = None,
    phone: str = "",
    opening_hours: dict[str, list[str]] | None = None,
    items: Sequence[str] = (),
    accessibility: Sequence[str] = (),
    demo: bool = False,
) -> ServiceSite:
    """Register a place one may walk into. Coordinates are GCJ-02 as Chinese maps give them."""
    with transaction.atomic():
        require("registry.manage", actor, organisation)
        row = ServiceSite(
            organisation=organisation, level=_level(level), region_code=_region(region_code), address=_line("address", address), phone=_line("phone", phone),
            opening_hours=check_hours(opening_hours or {}), items=list(items), accessibility=list(accessibility), demo=demo, **_place(lon, lat), **_name(name),
        )  # fmt: skip
        _save(row, "name", "site.exists")
        events.record(
            kind="site.added", stream=row.pk, payload={"site": str(row.pk), "organisation": str(organisation.pk), "level": level, "region": region_code}
        )
    return row


def _level(level: str) -> str:
    if level not in ServiceSite.Level.values:
        raise _bad("level", "site.level")
    return level


def _place(lon: float | None, lat: float | None) -> dict[str, Any]:
    if lon is None and lat is None:
        return {}
    west, east, south, north = _CHINA
    if lon is None or lat is None or not (west <= lon <= east and south <= lat <= north):
        raise _bad("lon", "site.coordinates")
    return {"lon": lon, "lat": lat, "coord_system": "GCJ-02"}


def change_site(*, actor: Actor, site_id: uuid.UUID, version: int, changes: dict[str, Any]) -> ServiceSite:
    """Change a site's name, address, phone, place, hours, items, accessibility, state."""
    with transaction.atomic():
        row = ServiceSite.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=site_id)
        require("registry.manage", actor, row.organisation)
        _fresh(row.version, version)
        if "name" in changes:
            row.name, row.folded, row.pinyin_key = _name(changes["name"]).values()
        if "lon" in changes or "lat" in changes:
            for key, value in _place(changes.get("lon", row.lon), changes.get("lat", row.lat)).items():
                setattr(row, key, value)
        check_hours(changes.get("opening_hours") or {})
        if "state" in changes and changes["state"] not in ServiceSite.State.values:
            raise _bad("state", "field.choice")
        for name in ("address", "phone", "state"):
            if name in changes:
                setattr(row, name, _line(name, changes[name]))
        for name in ("opening_hours", "items", "accessibility"):
            if name in changes:
                setattr(row, name, changes[name])
        row.version += 1
        _save(row, "name", "site.exists")
        _changed("site", row.pk, changes, row.version)
    return row


def add_practitioner(
    *,
    actor: Actor,
    kind: str,
    name: str,
    organisation: Organisation,
    licence_no: str = "",
    specialities: Sequence[str] = (),
    languages: Sequence[str] = (),
    licensed_on: date | None = None,
    valid_from: date | None = None,
    valid_to: date | None = None,
    staff_id: uuid.UUID | None = None,
    demo: bool = False,
) -> Practitioner:
    """Register a licensed person. No ID number, private phone or home address is kept here."""
    with transaction.atomic():
        require("registry.manage", actor, organisation)
        if kind not in Practitioner.Kind.values:
            raise _bad("kind", "practitioner.kind")
        if valid_from and valid_to and valid_to < valid_from:
            raise _bad("valid_to", "validity.order")
        licence = _check("licence_no", lambda: parse_licence(kind, licence_no)) if licence_no else ""
        row = Practitioner(
            kind=kind, organisation=organisation, licence_no=licence, specialities=list(specialities), languages=list(languages),
            licensed_on=licensed_on, valid_from=valid_from, valid_to=valid_to, staff_id=staff_id, demo=demo, **_name(name, 100),
        )  # fmt: skip
        _save(row, "licence_no", "practitioner.exists")
        events.record(kind="practitioner.added", stream=row.pk, payload={"practitioner": str(row.pk), "kind": kind, "organisation": str(organisation.pk)})
    return row


def change_practitioner(*, actor: Actor, practitioner_id: uuid.UUID, version: int, changes: dict[str, Any]) -> Practitioner:
    """Change name, organisation, specialities, languages, validity, state. Who moves somebody needs the right at both bodies.

    Raises ``Forbidden``, ``Absent`` for a body that is none, ``Refusal`` ``stale`` (409) and of the values.
    """
    with transaction.atomic():
        row = Practitioner.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=practitioner_id)
        require("registry.manage", actor, row.organisation)
        if "organisation_id" in changes:
            there = Organisation.objects.filter(pk=changes["organisation_id"]).first()
            if there is None:
                raise Absent
            require("registry.manage", actor, there)
        _fresh(row.version, version)
        if "name" in changes:
            row.name, row.folded, row.pinyin_key = _name(changes["name"], 100).values()
        for name in ("organisation_id", "specialities", "languages", "licensed_on", "valid_from", "valid_to", "state"):
            if name in changes:
                setattr(row, name, changes[name])
        if row.valid_from and row.valid_to and row.valid_to < row.valid_from:
            raise _bad("valid_to", "validity.order")
        row.version += 1
        _save(row, "licence_no", "practitioner.exists")
        _changed("practitioner", row.pk, changes, row.version)
    return row


def matter_serial(office: Organisation) -> int:
    """The serial of an office's matter numbers; a body that had none gets the next. Call inside a transaction."""
    if office.serial is not None:  # once given it stays
        return office.serial
    changing("registry_organisation")
    row = Organisation.objects.select_for_update(of=("self",)).get(pk=office.pk)
    if row.serial is None:
        row.serial = _next_serial()
        row.save(update_fields=["serial"])
    return row.serial
