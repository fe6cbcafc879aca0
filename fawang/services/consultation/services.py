"""The few verbs a consultation has of its own; everything else is the declaration."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from fawang.kernel import clock
from fawang.kernel.errors import Refusal, catalogue
from fawang.kernel.folding import fold_name
from fawang.kernel.ids import fold_matter_number
from fawang.knowledge.drafting.port import MARK
from fawang.matters.assignments import current_assignment
from fawang.matters.clocks import last_day
from fawang.matters.conversation import add_message
from fawang.matters.models import Matter, MatterLink, Message
from fawang.matters.openings import link
from fawang.matters.parties import PartyWords, add_party, same_person
from fawang.matters.situation import Opened, Situation, Taking
from fawang.matters.time_limits import day_words
from fawang.services.consultation.citations import PROBLEMS, parse_citations
from fawang.services.consultation.forms import AnswerForm, ToComplaintForm
from fawang.services.consultation.recording import record_citations
from fawang.services.consultation.verifying import all_cited, doubtful_words, law_day

catalogue(PROBLEMS)
catalogue(
    {
        "consultation.when": ("约定日期须在今天之后，最晚是{due}。", "The date must lie after today and be {due} at the latest."),
        "citation.doubtful": ("{found}如果仍要引用，请写明理由。", "{found} To cite it all the same, say why."),
        "consultation.into": ("没有找到可并入的事项。", "No such open matter of the same service."),
        "consultation.other_person": (
            "{number} 不是同一个人（证件号，或电话加姓名）提出的，并进去这位提问人就收不到答复了。几个人问同一件事，请用“并案”，每个人都会收到答复。",
            "{number} was not brought by the same person (document, or phone and name), so this asker would get no answer. Handle them together instead: each is answered.",
        ),
    }
)
FOLLOW_UPS = 3


def start(opened: Opened) -> None:
    """The named opponent becomes a party for the conflict check."""
    opponent = json.loads(opened.matter.details or "{}").get("opponent", "")
    known = {fold_name(p.name) for p in opened.parties if p.relation == "opponent" and p.name}
    if opponent and fold_name(opponent) and fold_name(opponent) not in known:
        add_party(matter=opened.matter, words=PartyWords("opponent", opponent), quietly=True)


def accept(taking: Taking) -> None:
    """The handler takes the matter on."""
    spell = current_assignment(taking.matter)
    if spell is not None and spell.accepted_at is None:
        spell.accepted_at = clock.now()
        spell.save(update_fields=["accepted_at"])


def answer(taking: Taking) -> None:
    """Write the answer and what it rests on; what it cites is watched from then on.

    Raises ``Refusal`` on field ``citations`` for articles that are no law on the day that counts, unless a reason is given, and on
    ``body`` while marks of a machine's draft are in it.
    """
    form: AnswerForm = taking.form  # type: ignore[assignment]
    if MARK in form.body:
        raise Refusal("form.invalid", fields={"body": Refusal("draft.label", field="body", mark=MARK)})
    day = law_day(taking.matter, form.law_day)
    cited = parse_citations(form.citations)
    doubtful = [v for v in all_cited(form.body, cited, day) if v.doubtful]
    if doubtful and not form.cite_reason.strip():
        raise Refusal("form.invalid", fields={"citations": Refusal("citation.doubtful", field="citations", found=doubtful_words(doubtful))})
    message = add_message(matter=taking.matter, actor=taking.actor, kind="answer", body=form.body)
    record_citations(matter=taking.matter, message=message, body=form.body, cited=cited, day=day, owner=str(taking.actor.staff_id or ""))
    taking.facts |= {"citations": len(cited), "aid_notice": form.aid_notice, "round": taking.matter.data.get("round", 0), "doubtful": len(doubtful)}
    if doubtful:
        words = f"引用了{'、'.join(v.name for v in doubtful)}，理由：{form.cite_reason}"
        add_message(matter=taking.matter, actor=taking.actor, kind="note", body=words, audience="internal")
    accept(taking)


def message_of(kind: str) -> Callable[[Taking], None]:
    """An effect that writes the form's ``body`` (or ``reason``) as a message."""

    def effect(taking: Taking) -> None:
        body = getattr(taking.form, "body", "") or getattr(taking.form, "reason", "")
        if body:
            add_message(matter=taking.matter, actor=taking.actor, kind=kind, body=body, party=taking.party)

    return effect


def follow_up(taking: Taking) -> None:
    """Another round of the same conversation."""
    taking.matter.data["round"] = taking.matter.data.get("round", 0) + 1
    add_message(matter=taking.matter, actor=taking.actor, kind="question", body=taking.form.body, party=taking.party)  # type: ignore[union-attr]


def may_follow_up(here: Situation) -> bool:
    """At most three rounds; after that a new question or the hotline."""
    return int(here.matter.data.get("round", 0)) < FOLLOW_UPS


def schedule(taking: Taking) -> None:
    """Promise a date and say why. Raises ``Refusal`` naming the last day the rule allows; the limit ends with the day promised."""
    when, last = taking.form.when, last_day(taking.matter, "CONS-SCHED", taking.now)  # type: ignore[union-attr]
    if not clock.today() < when <= last:
        raise Refusal("form.invalid", fields={"when": Refusal("consultation.when", field="when", due=day_words(last))})
    taking.matter.data["promised"] = when.isoformat()
    taking.places["when"] = day_words(when).in_language(taking.matter.language)
    message_of("message")(taking)  # type: ignore[operator]


def redirect(taking: Taking) -> None:
    """Name the body that helps, in a message to the person."""
    form = taking.form
    body = f"{form.reason}\n\n请联系：{form.body_name} {form.contact}"  # type: ignore[union-attr]
    add_message(matter=taking.matter, actor=taking.actor, kind="answer", body=body)
    taking.places["body"] = form.body_name  # type: ignore[union-attr]


def reject(taking: Taking) -> None:
    """Refuse abuse with a reason; the supervisor sees every one."""
    add_message(matter=taking.matter, actor=taking.actor, kind="message", body=taking.form.reason)  # type: ignore[union-attr]
    taking.facts["kind"] = taking.form.kind  # type: ignore[union-attr]


def merge(taking: Taking) -> None:
    """Link a duplicate to the matter it repeats; its messages stay where they are.

    Only one person's own matters: the answer goes to who brought the other one. Whoever cannot be proven the same is not.
    """
    typed = taking.form.into  # type: ignore[union-attr]
    number = fold_matter_number(typed) or typed
    other = Matter.objects.filter(number=number, process_code=taking.process.code, is_open=True).exclude(pk=taking.matter.pk).first()
    if other is None or other.office_id != taking.matter.office_id:
        raise Refusal("form.invalid", fields={"into": Refusal("consultation.into", field="into")})
    if not _same_asker(taking.matter, other):
        raise Refusal("form.invalid", fields={"into": Refusal("consultation.other_person", field="into", number=other.number)})
    link(parent=other, child=taking.matter, relation="duplicate_of")
    taking.places["other"] = other.number


def _same_asker(one: Matter, other: Matter) -> bool:
    mine, theirs = (list(m.parties.filter(relation="applicant", ended_at=None)) for m in (one, other))
    return bool(mine) and all(any(same_person(a, b) for b in theirs) for a in mine)


def _last_answer(matter: Matter) -> Message | None:
    return matter.messages.filter(kind="answer").exclude(author_staff=None).order_by("created_at", "id").last()


def _complained_about(matter: Matter) -> Matter | None:
    """The complaint about the last answer (or, before any, about having none), unless it was withdrawn."""
    answer = _last_answer(matter)
    about = {"child__process_code": "complaint", "child__data__answer": str(answer.pk) if answer else ""}
    found = MatterLink.objects.filter(parent=matter, relation="derived_from", **about).exclude(child__state="withdrawn").select_related("child").first()
    return found.child if found else None


def not_complained(here: Situation) -> bool:
    """One answer is complained about once."""
    return _complained_about(here.matter) is None


def first_complaint(here: Situation) -> dict[str, Any]:
    """The number of the complaint there is."""
    first = _complained_about(here.matter)
    return {"number": first.number if first else ""}


def to_complaint(taking: Taking) -> None:
    """The complaint's answers and words; whoever gave the answer (before any answer, whoever has the question) is its respondent and sees nothing of it."""
    form: ToComplaintForm = taking.form  # type: ignore[assignment]
    answer = _last_answer(taking.matter)
    staff = answer.author_staff if answer else taking.matter.assignee
    if staff is not None:
        taking.child_parties = [PartyWords("respondent", staff.name, staff_id=staff.pk)]
    taking.child_details = {"target": form.target, "respondent": form.respondent, "conduct": form.conduct, "wish": "", "confidential": form.confidential}
    taking.child_data = {"answer": str(answer.pk) if answer else ""}
    taking.places["child_title"] = form.words


def reply_paper(taking: Taking) -> str:
    """The printed reply."""
    form = taking.form
    cited = "\n".join(f"《{c.law}》{c.article}" for c in parse_citations(form.citations))  # type: ignore[union-attr]
    return (
        f"法律咨询答复\n\n事项编号：{taking.matter.number}\n\n一、您的问题\n{taking.matter.title}\n\n二、答复\n{form.body}\n\n"  # type: ignore[union-attr]
        f"三、法律依据\n{cited or '（未列条文）'}\n\n本答复系根据您陈述的情况作出的参考性意见，不具有法律强制力。"
    )
