"""法律咨询意见书: the conclusion as a paper, with the articles quoted as they stood on the day that matters."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date

from fawang.kernel.printing import Block, BlockKind, Paper
from fawang.kernel.texts import Text
from fawang.knowledge.interviews.conclusion import Conclusion, Due
from fawang.knowledge.interviews.quotations import quote

HEADINGS: dict[str, Text] = {
    "stand": Text("您的处境", "Where you stand"),
    "law": Text("法律怎么说", "What the law says"),
    "step": Text("接下来怎么做", "What to do next"),
    "evidence": Text("要留好的证据", "Evidence to gather"),
    "office": Text("去哪里办", "Where to go"),
    "warning": Text("请注意", "Please mind"),
}
DISCLAIMER = Text(
    "本意见书由法网根据您自己填写的情况和现行法律自动形成，供您参考，不能代替律师对您的证据和具体情况的判断。情况有出入的，结论可能不同。",
    "This opinion follows from your own answers and the law in force. It is advice for orientation and does not replace a lawyer's judgment of your evidence.",
)


def left_in_words(due: Due) -> Text:
    """还有12天 / 已经过了3天."""
    if due.left < 0:
        return Text(f"已经过了{-due.left}天，请马上问律师有没有中断、中止的情形", f"{-due.left} days ago: ask a lawyer at once whether it was interrupted")
    return Text(f"还有{due.left}天", f"{due.left} days left") if due.left else Text("就是今天", "today")


def opinion_paper(conclusion: Conclusion, *, number: str, code: str, issued_on: date, language: str = "zh") -> Paper:
    """The printed opinion. Quotes each article as of the facts' day; one that the library lacks is named without its text."""

    def words(text: Text) -> str:
        return text.in_language(language)

    english = language == "en"
    blocks = [
        Block(BlockKind.PAIR, words(conclusion.interview.name), "Matter" if english else "咨询事项"),
        Block(BlockKind.PAIR, f"{conclusion.on:%Y-%m-%d}" if english else day_in_words(conclusion.on), "Law as of" if english else "适用法律的日期"),
        Block(BlockKind.HEADING, "What you told us" if english else "一、您说的情况"),
    ]
    blocks += [Block(BlockKind.PAIR, words(given), words(asked).rstrip("？?")) for asked, given in conclusion.said]
    numerals = iter("二三四五六七八九")
    for section in ("stand", "step", "evidence", "office", "warning"):
        if not (items := conclusion.items.get(section, ())):  # type: ignore[call-overload]
            continue
        blocks.append(Block(BlockKind.HEADING, words(HEADINGS[section]) if english else f"{next(numerals)}、{words(HEADINGS[section])}"))
        blocks += [Block(BlockKind.ITEM, words(item.text)) for item in items]
        if section == "step":
            blocks += [Block(BlockKind.ITEM, f"{words(due.name)}：{day_in_words(due.by)}（{words(left_in_words(due))}）") for due in conclusion.dues]
    if conclusion.sums or conclusion.aid:
        blocks.append(Block(BlockKind.HEADING, "Sums and legal aid" if english else f"{next(numerals)}、算一算、法律援助"))
        blocks += [Block(BlockKind.ITEM, f"{words(s.name)}：{words(s.answer.headline if s.answer else s.refusal or Text('', ''))}") for s in conclusion.sums]
        if conclusion.aid:
            blocks.append(Block(BlockKind.ITEM, words(conclusion.aid.headline)))
    blocks.append(Block(BlockKind.HEADING, "Basis" if english else f"{next(numerals)}、法律依据"))
    for norm in conclusion.norms:
        found = quote(norm, conclusion.on)
        blocks.append(Block(BlockKind.QUOTE, found.text, found.label) if found else Block(BlockKind.QUOTE, norm))
    blocks += [Block(BlockKind.BLANK), Block(BlockKind.TEXT, words(DISCLAIMER)), Block(BlockKind.RIGHT, day_in_words(issued_on))]
    foot = f"No. {number} · Verification code {code}" if english else f"{number}　核验码 {code}"
    return Paper("Legal opinion" if english else "法律咨询意见书", tuple(blocks), number, foot, language)


def day_in_words(day: date) -> str:
    """2026年11月24日."""
    return f"{day.year}年{day.month}月{day.day}日"


def paper_to_json(paper: Paper) -> str:
    """The paper as it is kept."""
    return json.dumps(asdict(paper), ensure_ascii=False, sort_keys=True)


def paper_from_json(body: str) -> Paper:
    """The kept paper."""
    raw = json.loads(body)
    blocks = tuple(Block(BlockKind(b["kind"]), b["text"], b["label"]) for b in raw.pop("blocks"))
    return Paper(blocks=blocks, **raw)
