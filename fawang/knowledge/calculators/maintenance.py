"""抚养费范围. 婚姻家庭编解释一 §49, §53; 民法典 §1085. Pure."""

from __future__ import annotations

from decimal import Decimal

from fawang.kernel.errors import Refusal
from fawang.kernel.texts import Text
from fawang.knowledge.calculators.declaration import Answer, Calculator, Input, InputKind, Line
from fawang.knowledge.calculators.money import fen, yuan
from fawang.knowledge.calculators.tables import Tables
from fawang.knowledge.calculators.values import Values

_NORM = "婚姻家庭编解释一 49"


def _maintenance(values: Values, tables: Tables) -> Answer:
    income, children = values.number("income"), values.count("children")
    on = values.day("on")
    low, high = tables.value("child.share.low", on), tables.value("child.share.high", on)
    cap = tables.value("child.share.cap", on)
    if not income:
        raise Refusal(
            "calculator.facts", field="income",
            reason=Text("对方没有收入或者下落不明的，可以用其财物折抵，数额由法院酌定。", "Without income the court may set the property off."),
        )  # fmt: skip
    floor, top = fen(income * low / 100), fen(income * (high if children == 1 else cap) / 100)
    said = f"{yuan(income)} × {low}% 至 {high if children == 1 else cap}% = {yuan(floor)} 至 {yuan(top)}"
    name = (
        Text("一个孩子：月总收入的20%至30%", "One child: 20 to 30%")
        if children == 1
        else Text("两个以上孩子：可以提高，合计一般不超过50%", "Several children: at most 50% in all")
    )
    return Answer(
        Text(f"每月合计约 {yuan(floor)} 至 {yuan(top)} 元", f"About {yuan(floor)} to {yuan(top)} yuan a month in all"),
        (Line(name, Text(said, said), None, (_NORM, "民法典 1085")),),
        (
            Text("没有固定收入的，可以按当年总收入或者同行业平均收入参照这个比例。", "Without fixed income: by yearly income or the trade's average."),
            Text("一般付到孩子十八周岁；以后情况变了，可以请求增加。", "Usually until the age of eighteen; an increase may be asked for."),
        ),
        {"low": floor, "high": top},
    )


CHILD_MAINTENANCE = Calculator(
    "child_maintenance",
    Text("孩子的抚养费", "Child maintenance"),
    Text("不带孩子的一方每月大约付多少", "What the other parent pays a month"),
    (
        Input("income", Text("对方每月总收入（元）", "The other parent's monthly income"), InputKind.MONEY),
        Input("children", Text("要抚养几个孩子", "Number of children"), InputKind.COUNT, low=Decimal(1), high=Decimal(20)),
        Input("on", Text("从哪天起算", "From"), InputKind.DATE),
    ),
    _maintenance,
    "family",
    norms=(
        "民法典 1085",
        "婚姻家庭编解释一 49",
    ),
)
