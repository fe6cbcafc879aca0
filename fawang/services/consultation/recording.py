"""Writing down what an answer cites: beside the answer for the person, and in the library so that a change of the law finds it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db import transaction

from fawang.kernel import clock
from fawang.knowledge.models import ImportRun
from fawang.knowledge.services import cite
from fawang.matters.models import Matter, Message
from fawang.services.consultation.citations import Cited
from fawang.services.consultation.models import Citation
from fawang.services.consultation.verifying import Verified, verify, verify_text

BATCH = 100


def record_citations(*, matter: Matter, message: Message, body: str, cited: Iterable[Cited], day: date, owner: str) -> None:
    """Keep the listed citations for the person, and everything cited, in the list or in the text, for the library. In the step's transaction."""
    rows = []
    for item in cited:
        found = verify(item, day)
        rows.append(Citation(matter=matter, message=message, law=item.law, article=item.article, as_of=day, **_place(found)))
        _watch(found, matter, message, day, owner)
    Citation.objects.bulk_create(rows)
    for found in verify_text(body, day):
        _watch(found, matter, message, day, owner)


def _place(found: Verified) -> dict[str, object]:
    """Where it stands in the library, where there is such an article."""
    if found.law is None or found.state == "absent":
        return {}
    return {"slug": found.law.slug, "number": found.number, "sub": found.sub}


def _watch(found: Verified, matter: Matter, message: Message, day: date, owner: str) -> None:
    if found.law is not None and found.state != "absent":
        cite(
            kind="answer", ref=str(message.pk), law=found.law, number=found.number, sub=found.sub, title=f"法律咨询答复 {matter.number}",
            address=f"/desk/m/{matter.pk}", owner=owner, as_of=day,
        )  # fmt: skip


def place_citations(batch: int = BATCH) -> int:
    """Citations written before their law was in the library find it after an import; returns how many found it.

    Each is looked for once after every import. Its own transaction a batch; rows are taken with ``SKIP LOCKED``.
    """
    last = ImportRun.objects.filter(state="done").exclude(source="cases").order_by("-ended_at").first()
    if last is None or last.ended_at is None:
        return 0
    placed = 0
    with transaction.atomic():
        rows = Citation.objects.select_for_update(skip_locked=True, of=("self",)).filter(slug="", looked_at__lt=last.ended_at)
        for row in rows.select_related("matter", "message").order_by("looked_at")[:batch]:
            found = verify(Cited(row.law, row.article), row.as_of)
            for name, value in _place(found).items():
                setattr(row, name, value)
            row.looked_at = clock.now()
            row.save(update_fields=["slug", "number", "sub", "looked_at"])
            _watch(found, row.matter, row.message, row.as_of, str(row.message.author_staff_id or ""))
            placed += bool(row.slug)
    return placed
