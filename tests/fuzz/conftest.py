"""The province of the access tests with everything in it that a form may be about."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.access.world import World, build
from tests.conftest import MONDAY


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Inside a transaction that is never committed; every request is undone."""
    from django.db import transaction
    from django.test.utils import override_settings

    from fawang.kernel import clock
    from fawang.registry.tree import forget_tree

    folder = Path(tempfile.mkdtemp(prefix="fawang-line-"))
    with django_db_blocker.unblock(), clock.frozen(MONDAY) as move, override_settings(DEMO=False), transaction.atomic():
        made = build(move, folder)
        _keep(made)
        yield made
        transaction.set_rollback(True)
    forget_tree()
    shutil.rmtree(folder, ignore_errors=True)


def _keep(world: World) -> None:
    """What only an id opens: a pair of the bank, a passage, a figure, a review, a drawn call, a draft of the hotline's configuration."""
    from fawang.hotline import configurations, quality
    from fawang.hotline.models import ConfigVersion
    from fawang.knowledge.bank_keeping import propose_question
    from fawang.knowledge.interviews.services import enter_figure
    from fawang.knowledge.models import Citation, ReviewFlag
    from fawang.knowledge.snippets import write_snippet
    from fawang.people.actors import actor_of_staff

    def actor(name: str) -> Any:
        return actor_of_staff(world.staff[name])

    things = world.objects
    adviser = actor("adviser@same")
    things["question"] = propose_question(actor=adviser, text="公司拖欠工资三个月怎么办", norms="劳动合同法 30")
    things["snippet"] = write_snippet(actor=adviser, title="拖欠工资", text="用人单位应当及时足额支付劳动报酬。", norms="劳动合同法 30")
    things["figure"] = enter_figure(
        actor=actor("rule_editor@above"),
        table="labour.average_wage",
        region_code="340100",
        since=date(2025, 1, 1),
        until=None,
        value=Decimal(90000),
        source="甲市统计公报",
    )
    cited = Citation.objects.filter(kind="snippet", ref=str(things["snippet"].pk)).first() or Citation.objects.create(
        law=things["law"], number=30, kind="snippet", ref=str(things["snippet"].pk), title="拖欠工资", owner=str(adviser.staff_id)
    )
    things["flag"] = ReviewFlag.objects.create(citation=cited, reason="第三十条已修改", effective_on=date(2026, 1, 1), owner=str(adviser.staff_id))
    things["sample"] = quality.ask_for(actor=actor("call_boss"), ticket_id=things["ticket"].pk)
    live = ConfigVersion.objects.get(state="live")
    things["edition_draft"] = configurations.draft(actor=actor("hotline_planner@same"), document=live.document, note="试改")
