"""Reading matters for the desk: queues ordered by time to breach, search, possible duplicates. All within rights."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import F, Q, QuerySet

from fawang.kernel import clock, crypto
from fawang.kernel.folding import fold_name, pinyin_key
from fawang.kernel.ids import fold_lookup_code, fold_matter_number
from fawang.kernel.policy import decide
from fawang.kernel.readlog import note_read
from fawang.kernel.text_safety import ValueProblem
from fawang.matters.categories import in_category
from fawang.matters.declaration import Opens
from fawang.matters.models import Matter, MatterParty
from fawang.matters.policies import apart_from_himself, in_sight, sight, visible_to
from fawang.matters.posts import in_hand, in_pool
from fawang.matters.processes import all_processes
from fawang.matters.search import tokens_of
from fawang.people.actors import Actor
from fawang.people.identity import IdentityKind, parse_identity
from fawang.people.models import Staff
from fawang.people.phones import parse_phone
from fawang.people.selectors import on_leave_ids, staff_with_role
from fawang.regions.codes import prefix_of
from fawang.registry.tree import descendant_ids

PAGE = 50
SCOPES = ("mine", "pool", "office", "first")
_IDENTITY_MATCHES = ("name", "phone", "identity")


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Which part of the desk one looks at; empty fields do not narrow."""

    scope: str = "mine"
    process: str = ""
    light: str = ""
    category: str = ""
    region: str = ""
    assignee: str = ""
    closed: bool = False


def queue(actor: Actor, wanted: QueueFilter, *, offset: int = 0, limit: int = PAGE) -> list[Matter]:
    """Matters of a scope, the nearest breach first. Every row is one whose topic the actor may see. Two queries."""
    rows = _scope(actor, wanted.scope).filter(is_open=not wanted.closed)
    if wanted.process:
        rows = rows.filter(process_code=wanted.process)
    if wanted.light:
        rows = rows.filter(light=wanted.light)
    if wanted.category:
        rows = rows.filter(in_category(wanted.category))
    if wanted.region:
        rows = rows.filter(region_code__startswith=prefix_of(wanted.region))
    if wanted.assignee == "none":
        rows = rows.filter(assignee=None)
    elif wanted.assignee:
        rows = rows.filter(assignee_id=uuid.UUID(wanted.assignee))
    order = (F("closed_at").desc(nulls_last=True), "id") if wanted.closed else (F("next_due_at").asc(nulls_last=True), "id")
    return list(rows.select_related("assignee", "office").order_by(*order)[offset : offset + limit])


def left_behind(actor: Actor, *, limit: int = PAGE) -> list[Matter]:
    """Open matters the actor may give to somebody else, whose handler is on leave while nobody stands in. The nearest breach first."""
    rows = _scope(actor, "office").filter(is_open=True, lead=None, assignee_id__in=on_leave_ids(clock.now()))
    nearest = rows.select_related("assignee", "office").order_by(F("next_due_at").asc(nulls_last=True), "id")
    return [m for m in nearest[:limit] if decide("matters.dispatch", actor, m)]


def counts(actor: Actor) -> dict[str, int]:
    """Open matters of each scope, capped at 1000: enough for a tab."""
    return {scope: _scope(actor, scope).filter(is_open=True).values("pk")[:1000].count() for scope in SCOPES}


def _scope(actor: Actor, scope: str) -> QuerySet[Matter]:
    if scope == "mine":
        rows = Matter.objects.filter(in_hand(actor))
    elif scope == "first":
        rows = Matter.objects.filter(first_contact_id=actor.staff_id)
    elif scope == "pool":
        rows = Matter.objects.filter(in_pool(actor))
    else:
        return overseen(actor)
    return apart_from_himself(actor, rows)


def overseen(actor: Actor) -> QuerySet[Matter]:
    """Matters within the reach of the actor's overseeing roles, without those in which he is a party himself."""
    return apart_from_himself(actor, Matter.objects.filter(in_sight(actor)))


@dataclass(frozen=True, slots=True)
class Hit:
    """A matter found, and by what."""

    matter: Matter
    by: str


def search(actor: Actor, text: str, *, limit: int = PAGE) -> list[Hit]:
    """Find by number, lookup code, phone, ID number, name, pinyin, initials, or words of the question.

    Only what the actor may see, and a name finds nothing where the identity is sealed from him. The search is logged with
    its digest, not its words.
    """
    text = text.strip()[:100]
    if not text:
        return []
    note_read(subject_kind="search", subject_id=actor.staff_id or uuid.UUID(int=0), what=f"digest:{crypto.text_digest(text)[:16]}", purpose="search")
    found: dict[uuid.UUID, Hit] = {}
    for by, condition in _readings(text):
        rows = visible_to(actor).filter(condition).select_related("assignee", "office").order_by("-opened_at")[: limit * 2]
        for matter in rows:
            if matter.pk not in found and _may_match(actor, matter, by, text):
                found[matter.pk] = Hit(matter, by)
            if len(found) >= limit:
                return list(found.values())
    return list(found.values())


def _readings(text: str) -> list[tuple[str, Q]]:
    """All the things the words might be, the surest first."""
    readings: list[tuple[str, Q]] = []
    if number := fold_matter_number(text):
        return [("number", Q(number=number))]
    code = fold_lookup_code(text)
    if len(code) == 26:
        readings.append(("code", Q(lookup_index=crypto.blind("lookup", code))))
    with suppress(ValueProblem):
        readings.append(("identity", _party(identity_index=crypto.blind("identity", parse_identity(IdentityKind.RESIDENT_ID, text).canonical))))
    with suppress(ValueProblem):
        readings.append(("phone", _party(phone_index=crypto.blind("phone", parse_phone(text).canonical))))
    readings.append(("name", _party(name_index=crypto.blind("name", fold_name(text)))))
    folded = pinyin_key(text)
    if text.isascii() and folded.isalpha():
        readings.append(("name", _party(pinyin_index=crypto.blind("pinyin", folded))))
        readings.append(("name", _party(initials_index=crypto.blind("initials", folded))))
    if tokens := tokens_of(text):
        readings.append(("text", Q(search_tokens__contains=tokens)))
    return readings


def _party(**index: bytes) -> Q:
    return Q(pk__in=MatterParty.objects.filter(ended_at=None, **index).values("matter"))


def _may_match(actor: Actor, matter: Matter, by: str, text: str) -> bool:
    aspects = sight(actor, matter)
    if by in _IDENTITY_MATCHES:
        return "identity" in aspects
    if by == "text":
        return bool(aspects & {"content", "topic"}) and fold_name(text) in fold_name(matter.title + matter.details)
    return bool(aspects)


def possible_duplicates(actor: Actor, *, phone: str = "", identity_number: str = "", days: int = 30) -> list[Matter]:
    """Matters of the same person opened lately, suggested before another is filed. Only those the actor may see."""
    same = Q(pk__in=())
    try:
        if identity_number:
            same |= _party(identity_index=crypto.blind("identity", parse_identity(IdentityKind.RESIDENT_ID, identity_number).canonical))
        if phone:
            same |= _party(phone_index=crypto.blind("phone", parse_phone(phone).canonical))
    except ValueProblem:
        return []
    since = clock.now() - timedelta(days=days)
    rows = visible_to(actor).filter(same, opened_at__gte=since).exclude(process_code__in=internal_processes()).order_by("-opened_at")[:10]
    return [m for m in rows if "identity" in sight(actor, m)]


def internal_processes() -> list[str]:
    """Processes the public never opens: return visits, orders, statements."""
    return sorted({p.code for p in all_processes() if not p.public})


def related(actor: Actor, matter: Matter) -> list[tuple[str, Matter]]:
    """Linked matters the actor may see, with the relation's code as seen from this one."""
    rows = [(link.relation, link.child) for link in matter.child_links.select_related("child")]
    rows += [("of:" + link.relation, link.parent) for link in matter.parent_links.select_related("parent")]
    rows += [("member", m) for m in matter.members.all()]
    if matter.lead is not None:
        rows.append(("lead", matter.lead))
    return [(relation, other) for relation, other in rows if sight(actor, other)]


def grown_from(actor: Actor, matter: Matter) -> list[Matter]:
    """Matters of services the public asks for that grew from this one and that the actor may follow himself (he brought them, or shows their code), newest first."""
    codes = [p.code for p in all_processes() if p.public]
    links = matter.child_links.filter(child__process_code__in=codes, relation="derived_from").select_related("child").order_by("-pk")
    return [
        x.child for x in links if x.child_id in actor.holds or (actor.person_id and x.child.parties.filter(person_id=actor.person_id, ended_at=None).exists())
    ]


def opened_by(matter: Matter, opens: Iterable[Opens]) -> list[Matter]:
    """The newest child of each kind a step has just opened that the public may follow: whose code is given to whoever took the step."""
    public = {p.code for p in all_processes() if p.public}
    found = [matter.child_links.filter(relation=o.relation, child__process_code=o.process).order_by("-pk").first() for o in opens if o.process in public]
    return [link.child for link in found if link is not None]


def advisers_within(actor: Actor) -> list[Staff]:
    """Advisers of the offices an actor dispatches for, by name; all of them where his scope is a region."""
    offices: set[uuid.UUID] = set()
    for grant in (*actor.scopes("dispatcher"), *actor.scopes("office_head")):
        if grant.office_id is None:
            return list(staff_with_role("adviser").order_by("pinyin_key"))
        offices |= descendant_ids(grant.office_id)
    return list(staff_with_role("adviser").filter(office_id__in=offices).order_by("pinyin_key"))
