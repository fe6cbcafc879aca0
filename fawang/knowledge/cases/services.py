"""Writing cases: import with personal data hidden, an editor that hides in the same way, publication after a person has read it."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction

from fawang.kernel import clock, events
from fawang.kernel.errors import Refusal
from fawang.kernel.policy import require
from fawang.knowledge.cases.reading import checked, read_cases
from fawang.knowledge.guides.norms import norm_in, places_of
from fawang.knowledge.masking import findings, hidden, shown_kinds
from fawang.knowledge.models import Case, ImportRun
from fawang.knowledge.services import cite, drop_document, index_document, uncite
from fawang.people.actors import Actor
from fawang.regions.selectors import division_exists

TEXTS = ("title", "gist", "facts", "result", "reasons")
_SHOWN = 200
Progress = Callable[[int, str], None]


def masked(values: Mapping[str, Any]) -> tuple[dict[str, Any], Counter[str]]:
    """A case's values with personal data hidden in all its texts together, so that one person is one name throughout."""
    joined, kinds = hidden("\x1e".join(str(values[name]) for name in TEXTS))
    return {**values, **dict(zip(TEXTS, joined.split("\x1e"), strict=True))}, kinds


def digest_of(values: Mapping[str, Any]) -> str:
    """What tells a case taken in before: its masked words and facets."""
    plain = {k: str(v) for k, v in values.items() if k != "norms"}
    return hashlib.sha256(json.dumps(plain, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def import_cases(*, actor: Actor, path: Path, dry_run: bool = False, publish: bool = False, progress: Progress | None = None) -> dict[str, Any]:
    """Take in a file of cases; each its own transaction, the same file again changes nothing. Needs ``knowledge.manage``.

    Personal data is hidden before anything is written; the report says how much of what kind, case by case, never the data.
    Cases arrive as drafts for a person to read, or published with ``publish`` when the source did that already.
    """
    require("knowledge.manage", actor)
    tally, kinds, problems, told = Counter[str](), Counter[str](), [], []
    known = set(Case.objects.values_list("digest", flat=True))
    run = None if dry_run else ImportRun.objects.create(source="cases", locator=str(path)[-400:], made_by=str(actor.staff_id or actor.kind))
    for number, read in enumerate(read_cases(path), 1):
        if read.wrong is not None:
            tally["failed"] += 1
            problems.append({"place": read.place, "reason": str(read.wrong)})
            continue
        values, found = masked(read.values)
        norms, unknown = _norms(str(values["norms"]))
        problems += [{"place": read.place, "reason": f"未找到法条：{line[:40]}"} for line in unknown]
        kinds += found
        if found:
            told.append({"place": read.place, "hidden": dict(found)})
        if digest_of(values) in known:
            tally["same"] += 1
        else:
            known.add(digest_of(values))
            tally["added"] += 1
            if not dry_run:
                _add(actor, values, norms, found, publish)
        if progress and number % 50 == 0:
            progress(number, str(values["title"]))
    report = {
        "source": "cases", "dry_run": dry_run, "added": tally["added"], "same": tally["same"], "failed": tally["failed"], "hidden": dict(kinds),
        "hidden_words": shown_kinds(kinds), "cases_with_hidden": told[:_SHOWN], "problems": problems[:_SHOWN],
    }  # fmt: skip
    if run is not None:
        with transaction.atomic():
            ImportRun.objects.filter(pk=run.pk).update(state="done", report=report, ended_at=clock.now(), total=sum(tally.values()), done=sum(tally.values()))
            events.record(
                kind="knowledge.cases_imported", stream=run.pk,
                payload={"source": path.name[:80], "added": tally["added"], "same": tally["same"], "failed": tally["failed"], "hidden": sum(kinds.values())},
            )  # fmt: skip
    return report


def _norms(typed: str) -> tuple[list[str], list[str]]:
    found: list[str] = []
    unknown: list[str] = []
    for line in typed.replace("；", "\n").replace(";", "\n").splitlines():
        if line.strip():
            norm = norm_in(line)
            (unknown if norm is None else found).append(norm or line.strip())
    return list(dict.fromkeys(found)), unknown


def _add(actor: Actor, values: Mapping[str, Any], norms: list[str], found: Counter[str], publish: bool, *, demo: bool = False) -> Case:
    region = str(values["region_code"])
    with transaction.atomic():
        made = Case.objects.create(
            **{**values, "norms": norms, "region_code": region if region and division_exists(region) else ""},
            hidden=dict(found), owner=str(actor.staff_id or ""), digest=digest_of(values), demo=demo,
        )  # fmt: skip
        events.record(kind="knowledge.case_written", stream=made.pk, payload={"case": str(made.pk), "hidden": dict(found)})
        if publish:
            _publish(made)
    return made


def write_case(*, actor: Actor, typed: Mapping[str, Any]) -> tuple[Case, Counter[str]]:
    """A case written at the desk: checked, personal data hidden, kept as a draft. Needs ``knowledge.propose``.

    Raises ``Refusal`` ``form.invalid`` naming each field, ``case.copy`` for one that is there already.
    """
    require("knowledge.propose", actor)
    values, found = masked(checked(typed))
    norms, unknown = _norms(str(values["norms"]))
    if unknown:
        raise Refusal("form.invalid", fields={"norms": Refusal("guide.norms", field="norms", line=1, given=unknown[0][:60])})
    try:
        return _add(actor, values, norms, found, False), found
    except IntegrityError:
        raise Refusal("case.copy", status=409, title=str(values["title"])[:40]) from None


def mend_case(*, actor: Actor, case_id: uuid.UUID, typed: Mapping[str, Any]) -> tuple[Case, Counter[str]]:
    """Change a draft; personal data is hidden as when it was written, and whoever changes it answers for it. Locks the case.

    Needs ``knowledge.propose``. Raises like :func:`write_case`, and ``case.state`` unless it is a draft.
    """
    require("knowledge.propose", actor)
    values, found = masked(checked(typed))
    norms, unknown = _norms(str(values["norms"]))
    if unknown:
        raise Refusal("form.invalid", fields={"norms": Refusal("guide.norms", field="norms", line=1, given=unknown[0][:60])})
    try:
        with transaction.atomic():
            case = Case.objects.select_for_update().get(pk=case_id)
            if case.state != "draft":
                raise Refusal("case.state", status=409)
            region = str(values["region_code"])
            for name, value in {**values, "norms": norms, "region_code": region if region and division_exists(region) else ""}.items():
                setattr(case, name, value)
            case.hidden, case.owner, case.digest = dict(Counter(case.hidden) + found), str(actor.staff_id or ""), digest_of(values)
            case.save()
            events.record(kind="knowledge.case_mended", stream=case.pk, payload={"case": str(case.pk), "hidden": dict(found)})
    except IntegrityError:
        raise Refusal("case.copy", status=409, title=str(values["title"])[:40]) from None
    return case, found


def publish_case(*, actor: Actor, case_id: uuid.UUID) -> Case:
    """A second person has read the case and publishes it. Needs ``knowledge.manage``.

    Locks the case. Raises ``Refusal`` ``case.hidden`` while something in it may still tell who somebody is, ``guide.own`` for one's
    own draft, ``case.state``.
    """
    require("knowledge.manage", actor)
    with transaction.atomic():
        case = Case.objects.select_for_update().get(pk=case_id)
        if case.state == "published":
            return case
        if case.state != "draft":
            raise Refusal("case.state", status=409)
        if case.owner and case.owner == str(actor.staff_id):
            raise Refusal("guide.own", status=409)
        left = [f.kind for name in TEXTS for f in findings(str(getattr(case, name)))]
        if left:
            raise Refusal("case.hidden", status=409, found=shown_kinds(left))
        _publish(case)
    return case


def _publish(case: Case) -> None:
    case.state, case.published_at = "published", clock.now()
    case.save(update_fields=["state", "published_at"])
    address = f"/cases/{case.pk}"
    for law, number, sub in places_of(case.norms):
        cite(kind="case", ref=str(case.pk), law=law, number=number, sub=sub, title=case.title, address=address, owner=case.owner, as_of=case.decided_on)
    body = "\n".join(str(getattr(case, name)) for name in ("cause", "gist", "facts", "result", "reasons"))
    index_document(kind="case", ref=str(case.pk), title=case.title, body=body, address=address, region_code=case.region_code)
    events.record(kind="knowledge.case_published", stream=case.pk, payload={"case": str(case.pk), "digest": case.digest})


def withdraw_case(*, actor: Actor, case_id: uuid.UUID, reason: str) -> Case:
    """Take a case off the site, or out of the drafts. Twice changes nothing. Needs ``knowledge.retire``; locks the case."""
    with transaction.atomic():
        case = Case.objects.select_for_update().get(pk=case_id)
        require("knowledge.retire", actor, case.owner)
        if not reason.strip():
            raise Refusal("form.invalid", fields={"reason": Refusal("field.required", field="reason")})
        if case.state != "withdrawn":
            case.state = "withdrawn"
            case.save(update_fields=["state"])
            uncite(kind="case", ref=str(case.pk))
            drop_document(kind="case", ref=str(case.pk))
            events.record(kind="knowledge.case_withdrawn", stream=case.pk, payload={"case": str(case.pk), "reason": reason[:200]})
    return case
