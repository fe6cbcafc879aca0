"""When a text is law: spans from dates and relations, nothing else."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from fawang.knowledge.spans import Dated, Ending, Span, spans, state_on

OLD = Dated("2017", date(2017, 9, 1), date(2018, 1, 1))
NEW = Dated("2025", date(2025, 9, 12), date(2026, 3, 1))


def test_a_version_is_law_until_the_day_before_the_next_one_begins() -> None:
    found = spans([NEW, OLD])
    assert found["2017"] == Span(date(2018, 1, 1), date(2026, 3, 1), "新版本施行")
    assert found["2017"].holds(date(2026, 2, 28))
    assert not found["2017"].holds(date(2026, 3, 1))
    assert found["2025"].holds(date(2026, 3, 1))


def test_states_are_read_off_the_span() -> None:
    found = spans([OLD, NEW], [Ending(date(2030, 1, 1), "某法第一条")])
    days = [date(2017, 12, 31), date(2018, 1, 1), date(2026, 3, 1)]
    assert [state_on(found["2017"], d) for d in days] == ["not_yet", "in_force", "superseded"]
    assert [state_on(found["2025"], d) for d in (date(2026, 2, 28), date(2029, 12, 31), date(2030, 1, 1))] == ["not_yet", "in_force", "repealed"]


def test_a_repeal_does_not_touch_a_later_law_of_the_same_name() -> None:
    later = Dated("2015", date(2015, 7, 1), date(2015, 7, 1))
    first = Dated("1993", date(1993, 2, 22), date(1993, 2, 22))
    found = spans([first, later], [Ending(date(2014, 11, 1), "《反间谍法》第四十条")])
    assert found["1993"] == Span(date(1993, 2, 22), date(2014, 11, 1), "《反间谍法》第四十条")
    assert found["2015"].end is None


def test_a_text_that_would_begin_after_a_newer_one_never_was_law() -> None:
    slow = Dated("slow", date(2020, 1, 1), date(2022, 1, 1))
    quick = Dated("quick", date(2020, 6, 1), date(2020, 6, 1))
    found = spans([slow, quick])
    assert not any(found["slow"].holds(date(y, 1, 1)) for y in range(2019, 2026))


_day = st.dates(date(1990, 1, 1), date(2030, 12, 31))


@given(st.lists(st.tuples(_day, _day), min_size=1, max_size=8), st.lists(_day, max_size=3), _day)
def test_at_most_one_text_is_law_on_any_day(pairs: list[tuple[date, date]], endings: list[date], day: date) -> None:
    versions = [Dated(str(n), min(a, b), max(a, b)) for n, (a, b) in enumerate(pairs)]
    found = spans(versions, [Ending(e, "x") for e in endings])
    assert sum(s.holds(day) for s in found.values()) <= 1
