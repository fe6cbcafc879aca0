"""Divisions remember what they were; the calendar is entered, never guessed, and an edit that fails leaves no trace."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction

from fawang.kernel.errors import Forbidden, Refusal
from fawang.kernel.models import Event
from fawang.matters.models import Clock
from fawang.people.actors import ANONYMOUS, SYSTEM
from fawang.regions import selectors, services
from fawang.regions.working_calendar import CalendarMissing
from tests import factories

pytestmark = pytest.mark.django_db
Advance = Callable[[timedelta], None]


@pytest.mark.parametrize(
    ("old", "new", "norm"),
    [
        ("341400", "340100", "国函〔2011〕84号"),
        ("341402", "340181", "国函〔2011〕84号"),
        ("341421", "340124", "国函〔2011〕84号"),
        ("341422", "340225", "国函〔2011〕84号"),
    ],
)
def test_chaohu_was_dissolved_in_2011_and_its_codes_lead_to_their_heirs(old: str, new: str, norm: str) -> None:
    found = selectors.division(old)
    assert found is not None
    assert (found.valid_to, found.successor_code, found.norm) == (date(2011, 8, 22), new, norm)
    assert not selectors.division_exists(old)
    heir = selectors.current_code(old)
    assert selectors.division_exists(heir)
    if new != "340225":  # 无为县 became 无为市 later
        assert heir == new


def test_a_code_merged_twice_leads_to_what_stands_today() -> None:
    assert selectors.division_exists(selectors.current_code("341422"))
    assert selectors.division(selectors.current_code("341422")).name == "无为市"  # type: ignore[union-attr]
    assert selectors.current_code("340100") == "340100"
    assert selectors.current_code("999999") == "999999"


def test_a_code_is_read_two_digits_a_level() -> None:
    assert selectors.path_name("340104") == "安徽省合肥市蜀山区"
    assert selectors.ancestor_codes("340104001001") == ["340000", "340100", "340104", "340104001"]
    assert selectors.ancestor_codes("341000") == ["340000"]  # 黄山市, not something of 341


def test_loading_the_divisions_again_changes_nothing() -> None:
    from fawang.regions.models import Division

    before = set(Division.objects.values_list("code", "name", "valid_to", "successor_code"))
    services.load_divisions()
    assert set(Division.objects.values_list("code", "name", "valid_to", "successor_code")) == before


def test_a_year_nobody_has_entered_is_refused_and_never_guessed(monday: Advance) -> None:
    calendar = selectors.working_calendar()
    assert 2026 in calendar.years
    unknown = max(calendar.years) + 1
    with pytest.raises(CalendarMissing) as refused:
        calendar.is_working_day(date(unknown, 3, 1))
    assert (refused.value.status, refused.value.params["year"]) == (409, unknown)
    with pytest.raises(Refusal) as refused_edit:
        services.set_calendar_day(actor=SYSTEM, day=date(unknown, 1, 1), kind="holiday", name="元旦")
    assert refused_edit.value.code == "calendar.year"


def test_from_september_on_the_house_warns_that_next_year_is_missing(monday: Advance) -> None:
    last = max(selectors.working_calendar().years)
    assert selectors.calendar_warning(date(last, 8, 31)) is None
    warning = selectors.calendar_warning(date(last, 9, 1))
    assert warning is not None
    assert f"{last + 1}年" in warning.zh
    assert str(last + 1) in warning.en
    services.publish_calendar_year(actor=SYSTEM, year=last + 1, source="国办发明电", days={date(last + 1, 1, 1): ("holiday", "元旦")})
    assert selectors.calendar_warning(date(last, 9, 1)) is None
    assert not selectors.working_calendar().is_working_day(date(last + 1, 1, 1))


def test_only_the_rule_editor_edits_the_calendar(monday: Advance) -> None:
    for actor in (ANONYMOUS, factories.actor(factories.staff("王", "dispatcher")), factories.actor(factories.staff("周", "system_admin"))):
        with pytest.raises(Forbidden):
            services.set_calendar_day(actor=actor, day=date(2026, 6, 1), kind="holiday", name="放假")
    services.set_calendar_day(actor=factories.actor(factories.staff("规", "rule_editor")), day=date(2026, 6, 1), kind="holiday", name="放假")
    assert not selectors.working_calendar().is_working_day(date(2026, 6, 1))


def test_an_edit_that_is_rolled_back_is_not_remembered_when_the_next_one_comes(monday: Advance) -> None:
    one, other = date(2026, 6, 1), date(2026, 6, 2)  # a Monday and a Tuesday
    assert selectors.working_calendar().is_working_day(one)
    with transaction.atomic():
        services.set_calendar_day(actor=SYSTEM, day=one, kind="holiday", name="误")
        assert not selectors.working_calendar().is_working_day(one)
        transaction.set_rollback(True)
    services.set_calendar_day(actor=SYSTEM, day=other, kind="holiday", name="对")
    assert selectors.working_calendar().is_working_day(one)
    assert not selectors.working_calendar().is_working_day(other)


def test_a_new_holiday_moves_the_open_limits_that_reach_over_it_and_says_so(monday: Advance) -> None:
    bureau = factories.office("justice_bureau")
    open_one = factories.matter("complaint", bureau, relation="complainant")
    before = Clock.objects.get(matter=open_one, rule_code="COMP-ACC").statutory_due_at
    moved = services.set_calendar_day(actor=SYSTEM, day=date(2026, 3, 4), kind="holiday", name="临时放假")
    after = Clock.objects.get(matter=open_one, rule_code="COMP-ACC").statutory_due_at
    assert (before.isoformat(), after - before) == ("2026-03-09T15:59:59+00:00", timedelta(days=1))  # five working days from Monday 2 March
    assert moved == 1
    told = Event.objects.get(kind="calendar.changed")
    assert (told.payload["day"], told.payload["kind"], told.payload["moved"]) == ("2026-03-04", "holiday", 1)
    assert Event.objects.filter(stream=open_one.pk, kind="matter.clock_moved").count() == 1
    open_one.refresh_from_db()
    assert open_one.next_due_at == after


@pytest.mark.parametrize("kind", ["sunday", "HOLIDAY", "x"])
def test_a_day_is_a_holiday_or_a_workday_and_nothing_else(monday: Advance, kind: str) -> None:
    with pytest.raises(Refusal) as refused:
        services.set_calendar_day(actor=SYSTEM, day=date(2026, 6, 1), kind=kind, name="")
    assert refused.value.code == "calendar.day"


def test_the_announced_make_up_days_of_2026_are_workdays(monday: Advance) -> None:
    """国办发明电〔2025〕7号: work on 4 January, 14 and 28 February, 9 May, 20 September and 10 October 2026."""
    calendar: Any = selectors.working_calendar()
    for day in ("2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"):
        assert calendar.is_working_day(date.fromisoformat(day)), day
    for day in ("2026-01-02", "2026-02-16", "2026-04-06", "2026-05-05", "2026-06-19", "2026-09-25", "2026-10-07"):
        assert not calendar.is_working_day(date.fromisoformat(day)), day


def test_a_village_of_a_demonstration_city_is_reached_down_its_tree_and_none_hangs_in_the_air() -> None:
    from fawang.regions.models import Division

    assert selectors.path_name("340102001001") == "安徽省合肥市瑶海区明光路街道填海巷社区居委会"
    assert selectors.division("340102001001").level == 5  # type: ignore[union-attr]
    assert "340102001" in {d.code for d in selectors.children("340102")}
    assert "340102001002" in {d.code for d in selectors.children("340102001")}
    below = Division.objects.filter(level__gte=4)
    assert not below.exclude(parent_code__in=Division.objects.values("code")).values_list("code", flat=True)[:5]
    cities = {code[:4] for code in below.values_list("code", flat=True)}
    assert cities == {"3401", "3402"}
