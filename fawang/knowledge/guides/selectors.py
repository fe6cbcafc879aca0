"""Reading guides: what is published, what waits for somebody, what is due to be read again."""

from __future__ import annotations

from datetime import date, timedelta

from django.db.models import Q, QuerySet

from fawang.kernel import clock
from fawang.kernel.errors import Absent
from fawang.kernel.texts import Text
from fawang.knowledge.models import Guide, GuideText

TOPICS: dict[str, Text] = {
    "labour": Text("工作和工资", "Work and wages"), "family": Text("婚姻和家庭", "Marriage and family"), "money": Text("借钱和买东西", "Loans and purchases"),
    "housing": Text("房子和邻居", "Homes and neighbours"), "injury": Text("受伤和赔偿", "Injury and damages"), "procedure": Text("打官司和办手续", "Courts and procedure"),
    "aid": Text("法律援助", "Legal aid"), "safety": Text("报警和保护", "Police and protection"),
}  # fmt: skip
SOON = timedelta(days=30)


def published(*, topic: str = "") -> QuerySet[Guide]:
    """Published guides with their text, in the order of topics and titles."""
    rows = Guide.objects.exclude(current=None).select_related("current").order_by("topic", "current__title")
    return rows.filter(topic=topic) if topic else rows


def guide_at(slug: str) -> Guide:
    """The published guide of that address. Raises ``Absent``."""
    found = Guide.objects.exclude(current=None).select_related("current").filter(slug=slug[:60]).first()
    if found is None:
        raise Absent
    return found


def all_guides() -> QuerySet[Guide]:
    """Every guide, published or not, those with something to do first."""
    return Guide.objects.select_related("current").prefetch_related("texts").order_by("slug")


def guide_to_edit(slug: str) -> tuple[Guide, GuideText | None]:
    """A guide and the text somebody works on, if any. Raises ``Absent``."""
    found = Guide.objects.select_related("current").filter(slug=slug[:60]).first()
    if found is None:
        raise Absent
    return found, found.texts.filter(state__in=("draft", "reviewed")).first()


def due_guides(on: date | None = None, owner: str = "") -> QuerySet[Guide]:
    """Published guides whose review is due within 30 days, the most overdue first."""
    rows = published().filter(review_due__lte=(on or clock.today()) + SOON).order_by("review_due")
    return rows.filter(Q(owner=owner) | Q(owner="")) if owner else rows
