"""Clock arithmetic against an oracle written by a second hand from the statutes and the official calendars (RELIABILITY P4)."""

from __future__ import annotations

import csv
from datetime import date, datetime, timedelta

import pytest

from fawang.kernel.texts import Text
from fawang.matters.time_limits import ClockRule, Light, due_at, light_at, thresholds
from fawang.regions.working_calendar import CalendarMissing, WorkingCalendar
from tests.conftest import BEIJING
from tests.oracle import almanac
from tests.oracle.generate import FILE, text

CASES = list(csv.DictReader(FILE.read_text().splitlines()))
CALENDAR = WorkingCalendar(frozenset(range(2021, 2027)), {**dict.fromkeys(almanac.holidays(), False), **dict.fromkeys(almanac.make_up_days(), True)})
MOMENT = timedelta(microseconds=1000)
Stops = list[tuple[str, datetime, datetime | None]]


def rule(unit: str, limit: int, *, rolls: bool = True) -> ClockRule:
    return ClockRule(
        "X",
        "1",
        Text("期限", "limit"),
        unit,
        limit,
        "",
        date(2020, 1, 1),
        roll_to_working_day=rolls,
        pause_reasons={"stop": Text("停", "stop")},
        extension_cap=999,
    )


def read(row: dict[str, str]) -> tuple[ClockRule, datetime, Stops, int]:
    stops: Stops = []
    for span in row["pauses"].split():
        begin, _, end = span.partition("/")
        stops.append(("stop", datetime.fromisoformat(begin), datetime.fromisoformat(end) if end else None))
    return rule(row["unit"], int(row["limit"]), rolls=row["rolls"] == "yes"), datetime.fromisoformat(row["start"]), stops, int(row["extension"])


def test_the_oracle_has_its_cases_and_is_what_its_generator_writes() -> None:
    assert len(CASES) >= 400
    assert {row["unit"] for row in CASES} == {"s", "min", "h", "cd", "wd", "month", "year"}
    assert {row["start"][:4] for row in CASES} == {"2021", "2022", "2023", "2024", "2025", "2026"}
    assert sum(1 for row in CASES if row["pauses"]) >= 150
    assert FILE.read_text() == text()


def test_the_oracle_knows_nothing_of_the_product() -> None:
    for name in ("almanac.py", "reckoning.py", "generate.py"):
        assert "fawang" not in (FILE.parent / name).read_text()


@pytest.mark.parametrize("row", CASES, ids=[row["case"] for row in CASES])
def test_a_limit_ends_when_the_statute_says(row: dict[str, str]) -> None:
    limit, start, stops, extension = read(row)
    found = due_at(limit, start, CALENDAR, stops, extension)
    assert (found.astimezone(BEIJING).isoformat() if found else "stopped") == datetime_or(row["due"]), row["why"]


@pytest.mark.parametrize("row", [r for r in CASES if r["due"] != "stopped"], ids=[r["case"] for r in CASES if r["due"] != "stopped"])
def test_lights_change_at_70_90_and_100_percent_of_the_counted_time(row: dict[str, str]) -> None:
    limit, start, stops, extension = read(row)
    found = thresholds(limit, start, CALENDAR, stops, extension)
    yellow, red, due = (datetime.fromisoformat(row[k]) for k in ("yellow", "red", "due"))
    assert abs(found.yellow_at - yellow) <= MOMENT
    assert abs(found.red_at - red) <= MOMENT

    def light(at: datetime) -> Light:
        return light_at(limit, start, at, CALENDAR, [s for s in stops if s[1] <= at], extension)

    if not stops:
        assert light(start) == Light.GREEN
        assert light(yellow - timedelta(milliseconds=2)) == Light.GREEN
        assert light(yellow + timedelta(milliseconds=2)) in {Light.YELLOW, Light.RED}
        assert light(red + timedelta(milliseconds=2)) == Light.RED
        assert light(due) == Light.RED
    assert light_at(limit, start, due + timedelta(seconds=1), CALENDAR, stops, extension) == Light.OVERDUE


def datetime_or(told: str) -> str:
    return told if told == "stopped" else datetime.fromisoformat(told).astimezone(BEIJING).isoformat()


BY_HAND = [
    # worked out on paper calendars, without the generator
    ("cd", 7, "2026-03-02T09:30", "2026-03-09", "法律援助法 §43: 周一起, 次日起算, 下周一届满"),
    ("cd", 7, "2026-02-12T09:30", "2026-02-24", "末日2月19日在春节, 假期至23日, 24日周二上班"),
    ("cd", 3, "2026-09-24T16:00", "2026-09-28", "末日9月27日中秋假期最后一天, 28日周一"),
    ("cd", 5, "2026-02-23T10:00", "2026-02-28", "2月28日周六调休上班, 不顺延"),
    ("cd", 60, "2024-08-02T10:00", "2024-10-08", "末日10月1日, 国庆至7日"),
    ("cd", 30, "2025-12-02T10:00", "2026-01-04", "末日1月1日, 元旦至3日, 4日周日调休上班"),
    ("wd", 7, "2024-02-08T10:00", "2024-02-23", "除夕2月9日上班; 18日周日上班; 19至23日"),
    ("wd", 15, "2023-04-27T10:00", "2023-05-22", "4月28日, 5月4、5、6日, 8至12日, 15至19日, 22日"),
    ("wd", 5, "2021-09-30T10:00", "2021-10-13", "国庆后8日、9日(周六上班)、11、12、13日"),
    ("wd", 1, "2022-01-30T10:00", "2022-02-07", "春节1月31日至2月6日"),
    ("month", 1, "2024-01-31T10:00", "2024-02-29", "二月没有31日"),
    ("month", 1, "2022-12-31T10:00", "2023-01-31", "1月31日周二"),
    ("month", 3, "2025-11-30T10:00", "2026-02-28", "二月没有30日, 末日28日周六调休上班"),
    ("month", 6, "2024-04-01T10:00", "2024-10-08", "对应日10月1日, 国庆顺延"),
    ("year", 1, "2024-02-29T10:00", "2025-02-28", "没有对应日, 月末日, 周五"),
    ("year", 1, "2024-10-01T10:00", "2025-10-09", "对应日10月1日, 国庆中秋至8日"),
]


@pytest.mark.parametrize(("unit", "limit", "start", "last", "why"), BY_HAND, ids=[f"{u}{n}-{s[:10]}" for u, n, s, _, _ in BY_HAND])
def test_limits_worked_out_by_hand(unit: str, limit: int, start: str, last: str, why: str) -> None:
    found = due_at(rule(unit, limit), datetime.fromisoformat(start).replace(tzinfo=BEIJING), CALENDAR)
    assert found == datetime.fromisoformat(f"{last}T23:59:59").replace(tzinfo=BEIJING), why


def test_a_day_ends_at_midnight_and_not_a_second_before() -> None:
    limit, start = rule("cd", 7), datetime(2026, 3, 2, 9, 30, tzinfo=BEIJING)
    assert light_at(limit, start, datetime(2026, 3, 9, 23, 59, 59, 999999, tzinfo=BEIJING), CALENDAR) == Light.RED  # 民法典 §203: 二十四时
    assert light_at(limit, start, datetime(2026, 3, 10, tzinfo=BEIJING), CALENDAR) == Light.OVERDUE


def test_a_limit_that_reaches_into_a_year_without_a_calendar_is_refused_not_guessed() -> None:
    with pytest.raises(CalendarMissing):
        due_at(rule("wd", 5), datetime(2026, 12, 29, 10, tzinfo=BEIJING), CALENDAR)
    with pytest.raises(CalendarMissing):
        due_at(rule("cd", 7), datetime(2026, 12, 29, 10, tzinfo=BEIJING), CALENDAR)
    assert due_at(rule("h", 72), datetime(2026, 12, 31, 10, tzinfo=BEIJING), CALENDAR) == datetime(2027, 1, 3, 10, tzinfo=BEIJING)


def test_a_limit_answers_a_clock_without_a_zone_with_an_error() -> None:
    with pytest.raises(ValueError, match="aware"):
        due_at(rule("h", 1), datetime(2026, 3, 2, 9), CALENDAR)


@pytest.mark.django_db
def test_the_calendar_the_house_ships_is_the_state_councils() -> None:
    from fawang.regions.selectors import working_calendar

    shipped, day, different = working_calendar(), almanac.FIRST, []
    while day <= almanac.LAST:
        if shipped.is_working_day(day) != almanac.works(day):
            different.append(day.isoformat())
        day += almanac.ONE
    assert different == []


@pytest.mark.django_db
def test_the_official_calendar_and_the_library_behind_the_house_do_not_differ() -> None:
    import chinese_calendar

    days = [almanac.FIRST + almanac.ONE * n for n in range((almanac.LAST - almanac.FIRST).days + 1)]
    assert len(days) == 2191
    assert [d for d in days if chinese_calendar.is_workday(d) != almanac.works(d)] == []


STATUTES = [
    ("LA-REV", "cd", 7), ("LA-ASG", "cd", 3), ("LA-NOTI", "cd", 3), ("LA-NASG", "cd", 3), ("LA-TRF", "h", 24), ("LA-OBJ", "cd", 5), ("PM-CONF", "cd", 30),
    ("PM-CACC", "cd", 3), ("PM-CDEC", "cd", 15), ("PM-MED", "month", 1), ("NOT-ISS", "wd", 15), ("FA-ACC", "wd", 7), ("FA-DONE", "wd", 30), ("AR-APP", "cd", 60),
    ("AR-ACC", "cd", 5), ("AR-DEC", "cd", 60), ("LAB-LIM", "year", 1), ("LAB-ACC", "cd", 5), ("LAB-AWD", "cd", 45), ("LAB-SUE", "cd", 15), ("ARB-ACC", "cd", 5),
    ("ARB-SET", "month", 3), ("PET-REG", "cd", 15), ("PET-INF", "cd", 15), ("PET-DIS", "wd", 5), ("PET-DEC", "cd", 60), ("PET-REV", "cd", 30), ("PET-REC", "cd", 30),
    ("CONS-MSG", "h", 24), ("CONS-LIVE", "h", 5), ("CONS-MOJ", "h", 5), ("CONS-LET", "wd", 7), ("FA-CMP", "wd", 7), ("RATE-NEG", "wd", 5), ("COMP-ACC", "wd", 5),
    ("COMP-DEC", "cd", 45), ("COMP-NOTI", "wd", 5),
]  # fmt: skip
CAPS = {"AR-DEC": 30, "LAB-AWD": 15, "PET-DEC": 30, "PM-CDEC": 10, "FA-DONE": 30}


@pytest.mark.parametrize(("code", "unit", "limit"), STATUTES)
def test_the_table_of_limits_says_what_the_norm_says(code: str, unit: str, limit: int) -> None:
    from fawang.matters.clock_rules import rule_in_force

    found = rule_in_force(code, "340100", date(2026, 3, 2))
    assert (found.unit, found.limit) == (unit, limit)
    assert found.norm
    assert found.extension_cap == CAPS.get(code, found.extension_cap)
    assert found.extension_unit in {"", unit}
    assert found.roll_to_working_day == (unit in {"cd", "month", "year"})


def test_setting_aside_an_award_takes_six_months_before_and_three_from_1_march_2026() -> None:
    from fawang.matters.clock_rules import rule_in_force

    assert rule_in_force("ARB-SET", "340100", date(2026, 2, 28)).limit == 6
    assert rule_in_force("ARB-SET", "340100", date(2026, 3, 1)).limit == 3
