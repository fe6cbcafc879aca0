"""能不能申请法律援助: scope × economic standard × exemption. 法律援助法 §31, §32, §41, §42. Pure."""

from __future__ import annotations

from decimal import Decimal

from fawang.kernel.texts import Text
from fawang.knowledge.calculators.declaration import Answer, Calculator, Input, InputKind, Line
from fawang.knowledge.calculators.money import yuan
from fawang.knowledge.calculators.tables import TableMissing, Tables
from fawang.knowledge.calculators.values import Values

_SCOPE = (
    ("state_compensation", Text("请求国家赔偿", "State compensation")),
    ("social_insurance", Text("社会保险待遇或者社会救助", "Social insurance or assistance")),
    ("pension", Text("发给抚恤金", "Bereavement pension")),
    ("maintenance", Text("赡养费、抚养费、扶养费", "Maintenance")),
    ("labour", Text("确认劳动关系、支付劳动报酬", "Employment or wages")),
    ("capacity", Text("认定无民事行为能力、限制民事行为能力", "Legal capacity")),
    ("injury", Text("工伤、交通、食品药品、医疗事故的人身损害赔偿", "Injury by work, traffic, food, drugs, medicine")),
    ("environment", Text("环境污染、生态破坏损害赔偿", "Pollution")),
    ("no_limit", Text("家庭暴力、虐待、遗弃的受害人，见义勇为，英烈近亲属，再审无罪请求国家赔偿", "Victims of domestic violence, rescuers and others")),
    ("criminal", Text("刑事案件的犯罪嫌疑人、被告人、被害人等", "Criminal cases")),
    ("other", Text("都不是", "None of these")),
)
_STATUS = (
    ("none", Text("都不是", "None of these")),
    ("no_income", Text("没有固定生活来源的未成年人、老年人、残疾人", "Minors, elderly or disabled without income")),
    ("assistance", Text("社会救助、司法救助或者优抚对象", "Receives social or judicial assistance")),
    ("migrant", Text("农民工要工资或者工伤赔偿", "Migrant worker claiming wages or injury pay")),
)


def _aid(values: Values, tables: Tables) -> Answer:
    scope, status, on = values.choice("scope"), values.choice("status"), values.day("on")
    if scope == "other":
        return _answer(
            "no_scope", Text("不在法律规定的范围内，但各省可以增加事项", "Outside the national list; provinces may add matters"),
            Line(Text("申请范围", "Scope"), Text("不在第三十一条、第三十二条所列事项内", "Not among §31 and §32"), None, ("法律援助法 31", "法律援助法 32")),
        )  # fmt: skip
    if scope == "no_limit":
        return _answer(
            "likely", Text("可以申请，不看经济条件", "You may apply whatever your means"),
            Line(Text("不受经济困难条件限制", "No economic limit"), Text("属于第三十二条所列情形", "§32 applies"), None, ("法律援助法 32",)),
        )  # fmt: skip
    first = Line(
        Text("申请范围", "Scope"), Text("属于可以申请的事项", "Within the scope"), None, ("法律援助法 24",) if scope == "criminal" else ("法律援助法 31",)
    )
    if status in {"no_income", "assistance", "migrant"}:
        return _answer(
            "likely", Text("很可能可以，并且免予核查经济困难状况", "Likely, and your means are not checked"),
            first, Line(Text("免予核查", "No check of means"), Text("凭证明材料即可", "Papers suffice"), None, ("法律援助法 42",)),
        )  # fmt: skip
    try:
        standard = tables.value("aid.economic_standard", on)
    except TableMissing:
        return _answer(
            "ask", Text("在申请范围内；本地的经济困难标准尚未录入，请向法律援助中心确认", "Within the scope; the local standard is not entered, please ask"),
            first, Line(Text("经济困难标准由各省规定", "The province sets the standard"), Text("尚未录入，不作估计", "Not entered, not guessed"), None, ("法律援助法 34",)),
        )  # fmt: skip
    if not values.has("income"):
        return _answer(
            "ask",
            Text(f"在申请范围内；家庭人均月收入不超过 {yuan(standard)} 元就可以申请", f"Within the scope; you may apply with up to {yuan(standard)} yuan a head and month"),
            first, Line(Text("本地经济困难标准", "The local standard"), Text(yuan(standard), yuan(standard)), standard, ("法律援助法 34", "法律援助法 41")),
        )  # fmt: skip
    income = values.number("income")
    under = income <= standard
    said = f"{yuan(income)} {'≤' if under else '>'} {yuan(standard)}"
    headline = (
        Text("符合本地经济困难标准，可以申请", "Your means are under the local standard")
        if under
        else Text("高于本地经济困难标准，一般不能获得法律援助", "Your means are above the local standard")
    )
    return _answer(
        "likely" if under else "unlikely", headline, first,
        Line(Text("家庭人均月收入与本地标准", "Income per head and the standard"), Text(said, said), None, ("法律援助法 34", "法律援助法 41")),
    )  # fmt: skip


def _answer(outcome: str, headline: Text, *lines: Line) -> Answer:
    codes = {"likely": 2, "ask": 1, "unlikely": 0, "no_scope": 0}
    return Answer(
        headline,
        lines,
        (
            Text("咨询法律援助中心、打12348都不收费，拿不准就直接问。", "Asking costs nothing: call 12348 or visit a centre."),
            Text("被拒绝的，可以向设立该机构的司法行政部门提出异议。", "A refusal can be contested before the justice authority."),
        ),
        {"likely": Decimal(codes[outcome])},
    )


LEGAL_AID = Calculator(
    "legal_aid",
    Text("能不能申请法律援助", "Legal aid"),
    Text("请不起律师时，国家能不能免费帮您请", "Whether the state pays your lawyer"),
    (
        Input("scope", Text("是哪类事", "What it is about"), InputKind.CHOICE, choices=_SCOPE),
        Input("status", Text("您是不是", "Are you"), InputKind.CHOICE, choices=_STATUS),
        Input("income", Text("家庭人均月收入（元）", "Household income per head and month"), InputKind.MONEY, required=False),
        Input("on", Text("哪天申请", "Day of application"), InputKind.DATE),
    ),
    _aid,
    "procedure",
    norms=(
        "法律援助法 24",
        "法律援助法 31",
        "法律援助法 32",
        "法律援助法 34",
        "法律援助法 41",
        "法律援助法 42",
    ),
)
