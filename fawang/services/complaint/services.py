"""The few verbs a complaint has of its own. Nothing here writes the complainant's identity anywhere."""

from __future__ import annotations

from fawang.kernel.errors import Refusal, catalogue
from fawang.matters.assignments import write_assignment
from fawang.matters.conversation import add_message
from fawang.matters.parties import PartyWords, add_party
from fawang.matters.situation import Opened, Situation, Taking
from fawang.people.actors import SYSTEM
from fawang.people.models import Staff
from fawang.people.traces import gives_away
from fawang.services.complaint.bodies import bodies_meant, is_top
from fawang.services.complaint.likeness import core
from fawang.services.complaint.respondents import UNIDENTIFIED, bar_who_may_be_meant, settle, typed_respondent

catalogue(
    {
        "complaint.account": ("没有找到这个账号。", "No such account."),
        "complaint.identity": ("说明函里不得出现投诉人的姓名、电话或证件号。", "Nothing that identifies the complainant may be written here."),
    }
)
TOP = "被投诉的是本省最高一级司法行政机关，上面没有可以受理的机关。请由未被投诉的投诉办理员办理，或者移送同级人民政府、司法部等有权处理的单位。"


def start(opened: Opened) -> None:
    """Whom it is about, as typed, becomes the respondent and loses sight of it: an account of that very name, or everybody of a body and of the
    bodies below it (the highest there is decides itself, and a note says so). Whoever else may be meant is kept from it until somebody says who is.
    """
    matter = opened.matter
    respondent = typed_respondent(matter)
    told = [p for p in opened.parties if p.relation == "respondent"]
    found = [s for s in Staff.objects.filter(state="active").only("pk", "name") if core(s.name) == core(respondent)] if respondent else []
    bodies = bodies_meant(respondent, matter.region_code) if respondent else []
    for staff in found:
        if staff.pk not in {p.staff_id for p in told}:
            add_party(matter=matter, words=PartyWords("respondent", staff.name, staff_id=staff.pk), quietly=True)
    for body in [b for b in bodies if b.pk not in {p.organisation_id for p in told}]:
        barred = None if is_top(body) else body.pk
        add_party(matter=matter, words=PartyWords("respondent", body.name, organisation_id=barred), quietly=True)
        if barred is None:
            add_message(matter=matter, actor=SYSTEM, kind="note", body=TOP, audience="internal")
    if respondent and not found and not bodies and respondent not in {p.name for p in told}:
        add_party(matter=matter, words=PartyWords("respondent", respondent), quietly=True)
    if len(found) != 1 and not any(p.staff_id for p in told) and not any(not is_top(b) for b in bodies):
        matter.data[UNIDENTIFIED] = True
        matter.save(update_fields=["data"])
    bar_who_may_be_meant(matter)


def say(taking: Taking) -> None:
    """Write the form's text to the complainant."""
    body = getattr(taking.form, "missing", "") or getattr(taking.form, "body", "")
    kind = "message" if taking.actor.kind == "staff" else "question"
    if body:
        add_message(matter=taking.matter, actor=taking.actor, kind=kind, body=body, party=taking.party)


def notify_missing(taking: Taking) -> None:
    """一次性告知: counted, so that a second notice needs a supervisor."""
    taking.matter.data["notices"] = taking.matter.data.get("notices", 0) + 1
    say(taking)


def not_notified(here: Situation) -> bool:
    """Whether no notice has been given yet."""
    return int(here.matter.data.get("notices", 0)) == 0


def has_respondent_account(here: Situation) -> bool:
    """Whether an account is known to be complained about."""
    return here.matter.parties.filter(relation="respondent", staff__isnull=False, ended_at=None).exists()


def identify(taking: Taking) -> None:
    """Tie the complaint to an account; if that account handles it, it is taken away in the same moment."""
    staff = Staff.objects.filter(username=taking.form.username).first()  # type: ignore[union-attr]
    if staff is None:
        raise Refusal("form.invalid", fields={"username": Refusal("complaint.account", field="username")})
    if not taking.matter.parties.filter(relation="respondent", staff=staff, ended_at=None).exists():
        add_party(matter=taking.matter, words=PartyWords("respondent", staff.name, staff_id=staff.pk))
    settle(taking.matter, staff)


def ask_statement(taking: Taking) -> None:
    """The statement's question becomes the child's whole content; identifying words are refused."""
    question = taking.form.question  # type: ignore[union-attr]
    sealed = taking.matter.parties.filter(relation__in=("complainant", "representative"))
    if gives_away(question, [secret for p in sealed for secret in (p.name, p.phone, p.identity_number)]):
        raise Refusal("form.invalid", fields={"question": Refusal("complaint.identity", field="question")})
    taking.places["child_title"] = question


def start_statement(opened: Opened) -> None:
    """The statement goes straight to the person asked."""
    matter = opened.matter
    asked = next((p for p in opened.parties if p.relation == "answerer" and p.staff_id), None)
    if asked is not None and asked.staff is not None:
        write_assignment(matter, staff=asked.staff, method="manual", by=None, reasons=[{"rule": "respondent"}])
        matter.save(update_fields=["assignee"])


def decide(taking: Taking) -> None:
    """The decision, written to the complainant."""
    taking.facts["outcome"] = taking.form.outcome  # type: ignore[union-attr]
    add_message(matter=taking.matter, actor=taking.actor, kind="answer", body=taking.form.body)  # type: ignore[union-attr]


def decision_paper(taking: Taking) -> str:
    """The written decision; it never names the complainant."""
    return f"投诉处理结果告知书\n\n事项编号：{taking.matter.number}\n\n{taking.form.body}\n\n如对处理结果有异议，可自收到之日起十五日内提出。"  # type: ignore[union-attr]


def not_objected(here: Situation) -> bool:
    """One objection only."""
    return not here.matter.data.get("objected")


def objection(taking: Taking) -> None:
    """The objection, counted."""
    taking.matter.data["objected"] = True
    say(taking)
