"""The matter's page: everything about one matter, and everything one may do with it, in one place."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse

from fawang.faces.answering import count_taken, day_of, offers, warnings
from fawang.faces.desk.actions import Action, action, possible_actions
from fawang.faces.desk.frame import actor_of, page
from fawang.faces.desk.queue import read_filter, rows_of
from fawang.faces.pages import errors_of, first_of, language, typed, whole
from fawang.faces.portal.asking import GROUP_NAMES
from fawang.faces.repeats import post_once
from fawang.faces.routing import open_to
from fawang.faces.views_of import details_of, lights, purpose_words, timeline, told
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.models import ReadLog
from fawang.kernel.policy import decide, require
from fawang.kernel.readlog import note_read
from fawang.matters.attachments import add_attachment
from fawang.matters.categories import names_of
from fawang.matters.conversation import takes_words
from fawang.matters.forms import FieldSpec, fields_of
from fawang.matters.models import Document, Matter
from fawang.matters.policies import sight, sight_of_nothing
from fawang.matters.processes import all_processes, process_version
from fawang.matters.relations import remembering
from fawang.matters.selectors import possible_duplicates, queue, related
from fawang.matters.services import lock, possible_steps, take_step
from fawang.oversight.models import Rating
from fawang.oversight.services import LEVELS
from fawang.people.actors import Actor
from fawang.people.models import Staff
from fawang.people.phones import mask_phone
from fawang.regions.selectors import path_name
from fawang.services.consultation.drafting import drafter
from fawang.services.consultation.similar import ANSWERED

WHY = {
    "skill": "专长",
    "region": "服务地区",
    "language": "语言",
    "load": "在办",
    "recent": "近30天",
    "of": "可选人数",
    "chosen": "方式",
    "conflict": "因利益冲突跳过",
}
BESIDE = 25
SHOWS = (("", "全部", "All"), ("talk", "往来", "Talk"), ("step", "办理", "Steps"), ("clock", "时限", "Limits"), ("note", "内部", "Internal"))
METHODS = {"automatic": "按规则", "manual": "派单", "claimed": "抢单", "handed_over": "移交", "substituted": "代班"}
RELATED = {
    "split_from": "拆出", "of:split_from": "拆自", "related_to": "相关", "of:related_to": "相关", "derived_from": "由此产生", "of:derived_from": "来自", "supervises": "督办",
    "of:supervises": "督办对象", "calls_back": "回访", "of:calls_back": "回访对象", "rectifies": "整改", "of:rectifies": "整改对象", "member": "并案", "lead": "牵头事项",
    "duplicate_of": "并入", "of:duplicate_of": "被并入",
}  # fmt: skip


def seen(request: HttpRequest, matter_id: uuid.UUID) -> tuple[Actor, Matter]:
    """The matter as this actor may meet it. Raises ``Absent``."""
    actor = actor_of(request)
    matter = Matter.objects.select_related("office", "assignee", "first_contact", "intake", "lead").filter(pk=matter_id).first()
    if matter is None:
        sight_of_nothing(actor)
        raise Absent
    require("matters.see", actor, matter)
    return actor, matter


@open_to("staff", "GET")
def matter_page(request: HttpRequest, matter_id: uuid.UUID) -> HttpResponse:
    """Read it; the read is written down with its purpose."""
    actor, matter = seen(request, matter_id)
    return _page(request, actor, matter)


def _page(
    request: HttpRequest,
    actor: Actor,
    matter: Matter,
    *,
    verb: str = "",
    values: Any = None,
    errors: Any = None,
    refusal: Refusal | None = None,
    status: int = 200,
    panel: dict[str, Any] | None = None,
    fields: list[FieldSpec] | None = None,
) -> HttpResponse:
    with remembering():
        return _shown(request, actor, matter, verb=verb, values=values, errors=errors, refusal=refusal, status=status, panel=panel, fields=fields or [])


def shown_again(request: HttpRequest, actor: Actor, matter: Matter, verb: str, values: dict[str, Any], panel: dict[str, Any]) -> HttpResponse:
    """The page as it was, with what was typed into one of its forms and what the library has to say about it."""
    return _page(request, actor, matter, verb=verb, values=values, errors={}, panel=panel)


def _shown(
    request: HttpRequest, actor: Actor, matter: Matter, *, verb: str, values: Any, errors: Any, refusal: Refusal | None, status: int,
    panel: dict[str, Any] | None, fields: list[FieldSpec],
) -> HttpResponse:  # fmt: skip
    aspects = sight(actor, matter)
    if aspects & {"content", "identity"}:
        note_read(subject_kind="matter", subject_id=matter.pk, what=",".join(sorted(aspects)), purpose=_purpose(actor, matter))
    tongue = language()
    process = process_version(matter.process_code, matter.process_version)
    entries = timeline(actor, matter, aspects=aspects, language=tongue)
    steps = [
        {
            "verb": s.verb, "name": s.name, "main": s.main, "stop": stop, "open": s.verb == verb, "fields": fields_of(s.form) if s.form else [],
            "values": values if s.verb == verb else {}, "errors": errors if s.verb == verb else {}, "prefix": f"{s.verb}-",
        }
        for s, stop in possible_steps(actor, matter)
    ]  # fmt: skip
    actions = [_form_of(a, actor, matter, verb, values, errors) for a in possible_actions(actor, matter)]
    gone = not any(f["open"] and not f.get("stop") for f in [*steps, *actions])
    context = {
        "matter": matter, "process": process, "told": told(matter, tongue), "clocks": lights(matter, tongue), "aspects": aspects, "steps": steps,
        "actions": actions, "gone": gone and bool(errors), "left": _words(fields, values or {}) if gone else [],
        "entries": entries, "asked": next((e for e in reversed(entries) if e.mine and e.body), None), "cited": list(dict.fromkeys(c for e in entries for c in e.citations)), "shows": [(c, e if tongue.startswith("en") else z) for c, z, e in SHOWS],
        "beside": rows_of(queue(actor, read_filter(actor, request.GET), limit=BESIDE)), "title": matter.title if aspects & {"content", "topic"} else "",
        "people": _people(matter, aspects), "details": _details(matter, aspects), "groups": [GROUP_NAMES[g][0] for g in matter.priority_groups if g in GROUP_NAMES],
        "category": names_of({matter.category_code}, tongue).get(matter.category_code, ""), "region": path_name(matter.region_code),
        "spells": _spells(matter) if "handling" in aspects or "internal" in aspects else [], "documents": matter.documents.order_by("issued_at") if "content" in aspects else [],
        "related": [(RELATED.get(r, r), m, told(m, tongue)["name"]) for r, m in related(actor, matter)], "duplicates": _duplicates(actor, matter, aspects),
        "rating": _rating(actor, matter), "reads": _reads(matter) if decide("matters.supervise", actor, matter) else [], "refusal": refusal, "verb": verb,
        "can_attach": bool(decide("matters.converse", actor, matter)) and takes_words(matter),
        "may_propose": matter.process_code == "consultation" and matter.state in ANSWERED and "content" in aspects and bool(decide("knowledge.propose", actor)),
        "panel": (panel or _panel(matter, values if verb == "answer" else {})) if _answers(steps) else None,
    }  # fmt: skip
    return page(request, "desk/matter.html", context, status=status, topics=[f"matter:{matter.pk}", f"presence:{matter.pk}"])


def _words(fields: list[FieldSpec], values: dict[str, Any]) -> list[tuple[FieldSpec, str]]:
    """What was written into a form this page no longer has (somebody else was quicker): it is given back to be copied, not thrown away."""
    return [(f, str(values[f.name])) for f in fields if not f.choices and isinstance(values.get(f.name), str | int) and values[f.name] not in ("", True, False)]


def _answers(steps: list[dict[str, Any]]) -> bool:
    """Whether an answer with its legal basis may be written here now."""
    return any(s["verb"] == "answer" and not s["stop"] and any(f.name == "citations" for f in s["fields"]) for s in steps)


def _panel(matter: Matter, values: dict[str, Any]) -> dict[str, Any]:
    """The library beside the answer, opened on the person's own question."""
    return {
        "offers": offers(matter.title, day_of(matter, values)),
        "warned": warnings(matter, values),
        "similar": None,
        "asked": False,
        "used": [],
        "drafts": drafter() is not None,
    }


def _purpose(actor: Actor, matter: Matter) -> str:
    if matter.assignee_id == actor.staff_id:
        return "handling"
    return "first_contact" if matter.first_contact_id == actor.staff_id else "supervision" if actor.roles & {"supervisor", "office_head"} else "dispatching"


def _form_of(item: Action, actor: Actor, matter: Matter, verb: str, values: Any, errors: Any) -> dict[str, Any]:
    mine = item.verb == verb
    return {
        "verb": item.verb, "name": item.name, "fields": item.fields(actor, matter), "group": item.group, "icon": item.icon, "open": mine,
        "values": values if mine else {}, "errors": errors if mine else {}, "prefix": f"{item.verb}-",
    }  # fmt: skip


def _people(matter: Matter, aspects: frozenset[str]) -> list[dict[str, str]]:
    everywhere = {r.code: r.name for p in all_processes() for r in p.relations}  # somebody may have come from another service's matter
    names = everywhere | {r.code: r.name for r in process_version(matter.process_code, matter.process_version).relations}
    rows = []
    for party in matter.parties.filter(ended_at=None).select_related("organisation"):
        if party.data.get("unconfirmed"):
            continue  # kept from it because he may be meant; that is no statement about him
        relation = names.get(party.relation)
        row = {"relation": str(relation) if relation else party.relation, "name": "（身份保密）", "phone": "", "tel": "", "identity": ""}
        if "identity" in aspects:
            row["name"] = party.name or (party.organisation.name if party.organisation else "未留姓名")
            row["phone"], row["tel"] = mask_phone(party.phone) if party.phone else "", party.phone or ""
            row["identity"] = (party.identity_number or "")[:6] + "********" + (party.identity_number or "")[-4:] if party.identity_number else ""
        rows.append(row)
    return rows


def _details(matter: Matter, aspects: frozenset[str]) -> list[tuple[str, str]]:
    form = process_version(matter.process_code, matter.process_version).intake
    if form is None or "content" not in aspects:
        return []
    given = details_of(matter)
    rows = []
    for item in fields_of(form):
        value = given.get(item.name)
        if value not in (None, "", False, []):
            chosen = {code: str(words) for code, words in item.choices}
            rows.append((str(item.label), chosen.get(str(value), "是" if value is True else str(value))))
    return rows


def _spells(matter: Matter) -> list[dict[str, Any]]:
    rows = []
    for spell in matter.assignments.select_related("staff").order_by("-assigned_at")[:10]:
        reasons = [
            f"{WHY.get(r['rule'], r['rule'])} {r.get('value', '')}{'/' + str(r['of']) if 'of' in r and r['rule'] != 'of' else ''}" for r in spell.reasons
        ]
        rows.append({"name": spell.staff.name, "how": METHODS.get(spell.method, spell.method), "at": spell.assigned_at, "accepted": spell.accepted_at,
                     "ended": spell.ended_at, "reasons": reasons})  # fmt: skip
    return rows


def _duplicates(actor: Actor, matter: Matter, aspects: frozenset[str]) -> list[Matter]:
    if "identity" not in aspects or not matter.is_open:
        return []
    phones = [p.phone for p in matter.parties.filter(ended_at=None) if p.phone and p.person_id]
    linked = {m.pk for _, m in related(actor, matter)}
    return [m for phone in phones[:1] for m in possible_duplicates(actor, phone=phone) if m.pk != matter.pk and m.pk not in linked and m.is_open]


def _rating(actor: Actor, matter: Matter) -> dict[str, Any] | None:
    row = Rating.objects.filter(matter=matter).first()
    if row is None or matter.assignee_id == actor.staff_id or row.rated_staff_id == actor.staff_id:
        return None  # the rated never sees a single rating
    return {"words": LEVELS[row.level][0], "level": row.level, "comment": row.comment, "at": row.rated_at}


def _reads(matter: Matter) -> list[dict[str, Any]]:
    rows = list(ReadLog.objects.filter(subject_kind="matter", subject_id=matter.pk).order_by("-pk")[:20])
    names = dict(Staff.objects.filter(pk__in=[r.actor_id for r in rows if r.actor_kind == "staff" and r.actor_id]).values_list("pk", "name"))
    return [{"at": r.at, "who": names.get(uuid.UUID(r.actor_id), "") if r.actor_id else "", "purpose": purpose_words(r.purpose, language())} for r in rows]


@open_to("staff", "POST")
def step(request: HttpRequest, matter_id: uuid.UUID, verb: str) -> HttpResponse:
    """Take a declared step; what was typed comes back when it is refused."""
    actor, matter = seen(request, matter_id)
    declared = next((s for s in process_version(matter.process_code, matter.process_version).steps if s.verb == verb), None)
    if declared is None:
        raise Absent
    fields = fields_of(declared.form) if declared.form else []
    data = typed(request, fields)
    version = request.POST.get("_version", "")

    def act() -> str:
        take_step(actor=actor, matter_id=matter.pk, verb=verb, data=data, expected_version=whole(version) or None)
        count_taken(request)
        return f"/desk/m/{matter.pk}"

    try:
        return post_once(request, act)
    except Refusal as refusal:
        matter.refresh_from_db()
        return _again(request, actor, matter, verb, fields, data, refusal)


def _again(request: HttpRequest, actor: Actor, matter: Matter, verb: str, fields: list[FieldSpec], data: Any, refusal: Refusal) -> HttpResponse:
    if refusal.code == "absent":
        raise refusal
    return _page(
        request, actor, matter, verb=verb, values=data, errors=dict(refusal.fields), refusal=None if refusal.fields else refusal, status=refusal.status,
        fields=fields,
    )  # fmt: skip


@open_to("staff", "POST")
def act(request: HttpRequest, matter_id: uuid.UUID, verb: str) -> HttpResponse:
    """Do one of the table's actions."""
    actor, matter = seen(request, matter_id)
    item = action(verb)
    require(item.policy, actor, matter)
    fields = item.fields(actor, matter)
    data = typed(request, fields)

    def run() -> str:
        item.run(actor, matter.pk, data)
        matter.refresh_from_db()
        return f"/desk/m/{matter.pk}" if decide("matters.see", actor, matter) else "/desk/"

    try:
        return post_once(request, run)
    except Refusal as refusal:
        matter.refresh_from_db()
        return _again(request, actor, matter, verb, fields, data, refusal)


@open_to("staff", "POST")
def attach(request: HttpRequest, matter_id: uuid.UUID) -> HttpResponse:
    """Add files."""
    actor, matter = seen(request, matter_id)

    def run() -> str:
        locked = lock(matter.pk)
        require("matters.converse", actor, locked)
        if not request.FILES:
            raise Refusal("form.invalid", fields={"files": Refusal("field.required", field="files")})
        for upload in request.FILES.getlist("files"):
            audience = "internal" if request.POST.get("internal") else "public"
            add_attachment(actor=actor, matter=locked, upload=upload.file, name=upload.name or "file", audience=audience)  # type: ignore[arg-type]
        return f"/desk/m/{matter.pk}"

    try:
        return post_once(request, run)
    except Refusal as refusal:
        return _page(request, actor, matter, verb="attach", errors=errors_of(refusal), refusal=first_of(refusal), status=refusal.status)


@open_to("staff", "GET")
def document(request: HttpRequest, matter_id: uuid.UUID, document_id: uuid.UUID) -> HttpResponse:
    """A document as it was issued, ready to print."""
    actor, matter = seen(request, matter_id)
    require("matters.read", actor, matter)
    found = Document.objects.filter(pk=document_id, matter=matter).first()
    if found is None:
        raise Absent
    note_read(subject_kind="document", subject_id=found.pk, what=found.number, purpose=_purpose(actor, matter))
    return page(request, "desk/document.html", {"matter": matter, "document": found, "rows": rows_of([matter])})
