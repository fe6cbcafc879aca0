"""Queue views a member of staff keeps."""

from __future__ import annotations

from django.db import transaction

from fawang.kernel.errors import Refusal
from fawang.kernel.policy import require
from fawang.kernel.text_safety import check_text
from fawang.matters.models import SavedView
from fawang.people.actors import Actor

MOST = 12


def keep_view(*, actor: Actor, name: str, query: dict[str, str]) -> SavedView:
    """Keep a view under a name; the same name is replaced. Raises ``Refusal('field.required')``."""
    require("staff", actor)
    if not name.strip():
        raise Refusal("form.invalid", fields={"name": Refusal("field.required", field="name")})
    check_text(name, max_length=40, single_line=True)
    with transaction.atomic():
        row, _ = SavedView.objects.update_or_create(staff_id=actor.account, name=name, defaults={"query": query})
        old = SavedView.objects.filter(staff_id=actor.account).order_by("-pk").values_list("pk", flat=True)[MOST:]
        SavedView.objects.filter(pk__in=list(old)).delete()
    return row


def drop_view(*, actor: Actor, view_id: int) -> None:
    """Forget one of one's own views."""
    SavedView.objects.filter(pk=view_id, staff_id=actor.account).delete()
