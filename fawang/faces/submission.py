"""What portal, window and API share when somebody brings something: one way in, one set of rules."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any

from fawang.kernel import crypto
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.ids import fold_lookup_code
from fawang.kernel.policy import require
from fawang.kernel.text_safety import ValueProblem, check_text
from fawang.matters.intake import PRIORITY_GROUPS, Received, Request, Visitor, receive
from fawang.matters.models import Matter
from fawang.matters.policies import sight_of_nothing
from fawang.people.actors import Actor
from fawang.people.identity import IdentityKind, parse_identity
from fawang.people.names import check_name
from fawang.people.phones import parse_phone
from fawang.registry.models import Organisation

MIN_QUESTION, MAX_QUESTION = 4, 5000
_REGION, _CATEGORY = re.compile("[0-9]{6,12}"), re.compile("[a-z0-9_.]{1,80}")


def submit(
    *,
    actor: Actor,
    process: str,
    question: str,
    category: str,
    region: str,
    contact: Mapping[str, str],
    priority_groups: list[str],
    form: Mapping[str, Any],
    language: str = "zh-hans",
    office: Organisation | None = None,
    question_field: str = "question",
) -> Received:
    """Check every word, then take it in. Raises ``Refusal('form.invalid')`` naming each field that needs changing."""
    problems: dict[str, Refusal] = {}
    _check(problems, question_field, lambda: check_text(question, max_length=MAX_QUESTION))
    if question_field not in problems and len(question.strip()) < MIN_QUESTION:
        problems[question_field] = Refusal("question.short", field=question_field)
    name, phone, identity = contact.get("name") or "", contact.get("phone") or "", contact.get("identity_number") or ""
    kind = contact.get("identity_kind") or "resident_id"
    if name:
        _check(problems, "name", lambda: check_name(name))
    if phone:
        _check(problems, "phone", lambda: parse_phone(phone))
    if identity:
        _check(problems, "identity_number", lambda: parse_identity(IdentityKind(kind), identity))
    if not _REGION.fullmatch(region):
        problems["region"] = Refusal("matter.region", field="region")
    if category and not _CATEGORY.fullmatch(category):
        problems["category"] = Refusal("matter.category", field="category")
    if len(priority_groups) > len(PRIORITY_GROUPS):
        problems["priority_groups"] = Refusal("field.choice", field="priority_groups")
    if problems:
        raise Refusal("form.invalid", fields=problems)
    visitor = Visitor(
        name=name, phone=phone, identity_kind=kind, identity_number=identity, region_code=contact.get("region") or region,
        priority_groups=tuple(priority_groups), language=language, safe_contact=contact.get("safe_contact") == "on",
        reach_by="sms" if phone else "web",
    )  # fmt: skip
    request = Request(process=process, title=question, region_code=region, category_code=category, form=form)
    return receive(actor=actor, visitor=visitor, requests=[request], office=office)


def _check(problems: dict[str, Refusal], field: str, check: Any) -> None:
    try:
        check()
    except ValueProblem as problem:
        problems[field] = Refusal(problem.code, field=field, **problem.params)
    except ValueError:
        problems[field] = Refusal("field.choice", field=field)


def matter_id_of(code: str) -> uuid.UUID | None:
    """The matter a lookup code belongs to; the same work whether it exists or not."""
    return Matter.objects.filter(lookup_index=crypto.blind("lookup", fold_lookup_code(code[:64]))).values_list("pk", flat=True).first()


def matter_of(code: str) -> Matter:
    """The matter a lookup code opens, its office with it; the same work whether it exists or not. Raises ``Absent``."""
    found = Matter.objects.select_related("office").filter(pk=matter_id_of(code) or uuid.UUID(int=0)).first()
    if found is None:
        raise Absent
    return found


def held(actor: Actor, code: str) -> tuple[Actor, Matter]:
    """The matter of a code and the actor holding it, if he may read it. Raises ``Absent`` for wrong and foreign codes alike, after the same statements."""
    try:
        matter = matter_of(code)
    except Absent:
        sight_of_nothing(actor)
        raise
    holder = actor.holding(matter.pk)
    require("matters.read", holder, matter)
    return holder, matter
