"""The auditor's search: who did what, who read what. Nonsense is named beside its field, never searched for."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from fawang.faces.desk.frame import actor_of, page
from fawang.faces.law_links import day_in
from fawang.faces.pages import language
from fawang.faces.routing import open_to
from fawang.faces.views_of import ACTORS, DOORS, SUBJECTS, purpose_words, word
from fawang.kernel.errors import Refusal
from fawang.kernel.events import kinds
from fawang.kernel.ids import fold_matter_number
from fawang.kernel.models import Event, ReadLog
from fawang.kernel.readlog import note_read
from fawang.kernel.text_safety import ValueProblem, check_text
from fawang.kernel.texts import Text
from fawang.matters.models import Matter
from fawang.people.models import Staff
from fawang.people.selectors import staff_names

FIELDS = ("table", "number", "who", "kind", "day")
LONGEST, SHOWN, ROWS = 60, 1000, 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; what is ``None`` or empty does not narrow."""

    reads: bool = False
    matter: uuid.UUID | None = None
    account: uuid.UUID | None = None
    kind: str = ""
    day: date | None = None


@open_to("people.audit")
def trail(request: HttpRequest) -> HttpResponse:
    """Who did what, who read what: by number, account, kind and day. The search itself is written down."""
    typed = {name: request.POST.get(name, "") for name in FIELDS}
    rows: list[dict[str, Any]] = []
    problems: dict[str, Refusal] = {}
    if request.method == "POST":
        note_read(subject_kind="audit", subject_id=actor_of(request).account, what="reads" if typed["table"] == "reads" else "events", purpose="audit")
        wanted, problems = understood(typed)
        if not problems:
            rows = _reads(wanted) if wanted.reads else _events(wanted)
    names = sorted((k, kinds()[k].name.in_language(language())) for k in kinds())
    query = {name: text[:SHOWN] for name, text in typed.items()}
    context = {"query": query, "rows": rows, "kinds": names, "asked": request.method == "POST" and not problems, "errors": problems}
    return page(request, "desk/trail.html", context, status=422 if problems else 200)


def understood(typed: dict[str, str]) -> tuple[Wanted, dict[str, Refusal]]:
    """What the words of the form mean, and what is wrong with those that mean nothing."""
    problems: dict[str, Refusal] = {}
    for name, text in typed.items():
        try:
            check_text(text, max_length=LONGEST, single_line=True)
        except ValueProblem as bad:
            problems[name] = Refusal(bad.code, field=name, **bad.params)
    given = {name: text.strip() for name, text in typed.items() if name not in problems}
    number, who, kind, day = (given.get(name, "") for name in FIELDS[1:])
    wanted = Wanted(
        reads=given.get("table") == "reads",
        matter=Matter.objects.filter(number=fold_matter_number(number) or "").values_list("pk", flat=True).first() if number else None,
        account=Staff.objects.filter(username=who).values_list("pk", flat=True).first() if who else None,
        kind=kind,
        day=day_in(day),
    )
    if number and wanted.matter is None:
        problems["number"] = Refusal("trail.number", field="number")
    if who and wanted.account is None:
        problems["who"] = Refusal("trail.who", field="who")
    if day and wanted.day is None:
        problems["day"] = Refusal("trail.day", field="day")
    if kind and kind not in kinds():
        problems["kind"] = Refusal("field.choice", field="kind")
    if given.get("table", "") not in {"", "events", "reads"}:
        problems["table"] = Refusal("field.choice", field="table")
    return wanted, problems


def _narrowed(found: QuerySet[Any], wanted: Wanted, *, matter: str, day: str) -> QuerySet[Any]:
    """``matter`` and ``day``: the fields of this table that hold them."""
    asked = {matter: wanted.matter, "actor_id": wanted.account and str(wanted.account), day: wanted.day}
    return found.filter(**{field: value for field, value in asked.items() if value})


def _events(wanted: Wanted) -> list[dict[str, Any]]:
    found = _narrowed(Event.objects.order_by("-occurred_at", "-seq"), wanted, matter="stream", day="occurred_at__date")
    if wanted.kind:
        found = found.filter(kind=wanted.kind)
    rows = list(found[:ROWS])
    names, tongue = staff_names([e.actor_id for e in rows]), language()
    return [{"at": e.occurred_at, "what": kinds()[e.kind].name.in_language(tongue) if e.kind in kinds() else e.kind, "who": names.get(e.actor_id) or word(ACTORS, e.actor_kind, tongue),
             "door": word(DOORS, e.door, tongue), "detail": e.kind, "request": e.request_id} for e in rows]  # fmt: skip


def _reads(wanted: Wanted) -> list[dict[str, Any]]:
    found = _narrowed(ReadLog.objects.order_by("-at"), wanted, matter="subject_id", day="at__date")
    rows = list(found[:ROWS])
    names, tongue = staff_names([r.actor_id for r in rows]), language()
    looked = Text("查阅", "Looked at").in_language(tongue)
    return [{"at": r.at, "what": f"{looked} {word(SUBJECTS, r.subject_kind, tongue)}", "who": names.get(r.actor_id) or word(ACTORS, r.actor_kind, tongue), "door": word(DOORS, r.door, tongue),
             "detail": f"{purpose_words(r.purpose, tongue)} {r.what}", "request": r.request_id} for r in rows]  # fmt: skip
