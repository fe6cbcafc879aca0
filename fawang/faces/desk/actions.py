"""What may be done with a matter beside its steps: one table, one form each, one way to run them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fawang.faces.pages import spec
from fawang.faces.portal.asking import GROUP_NAMES, category_choices, region_choices
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.policy import decide
from fawang.kernel.text_safety import ValueProblem, check_text
from fawang.kernel.texts import Text
from fawang.matters import actions, conversation
from fawang.matters.allocation import accept_assignment, candidates_for
from fawang.matters.forms import FieldSpec
from fawang.matters.intake import PRIORITY_GROUPS
from fawang.matters.models import Matter
from fawang.matters.parties import PartyWords
from fawang.matters.policies import sight
from fawang.matters.processes import process_version
from fawang.matters.selectors import search
from fawang.oversight.services import order_by_hand
from fawang.people.actors import Actor
from fawang.registry.models import Organisation

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Action:
    """``policy`` decides who; ``shown`` whether it makes sense now; ``run`` calls the service that decides again."""

    verb: str
    name: Text
    policy: str
    fields: Callable[[Actor, Matter], list[FieldSpec]]
    run: Callable[[Actor, uuid.UUID, Values], object]
    shown: Callable[[Actor, Matter], bool] = lambda actor, matter: matter.is_open
    group: str = "manage"
    icon: str = "circle"


def _text(name: str, zh: str, en: str, *, required: bool = True) -> FieldSpec:
    return spec(name, zh, en, widget="textarea", max_length=5000, required=required)


def _advisers(actor: Actor, matter: Matter) -> list[tuple[str, Text]]:
    found = [("", Text("按规则自动选择", "Choose by rule"))]
    for person in sorted(candidates_for(matter), key=lambda c: (c.load / max(c.capacity, 1), c.name)):
        away = "" if person.available else "，不在岗"
        found.append((str(person.id), Text(f"{person.name}（在办{person.load}/{person.capacity}{away}）", f"{person.name} ({person.load}/{person.capacity})")))
    return found


def _colleagues(actor: Actor, matter: Matter) -> list[tuple[str, Text]]:
    return [c for c in _advisers(actor, matter) if c[0] not in {"", str(actor.staff_id)}]


def _offices(actor: Actor, matter: Matter) -> list[tuple[str, Text]]:
    rows = Organisation.objects.filter(kind=matter.office.kind, state="active").exclude(pk=matter.office_id).order_by("region_code", "serial")[:200]
    return [(str(o.pk), Text(o.name, o.name)) for o in rows]


def _uuid(values: Values, name: str, code: str) -> uuid.UUID:
    try:
        return uuid.UUID(str(values.get(name, "")))
    except ValueError:
        raise Refusal("form.invalid", fields={name: Refusal(code, field=name)}) from None


def _words(values: Values, name: str) -> str:
    text = str(values.get(name, ""))
    if not text.strip():
        raise Refusal("form.invalid", fields={name: Refusal("field.required", field=name)})
    try:
        check_text(text, max_length=5000)
    except ValueProblem as bad:
        raise Refusal("form.invalid", fields={name: Refusal(bad.code, field=name, **bad.params)}) from None
    return text


def _assign(actor: Actor, matter_id: uuid.UUID, values: Values) -> object:
    chosen = _uuid(values, "staff", "matter.assignee") if values.get("staff") else None
    return actions.assign(actor=actor, matter_id=matter_id, staff_id=chosen, note=str(values.get("note", ""))[:500])


def _triage(actor: Actor, matter_id: uuid.UUID, values: Values) -> object:
    groups = [g for g in values.get("priority_groups", []) if g in PRIORITY_GROUPS]
    return actions.triage(
        actor=actor, matter_id=matter_id, category=values.get("category") or None, region=values.get("region") or None, priority_groups=groups
    )


def _party(actor: Actor, matter_id: uuid.UUID, values: Values) -> object:
    words = PartyWords(relation=str(values.get("relation", "")), name=_words(values, "name"), phone=str(values.get("phone", "")))
    try:
        return actions.add_matter_party(actor=actor, matter_id=matter_id, words=words)
    except ValueProblem as bad:
        raise Refusal("form.invalid", fields={"phone": Refusal(bad.code, field="phone", **bad.params)}) from None


def _other(actor: Actor, values: Values) -> uuid.UUID:
    hits = [h for h in search(actor, str(values.get("other", ""))) if h.by == "number"]
    if not hits:
        raise Refusal("form.invalid", fields={"other": Refusal("absent", field="other")})
    return hits[0].matter.pk


def _split(actor: Actor, matter_id: uuid.UUID, values: Values) -> object:
    return actions.split(
        actor=actor, matter_id=matter_id, process=str(values.get("process", "")), title=_words(values, "title"), category=values.get("category") or ""
    )


def _relation_choices(actor: Actor, matter: Matter) -> list[tuple[str, Text]]:
    process = process_version(matter.process_code, matter.process_version)
    return [(r.code, r.name) for r in process.relations[1:] if r.by_hand]


def _party_choices(actor: Actor, matter: Matter) -> list[tuple[str, Text]]:
    names = {code: str(name) for code, name in _relation_choices(actor, matter)}
    named = "identity" in sight(actor, matter)  # who may not see who it is chooses by what he is
    rows = []
    for party in actions.endable_parties(matter):
        name = (party.name or (party.organisation.name if party.organisation else "未留姓名")) if named else "身份保密"
        words = f"{names.get(party.relation, party.relation)}：{name}"
        rows.append((str(party.pk), Text(words, words)))
    return rows


def _services(matter: Matter) -> list[tuple[str, Text]]:
    return sorted({p.code: p.name for p in actions.split_targets(matter)}.items())


def _nothing(actor: Actor, matter: Matter) -> list[FieldSpec]:
    return []


ACTIONS: tuple[Action, ...] = (
    Action("claim", Text("抢单", "Claim"), "matters.claim", _nothing, lambda a, m, v: actions.claim(actor=a, matter_id=m),
           lambda a, m: m.is_open and m.assignee_id is None, "first", "hand"),
    Action("accept", Text("接收派单", "Take it on"), "matters.assignee", _nothing, lambda a, m, v: accept_assignment(actor=a, matter_id=m),
           lambda a, m: m.is_open and m.assignments.filter(ended_at=None, accepted_at=None, staff_id=a.account).exists(), "first", "check"),
    Action("assign", Text("派单", "Assign"), "matters.dispatch",
           lambda a, m: [spec("staff", "派给谁", "To whom", widget="select", required=False, choices=_advisers(a, m)), _text("note", "交代", "Note", required=False)],
           _assign, icon="user-plus"),
    Action("note", Text("内部备注", "Internal note"), "matters.read_internal", lambda a, m: [_text("body", "备注（不对外）", "Note (never shown outside)")],
           lambda a, m, v: conversation.write_note(actor=a, matter_id=m, body=_words(v, "body")), lambda a, m: True, "talk", "sticky-note"),
    Action("message", Text("给对方留言", "Write to the person"), "matters.converse", lambda a, m: [_text("body", "留言", "Message")],
           lambda a, m, v: conversation.write_message(actor=a, matter_id=m, body=_words(v, "body")), group="talk", icon="message-square"),
    Action("triage", Text("分类与地区", "Triage"), "matters.dispatch",
           lambda a, m: [spec("category", "分类", "Category", widget="select", required=False, choices=category_choices(), default=m.category_code),
                         spec("region", "事发地区", "Region", widget="select", required=False, choices=region_choices(), default=m.region_code),
                         spec("priority_groups", "优先群体", "Priority groups", widget="checkboxes", required=False, many=True,
                              choices=[(g, Text(*GROUP_NAMES[g])) for g in PRIORITY_GROUPS], default=list(m.priority_groups))], _triage, icon="tags"),
    Action("decline", Text("退回", "Give back"), "matters.assignee", lambda a, m: [_text("reason", "退回理由", "Reason")],
           lambda a, m, v: actions.decline(actor=a, matter_id=m, reason=_words(v, "reason")), icon="undo-2"),
    Action("hand_over", Text("移交同事", "Hand over"), "matters.assignee",
           lambda a, m: [spec("staff", "移交给", "To", widget="select", choices=_colleagues(a, m)), _text("note", "移交说明", "Note")],
           lambda a, m, v: actions.hand_over(actor=a, matter_id=m, staff_id=_uuid(v, "staff", "matter.assignee"), note=_words(v, "note")), icon="arrow-right-left"),
    Action("transfer", Text("转其他机构", "Transfer"), "matters.dispatch",
           lambda a, m: [spec("office", "转到", "To", widget="select", choices=_offices(a, m)), _text("reason", "转办理由", "Reason")],
           lambda a, m, v: actions.transfer(actor=a, matter_id=m, office_id=_uuid(v, "office", "matter.office"), reason=_words(v, "reason")), icon="send-horizontal"),
    Action("party", Text("添加当事人", "Add a party"), "matters.handle_or_dispatch",
           lambda a, m: [spec("relation", "是什么人", "Relation", widget="select", choices=_relation_choices(a, m)), spec("name", "姓名或单位", "Name", max_length=100),
                         spec("phone", "电话", "Phone", required=False)], _party, lambda a, m: m.is_open and bool(_relation_choices(a, m)), icon="users"),
    Action("end_party", Text("结束当事人关系", "End a party's part"), "matters.dispatch",
           lambda a, m: [spec("party", "谁", "Who", widget="select", choices=_party_choices(a, m)), _text("reason", "为什么", "Why")],
           lambda a, m, v: actions.end_matter_party(actor=a, matter_id=m, party_id=_uuid(v, "party", "matter.party"), reason=_words(v, "reason")),
           lambda a, m: m.is_open and bool(actions.endable_parties(m)), icon="user-minus"),
    Action("split", Text("拆出另一件事项", "Split off"), "matters.handle_or_dispatch",
           lambda a, m: [spec("process", "办理哪项服务", "Service", widget="select", choices=_services(m)), _text("title", "另一件事", "The other thing"),
                         spec("category", "分类", "Category", widget="select", required=False, choices=category_choices())], _split,
           lambda a, m: m.is_open and bool(actions.split_targets(m)), icon="split"),
    Action("link", Text("关联事项", "Link"), "matters.handle_or_dispatch", lambda a, m: [spec("other", "另一事项编号", "Number of the other matter")],
           lambda a, m, v: actions.link_matters(actor=a, parent_id=m, child_id=_other(a, v)), lambda a, m: True, icon="link"),
    Action("join", Text("并入同一案由", "Join to a lead"), "matters.dispatch", lambda a, m: [spec("other", "牵头事项编号", "Number of the lead")],
           lambda a, m, v: actions.join(actor=a, lead_id=_other(a, v), member_ids=[m]), lambda a, m: m.is_open and m.lead_id is None, icon="merge"),
    Action("leave", Text("退出并案", "Handle on its own"), "matters.dispatch", lambda a, m: [_text("reason", "为什么单独办理", "Why on its own")],
           lambda a, m, v: actions.leave(actor=a, matter_id=m, reason=_words(v, "reason")), lambda a, m: m.is_open and m.lead_id is not None, icon="undo-2"),
    Action("order", Text("下达督办", "Order supervision"), "matters.supervise", lambda a, m: [_text("reason", "督办事由", "Reason")],
           lambda a, m, v: order_by_hand(actor=a, matter_id=m, reason=_words(v, "reason")), icon="siren"),
)  # fmt: skip
_BY_VERB = {a.verb: a for a in ACTIONS}


def action(verb: str) -> Action:
    """The action of a name. Raises ``Absent``."""
    if verb not in _BY_VERB:
        raise Absent
    return _BY_VERB[verb]


def possible_actions(actor: Actor, matter: Matter) -> list[Action]:
    """Actions this actor may take on this matter now."""
    return [a for a in ACTIONS if decide(a.policy, actor, matter) and a.shown(actor, matter)]
