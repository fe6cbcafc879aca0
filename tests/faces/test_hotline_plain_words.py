"""No page of the hotline shows a code of the closed lists: what a machine calls by a word of its own is told in plain words."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest

from fawang.faces.desk import hotline_quality, hotline_roster, hotline_words
from fawang.hotline import callbacks, quality, supervision
from fawang.hotline.causes import CAUSES
from fawang.hotline.configuration import parse
from fawang.hotline.models import AgentState, Alarm, Call, CallbackRequest, CallTicket, ConfigVersion, QualitySample, Shift
from fawang.hotline.natures import NATURES
from fawang.hotline.simulator import standing
from fawang.hotline.states import AGENT_STATES, CALL_STATES, REASONS
from fawang.kernel import clock
from fawang.people.actors import Actor
from tests.faces.test_hotline_pages import shown, sign_in
from tests.faces.test_hotline_planning import somebody
from tests.hotline.conftest import make_world, world  # noqa: F401 - the same hotline
from tests.hotline.world import World

pytestmark = pytest.mark.django_db

LISTS = {
    *AGENT_STATES, *CALL_STATES, *REASONS, *CAUSES, *NATURES, *hotline_words.ALARMS, *hotline_words.CALLBACK_REASONS, *hotline_words.EDITION_STATES,
    *hotline_words.OUTCOMES, *hotline_words.HAPPENINGS, *hotline_words.SUPERVISION, *hotline_quality.WHY, *hotline_quality.STATES, *hotline_quality.RESULTS,
    *hotline_roster.KINDS, "held", "consulting", "conference", "transferring", "partner", "planned", "calling", "reached", "unreachable", "cancelled", "taken", "running",
    "stored", "partial", "mobile", "landline", "withheld", "known", "maybe", "longest_idle", "fair_share", "at_limit", "queue", "zh-hans",
}  # fmt: skip
OWN = {"day", "night", "labour", "main", "menu_main"}
"""Codes a planner of these tests has chosen himself, as names of his own timetables, queues and menus."""


def codes_in(page: str) -> set[str]:
    """Codes that can be read on a Chinese page: everything between the tags except the edition's text that is copied out."""
    read = re.sub(r"(?s)<(script|style|textarea|svg)\b.*?</\1>", " ", page[page.index("<main") : page.index("</main>")])
    words = set(re.findall(r"[a-z][a-z_-]+", html.unescape(re.sub(r"<[^>]+>", " ", read))))
    return words & (LISTS - OWN)


def seen(who: Actor, *paths: str) -> dict[str, set[str]]:
    client = sign_in(who)
    return {path: found for path in paths if (found := codes_in(shown(client, path)))}


def test_a_seat_shows_no_code_in_any_state_with_anybody_on_the_line_and_whatever_is_owed(world: World) -> None:  # noqa: F811
    li, wang = world.agent("李律师"), world.agent("王律师", ready=False)
    citizen, _ = world.connected(li)
    for reason in hotline_words.CALLBACK_REASONS:
        callbacks.owe(reason=reason, phone="13800138111", queue_code="general")
        CallbackRequest.objects.filter(state="planned").update(state="reached" if reason == "rating" else "planned", attempts_made=1)
    CallbackRequest.objects.update(state="planned")
    home = "/desk/hotline/"
    for reason in REASONS:
        AgentState.objects.filter(pk=wang.account).update(reason=reason)
        assert seen(wang, home) == {}, reason
    boss = world.supervisor()
    for kind in hotline_words.SUPERVISION.keys() - {"takeover"}:
        supervision.supervise(actor=boss, agent_id=li.account, kind=kind, reason="听一听")
        world.pump()
        assert seen(li, home) == {}, kind
    for state in CALL_STATES.keys() - {"ended"}:
        for talk in ("", "held", "consulting", "conference", "transferring", "partner") if state == "talking" else ("",):
            Call.objects.filter(pk=world.row(citizen).pk).update(state=state, talk=talk)
            for own in AGENT_STATES.keys() - {"offline"}:
                AgentState.objects.filter(pk=li.account).update(state=own)
                assert seen(li, home) == {}, (state, talk, own)


def test_lists_board_checks_and_tickets_show_no_code_whatever_calls_ended_by(world: World) -> None:  # noqa: F811
    li = world.agent("李律师")
    citizen, _ = world.connected(li)
    citizen.hang_up()
    world.pump()
    ticket = world.ticket(citizen)
    boss = world.supervisor()
    row = world.row(citizen)
    for alarm in hotline_words.ALARMS:
        Alarm.objects.create(kind=alarm, queue_code="general", value=75, limit=60)
    callbacks.owe(reason="abandoned", phone="13800138111", queue_code="general")
    sample = quality.ask_for(actor=boss, ticket_id=ticket.pk)
    checker, planner = somebody(world, "质检员", "quality_checker"), somebody(world, "排班员", "hotline_planner")
    Shift.objects.create(staff_id=li.account, pool=world.pools["hefei"], kind="standby", starts_at=clock.now(), ends_at=clock.now() + timedelta(hours=8))
    for cause in CAUSES:
        Call.objects.filter(pk=row.pk).update(end_cause=cause)
        assert seen(boss, "/desk/hotline/work", "/desk/hotline/board", f"/desk/hotline/t/{ticket.pk}") == {}, cause
        assert seen(li, "/desk/hotline/work", f"/desk/hotline/t/{ticket.pk}") == {}, cause
    for nature in NATURES:
        CallTicket.objects.filter(pk=ticket.pk).update(nature=nature, review="open")
        assert seen(boss, "/desk/hotline/work", f"/desk/hotline/t/{ticket.pk}") == {}, nature
    for why, state in zip(("drawn", "rating", "asked", "asked", "asked"), hotline_quality.STATES, strict=True):
        QualitySample.objects.filter(pk=sample.pk).update(why=why, state=state)
        assert seen(checker, "/desk/hotline/quality", f"/desk/hotline/quality/{sample.pk}") == {}, state
    assert seen(planner, "/desk/hotline/roster", "/desk/hotline/plan") == {}


def test_an_edition_and_its_walks_show_no_code_and_every_thing_that_happens_has_words(world: World) -> None:  # noqa: F811
    planner = somebody(world, "高远", "hotline_planner")
    live = ConfigVersion.objects.get(state="live")
    assert len(live.simulation) == len(standing(parse(live.document), clock.now()))
    own = f"/desk/hotline/plan/{live.pk}?walk=1&at=2026-03-03T10:00"
    walks = [
        f"{own}&did=12348",
        f"{own}&did=12348&pool=hefei&free=50",
        f"{own}&did=12348001&keys=2&pool=wuhu",
        f"{own}&did=12348001&keys=7&endures=9",
        f"{own}&did=000",
    ]
    assert seen(planner, f"/desk/hotline/plan/{live.pk}", *walks) == {}
