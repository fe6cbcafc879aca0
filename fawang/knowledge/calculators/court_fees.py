"""诉讼费: what it costs to go to court. 诉讼费用交纳办法 §13–§16. Pure."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from fawang.kernel.texts import Text
from fawang.knowledge.calculators.declaration import Answer, Calculator, Input, InputKind, Line
from fawang.knowledge.calculators.money import bands, fen, plain, yuan
from fawang.knowledge.calculators.tables import Tables
from fawang.knowledge.calculators.values import Values

RULE = "诉讼费用交纳办法 13"


def by_bands(amount: Decimal, table: str, on: date, tables: Tables, *, first: Decimal = Decimal(0)) -> tuple[Decimal, list[Line], str]:
    """分段累计 of a fee table: the sum, a line for each band, the norm. ``first`` is the flat fee of the lowest 10,000 yuan."""
    row = tables.row(table, on)
    total, lines, shift = first, [], Decimal(0)
    if first:
        lines.append(Line(Text("不超过1万元的部分", "Up to 10,000 yuan"), Text(f"每件 {plain(first)} 元", f"{plain(first)} yuan a case"), first, (row.source,)))
        shift = Decimal(10000)
    for part, rate in bands(amount, row.bands):
        kept = part - shift if shift else part
        shift = Decimal(0) if kept > 0 else shift
        if kept <= 0 or not rate:
            continue
        fee = kept * rate
        total += fee
        said = f"{yuan(kept)} × {plain(rate * 100)}% = {yuan(fee)}"
        lines.append(Line(Text("本段", "This band"), Text(said, said), fen(fee), (row.source,)))
    return fen(total), lines, row.source


def _fee(values: Values, tables: Tables) -> Answer:
    on, amount = values.day("on"), values.number("amount", Decimal(0))
    kind = values.choice("kind")
    low = high = Decimal(0)
    lines: list[Line] = []
    if kind == "property":
        first = tables.value("fee.property.first", on)
        low, lines, _ = by_bands(amount, "fee.property", on, tables, first=first)
    elif kind == "divorce":
        extra, lines, _ = by_bands(amount, "fee.divorce.property", on, tables)
        lines.insert(0, Line(Text("离婚案件", "Divorce"), Text("每件 50 至 300 元，由各省规定", "50 to 300 yuan a case, set by the province"), None, (RULE,)))
        low, high = Decimal(50) + extra, Decimal(300) + extra
    elif kind == "personality":
        extra, lines, _ = by_bands(amount, "fee.personality.damages", on, tables)
        lines.insert(
            0,
            Line(
                Text("人格权案件", "Personality rights"), Text("每件 100 至 500 元，由各省规定", "100 to 500 yuan a case, set by the province"), None, (RULE,)
            ),
        )
        low, high = Decimal(100) + extra, Decimal(500) + extra
    else:
        low = tables.value(f"fee.{kind}", on)
        lines = [Line(Text("按件收取", "Flat fee"), Text(f"每件 {plain(low)} 元", f"{plain(low)} yuan a case"), low, (tables.row(f"fee.{kind}", on).source,))]
    high = high or low
    if values.choice("way") in {"simple", "settled"}:
        half = "诉讼费用交纳办法 16" if values.choice("way") == "simple" else "诉讼费用交纳办法 15"
        low, high = fen(low / 2), fen(high / 2)
        said = yuan(low) if low == high else f"{yuan(low)}–{yuan(high)}"
        lines.append(Line(Text("减半交纳", "Halved"), Text(f"÷ 2 = {said}", f"÷ 2 = {said}"), low if low == high else None, (half,)))
    return _said(low, high, lines)


def _said(low: Decimal, high: Decimal, lines: list[Line]) -> Answer:
    amount = yuan(low) if low == high else f"{yuan(low)} 至 {yuan(high)}"
    return Answer(
        Text(f"应交约 {amount} 元", f"About {amount} yuan"),
        tuple(lines),
        (
            Text("诉讼费由败诉方负担，胜诉后可以请求法院退还您预交的部分。", "The losing side bears the fee in the end."),
            Text(
                "交不起的，可以向法院申请缓交、减交或者免交；农民工追索劳动报酬的可以申请缓交或者免交。",
                "Those who cannot pay may ask the court to defer, reduce or waive it.",
            ),
        ),
        {"low": low, "high": high},
    )


def _enforcement(values: Values, tables: Tables) -> Answer:
    on, amount = values.day("on"), values.number("amount")
    first = Decimal(50)
    low, lines, _ = by_bands(amount, "fee.enforcement", on, tables, first=first)
    return Answer(
        Text(f"申请执行费 {yuan(low)} 元", f"Enforcement fee {yuan(low)} yuan"),
        tuple(lines),
        (Text("申请时不用先交，执行到位后由被执行人负担。", "Not paid in advance: it is taken from the debtor once enforced."),),
        {"low": low, "high": low},
    )


def _preservation(values: Values, tables: Tables) -> Answer:
    on, amount = values.day("on"), values.number("amount")
    total, lines, source = by_bands(amount, "fee.preservation", on, tables)
    lines.insert(0, Line(Text("不超过1000元的部分", "Up to 1,000 yuan"), Text("每件 30 元", "30 yuan a case"), Decimal(30), (source,)))
    total, cap = total + 30, Decimal(5000)
    if total > cap:
        lines.append(Line(Text("最多不超过5000元", "At most 5,000 yuan"), Text("按 5,000 元", "5,000 yuan"), cap, (source,)))
        total = cap
    return Answer(Text(f"申请保全费 {yuan(total)} 元", f"Preservation fee {yuan(total)} yuan"), tuple(lines), (), {"low": total, "high": total})


_ON = Input("on", Text("哪一天交", "Day of payment"), InputKind.DATE)
_AMOUNT = Input("amount", Text("金额（元）", "Amount (yuan)"), InputKind.MONEY, Text("请求的金额或者财产总额，没有就填 0", "The sum claimed; 0 if none"))

LITIGATION_FEE = Calculator(
    "litigation_fee",
    Text("诉讼费", "Court fee"),
    Text("打官司要先交多少案件受理费", "What the court charges to take a case"),
    (
        Input(
            "kind",
            Text("案件类型", "Kind of case"),
            InputKind.CHOICE,
            choices=(
                ("property", Text("要钱要物的案件（欠款、赔偿、合同）", "Money or property")),
                ("divorce", Text("离婚", "Divorce")),
                ("personality", Text("名誉、肖像等人格权", "Personality rights")),
                ("labour", Text("劳动争议", "Labour dispute")),
                ("administrative", Text("告政府机关（行政案件）", "Administrative case")),
            ),
        ),
        _AMOUNT,
        Input(
            "way",
            Text("怎么审、怎么结", "How it is tried"),
            InputKind.CHOICE,
            choices=(
                ("ordinary", Text("普通程序", "Ordinary procedure")),
                ("simple", Text("简易程序", "Summary procedure")),
                ("settled", Text("调解结案或者撤诉", "Settled or withdrawn")),
            ),
            required=False,
        ),
        _ON,
    ),
    _fee,
    "procedure",
    norms=(
        "诉讼费用交纳办法 13",
        "诉讼费用交纳办法 15",
        "诉讼费用交纳办法 16",
    ),
)
ENFORCEMENT_FEE = Calculator(
    "enforcement_fee",
    Text("申请执行费", "Enforcement fee"),
    Text("对方不履行判决，申请强制执行的费用", "Fee for enforcing a judgment"),
    (_AMOUNT, _ON),
    _enforcement,
    "procedure",
    norms=("诉讼费用交纳办法 14",),
)
PRESERVATION_FEE = Calculator(
    "preservation_fee",
    Text("财产保全费", "Preservation fee"),
    Text("起诉前后申请查封、冻结对方财产的费用", "Fee for freezing the other side's property"),
    (_AMOUNT, _ON),
    _preservation,
    "procedure",
    norms=("诉讼费用交纳办法 14",),
)
