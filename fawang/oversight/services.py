"""Ratings and what they set going; supervision orders for what is late."""

from __future__ import annotations

import uuid

from django.db import transaction

from fawang.kernel import clock, context, crypto, events
from fawang.kernel.errors import Refusal, catalogue
from fawang.kernel.events import event_kind
from fawang.kernel.policy import require
from fawang.kernel.text_safety import ValueProblem, check_text
from fawang.matters.models import Matter, MatterLink
from fawang.matters.openings import Opening, carried, link, open_matter
from fawang.matters.parties import PartyWords
from fawang.matters.processes import process_version
from fawang.matters.services import lock, take_step
from fawang.oversight.models import Rating
from fawang.oversight.selectors import may_be_rated
from fawang.people.actors import SYSTEM, Actor

event_kind("rating.given", "已评价", "Rated", public=True, keys=("rating", "level", "office", "process", "category", "staff", "digest", "door"))
catalogue(
    {
        "rating.once": ("每次服务只评价一次，您已评价过，感谢。", "Each service is rated once; you have rated it already."),
        "rating.level": ("请选择满意程度。", "Please choose a level."),
        "rating.early": ("办理答复后才能评价。", "It can be rated once it is answered."),
        "rating.unserved": ("这件事没有给出答复或办理结果，不作评价。", "No answer or result was given here, so there is nothing to rate."),
        "order.open": ("同一事由已有未办结的督办。", "An order for the same cause is open."),
    }
)
LEVELS = {
    5: ("非常满意", "Very satisfied"),
    4: ("满意", "Satisfied"),
    3: ("基本满意", "Fairly satisfied"),
    2: ("不满意", "Dissatisfied"),
    1: ("非常不满意", "Very dissatisfied"),
}
BAD = 2


def rate(*, actor: Actor, matter_id: uuid.UUID, level: int, comment: str = "") -> Rating:
    """Give the one rating of a matter. A bad one opens a return visit and a rectification, each with its clock.

    Only where the service was given on its merits (:func:`selectors.may_be_rated`).
    Raises ``Refusal`` ``rating.once``, ``rating.early``, ``rating.unserved`` (all 409), ``rating.level``. Never taken from staff.
    """
    with transaction.atomic():
        matter = lock(matter_id)
        require("oversight.rate", actor, matter)
        _check_words(level, comment)
        if Rating.objects.filter(matter=matter).exists():
            raise Refusal("rating.once", status=409)
        process = process_version(matter.process_code, matter.process_version)
        closing = next((s for s in process.steps if s.verb == "rated" and matter.state in s.from_), None)
        if not may_be_rated(matter):
            raise Refusal("rating.early" if matter.is_open else "rating.unserved", status=409)
        row = Rating.objects.create(
            matter=matter, level=level, comment=comment, rated_staff_id=_last_handler(matter), office=matter.office,
            door=context.current().door, rated_at=clock.now(),
        )  # fmt: skip
        events.record(
            kind="rating.given",
            stream=matter.pk,
            office=str(matter.office_id),
            payload={
                "rating": str(row.pk), "level": level, "office": str(matter.office_id), "process": matter.process_code,
                "category": matter.category_code, "staff": str(row.rated_staff_id or ""), "digest": crypto.text_digest(comment), "door": row.door,
            },
        )  # fmt: skip
        if closing is not None:
            take_step(actor=SYSTEM, matter_id=matter.pk, verb="rated")
        if level <= BAD:
            _open_beside(matter, "return_visit", "calls_back", {"level": level})
            _open_beside(matter, "rectification", "rectifies", {"level": level})
    return row


def _check_words(level: int, comment: str) -> None:
    try:
        check_text(comment, max_length=1000)
    except ValueProblem as problem:
        raise Refusal("form.invalid", fields={"comment": Refusal(problem.code, field="comment", **problem.params)}) from None
    if level not in LEVELS:
        raise Refusal("form.invalid", fields={"level": Refusal("rating.level", field="level")})


def _last_handler(matter: Matter) -> uuid.UUID | None:
    spell = matter.assignments.order_by("-assigned_at").first()
    return spell.staff_id if spell else None


def _open_beside(matter: Matter, process: str, relation: str, data: dict[str, object]) -> Matter:
    """A child beside the matter. What a shield seals there (信访工作条例 §30) stays sealed here: whom it is sealed from is a party
    of the child and so never meets it, its title says nothing, and only the return visit knows whom to call.
    """
    declared = process_version(matter.process_code, matter.process_version)
    sealed = {shield.relation for shield in declared.shields}
    served = matter.parties.filter(relation__in=("applicant", "complainant"), ended_at=None).first()
    parties = []
    if served is not None and (served.relation not in sealed or process == "return_visit"):
        parties = [PartyWords("applicant", served.name or "", served.phone or "", person_id=served.person_id, reach_by=served.reach_by)]
    barred = {relation for shield in declared.shields for relation in shield.from_relations}
    parties += [carried(party, party.relation) for party in matter.parties.filter(relation__in=barred, ended_at=None)]
    child = open_matter(
        intake=matter.intake,
        opening=Opening(
            process=process, title=f"{declared.name.zh} {matter.number}" if sealed else matter.title, region_code=matter.region_code, office=matter.office, category_code=matter.category_code,
            category_version=matter.category_version, parties=parties, language=matter.language, data=data,
        ),
    )  # fmt: skip
    link(parent=matter, child=child, relation=relation)
    return child


def raise_order(*, matter: Matter, cause: str, handler: bool = True) -> Matter | None:
    """督办: one open order a matter and cause; ``None`` when there is one already. Call with the matter locked."""
    if MatterLink.objects.filter(parent=matter, relation="supervises", child__is_open=True, child__data__cause=cause).exists():
        return None
    child = _open_beside(matter, "supervision_order", "supervises", {"cause": cause})
    if handler and matter.assignee_id:
        child.assignee_id = matter.assignee_id
        child.save(update_fields=["assignee"])
    return child


def order_by_hand(*, actor: Actor, matter_id: uuid.UUID, reason: str) -> Matter:
    """A supervisor's own order (leader's instruction, repeated complaint). Raises ``Refusal('order.open')``."""
    from fawang.matters.conversation import add_message

    with transaction.atomic():
        matter = lock(matter_id)
        require("matters.supervise", actor, matter)
        child = raise_order(matter=matter, cause="instruction")
        if child is None:
            raise Refusal("order.open", status=409)
        add_message(matter=child, actor=actor, kind="note", body=reason, audience="internal")
    return child
