"""Quality, roster and configuration pages: what is drawn is heard and judged, who sits when, and what changes is walked through before it is live."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from fawang.hotline import forecast, quality
from fawang.hotline.configurations import live_document
from fawang.hotline.models import Alarm, Announcement, ConfigVersion, QualitySample, QualitySheet, Recording, RecordingPlayback, Shift, Voicemail
from fawang.hotline.quality_rules import rule_on
from fawang.kernel import clock
from fawang.people.actors import Actor, actor_of_staff
from tests import factories
from tests.faces.hotline_controls import Controls
from tests.faces.test_hotline_pages import key, shown, sign_in
from tests.hotline.conftest import make_world, world  # noqa: F401 - the same hotline
from tests.hotline.world import World

pytestmark = pytest.mark.django_db


def somebody(world: World, name: str, *roles: str) -> Actor:  # noqa: F811
    return actor_of_staff(factories.staff(name, *roles, at=world.platform))


def send(client: Client, path: str, page: str, status: int = 303, **data: Any) -> str:
    answer = client.post(path, {"_key": key(shown(client, page)), **data})
    assert answer.status_code in ({302, 303} if status == 303 else {status}), answer.content.decode()[-400:]
    return str(answer.get("Location", "")) if status == 303 else answer.content.decode()


@pytest.fixture
def sampled(world: World) -> tuple[World, QualitySample, Recording]:  # noqa: F811
    """A call that is over, recorded, and to be checked."""
    li = world.agent("李律师")
    citizen, _ = world.connected(li)
    world.wait(20)
    citizen.hang_up()
    world.pump()
    world.store()
    sample = quality.ask_for(actor=world.supervisor(), ticket_id=world.ticket(citizen).pk)
    return world, sample, Recording.objects.get(call=world.row(citizen))


def test_a_checker_hears_the_call_whole_or_in_part_with_his_purpose_written_down(sampled: tuple[World, QualitySample, Recording]) -> None:
    ground, sample, tape = sampled
    client = sign_in(somebody(ground, "质检员", "quality_checker"))
    assert f"/desk/hotline/listen/{tape.pk}" in shown(client, f"/desk/hotline/quality/{sample.pk}")
    whole = client.post(f"/desk/hotline/listen/{tape.pk}", {"purpose": "抽样质检"})
    sound = b"".join(whole.streaming_content)  # type: ignore[attr-defined]
    assert (whole.status_code, sound[:4], len(sound)) == (200, b"RIFF", int(whole["Content-Length"]))
    some = client.post(f"/desk/hotline/listen/{tape.pk}", {"purpose": "抽样质检"}, headers={"Range": "bytes=70000-70099"})
    assert (some.status_code, some["Content-Range"]) == (206, f"bytes 70000-70099/{len(sound)}")
    assert b"".join(some.streaming_content) == sound[70000:70100]  # type: ignore[attr-defined]
    rest = client.post(f"/desk/hotline/listen/{tape.pk}", {"purpose": "抽样质检"}, headers={"Range": f"bytes={len(sound) - 10}-"})
    assert b"".join(rest.streaming_content) == sound[-10:]  # type: ignore[attr-defined]
    beyond = client.post(f"/desk/hotline/listen/{tape.pk}", {"purpose": "抽样质检"}, headers={"Range": f"bytes={len(sound)}-"})
    assert beyond.status_code == 416
    assert set(RecordingPlayback.objects.values_list("purpose", "exported")) == {("抽样质检", False)}
    assert client.get(f"/desk/hotline/listen/{tape.pk}").status_code == 405
    assert client.post(f"/desk/hotline/listen/{tape.pk}", {"purpose": ""}).status_code == 422


def test_a_copy_is_the_supervisors_and_carries_the_watermark_that_was_written_down(sampled: tuple[World, QualitySample, Recording]) -> None:
    ground, _, tape = sampled
    checker = sign_in(somebody(ground, "质检员", "quality_checker"))
    assert checker.post(f"/desk/hotline/listen/{tape.pk}", {"purpose": "留存", "export": "1"}).status_code == 403
    boss = sign_in(somebody(ground, "班长甲", "hotline_supervisor"))
    copy = boss.post(f"/desk/hotline/listen/{tape.pk}", {"purpose": "投诉核查", "export": "1"})
    mark = RecordingPlayback.objects.get(exported=True).watermark
    sound = b"".join(copy.streaming_content)  # type: ignore[attr-defined]
    assert sound.endswith(mark.encode())
    assert len(sound) == int(copy["Content-Length"])
    assert mark in copy["Content-Disposition"]


def test_a_sheet_is_handed_in_the_seat_is_told_appeals_and_somebody_else_rechecks(sampled: tuple[World, QualitySample, Recording]) -> None:
    ground, sample, _ = sampled
    page = f"/desk/hotline/quality/{sample.pk}"
    first, second = somebody(ground, "质检甲", "quality_checker"), somebody(ground, "质检乙", "quality_checker")
    author = sign_in(actor_of_staff(sample.ticket.author))
    assert author.get(page).status_code == 404  # not before he is told
    points = {d.code: str(d.most) for d in rule_on(clock.today()).dimensions}
    wrong = send(sign_in(first), f"{page}/score", page, 422, **{**points, "accuracy": "99"})
    assert 'role="alert"' in wrong or "note red" in wrong
    send(sign_in(first), f"{page}/score", page, **{**points, "accuracy": "0"})
    assert QualitySheet.objects.get().total == 75
    send(author, f"{page}/appeal", page, reason="法条引用是对的，请复听第三分钟。")
    assert sign_in(first).get(page).status_code == 200
    send(sign_in(first), f"{page}/score", f"{page}", 409, **points)
    send(sign_in(second), f"{page}/score", page, **points)
    assert [s.total for s in QualitySheet.objects.order_by("made_at")] == [75, 100]
    assert QualitySample.objects.get().state == "closed"
    assert sign_in(ground.agent("周律师")).get(page).status_code == 404


# -- roster ------------------------------------------------------------------------------------------------------------------------------


def test_a_shift_is_planned_kept_to_and_taken_back_and_two_at_once_are_refused(world: World) -> None:  # noqa: F811
    planner = sign_in(somebody(world, "排班员", "hotline_planner"))
    li = somebody(world, "李律师", "seat")
    username = li.staff().username  # type: ignore[union-attr]
    shift = {"staff": username, "pool": "hefei", "kind": "day", "starts_at": "2026-03-03T08:30", "ends_at": "2026-03-03T17:30"}
    assert send(planner, "/desk/hotline/roster/plan", "/desk/hotline/roster", **shift) == "/desk/hotline/roster?day=2026-03-03"
    page = shown(planner, "/desk/hotline/roster?day=2026-03-03")
    assert "李律师" in page
    assert "08:30–17:30" in page
    send(planner, "/desk/hotline/roster/plan", "/desk/hotline/roster", 422, **{**shift, "starts_at": "2026-03-03T16:00"})
    send(planner, "/desk/hotline/roster/cancel", "/desk/hotline/roster?day=2026-03-03", shift=str(Shift.objects.get().pk))
    assert Shift.objects.get().cancelled_at is not None
    boss = sign_in(somebody(world, "班长甲", "hotline_supervisor"))
    assert "排一个班" not in shown(boss, "/desk/hotline/roster")
    assert boss.post("/desk/hotline/roster/plan", {"_key": "abcdefgh", **shift}).status_code == 403
    assert sign_in(li).get("/desk/hotline/roster").status_code == 403


def test_the_forecast_is_the_median_of_the_same_weekday_and_says_how_many_seats_are_missing(world: World) -> None:  # noqa: F811
    world.agent("李律师", ready=False)  # somebody is signed on, so calls wait
    for calls in (2, 6, 4):
        for n in range(calls):
            citizen = world.call(f"1380013{n:04d}")
            world.settle()
            world.settle()
            citizen.hang_up()
            world.pump()
        world.move(timedelta(days=7) - (clock.now() - datetime.combine(clock.today(), datetime.min.time(), clock.BEIJING) - timedelta(hours=9, minutes=30)))
    hours, handling, weeks = forecast.expected(clock.today())
    nine = next(h for h in hours if h.hour == 9)
    assert (weeks, nine.weeks, nine.calls) == (3, 3, 4.0)
    assert handling == forecast.DEFAULT_HANDLING_S + 60  # nobody was connected, so the handling time is the assumed one
    assert nine.need is not None
    assert (nine.planned, nine.short) == (0, nine.need.seats)
    assert sum(h.calls for h in hours if h.hour != 9) == 0


# -- configuration -----------------------------------------------------------------------------------------------------------------------


def test_an_edition_is_drafted_walked_through_and_let_live_by_somebody_else(world: World) -> None:  # noqa: F811
    planner = sign_in(somebody(world, "高远", "hotline_planner"))
    at = send(planner, "/desk/hotline/plan/draft", "/desk/hotline/plan", note="夜间延长")
    row = ConfigVersion.objects.get(state="draft")
    assert at == f"/desk/hotline/plan/{row.pk}"
    form = Controls(shown(planner, at)).found
    assert planner.post(f"{at}/revise", {**form, "numbers.0.to": "queue:nowhere"}).status_code == 422
    assert planner.post(f"{at}/revise", {**form, "queues.1.longest_wait": "444"}).status_code == 302
    walked = shown(planner, f"{at}?walk=1&did=12348&at=2026-03-03T10:00&pool=hefei&free=30")
    assert "接通坐席" in walked
    assert "接通坐席" not in re.sub(
        r"<section class=\"card\"><h2>走查.*", "", shown(planner, f"{at}?walk=1&did=12348&at=2026-03-03T10:00&endures=5"), flags=re.S
    )
    send(planner, f"{at}/simulate", at)
    assert planner.post(f"{at}/live", {"_key": "abcdefgh"}).status_code == 403
    boss = sign_in(somebody(world, "班长甲", "hotline_supervisor"))
    send(boss, f"{at}/live", at)
    live = live_document()
    assert live is not None
    assert live.queues["general"].longest_wait == 444
    assert planner.post(f"{at}/revise", {**form, "_key": "hgfedcba"}).status_code == 409


def test_an_announcement_is_heard_from_the_next_call_on_and_withdrawn_at_once(world: World) -> None:  # noqa: F811
    boss = sign_in(somebody(world, "班长甲", "hotline_supervisor"))
    send(boss, "/desk/hotline/announce/make", "/desk/hotline/plan", kind="surge", how="before", text="目前来电较多。", hours="2")
    row = Announcement.objects.get()
    assert row.ends_at == clock.now() + timedelta(hours=2)
    assert "目前来电较多。" in shown(boss, "/desk/hotline/plan")
    send(boss, "/desk/hotline/announce/withdraw", "/desk/hotline/plan", announcement=str(row.pk))
    assert "目前来电较多。" not in shown(boss, "/desk/hotline/plan")
    planner = sign_in(somebody(world, "高远", "hotline_planner"))
    assert planner.post("/desk/hotline/announce/make", {"_key": "abcdefgh"}).status_code == 403


def test_an_alarm_on_the_board_says_what_is_beyond_which_bound(world: World) -> None:  # noqa: F811
    Alarm.objects.create(kind="longest_wait", queue_code="general", value=75, limit=60)
    page = shown(sign_in(somebody(world, "班长甲", "hotline_supervisor")), "/desk/hotline/board")
    assert "等待超过上限（秒）" in page
    assert "综合" in page
    assert "75 / 60" in page


def leave_message(world: World) -> Voicemail:  # noqa: F811
    """Somebody calls, presses the key for a message, speaks and hangs up; the recording is stored."""
    citizen = world.call("13800138005", "12348001")
    world.settle()
    citizen.press("3")
    world.wait(20)
    citizen.hang_up()
    world.pump()
    world.store()
    return Voicemail.objects.get()


def test_a_message_in_the_list_says_how_long_it_is(world: World) -> None:  # noqa: F811
    seconds = leave_message(world).ms // 1000
    assert seconds > 5
    page = shown(sign_in(world.agent("李律师", ready=False)), "/desk/hotline/work")
    assert f'<span class="num">{seconds}</span>秒' in page
