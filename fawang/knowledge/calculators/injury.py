"""工伤待遇与人身损害赔偿. 工伤保险条例 §35–39; 人身损害赔偿解释 §6–17; 民法典 §1179, §1213. Pure."""

from __future__ import annotations

from decimal import Decimal

from fawang.kernel.errors import Refusal
from fawang.kernel.texts import Text
from fawang.knowledge.calculators.declaration import Answer, Calculator, Input, InputKind, Line
from fawang.knowledge.calculators.injury_grades import ALLOWANCE, LUMP_SUM
from fawang.knowledge.calculators.money import fen, plain, yuan
from fawang.knowledge.calculators.spans import compensation_years
from fawang.knowledge.calculators.tables import Tables
from fawang.knowledge.calculators.values import Values


def _local(values: Values, tables: Tables, field: str, table: str) -> Decimal:
    return values.number(field) if values.has(field) else tables.value(table, values.day("on"))


def _work_injury(values: Values, tables: Tables) -> Answer:
    grade, wage = values.count("grade"), values.number("wage")
    norm = f"工伤保险条例 {35 if grade <= 4 else 36 if grade <= 6 else 37}"
    lines = []
    if values.has("average"):
        low, high = values.number("average") * Decimal("0.6"), values.number("average") * 3
        bounded = min(max(wage, low), high)
        if bounded != wage:
            lines.append(
                Line(
                    Text("本人工资按当地平均工资的60%至300%取数", "The wage counts between 60% and 300% of the local average"),
                    Text(f"{yuan(wage)} → {yuan(bounded)}", f"{yuan(bounded)}"),
                    None,
                    ("工伤保险条例 64",),
                )
            )
        wage = bounded
    lump = fen(wage * LUMP_SUM[grade])
    said = f"{yuan(wage)} × {LUMP_SUM[grade]} = {yuan(lump)}"
    lines.append(Line(Text(f"{grade}级一次性伤残补助金", f"Grade {grade} lump sum"), Text(said, said), lump, (norm,)))
    figures = {"lump_sum": lump}
    if grade in ALLOWANCE:
        monthly = fen(wage * ALLOWANCE[grade] / 100)
        said = f"{yuan(wage)} × {ALLOWANCE[grade]}% = {yuan(monthly)}"
        lines.append(Line(Text("伤残津贴（按月）", "Monthly allowance"), Text(said, said), monthly, (norm,)))
        figures["monthly"] = monthly
    cautions = [Text("停工留薪期内工资照发，一般不超过12个月；医疗费按规定报销。", "Wages go on during treatment, usually up to 12 months.")]
    if grade >= 5:
        cautions.append(
            Text(
                "离职时还有一次性工伤医疗补助金和一次性伤残就业补助金，标准由各省规定，这里没有计算。",
                "On leaving, two further lump sums set by the province are due; they are not included.",
            )
        )
    return Answer(Text(f"一次性伤残补助金 {yuan(lump)} 元", f"Lump sum {yuan(lump)} yuan"), tuple(lines), tuple(cautions), figures)


def _work_death(values: Values, tables: Tables) -> Answer:
    income = _local(values, tables, "income", "nation.urban_income")
    lump = fen(income * 20)
    lines = [
        Line(
            Text("一次性工亡补助金：上一年度全国城镇居民人均可支配收入的20倍", "Lump sum: 20 times the national urban income"),
            Text(f"{yuan(income)} × 20 = {yuan(lump)}", f"{yuan(income)} × 20"),
            lump,
            ("工伤保险条例 39",),
        )
    ]
    total, cautions = lump, []
    if values.has("average") or tables.has("labour.average_wage", values.day("on")):
        average = _local(values, tables, "average", "labour.average_wage")
        funeral = fen(average * 6)
        total += funeral
        lines.append(
            Line(
                Text("丧葬补助金：6个月当地上年度职工月平均工资", "Funeral: six local average monthly wages"),
                Text(f"{yuan(average)} × 6 = {yuan(funeral)}", f"{yuan(average)} × 6"),
                funeral,
                ("工伤保险条例 39",),
            )
        )
    else:
        cautions.append(
            Text("另有丧葬补助金（6个月当地职工月平均工资），当地数字尚未录入，没有计算。", "A funeral grant comes on top; the local figure is not entered.")
        )
    cautions.append(Text("生前供养的亲属另有按月的抚恤金：配偶40%，其他亲属每人30%。", "Dependants have monthly pensions besides."))
    return Answer(
        Text(f"一次性可得约 {yuan(total)} 元", f"About {yuan(total)} yuan at once"), tuple(lines), tuple(cautions), {"lump_sum": lump, "total": total}
    )


def _traffic(values: Values, tables: Tables) -> Answer:
    age, grade, share = values.count("age"), values.count("grade", 0), values.number("share", Decimal(100))
    dead = values.yes("dead")
    if dead and grade:
        raise Refusal("calculator.facts", field="grade", reason=Text("死亡和伤残等级只能填一个。", "Either death or a grade."))
    lines: list[Line] = []

    def add(zh: str, en: str, how: str, amount: Decimal, *norms: str) -> None:
        lines.append(Line(Text(zh, en), Text(how, how), fen(amount), norms))

    if values.number("medical", Decimal(0)):
        add("医疗费（凭票据）", "Medical costs", yuan(values.number("medical")), values.number("medical"), "民法典 1179", "人身损害赔偿解释 6")
    for days, daily, zh, en, norm in (
        ("lost_days", "lost_daily", "误工费", "Lost earnings", "人身损害赔偿解释 7"),
        ("care_days", "care_daily", "护理费", "Care", "人身损害赔偿解释 8"),
        ("hospital_days", "hospital_daily", "住院伙食补助费", "Hospital meals", "人身损害赔偿解释 10"),
    ):
        if values.has(days) and values.has(daily):
            count, rate = values.number(days), values.number(daily)
            add(zh, en, f"{yuan(rate)} × {plain(count)} = {yuan(rate * count)}", rate * count, "民法典 1179", norm)
    for code, zh, en, norm in (("nutrition", "营养费", "Nutrition", "人身损害赔偿解释 11"), ("travel", "交通费（凭票据）", "Travel", "人身损害赔偿解释 9")):
        if values.number(code, Decimal(0)):
            add(zh, en, yuan(values.number(code)), values.number(code), "民法典 1179", norm)
    if dead or grade:
        income, years = _local(values, tables, "income", "injury.urban_income"), compensation_years(age)
        if dead:
            add("死亡赔偿金", "Death", f"{yuan(income)} × {years} = {yuan(income * years)}", income * years, "民法典 1179", "人身损害赔偿解释 15")
            average = _local(values, tables, "average", "labour.average_wage")
            add("丧葬费", "Funeral", f"{yuan(average)} × 6 = {yuan(average * 6)}", average * 6, "民法典 1179", "人身损害赔偿解释 14")
        else:
            part = Decimal(11 - grade) / 10
            amount = income * years * part
            add(
                f"残疾赔偿金（{grade}级按{plain(part * 100)}%）",
                f"Disability, grade {grade}",
                f"{yuan(income)} × {years} × {plain(part * 100)}% = {yuan(amount)}",
                amount,
                "民法典 1179",
                "人身损害赔偿解释 12",
            )
    if not lines:
        raise Refusal("calculator.facts", reason=Text("请至少填写一项损失。", "Please enter at least one loss."))
    total = sum((line.amount or Decimal(0) for line in lines), Decimal(0))
    return Answer(
        Text(f"各项损失合计约 {yuan(total)} 元", f"Losses of about {yuan(total)} yuan in all"),
        (*lines, *_who_pays(values, tables, total, share)),
        (
            Text(
                "另可请求精神损害抚慰金，由法院酌定；有要扶养的人的，被扶养人生活费计入残疾或死亡赔偿金。",
                "Damages for distress and dependants' maintenance come on top.",
            ),
            Text("多处伤残、农村和城镇标准、职业影响会改变数额，请让律师核一遍。", "Several injuries and other facts change the sum; let a lawyer check it."),
        ),
        {"total": fen(total)},
    )


def _who_pays(values: Values, tables: Tables, total: Decimal, share: Decimal) -> list[Line]:
    """民法典 §1213: compulsory insurance first, then the commercial one, the rest by the party at fault."""
    on = values.day("on")
    limit = tables.value("traffic.compulsory.death_disability", on) + tables.value("traffic.compulsory.medical", on)
    first = min(total, limit)
    rest = fen((total - first) * share / 100)
    return [
        Line(
            Text("先由交强险在限额内赔", "Compulsory insurance first"),
            Text(f"最多 {yuan(limit)}（死亡伤残、医疗两项限额）", f"Up to {yuan(limit)}"),
            fen(first),
            ("民法典 1213", "道路交通安全法 76"),
        ),
        Line(
            Text("超出部分按责任比例，商业险先赔，不足由侵权人赔", "The rest by fault: commercial insurance, then the wrongdoer"),
            Text(f"({yuan(total)} − {yuan(first)}) × {plain(share)}% = {yuan(rest)}", f"× {plain(share)}% = {yuan(rest)}"),
            rest,
            ("民法典 1213",),
        ),
    ]


_ON = Input("on", Text("哪天发生的", "Day it happened"), InputKind.DATE)
_GRADE = Input("grade", Text("伤残等级（1至10级）", "Grade of disability (1 to 10)"), InputKind.COUNT, low=Decimal(1), high=Decimal(10))
_AVERAGE = Input(
    "average", Text("当地上年度职工月平均工资（元）", "Local average monthly wage"), InputKind.MONEY, Text("知道就填", "If you know it"), required=False
)

WORK_INJURY = Calculator(
    "work_injury",
    Text("工伤伤残待遇", "Work injury"),
    Text("评上几级，一次性补助和每月津贴各多少", "Lump sum and allowance by grade"),
    (_GRADE, Input("wage", Text("受伤前12个月平均月缴费工资（元）", "Average insured wage of the 12 months before"), InputKind.MONEY), _AVERAGE, _ON),
    _work_injury,
    "injury",
    norms=(
        "工伤保险条例 35",
        "工伤保险条例 36",
        "工伤保险条例 37",
        "工伤保险条例 64",
    ),
)
WORK_DEATH = Calculator(
    "work_death",
    Text("工亡待遇", "Death at work"),
    Text("因工死亡，家属能领多少", "What the family receives"),
    (
        _ON,
        Input(
            "income",
            Text("上一年度全国城镇居民人均可支配收入（元）", "National urban income of the year before"),
            InputKind.MONEY,
            Text("系统没有那一年的数字时才填", "Only if the table has none"),
            required=False,
        ),
        _AVERAGE,
    ),
    _work_death,
    "injury",
    norms=("工伤保险条例 39",),
)
TRAFFIC_INJURY = Calculator(
    "traffic_injury",
    Text("交通事故赔偿", "Traffic accident"),
    Text("受了伤，各项赔偿大约多少、先找谁赔", "The heads of damage, and who pays first"),
    (
        Input("age", Text("受伤的人几岁", "Age"), InputKind.COUNT, high=Decimal(130)),
        Input("medical", Text("医疗费（元）", "Medical costs"), InputKind.MONEY, required=False),
        Input("lost_days", Text("误工几天", "Days of work lost"), InputKind.NUMBER, required=False),
        Input("lost_daily", Text("每天少挣多少（元）", "Lost a day"), InputKind.MONEY, required=False),
        Input("care_days", Text("护理几天", "Days of care"), InputKind.NUMBER, required=False),
        Input("care_daily", Text("护理每天多少（元）", "Care a day"), InputKind.MONEY, required=False),
        Input("hospital_days", Text("住院几天", "Days in hospital"), InputKind.NUMBER, required=False),
        Input(
            "hospital_daily",
            Text("伙食补助每天多少（元）", "Meals a day"),
            InputKind.MONEY,
            Text("按当地机关出差伙食标准", "Local official rate"),
            required=False,
        ),
        Input("nutrition", Text("营养费（元）", "Nutrition"), InputKind.MONEY, required=False),
        Input("travel", Text("交通费（元）", "Travel"), InputKind.MONEY, required=False),
        Input("grade", Text("伤残等级（没有就不填）", "Grade of disability"), InputKind.COUNT, required=False, low=Decimal(1), high=Decimal(10)),
        Input("dead", Text("是否死亡", "Death"), InputKind.YES_NO, required=False),
        Input(
            "income",
            Text("当地上年度城镇居民人均可支配收入（元）", "Local urban income of the year before"),
            InputKind.MONEY,
            Text("系统没有时才填", "Only if the table has none"),
            required=False,
        ),
        _AVERAGE,
        Input("share", Text("对方责任比例（%）", "The other side's share (%)"), InputKind.NUMBER, required=False, high=Decimal(100)),
        _ON,
    ),
    _traffic,
    "injury",
    norms=(
        "民法典 1179",
        "民法典 1213",
        "道路交通安全法 76",
        "人身损害赔偿解释 6",
        "人身损害赔偿解释 7",
        "人身损害赔偿解释 8",
        "人身损害赔偿解释 9",
        "人身损害赔偿解释 10",
        "人身损害赔偿解释 11",
        "人身损害赔偿解释 12",
        "人身损害赔偿解释 14",
        "人身损害赔偿解释 15",
    ),
)
