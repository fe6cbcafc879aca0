"""Unit vectors worked by hand from the text of each norm; none is taken from the code."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal as D

import pytest

from fawang.kernel.errors import Refusal
from fawang.kernel.texts import Text
from fawang.knowledge.calculators.catalogue import CALCULATORS, calculate, calculator
from fawang.knowledge.calculators.declaration import Answer
from fawang.knowledge.calculators.tables import Row, TableMissing, Tables

DAY = "2026-03-02"


def ask(code: str, tables: Tables | None = None, **typed: str) -> Answer:
    """Work a sum out; every article its working names is one that it declares."""
    answer = calculate(code, typed, tables or Tables())
    assert {norm for norm in answer.norms if re.fullmatch(r"\S+ [0-9]+", norm)} <= set(calculator(code).norms)
    return answer


# 诉讼费用交纳办法 §13: 50; then 2.5 % to 100,000; 2 % to 200,000; 1.5 % to 500,000; 1 % to a million; 0.9; 0.8; 0.7; 0.6; 0.5
@pytest.mark.parametrize(
    ("amount", "fee"),
    [
        ("0", "50"), ("10000", "50"), ("10001", "50.03"), ("100000", "2300"), ("200000", "4300"), ("500000", "8800"), ("1000000", "13800"),
        ("2000000", "22800"), ("5000000", "46800"), ("10000000", "81800"), ("20000000", "141800"), ("30000000", "191800"),
    ],
)  # fmt: skip
def test_property_fees_add_up_band_by_band(amount: str, fee: str) -> None:
    assert ask("litigation_fee", kind="property", amount=amount, on=DAY).figures["low"] == D(fee)


def test_a_divorce_costs_50_to_300_and_half_a_percent_above_200000() -> None:
    figures = ask("litigation_fee", kind="divorce", amount="50万", on=DAY).figures
    assert (figures["low"], figures["high"]) == (D(1550), D(1800))
    figures = ask("litigation_fee", kind="divorce", amount="200000", on=DAY).figures
    assert (figures["low"], figures["high"]) == (D(50), D(300))


def test_personality_damages_pay_one_percent_then_half() -> None:
    figures = ask("litigation_fee", kind="personality", amount="20万", on=DAY).figures
    assert (figures["low"], figures["high"]) == (D(1100), D(1500))  # 100–500 + 500 + 500


def test_summary_procedure_and_settlement_halve_the_fee() -> None:
    assert ask("litigation_fee", kind="property", amount="10万", way="simple", on=DAY).figures["low"] == D(1150)
    assert ask("litigation_fee", kind="labour", amount="0", way="settled", on=DAY).figures["low"] == D(5)


def test_enforcement_and_preservation_fees() -> None:
    assert ask("enforcement_fee", amount="9999", on=DAY).figures["low"] == D(50)
    assert ask("enforcement_fee", amount="600000", on=DAY).figures["low"] == D(8400)  # 50 + 7,350 + 1,000
    assert ask("preservation_fee", amount="1000", on=DAY).figures["low"] == D(30)
    assert ask("preservation_fee", amount="100000", on=DAY).figures["low"] == D(1020)
    assert ask("preservation_fee", amount="2000000", on=DAY).figures["low"] == D(5000)  # the cap


def test_no_fee_is_known_before_the_measures_took_effect() -> None:
    with pytest.raises(TableMissing):
        ask("litigation_fee", kind="property", amount="10万", on="2006-12-31")


# 劳动合同法 §47: a year a month; six months and more a month; less half a month
@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        ("2023-01-01", "2025-12-31", "3"), ("2023-01-01", "2026-06-29", "3.5"), ("2023-01-01", "2026-06-30", "4"), ("2026-01-01", "2026-01-01", "0.5"),
        ("2020-03-01", "2021-02-28", "1"), ("2023-01-01", "2026-01-01", "3.5"), ("2025-07-01", "2025-12-31", "1"),
    ],
)  # fmt: skip
def test_years_of_work_become_monthly_wages(start: str, end: str, months: str) -> None:
    answer = ask("dismissal", reason="lawful", wage="6000", **{"from": start, "to": end})
    assert answer.figures["months"] == D(months)
    assert answer.figures["total"] == D(6000) * D(months)


def test_unlawful_dismissal_doubles_and_missing_notice_adds_a_month() -> None:
    dates = {"from": "2023-01-01", "to": "2025-12-31"}
    assert ask("dismissal", reason="unlawful", wage="6000", **dates).figures["total"] == D(36000)
    assert ask("dismissal", reason="no_notice", wage="6000", last_wage="5500", **dates).figures["total"] == D(23500)


def test_high_wages_are_capped_at_three_times_the_local_average_and_twelve_years() -> None:
    answer = ask("dismissal", reason="lawful", wage="4万", average="9000", **{"from": "2008-01-01", "to": "2025-12-31"})
    assert answer.figures["total"] == D(27000) * 12


def test_a_province_enters_its_own_average_wage_for_its_own_dates() -> None:
    own = Row("labour.average_wage", Text("当地平均工资", "average"), "演示", date(2025, 7, 1), date(2026, 6, 30), "340000", D(8000))
    here, elsewhere = Tables("340104", (own,)), Tables("110000", (own,))
    asked = {"reason": "lawful", "wage": "30000", "from": "2023-01-01", "to": "2025-12-31"}
    assert ask("dismissal", here, **asked).figures["total"] == D(72000)
    assert ask("dismissal", elsewhere, **asked).figures["total"] == D(90000)
    assert any("封顶" in caution.zh for caution in ask("dismissal", elsewhere, **asked).cautions)


def test_resigning_without_the_employers_fault_gives_nothing_and_says_why() -> None:
    with pytest.raises(Refusal) as refused:
        ask("dismissal", reason="own_will", wage="6000", **{"from": "2023-01-01", "to": "2025-12-31"})
    assert "主动辞职" in refused.value.text.zh


def test_double_wage_runs_from_the_second_month_to_at_most_a_year() -> None:
    answer = ask("double_wage", wage="5000", **{"from": "2025-01-01", "to": "2026-06-30"})
    assert answer.figures["total"] == D(55000)  # eleven months
    answer = ask("double_wage", wage="6000", signed="2025-04-01", **{"from": "2025-01-01", "to": "2025-12-31"})
    assert answer.figures["total"] == D(12000)  # February and March
    with pytest.raises(Refusal):
        ask("double_wage", wage="6000", **{"from": "2025-01-01", "to": "2025-01-20"})


def test_overtime_pays_150_200_and_300_percent() -> None:
    answer = ask("overtime", wage="4350", hours="10", rest_days="2", holidays="1", on=DAY)  # 4,350 ÷ 21.75 = 200 a day, 25 an hour
    assert answer.figures["total"] == D(375) + D(800) + D(600)


@pytest.mark.parametrize(("years", "days"), [("0.5", 0), ("1", 5), ("9.9", 5), ("10", 10), ("19", 10), ("20", 15)])
def test_annual_leave_grows_with_years_of_work(years: str, days: int) -> None:
    answer = ask("annual_leave", years=years, wage="4350", on=DAY)
    assert answer.figures["days"] == D(days)
    assert answer.figures["total"] == D(400 * days)  # another 200 % of 200 yuan


def test_leaving_mid_year_counts_whole_days_only() -> None:
    assert ask("annual_leave", years="12", wage="4350", elapsed="200", taken="2", on=DAY).figures["days"] == D(3)  # 200/365×10 = 5.47


# 工伤保险条例 §35–37
@pytest.mark.parametrize(("grade", "months"), [(1, 27), (2, 25), (3, 23), (4, 21), (5, 18), (6, 16), (7, 13), (8, 11), (9, 9), (10, 7)])
def test_work_injury_lump_sums_by_grade(grade: int, months: int) -> None:
    assert ask("work_injury", grade=str(grade), wage="5000", on=DAY).figures["lump_sum"] == D(5000 * months)


def test_work_injury_wage_counts_between_60_and_300_percent_of_the_average() -> None:
    assert ask("work_injury", grade="10", wage="3000", average="8000", on=DAY).figures["lump_sum"] == D(4800 * 7)
    assert ask("work_injury", grade="10", wage="30000", average="8000", on=DAY).figures["lump_sum"] == D(24000 * 7)
    assert ask("work_injury", grade="1", wage="5000", on=DAY).figures["monthly"] == D(4500)
    assert "monthly" not in ask("work_injury", grade="7", wage="5000", on=DAY).figures


def test_death_at_work_is_twenty_national_incomes_and_an_unknown_year_is_refused() -> None:
    assert ask("work_death", on="2025-05-01").figures["lump_sum"] == D(54188 * 20)
    with pytest.raises(TableMissing) as missing:
        ask("work_death", on="2026-05-01")
    assert "不作估算" in missing.value.text.zh
    assert ask("work_death", income="56000", average="7000", on="2026-05-01").figures["total"] == D(1120000 + 42000)


# 民间借贷规定 §25
def test_interest_is_capped_at_four_times_the_lpr_of_the_day_of_the_contract() -> None:
    answer = ask("loan_interest", principal="10万", rate="24", **{"from": "2024-01-01", "to": "2024-12-31"})
    assert answer.figures["cap"] == D("13.80")  # 3.45 × 4
    assert answer.figures["interest"] == D("13800.00")  # 365 days
    under = ask("loan_interest", principal="10万", rate="12", **{"from": "2024-01-01", "to": "2024-12-31"})
    assert under.figures["interest"] == D("12000.00")


def test_interest_taken_in_advance_is_no_principal() -> None:
    assert ask("loan_interest", principal="50000", withheld="5000", rate="10", **{"from": "2024-01-01", "to": "2024-12-31"}).figures["interest"] == D("4500.00")


def test_without_an_agreed_rate_there_is_no_interest() -> None:
    assert ask("loan_interest", principal="50000", **{"from": "2024-01-01", "to": "2024-12-31"}).figures["interest"] == D(0)


def test_a_loan_beyond_the_known_lpr_is_refused_until_the_figure_is_given() -> None:
    with pytest.raises(TableMissing):
        ask("loan_interest", principal="50000", rate="10", **{"from": "2026-06-01", "to": "2026-07-01"})
    assert ask("loan_interest", principal="50000", rate="20", lpr="3", **{"from": "2026-06-01", "to": "2027-06-01"}).figures["interest"] == D("6000.00")


def test_loans_before_the_ceiling_changed_are_sent_to_a_lawyer() -> None:
    with pytest.raises(Refusal):
        ask("loan_interest", principal="50000", rate="10", **{"from": "2019-06-01", "to": "2021-07-01"})


def test_late_performance_costs_1_75_per_ten_thousand_a_day() -> None:
    assert ask("late_performance", owed="100000", **{"from": "2026-01-01", "to": "2026-04-11"}).figures["interest"] == D("1750.00")


# 人身损害赔偿解释 §12, §14, §15
@pytest.mark.parametrize(("age", "years"), [("30", 20), ("60", 20), ("61", 19), ("74", 6), ("75", 5), ("90", 5)])
def test_death_is_paid_for_twenty_years_and_less_with_age(age: str, years: int) -> None:
    answer = ask("traffic_injury", age=age, dead="yes", income="50000", average="8000", on=DAY)
    assert answer.figures["total"] == D(50000 * years + 48000)


def test_disability_counts_ten_percent_a_grade_and_compulsory_insurance_pays_first() -> None:
    answer = ask("traffic_injury", age="40", grade="9", income="50000", medical="30000", lost_days="100", lost_daily="200", share="70", on=DAY)
    assert answer.figures["total"] == D(30000 + 20000 + 200000)
    assert [line.amount for line in answer.lines[-2:]] == [D(198000), D("36400.00")]  # (250,000 − 198,000) × 70 %


def test_a_missing_local_income_is_refused_not_guessed() -> None:
    with pytest.raises(TableMissing):
        ask("traffic_injury", age="40", grade="9", on=DAY)


# 婚姻家庭编解释一 §49
def test_maintenance_is_20_to_30_percent_and_half_for_several_children() -> None:
    figures = ask("child_maintenance", income="8000", children="1", on=DAY).figures
    assert (figures["low"], figures["high"]) == (D(1600), D(2400))
    assert ask("child_maintenance", income="8000", children="2", on=DAY).figures["high"] == D(4000)
    with pytest.raises(Refusal):
        ask("child_maintenance", income="0", children="1", on=DAY)


@pytest.mark.parametrize(
    ("kind", "start", "last"),
    [
        ("limitation", "2023-03-02", "2026-03-02"), ("labour_arbitration", "2025-03-31", "2026-03-31"), ("civil_appeal", "2026-03-02", "2026-03-17"),
        ("administrative_suit", "2025-08-31", "2026-02-28"), ("award_set_aside", "2025-12-31", "2026-06-30"), ("award_set_aside", "2026-03-02", "2026-06-02"),
        ("enforcement", "2024-02-29", "2026-02-28"), ("reconsideration", "2026-03-02", "2026-05-01"), ("criminal_appeal", "2026-03-02", "2026-03-12"),
        ("divorce_cooling", "2026-03-02", "2026-04-01"), ("divorce_certificate", "2026-03-02", "2026-05-01"), ("civil_answer", "2026-03-02", "2026-03-17"),
        ("redivide_property", "2024-02-29", "2027-02-28"), ("protection_review", "2026-03-02", "2026-03-07"), ("protection_order", "2025-08-31", "2026-02-28"),
        ("judicial_confirmation", "2026-03-02", "2026-04-01"), ("labour_inspection", "2024-03-02", "2026-03-02"), ("unfair_bargain", "2025-03-02", "2026-03-02"),
        ("sublease_objection", "2026-08-31", "2027-02-28"), ("prepaid_cooling", "2026-11-20", "2026-11-27"), ("quality_return", "2026-11-24", "2026-12-01"),
        ("work_injury_worker", "2025-11-24", "2026-11-24"), ("work_injury_employer", "2026-11-01", "2026-12-01"), ("ability_review", "2026-11-10", "2026-11-25"),
    ],
)  # fmt: skip
def test_periods_end_on_the_day_the_law_says(kind: str, start: str, last: str) -> None:
    assert ask("filing_period", kind=kind, start=start).figures["last_day"] == date.fromisoformat(last)


def test_a_last_day_on_a_holiday_moves_and_an_unknown_calendar_is_said() -> None:
    moved = ask(
        "filing_period", Tables(rolling=lambda day: day + timedelta(days=5) if day == date(2026, 5, 1) else day), kind="reconsideration", start="2026-03-02"
    )
    assert moved.figures["last_day"] == date(2026, 5, 6)
    assert "民法典 203" in moved.norms
    lapsed = ask("filing_period", Tables(rolling=lambda day: day + timedelta(days=5)), kind="protection_order", start="2025-11-01")
    assert lapsed.figures["last_day"] == date(2026, 5, 1), "an order lapses on a holiday too"
    unknown = ask("filing_period", kind="civil_appeal", start="2027-03-02")
    assert any("没有考虑节假日" in caution.zh for caution in unknown.cautions)


def test_legal_aid_looks_at_scope_then_exemption_then_the_local_standard() -> None:
    def likely(**typed: str) -> D | date:
        return ask("legal_aid", on=DAY, **typed).figures["likely"]

    assert likely(scope="labour", status="migrant") == D(2)
    assert likely(scope="no_limit", status="none") == D(2)
    assert likely(scope="other", status="none") == D(0)
    assert likely(scope="maintenance", status="none", income="900") == D(1)  # no standard entered: ask, never guess
    own = Row("aid.economic_standard", Text("标准", "standard"), "演示", date(2026, 1, 1), None, "340000", D(1500))
    assert ask("legal_aid", Tables("340100", (own,)), scope="maintenance", status="none", income="1500", on=DAY).figures["likely"] == D(2)
    assert ask("legal_aid", Tables("340100", (own,)), scope="maintenance", status="none", income="1501", on=DAY).figures["likely"] == D(0)
    unsaid = ask("legal_aid", Tables("340100", (own,)), scope="maintenance", status="none", on=DAY)
    assert (unsaid.figures["likely"], unsaid.lines[-1].amount) == (D(1), D(1500)), "an income nobody stated is not taken for none"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("abc", "calculator.number"),
        ("-5", "calculator.range"),
        ("9" * 21, "calculator.number"),
        ("1e308", "calculator.number"),
        ("NaN", "calculator.number"),
        ("", "field.required"),
    ],
)
def test_what_is_not_a_sum_of_money_is_refused_next_to_its_field(typed: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        ask("litigation_fee", kind="property", amount=typed, on=DAY)
    assert refused.value.fields["amount"].code == code


@pytest.mark.parametrize("typed", ["1.2万", "１２０００", "12,000", "12000元", "12 000", "1.2 万"])
def test_money_is_read_as_people_write_it(typed: str) -> None:
    assert ask("late_performance", owed=typed, **{"from": "2026年1月1日", "to": "2026/1/11"}).figures["interest"] == D("21.00")


@pytest.mark.parametrize("typed", ["2026-02-30", "昨天", "2026", "20260101"])
def test_a_day_that_does_not_exist_is_refused(typed: str) -> None:
    with pytest.raises(Refusal) as refused:
        ask("litigation_fee", kind="property", amount="1", on=typed)
    assert refused.value.fields["on"].code == "calculator.date"


def test_every_calculator_is_complete_in_both_languages_and_every_line_of_its_tables_has_a_source() -> None:
    from fawang.knowledge.calculators.tables import names, national

    assert len({c.code for c in CALCULATORS}) == len(CALCULATORS) == 15
    assert [c.code for c in CALCULATORS for i in c.inputs if not (i.name.zh and i.name.en)] == []
    assert [row.code for row in national() if not row.source] == []
    assert all(name.zh and name.en for name in names().values())
