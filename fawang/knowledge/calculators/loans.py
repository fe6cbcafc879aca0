"""借款利息、利率上限、迟延履行利息. 民间借贷规定 §25–§28; 法释〔2014〕8号; 民事诉讼法 §264. Pure."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from fawang.kernel.errors import Refusal
from fawang.kernel.texts import Text
from fawang.knowledge.calculators.declaration import Answer, Calculator, Input, InputKind, Line
from fawang.knowledge.calculators.money import fen, plain, yuan
from fawang.knowledge.calculators.tables import Tables
from fawang.knowledge.calculators.values import Values

_CAP_FROM = date(2020, 8, 20)  # 民间借贷规定 §31: older loans are split at this day


def _days(values: Values) -> int:
    days = (values.day("to") - values.day("from")).days
    if days < 0:
        raise Refusal("calculator.order", field="to")
    return days


def _lpr(values: Values, tables: Tables, on: date) -> tuple[Decimal, str]:
    if values.has("lpr"):
        return values.number("lpr"), "您填写的数字"
    row = tables.row("loan.lpr_1y", on)
    return row.value or Decimal(0), row.source


def _loan(values: Values, tables: Tables) -> Answer:
    lent, days = values.day("from"), _days(values)
    if lent < _CAP_FROM:
        raise Refusal(
            "calculator.facts", field="from",
            reason=Text("2020年8月20日以前借出的，前后两段按不同的上限算，请直接问律师。", "Loans made before 20 August 2020 are split into two periods; please ask a lawyer."),
        )  # fmt: skip
    principal = values.number("principal") - values.number("withheld", Decimal(0))
    if principal <= 0:
        raise Refusal("calculator.range", field="withheld", low=0, high=values.number("principal"))
    lines = []
    if values.number("withheld", Decimal(0)):
        lines.append(
            Line(
                Text("先扣的“砍头息”不算本金", "Interest taken in advance is no principal"),
                Text(f"{yuan(values.number('principal'))} − {yuan(values.number('withheld'))} = {yuan(principal)}", f"= {yuan(principal)}"),
                principal,
                ("民法典 670", "民间借贷规定 26"),
            )
        )
    lpr, _ = _lpr(values, tables, lent)
    cap = lpr * tables.value("loan.cap_multiple", lent)
    lines.append(
        Line(
            Text("利率上限：合同成立时一年期LPR的四倍", "Ceiling: four times the one-year LPR"),
            Text(f"{plain(lpr)}% × 4 = {plain(cap)}%", f"{plain(lpr)}% × 4 = {plain(cap)}%"),
            None,
            ("民法典 680", "民间借贷规定 25"),
        )
    )
    agreed = values.number("rate") if values.has("rate") else None
    if agreed is None:
        lines.append(
            Line(Text("没有约定利息", "No interest agreed"), Text("借期内视为没有利息", "None during the term"), Decimal(0), ("民法典 680", "民间借贷规定 24"))
        )
        return Answer(
            Text("没约定利息的，借期内不算利息", "No interest during the term"),
            tuple(lines),
            (Text("到期不还的，可以从逾期之日起按当时的一年期LPR要利息。", "After the due date interest at the LPR may be claimed."),),
            {"interest": Decimal(0), "cap": cap, "principal": principal},
        )
    rate = min(agreed, cap)
    interest = fen(principal * rate / 100 * days / 365)
    if agreed > cap:
        lines.append(
            Line(
                Text("约定的利率高出上限，高出部分不受保护", "Above the ceiling"),
                Text(f"{plain(agreed)}% → {plain(cap)}%", f"{plain(agreed)}% → {plain(cap)}%"),
                None,
                ("民间借贷规定 25",),
            )
        )
    said = f"{yuan(principal)} × {plain(rate)}% × {days} ÷ 365 = {yuan(interest)}"
    lines.append(Line(Text(f"{days}天的利息", f"Interest for {days} days"), Text(said, said), interest, ("民法典 676",)))
    return Answer(
        Text(f"本金 {yuan(principal)} 元，受保护的利息约 {yuan(interest)} 元", f"Principal {yuan(principal)}, interest about {yuan(interest)} yuan"),
        tuple(lines),
        (Text("逾期利息、违约金、其他费用加起来也不能超过这个上限。", "Late interest, penalties and other charges together stay under the same ceiling."),),
        {"interest": interest, "cap": cap, "principal": principal, "total": principal + interest},
    )


def _late(values: Values, tables: Tables) -> Answer:
    days, owed = _days(values), values.number("owed")
    rate = tables.value("loan.late_daily", values.day("from"))
    extra = fen(owed * rate / 10000 * days)
    said = f"{yuan(owed)} × {plain(rate)}‱ × {days} = {yuan(extra)}"
    return Answer(
        Text(f"加倍部分债务利息约 {yuan(extra)} 元", f"Extra interest of about {yuan(extra)} yuan"),
        (
            Line(
                Text("判决确定的履行期满之后，每天万分之一点七五", "1.75 per 10,000 a day after the judgment's due date"),
                Text(said, said),
                extra,
                ("民事诉讼法 264", "迟延履行期间债务利息解释 1"),
            ),
        ),
        (Text("判决里写明的一般利息照算，这一笔另外加上。", "Ordinary interest named in the judgment comes on top."),),
        {"interest": extra},
    )


LOAN_INTEREST = Calculator(
    "loan_interest",
    Text("借款利息和利率上限", "Loan interest and its ceiling"),
    Text("民间借款的利息怎么算、最高多少受保护", "How much interest on a private loan is protected"),
    (
        Input("principal", Text("借了多少钱（元）", "Sum lent"), InputKind.MONEY, Text("借条上写的金额", "As on the note")),
        Input("withheld", Text("给钱时先扣了多少利息（元）", "Interest taken in advance"), InputKind.MONEY, required=False),
        Input(
            "rate",
            Text("约定的年利率（%）", "Agreed yearly rate (%)"),
            InputKind.NUMBER,
            Text("月息1分就是12；没约定就不填", "Leave empty if none"),
            required=False,
            high=Decimal(1000),
        ),
        Input("from", Text("哪天借的", "Day of the loan"), InputKind.DATE),
        Input("to", Text("算到哪天", "Up to"), InputKind.DATE),
        Input(
            "lpr",
            Text("借款那天的一年期LPR（%）", "One-year LPR on that day (%)"),
            InputKind.NUMBER,
            Text("系统没有那天的数字时才填", "Only if the table has none"),
            required=False,
            high=Decimal(20),
        ),
    ),
    _loan,
    "loans",
    norms=(
        "民法典 670",
        "民法典 676",
        "民法典 680",
        "民间借贷规定 24",
        "民间借贷规定 25",
        "民间借贷规定 26",
    ),
)
LATE_PERFORMANCE = Calculator(
    "late_performance",
    Text("判了不给钱的加倍利息", "Interest for late performance"),
    Text("判决生效后对方拖着不付，每天多算多少", "Extra interest after a judgment"),
    (
        Input("owed", Text("还欠多少（不含一般利息，元）", "Sum still owed"), InputKind.MONEY),
        Input("from", Text("判决规定的最后付款日", "Due date in the judgment"), InputKind.DATE),
        Input("to", Text("算到哪天", "Up to"), InputKind.DATE),
    ),
    _late,
    "loans",
    norms=(
        "民事诉讼法 264",
        "迟延履行期间债务利息解释 1",
    ),
)
