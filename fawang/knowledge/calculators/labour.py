"""离职补偿、二倍工资、加班费、年休假工资. 劳动合同法 §46–48, §82, §87; 劳动法 §44; 职工带薪年休假条例 §3, §5. Pure."""

from __future__ import annotations

from datetime import timedelta
from decimal import ROUND_DOWN, Decimal

from fawang.kernel.errors import Refusal
from fawang.kernel.texts import Text
from fawang.knowledge.calculators.declaration import Answer, Calculator, Input, InputKind, Line
from fawang.knowledge.calculators.money import fen, plain, yuan
from fawang.knowledge.calculators.spans import add_months, months_between
from fawang.knowledge.calculators.tables import Tables
from fawang.knowledge.calculators.values import Values

_WAGE = Input(
    "wage",
    Text("月工资（元）", "Monthly wage (yuan)"),
    InputKind.MONEY,
    Text("离职前12个月的平均数，含奖金、津贴，扣税扣社保之前", "Average of the last 12 months, before tax, with bonuses"),
)
_FROM = Input("from", Text("哪天入职", "First day of work"), InputKind.DATE)
_TO = Input("to", Text("哪天离职", "Last day of work"), InputKind.DATE)


def _ordered(values: Values) -> tuple[int, int]:
    if values.day("to") < values.day("from"):
        raise Refusal("calculator.order", field="to")
    return months_between(values.day("from"), values.day("to"))


def _dismissal(values: Values, tables: Tables) -> Answer:
    months, days = _ordered(values)
    years, rest = divmod(months, 12)
    half = rest < 6 and (rest or days)
    units = Decimal(years) + (1 if rest >= 6 else Decimal("0.5") if half else 0)
    lines = [
        Line(
            Text("工作年限折算", "Years of work"),
            Text(
                f"{years}年{rest}个月{days}天：每满一年算1个月，满六个月不满一年算1个月，不满六个月算半个月，共 {plain(units)} 个月",
                f"{years} years {rest} months {days} days make {plain(units)} monthly wages",
            ),
            None,
            ("劳动合同法 47",),
        )
    ]
    wage, cautions = _capped(values, tables, lines)
    if wage < values.number("wage") and units > 12:
        units = Decimal(12)
        lines.append(Line(Text("高工资封顶", "Cap"), Text("最高不超过十二年", "At most twelve years"), None, ("劳动合同法 47",)))
    paid = fen(wage * units)
    lines.append(
        Line(Text("经济补偿", "Severance"), Text(f"{yuan(wage)} × {plain(units)} = {yuan(paid)}", f"{yuan(wage)} × {plain(units)}"), paid, ("劳动合同法 47",))
    )
    total, said = paid, Text(f"经济补偿约 {yuan(paid)} 元", f"Severance of about {yuan(paid)} yuan")
    reason = values.choice("reason")
    if reason == "unlawful":
        total = fen(paid * 2)
        lines.append(
            Line(
                Text("违法解除：二倍赔偿金", "Unlawful: double"),
                Text(f"{yuan(paid)} × 2 = {yuan(total)}", f"{yuan(paid)} × 2"),
                total,
                ("劳动合同法 48", "劳动合同法 87"),
            )
        )
        said = Text(f"违法解除赔偿金约 {yuan(total)} 元", f"Damages of about {yuan(total)} yuan")
    elif reason == "no_notice":
        last = values.number("last_wage", values.number("wage"))
        total = paid + last
        lines.append(
            Line(Text("没有提前三十日通知：一个月工资", "No notice: one more month"), Text(f"+ {yuan(last)}", f"+ {yuan(last)}"), last, ("劳动合同法 40",))
        )
        said = Text(f"经济补偿加代通知金约 {yuan(total)} 元", f"Severance and pay in lieu of about {yuan(total)} yuan")
    elif reason == "own_will":
        raise Refusal(
            "calculator.facts", field="reason", status=422,
            reason=Text("自己主动辞职、单位没有过错的，没有经济补偿；单位欠薪、不缴社保等迫使您走的，请选“单位有过错，我被迫辞职”。", "No severance on resigning without the employer's fault."),
        )  # fmt: skip
    return Answer(said, tuple(lines), tuple(cautions), {"severance": paid, "total": total, "months": units})


def _capped(values: Values, tables: Tables, lines: list[Line]) -> tuple[Decimal, list[Text]]:
    """The wage that counts: at most three times the local average. Asks for the local figure only where it could matter."""
    wage, on = values.number("wage"), values.day("to")
    if values.has("average"):
        average = values.number("average")
    elif tables.has("labour.average_wage", on):
        average = tables.value("labour.average_wage", on)
    else:
        return wage, [
            Text(
                "月工资高于当地上年度职工月平均工资三倍的，要按三倍计算且不超过十二年；当地数字尚未录入，这里没有封顶。",
                "Wages above three times the local average are capped; the local figure is not entered, so no cap was applied.",
            )
        ]
    if wage > average * 3:
        lines.append(
            Line(
                Text("高于当地平均工资三倍", "Above the cap"),
                Text(f"按 {yuan(average)} × 3 = {yuan(average * 3)} 计", f"{yuan(average)} × 3"),
                fen(average * 3),
                ("劳动合同法 47",),
            )
        )
        return fen(average * 3), []
    return wage, []


def _double_wage(values: Values, tables: Tables) -> Answer:
    start = values.day("from")
    end = values.day("signed") if values.has("signed") else values.day("to") + timedelta(days=1)
    if end < start:
        raise Refusal("calculator.order", field="to")
    first, year = add_months(start, 1), add_months(start, 12)
    last = min(end, year)
    if last <= first:
        raise Refusal("calculator.facts", reason=Text("用工不满一个月，还没有到应付二倍工资的时候。", "Less than a month of work."))
    months, days = months_between(first, last - timedelta(days=1))
    wage = values.number("wage")
    rest = min(Decimal(days) * wage / 30, wage)
    total = fen(wage * months + rest)
    return Answer(
        Text(f"未签合同的二倍工资差额约 {yuan(total)} 元", f"About {yuan(total)} yuan on top of wages paid"),
        (
            Line(
                Text("从满一个月的次日算到签合同或满一年的前一日", "From the second month to at most one year"),
                Text(f"{first.isoformat()} 至 {last.isoformat()} 前一日：{months}个月{days}天", f"{months} months {days} days"),
                None,
                ("劳动合同法 82", "劳动合同法实施条例 6", "劳动合同法实施条例 7"),
            ),
            Line(
                Text("每月再付一倍工资", "One more wage each month"),
                Text(f"{yuan(wage)} × {months} + {yuan(wage)} ÷ 30 × {days} = {yuan(total)}", f"= {yuan(total)}"),
                total,
                ("劳动合同法 82",),
            ),
        ),
        (
            Text("满一年仍不签的，视为已经订立无固定期限劳动合同。", "After a year an open-ended contract is deemed made."),
            Text(
                "申请仲裁的时效是一年，各地对从哪天起算看法不同，请尽早申请。",
                "Apply for arbitration early: one year, counted differently from place to place.",
            ),
        ),
        {"total": total},
    )


def _overtime(values: Values, tables: Tables) -> Answer:
    wage, on = values.number("wage"), values.day("on")
    days = tables.value("labour.pay_days", on)
    daily, hourly = wage / days, wage / days / 8
    lines = [
        Line(
            Text("日工资、小时工资", "Daily and hourly wage"),
            Text(f"{yuan(wage)} ÷ {plain(days)} = {yuan(daily)}；÷ 8 = {yuan(hourly)}", f"{yuan(wage)} ÷ {plain(days)} = {yuan(daily)}; ÷ 8 = {yuan(hourly)}"),
            None,
            ("劳动法 44",),
        )
    ]
    total = Decimal(0)
    for code, name, rate, unit in (
        ("hours", Text("工作日延长时间", "Longer hours on working days"), Decimal("1.5"), hourly),
        ("rest_days", Text("休息日加班又不安排补休", "Rest days without time off"), Decimal(2), daily),
        ("holidays", Text("法定节假日", "Public holidays"), Decimal(3), daily),
    ):
        count = values.number(code, Decimal(0))
        if count:
            paid = fen(unit * rate * count)
            total += paid
            said = f"{yuan(unit)} × {plain(rate * 100)}% × {plain(count)} = {yuan(paid)}"
            lines.append(Line(name, Text(said, said), paid, ("劳动法 44",)))
    return Answer(
        Text(f"加班费约 {yuan(total)} 元", f"Overtime pay of about {yuan(total)} yuan"),
        tuple(lines),
        (Text("主张加班费要先由您拿出加班的证据，例如打卡、排班、聊天记录。", "You must first show evidence of the overtime."),),
        {"total": total},
    )


def leave_days(years: Decimal) -> int:
    """Days of paid leave a year after so many years of work in all. 职工带薪年休假条例 §3."""
    return 15 if years >= 20 else 10 if years >= 10 else 5 if years >= 1 else 0


def _leave(values: Values, tables: Tables) -> Answer:
    due = leave_days(values.number("years"))
    lines = [
        Line(Text("全年应休", "Leave a year"), Text(f"累计工作 {plain(values.number('years'))} 年：{due} 天", f"{due} days"), None, ("职工带薪年休假条例 3",))
    ]
    days = Decimal(due)
    if values.has("elapsed"):
        days = (values.number("elapsed") / 365 * due).to_integral_value(ROUND_DOWN)
        lines.append(
            Line(
                Text("年中离职按天折算，不足一整天的不算", "Leaving during the year"),
                Text(f"{plain(values.number('elapsed'))} ÷ 365 × {due} ≈ {plain(days)} 天", f"{plain(days)} days"),
                None,
                ("企业职工带薪年休假实施办法 12",),
            )
        )
    unused = max(Decimal(0), days - values.number("taken", Decimal(0)))
    daily = values.number("wage") / tables.value("labour.pay_days", values.day("on"))
    total = fen(daily * 2 * unused)
    lines += [
        Line(
            Text("未休天数", "Days not taken"),
            Text(f"{plain(days)} − {plain(values.number('taken', Decimal(0)))} = {plain(unused)}", f"{plain(unused)} days"),
            None,
            (),
        ),
        Line(
            Text("日工资 300%，其中 100% 已随工资发放，应再付 200%", "300% of the daily wage, of which 100% was paid with the wage"),
            Text(f"{yuan(daily)} × 200% × {plain(unused)} = {yuan(total)}", f"{yuan(daily)} × 200% × {plain(unused)}"),
            total,
            ("职工带薪年休假条例 5", "企业职工带薪年休假实施办法 10", "企业职工带薪年休假实施办法 11"),
        ),
    ]
    return Answer(Text(f"未休年休假还应付约 {yuan(total)} 元", f"About {yuan(total)} yuan is still due"), tuple(lines), (), {"total": total, "days": unused})


DISMISSAL = Calculator(
    "dismissal",
    Text("离职补偿和赔偿", "Severance and damages"),
    Text("被辞退、被迫辞职、合同到期能拿多少补偿", "What is due when a job ends"),
    (
        Input(
            "reason",
            Text("怎么离开的", "How it ended"),
            InputKind.CHOICE,
            choices=(
                ("lawful", Text("协商离职、合同到期不续、裁员等", "By agreement, expiry, redundancy")),
                ("forced", Text("单位有过错（欠薪、不缴社保等），我被迫辞职", "Forced to leave by the employer's fault")),
                ("no_notice", Text("不能胜任、医疗期满等，单位没提前三十天通知", "Incapacity without thirty days' notice")),
                ("unlawful", Text("单位没有合法理由就辞退我", "Dismissed without lawful cause")),
                ("own_will", Text("我自己想走，单位没有过错", "I resigned of my own will")),
            ),
        ),
        _FROM,
        _TO,
        _WAGE,
        Input(
            "last_wage",
            Text("上一个月的工资（元）", "Last month's wage"),
            InputKind.MONEY,
            Text("只在没提前通知时用到，不填按月工资", "Only without notice"),
            required=False,
        ),
        Input(
            "average",
            Text("当地上年度职工月平均工资（元）", "Local average monthly wage"),
            InputKind.MONEY,
            Text("知道就填，工资很高时才用到", "Only matters for high wages"),
            required=False,
        ),
    ),
    _dismissal,
    "labour",
    norms=(
        "劳动合同法 40",
        "劳动合同法 47",
        "劳动合同法 48",
        "劳动合同法 87",
    ),
)
DOUBLE_WAGE = Calculator(
    "double_wage",
    Text("没签劳动合同的二倍工资", "Double wage without a written contract"),
    Text("入职满一个月没签书面合同，每月可以再要一份工资", "No written contract after a month of work"),
    (
        _FROM,
        Input("signed", Text("哪天补签的合同", "Day a contract was signed"), InputKind.DATE, Text("一直没签就不填", "Leave empty if never"), required=False),
        _TO,
        _WAGE,
    ),
    _double_wage,
    "labour",
    norms=(
        "劳动合同法 82",
        "劳动合同法实施条例 6",
        "劳动合同法实施条例 7",
    ),
)
OVERTIME = Calculator(
    "overtime",
    Text("加班费", "Overtime pay"),
    Text("平时、周末、节假日加班应付多少", "Pay for longer hours, rest days, holidays"),
    (
        _WAGE,
        Input("hours", Text("工作日延长了几小时", "Extra hours on working days"), InputKind.NUMBER, required=False),
        Input("rest_days", Text("休息日加了几天班（没补休）", "Rest days worked without time off"), InputKind.NUMBER, required=False),
        Input("holidays", Text("法定节假日加了几天班", "Public holidays worked"), InputKind.NUMBER, required=False),
        Input("on", Text("加班是什么时候", "When"), InputKind.DATE),
    ),
    _overtime,
    "labour",
    norms=("劳动法 44",),
)
ANNUAL_LEAVE = Calculator(
    "annual_leave",
    Text("没休年假的工资", "Pay for untaken leave"),
    Text("该休的年假没休，还能要多少钱", "What is due for leave not taken"),
    (
        Input("years", Text("一共工作过几年（所有单位加起来）", "Years of work in all jobs"), InputKind.NUMBER),
        _WAGE,
        Input("taken", Text("今年已休几天", "Days taken this year"), InputKind.NUMBER, required=False),
        Input(
            "elapsed",
            Text("今年在单位待了几天", "Days employed this year"),
            InputKind.COUNT,
            Text("年中离职才填", "Only if you left during the year"),
            required=False,
            high=Decimal(366),
        ),
        Input("on", Text("哪一年（填当年任意一天）", "Any day of that year"), InputKind.DATE),
    ),
    _leave,
    "labour",
    norms=(
        "职工带薪年休假条例 3",
        "职工带薪年休假条例 5",
        "企业职工带薪年休假实施办法 10",
        "企业职工带薪年休假实施办法 11",
        "企业职工带薪年休假实施办法 12",
    ),
)
