"""Who may do what with a matter. The only place where that is decided.

An actor's *relations* to a matter come first (applicant, assignee, first contact, respondent …), then roles within their
scope (office subtree and region). Whoever is a party himself never meets the matter as staff (RELIABILITY T4), and what a
shield seals stays sealed whatever else is allowed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Q, QuerySet

from fawang.kernel.policy import Decision, allow, deny, hidden, policy
from fawang.matters.declaration import Relation, Shield
from fawang.matters.models import Matter, MatterParty
from fawang.matters.posts import by_post, covers, handles, in_hand, in_pool
from fawang.matters.processes import all_processes, process_version
from fawang.matters.relations import is_party_as_staff, proven_party, relations_of, same_as_staff
from fawang.people.actors import Actor

ROLES_WITH_SIGHT = ("dispatcher", "supervisor", "office_head", "complaint_handler", "return_visitor", "window_clerk", "hotline_supervisor")
HANDLING_ONLY_ROLES = ("statistician", "audit_admin")


def has_role_over(actor: Actor, matter: Matter, *roles: str) -> bool:
    """Whether the actor holds one of the roles over this matter."""
    return any(covers(g, matter) for role in roles for g in actor.scopes(role))


def sight(actor: Actor, matter: Matter) -> frozenset[str]:
    """What the actor may see of the matter: any of handling, topic, public, content, identity, internal.

    Empty: the matter looks absent. ``topic`` alone is what a pool shows before one claims.
    """
    if actor.kind == "system":
        return frozenset({"handling", "topic", "public", "content", "identity", "internal"})
    mine = relations_of(actor, matter)  # asked first: who is refused as a party asks the database no less than a stranger
    if actor.kind == "staff" and is_party_as_staff(actor, matter):
        return frozenset()
    aspects: set[str] = set()
    process = process_version(matter.process_code, matter.process_version)
    for relation in process.relations:
        if relation.code in mine:
            aspects |= relation.sees
    if "holder" in mine:
        aspects |= {"public", "content"}
    if actor.kind == "staff":
        aspects |= _staff_sight(actor, matter, mine)
    if _shielded(actor, matter, mine):
        aspects.discard("identity")
    return frozenset(aspects)


def sight_of_nothing(actor: Actor) -> None:
    """Ask of a matter that never was what is asked of one of others: what looks absent takes the same statements as what is."""
    process = next(iter(all_processes()))
    sight(actor, Matter(process_code=process.code, process_version=process.version))


def _staff_sight(actor: Actor, matter: Matter, mine: frozenset[str]) -> set[str]:
    everything = {"handling", "topic", "public", "content", "identity", "internal"}
    if "reviewer" in mine or ("assignee" in mine and handles(actor.grants, matter)):
        return everything
    process = process_version(matter.process_code, matter.process_version)
    if has_role_over(actor, matter, *process.seen_by_roles):
        return everything
    aspects: set[str] = set()
    if "first_contact" in mine:
        aspects |= {"handling", "topic", "public", "content", "identity"}
    if has_role_over(actor, matter, *HANDLING_ONLY_ROLES):
        aspects |= {"handling"}
    if matter.is_open and matter.assignee_id is None and _in_pool(actor, matter):
        aspects |= {"topic"}
    return aspects


def _in_pool(actor: Actor, matter: Matter) -> bool:
    process = process_version(matter.process_code, matter.process_version)
    return process.pooled and has_role_over(actor, matter, *process.handled_by_roles)


def _shielded(actor: Actor, matter: Matter, mine: frozenset[str]) -> bool:
    process = process_version(matter.process_code, matter.process_version)
    return any(mine & set(s.from_relations) or any(r in actor.roles for r in s.from_roles) or _unsettled(s, actor, matter, mine) for s in process.shields)


def _unsettled(shield: Shield, actor: Actor, matter: Matter, mine: frozenset[str]) -> bool:
    if actor.kind != "staff" or not shield.unsettled or not matter.data.get(shield.unsettled):
        return False
    return "assignee" not in mine and not has_role_over(actor, matter, *shield.known_to)


def visible_to(actor: Actor) -> QuerySet[Matter]:
    """Matters the actor may meet in lists and searches at all (per object, :func:`sight` still decides what is shown)."""
    if actor.kind != "staff":
        if not actor.person_id:
            return Matter.objects.none()
        own = MatterParty.objects.filter(_relations(lambda r: r.citizen and bool(r.sees)), person_id=actor.person_id, ended_at=None)
        return Matter.objects.filter(pk__in=own.values("matter"))
    mine = in_hand(actor) | Q(first_contact_id=actor.staff_id)
    return apart_from_himself(actor, Matter.objects.filter(mine | in_sight(actor) | in_pool(actor)))


def in_sight(actor: Actor) -> Q:
    """The matters within the reach of the actor's overseeing roles."""
    return by_post(actor, lambda p, role: role in ROLES_WITH_SIGHT and role in p.seen_by_roles)


def apart_from_himself(actor: Actor, rows: QuerySet[Matter]) -> QuerySet[Matter]:
    """Without the matters in which a member of staff is himself a party, as :func:`is_party_as_staff` decides it for one of them.

    Every list the desk shows passes here: what :func:`sight` hides must not be a row or a number either. The parties who are he are
    few and each way to find them is indexed, so they are read once whatever the length of the list.
    """
    if actor.kind != "staff":
        return rows
    himself = MatterParty.objects.filter(same_as_staff(actor.staff_id), ended_at=None).exclude(_relations(lambda r: not r.citizen and bool(r.sees)))
    return rows.exclude(pk__in=himself.values("matter"))


def _relations(wanted: Callable[[Relation], bool]) -> Q:
    """Parties whose relation, in the process of their matter, is one of those wanted."""
    found = Q(pk__in=())
    for process in all_processes():
        if codes := [r.code for r in process.relations if wanted(r)]:
            found |= Q(matter__process_code=process.code, matter__process_version=process.version, relation__in=codes)
    return found


@policy("matters.see", "与事项有关系的人，以及管辖范围内的工作人员", "People with a relation to it; staff within scope")
def see(actor: Actor, matter: Matter) -> Decision:
    """Seeing that the matter exists."""
    return allow() if sight(actor, matter) else hidden()


@policy("matters.read", "能看内容的人", "Those who may read its content")
def read(actor: Actor, matter: Matter) -> Decision:
    """Reading what was said."""
    aspects = sight(actor, matter)
    if not aspects:
        return hidden()
    return allow() if "content" in aspects else deny("您只能看办理情况。", "You may see the handling only.")


@policy("matters.read_internal", "经办人员和管辖范围内的工作人员", "Its handlers and staff within scope")
def read_internal(actor: Actor, matter: Matter) -> Decision:
    """Reading internal notes."""
    return allow() if "internal" in sight(actor, matter) else hidden()


@policy("matters.assignee", "承办人", "The handler it is assigned to")
def assignee(actor: Actor, matter: Matter) -> Decision:
    """Steps of the handler."""
    if not (aspects := sight(actor, matter)):
        return hidden()
    if "assignee" in relations_of(actor, matter) and handles(actor.grants, matter):
        return allow("承办人", "handler")
    return deny("这一步由承办人办理。", "This step is the handler's.", visible=bool(aspects))


def dispatching_roles(process_code: str, version: int) -> tuple[str, ...]:
    """Dispatchers and heads; where a service is closed to both (complaints), its own handlers give out the work."""
    seen_by = process_version(process_code, version).seen_by_roles
    usual = tuple(r for r in ("dispatcher", "office_head") if r in seen_by)
    return usual or tuple(r for r in seen_by if r != "supervisor")


@policy("matters.dispatch", "本机构的派单员、负责人（投诉由投诉办理员）", "Dispatchers and heads of the office (of complaints: complaint handlers)")
def dispatch(actor: Actor, matter: Matter) -> Decision:
    """Triage, assignment, merging."""
    if not sight(actor, matter):
        return hidden()
    if has_role_over(actor, matter, *dispatching_roles(matter.process_code, matter.process_version)):
        return allow("派单员", "dispatcher")
    return deny("这一步由派单员办理。", "This step is the dispatcher's.")


@policy("matters.handle_or_dispatch", "承办人，或本机构的派单员", "The handler, or a dispatcher of the office")
def handle_or_dispatch(actor: Actor, matter: Matter) -> Decision:
    """Steps either may take."""
    first = assignee(actor, matter)
    return first if first or not first.visible else dispatch(actor, matter)


@policy("matters.supervise", "上级或本机构的督办人员", "Supervisors within scope")
def supervise(actor: Actor, matter: Matter) -> Decision:
    """Supervision, extension approval, overriding a guard with a reason."""
    if not sight(actor, matter):
        return hidden()
    if has_role_over(actor, matter, "supervisor", "office_head") and "assignee" not in relations_of(actor, matter):
        return allow("督办人员", "supervisor")
    return deny("这一步须由督办人员批准，承办人不能自批。", "This needs a supervisor, and never the handler.")


@policy("matters.applicant", "提出事项的人（凭查询码或本人账号）", "The person who brought it (lookup code or account)")
def applicant(actor: Actor, matter: Matter) -> Decision:
    """Steps of the person who brought the matter."""
    if relations_of(actor, matter) & {"applicant", "holder", "complainant", "representative"}:
        return allow("本人", "applicant")
    return hidden() if not sight(actor, matter) else deny("这一步由提出人办理。", "This step is the applicant's.")


@policy("matters.add_to_own", "出示查询码、且登记的手机号就是已验证手机号的本人", "Whoever shows the code and has proved the number given with it")
def add_to_own(actor: Actor, matter: Matter) -> Decision:
    """Adding a matter brought without signing in to one's own list. Never by the number alone, for anybody can type one (T23)."""
    if actor.kind != "citizen" or not actor.person_id or matter.pk not in actor.holds or not sight(actor, matter):
        return hidden()
    if proven_party(actor, matter) is not None:
        return allow("本人", "the person")
    return deny("这件事登记的手机号不是您验证的这个，请继续用查询码查看。", "It was brought with another number than the one you proved; open it by its code.")


@policy("matters.system", "系统按时限自动办理", "The system, by the clock")
def system(actor: Actor, matter: Matter) -> Decision:
    """Steps nobody takes by hand."""
    return allow() if actor.kind == "system" else deny("这一步由系统自动办理。", "The system takes this step by itself.")


@policy("matters.claim", "本机构能办理这类事项的人员", "Those of the office who handle such matters")
def claim(actor: Actor, matter: Matter) -> Decision:
    """抢单."""
    aspects = sight(actor, matter)
    if not aspects:
        return hidden()
    if matter.assignee_id is not None:
        return deny("已有人承办。", "Somebody has it already.")
    roles = process_version(matter.process_code, matter.process_version).handled_by_roles
    return allow() if has_role_over(actor, matter, *roles) else deny("只有能办理这类事项的人员可以抢单。", "Only those who handle such matters claim them.")


@policy("matters.take_in", "窗口人员、坐席、派单员", "Window clerks and dispatchers")
def take_in(actor: Actor, target: Any) -> Decision:
    """Window intake for somebody else."""
    allowed = any(r in actor.roles for r in ("window_clerk", "dispatcher", "office_head", "adviser", "seat"))
    return allow() if actor.kind == "staff" and allowed else deny("只有受理人员可以登记。", "Only intake staff may register.")


@policy("matters.submit", "任何人", "Anybody")
def submit(actor: Actor, target: Any) -> Decision:
    """The public brings something: no sign-in needed."""
    return allow()


@policy("matters.converse", "提出人与办理人员", "The person and the handlers")
def converse(actor: Actor, matter: Matter) -> Decision:
    """Writing a message or adding a file."""
    if applicant(actor, matter) or assignee(actor, matter):
        return allow()
    if has_role_over(actor, matter, "dispatcher", "office_head", "complaint_handler", "window_clerk") and "content" in sight(actor, matter):
        return allow()
    return hidden() if not sight(actor, matter) else deny("您不能在这件事项里留言。", "You may not write here.")


@policy("matters.edit_categories", "规则管理员", "Rule editors")
def edit_categories(actor: Actor, target: Any) -> Decision:
    """Publishing a new edition of the categories."""
    if actor.kind == "system" or actor.has("rule_editor"):
        return allow()
    return deny("只有规则管理员可以发布分类。", "Only rule editors may publish categories.")
