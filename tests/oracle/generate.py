"""Writes ``clocks.csv``: run ``python -m tests.oracle.generate`` from the repository. Imports nothing of the product.

Every row is one limit with its start, pauses and extension, and when it ends, turns yellow and turns red, with the norm.
"""

from __future__ import annotations

import csv
import io
import random
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from tests.oracle.almanac import LAST, ONE, holidays, make_up_days, works
from tests.oracle.reckoning import CHINA, Stop, due, marks

FILE = Path(__file__).parent / "clocks.csv"
COLUMNS = ("case", "unit", "limit", "extension", "rolls", "start", "pauses", "due", "yellow", "red", "why")
LAWS = {
    ("cd", 3): "法律援助法 §36/§43 三日", ("cd", 5): "法律援助法 §49 五日", ("cd", 7): "法律援助法 §43 七日", ("cd", 15): "信访工作条例 §22 十五日",
    ("cd", 30): "人民调解法 §33 三十日", ("cd", 45): "劳动争议调解仲裁法 §43 四十五日", ("cd", 60): "行政复议法 §62 六十日",
    ("wd", 1): "督办签收 一个工作日", ("wd", 3): "12345咨询 三个工作日", ("wd", 5): "差评整改 五个工作日", ("wd", 7): "司法鉴定受理 七个工作日",
    ("wd", 15): "公证法 §30 十五个工作日", ("wd", 30): "司法鉴定程序通则 三十个工作日", ("month", 1): "人民调解工作若干规定 §33 一个月",
    ("month", 3): "仲裁法(2025) §72 三个月", ("month", 6): "仲裁法(2017) §59 六个月", ("year", 1): "劳动争议调解仲裁法 §27 一年",
    ("h", 2): "首问负责 两小时", ("h", 5): "即时咨询 五小时", ("h", 24): "留言咨询 二十四小时; 法律援助法 §39", ("h", 72): "七十二小时", ("min", 3): "GB/T 33358 三分钟",
    ("s", 15): "GB/T 33358 十五秒",
}  # fmt: skip
Row = dict[str, str]


class Sheet:
    """Rows as they are written, numbered."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.seen: set[tuple[str, ...]] = set()

    def add(self, unit: str, limit: int, start: datetime, why: str, stops: list[Stop] | None = None, extension: int = 0, rolls: bool | None = None) -> None:
        stops = stops or []
        roll = unit in {"cd", "month", "year"} if rolls is None else rolls
        try:
            end = due(unit, limit + extension, start, stops, roll)
        except LookupError:
            return  # reaches into a year whose calendar is not announced
        if end is not None and end.date() > LAST:
            return
        yellow, red = ("", "") if end is None else (m.isoformat() for m in marks(unit, start, stops, end))
        pauses = " ".join(f"{b.isoformat()}/{e.isoformat() if e else ''}" for b, e in stops)
        key = (unit, str(limit), str(extension), str(roll), start.isoformat(), pauses)
        if key in self.seen:
            return
        self.seen.add(key)
        law = LAWS.get((unit, limit), "")
        self.rows.append(
            {
                "case": f"{unit}-{len(self.rows) + 1:03d}", "unit": unit, "limit": str(limit), "extension": str(extension), "rolls": "yes" if roll else "no",
                "start": start.isoformat(), "pauses": pauses, "due": end.isoformat() if end else "stopped", "yellow": yellow, "red": red,
                "why": f"{law}; {why}".strip("; "),
            }
        )  # fmt: skip


def at(day: date, clock: str = "10:00:00") -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), CHINA)


def hours(sheet: Sheet) -> None:
    starts = [at(date(2021, 2, 10), "17:45:10"), at(date(2022, 10, 1), "00:00:00"), at(date(2023, 12, 31), "23:59:59"), at(date(2024, 2, 28), "23:30:00"),
              at(date(2025, 1, 27), "18:00:00"), at(date(2026, 2, 14), "09:30:00"), datetime(2026, 3, 1, 16, 30, tzinfo=UTC)]  # fmt: skip
    for limit in (2, 5, 24, 72):
        for start in starts:
            sheet.add("h", limit, start, "按小时计算自起点即开始, 不因节假日顺延 (民法典 §201)")
    for start in starts[:3]:
        sheet.add("min", 3, start, "按分钟")
        sheet.add("s", 15, start, "按秒")
    start = at(date(2026, 3, 2), "09:30:00")
    h = timedelta(hours=1)
    for begin, end in ((1, 3), (0, 5), (4, 30), (23.5, 100), (24, 30), (30, 40), (-5, 2), (-5, -1)):
        sheet.add("h", 24, start, "暂停的时间不计入", [(start + h * begin, start + h * end)])
    sheet.add("h", 24, start, "两次暂停", [(start + h, start + 2 * h), (start + 5 * h, start + 9 * h)])
    sheet.add("h", 24, start, "相接的两次暂停", [(start + h, start + 2 * h), (start + 2 * h, start + 9 * h)])
    sheet.add("h", 24, start, "重叠的两次暂停只扣一次", [(start + h, start + 6 * h), (start + 3 * h, start + 9 * h)])
    sheet.add("h", 24, start, "套在里面的暂停只扣一次", [(start + h, start + 9 * h), (start + 3 * h, start + 4 * h)])
    sheet.add("h", 24, start, "仍在暂停, 没有到期时刻", [(start + 7 * h, None)])
    sheet.add("h", 24, start, "仍在暂停, 先前已恢复过一次", [(start + h, start + 2 * h), (start + 7 * h, None)])
    for extension in (5, 24):
        sheet.add("h", 24, start, "延长", extension=extension)


def blocks() -> list[list[date]]:
    found: list[list[date]] = []
    for day in sorted(holidays()):
        if found and found[-1][-1] == day - ONE:
            found[-1].append(day)
        else:
            found.append([day])
    return found


def rest_days_at_the_end(sheet: Sheet) -> None:
    limits = (3, 5, 7, 15, 30, 45, 60)
    for number, block in enumerate(blocks()):
        for k, day in enumerate((block[0], block[len(block) // 2], block[-1])):
            limit = limits[(number * 3 + k) % 7]
            if (begin := day - timedelta(days=limit)) >= date(2021, 1, 1):
                sheet.add("cd", limit, at(begin, ("08:00:00", "12:34:56", "23:59:59")[k]), f"末日{day:%m-%d}在{holidays()[day]}假期, 顺延 (民法典 §203)")
        before, after = block[0] - timedelta(days=8), block[-1] + ONE
        sheet.add("cd", 7, at(before), "末日为节前一日")
        if (begin := after - timedelta(days=7)) >= date(2021, 1, 1):
            sheet.add("cd", 7, at(begin), "末日为节后一日")
    for number, day in enumerate(sorted(make_up_days())):
        limit = limits[number % 7]
        if (begin := day - timedelta(days=limit)) >= date(2021, 1, 1):
            sheet.add("cd", limit, at(begin), f"末日{day:%m-%d}是调休上班日, 不顺延")
    day = date(2021, 3, 6)
    while day < date(2026, 12, 1):
        sheet.add("cd", 7, at(day - timedelta(days=7), "00:00:00"), "末日为普通周末, 顺延至周一" if not works(day) else "末日为工作日")
        day += timedelta(days=91)


def working_days(sheet: Sheet) -> None:
    limits = (1, 3, 5, 7, 15, 30)
    for number, block in enumerate(blocks()):
        for k, begin in enumerate((block[0] - ONE, block[0] - timedelta(days=4), block[-1] - ONE)):
            if begin >= date(2021, 1, 1):
                sheet.add("wd", limits[(number + k * 2) % 6], at(begin, ("16:59:59", "00:00:00", "11:11:11")[k]), "工作日跨节假日与调休")
    for number, day in enumerate(sorted(make_up_days())):
        sheet.add("wd", limits[number % 4], at(day - ONE), "起算后遇调休上班日, 计入")
        sheet.add("wd", 1, at(day), "起于调休上班日, 次日起算")
    sheet.add("wd", 5, datetime(2026, 4, 3, 16, 0, tzinfo=UTC), "世界时16点即北京时次日零点")


def months(sheet: Sheet) -> None:
    for begin in (date(2021, 1, 31), date(2022, 1, 30), date(2023, 1, 29), date(2024, 1, 31), date(2024, 1, 29), date(2025, 8, 31), date(2025, 10, 31),
                  date(2021, 12, 31), date(2022, 2, 28), date(2024, 2, 29), date(2023, 3, 1), date(2025, 12, 15), date(2026, 1, 1), date(2026, 3, 31)):  # fmt: skip
        for limit in (1, 3, 6):
            sheet.add("month", limit, at(begin), "到期月对应日; 没有对应日的为月末日 (民法典 §202)")
    for begin in (date(2024, 2, 29), date(2023, 2, 28), date(2021, 1, 1), date(2022, 10, 1), date(2024, 12, 31), date(2025, 5, 3), date(2022, 4, 30)):
        sheet.add("year", 1, at(begin), "到期年对应日 (民法典 §202)")
    for begin, extension in ((date(2025, 1, 31), 1), (date(2026, 3, 31), 1), (date(2023, 11, 30), 1)):
        sheet.add("month", 1, at(begin), "延长一个月", extension=extension)
    sheet.add("month", 3, at(date(2025, 3, 31)), "中间停十日", [(at(date(2025, 4, 10)), at(date(2025, 4, 20)))])
    sheet.add("month", 1, at(date(2026, 4, 1)), "停在末日前一日, 跨末日", [(at(date(2026, 4, 30)), at(date(2026, 5, 6)))])
    sheet.add("month", 1, at(date(2026, 3, 2)), "末日当天停, 三日后恢复", [(at(date(2026, 4, 2)), at(date(2026, 4, 5)))])
    sheet.add("month", 1, at(date(2026, 3, 2)), "仍在停", [(at(date(2026, 3, 20)), None)])


def stops(sheet: Sheet) -> None:
    for begin in (date(2026, 3, 2), date(2024, 2, 1), date(2025, 9, 24), date(2023, 4, 20)):
        for unit, limit in (("cd", 7), ("wd", 5), ("wd", 15), ("cd", 30)):
            start = at(begin)
            for first, last, why in (
                (0, 3, "起算当日即停"), (2, 2, "当日停当日复, 不影响"), (2, 5, "停三日"), (limit, limit + 3, "末日当天停"), (1, 40, "停得比期限还长"),
                (limit - 1, limit, "末日前一日停至末日"), (limit + 1, limit + 4, "末日之后才停(顺延期内亦不得届满)"), (-3, 2, "起算前已停"),
            ):  # fmt: skip
                sheet.add(unit, limit, start, f"{why}; 停的日子不计入", [(start + first * ONE, start + last * ONE + timedelta(hours=5))])
            sheet.add(unit, limit, start, "停两次", [(start + ONE, start + 3 * ONE), (start + 5 * ONE, start + 6 * ONE)])
            sheet.add(unit, limit, start, "重叠的停止只扣一次", [(start + ONE, start + 4 * ONE), (start + 3 * ONE, start + 6 * ONE)])
            sheet.add(unit, limit, start, "仍在停", [(start + 2 * ONE, None)])
            sheet.add(unit, limit, start, "末日当天停, 尚未恢复", [(start + limit * ONE, None)])


def extensions(sheet: Sheet) -> None:
    for unit, limit, more, why in (
        ("cd", 60, 30, "行政复议法 §62 延长不超过三十日"), ("cd", 45, 15, "劳动争议调解仲裁法 §43 延长不超过十五日"), ("cd", 15, 10, "法释〔2011〕5号 §5 延长十日"),
        ("wd", 30, 30, "司法鉴定程序通则 延长不超过三十个工作日"), ("cd", 60, 10, "延长十日"),
    ):  # fmt: skip
        for begin in (date(2021, 3, 1), date(2022, 8, 3), date(2024, 8, 1), date(2025, 7, 31), date(2026, 1, 5)):
            sheet.add(unit, limit, at(begin), why, extension=more)
    sheet.add("cd", 60, at(date(2026, 3, 2)), "延长又停", [(at(date(2026, 3, 10)), at(date(2026, 3, 20)))], extension=30)
    for begin in (date(2026, 9, 24), date(2026, 2, 8), date(2025, 5, 24)):
        sheet.add("cd", 7, at(begin), "本规则不顺延", rolls=False)


def anything(sheet: Sheet) -> None:
    dice = random.Random("法网 2021-2026")
    for _ in range(120):
        unit, limit = dice.choice([k for k in LAWS if k[0] in {"cd", "wd", "month", "h"}])
        start = at(date(2021, 1, 4)) + timedelta(seconds=dice.randrange(5 * 365 * 86400))
        halts: list[Stop] = []
        for _ in range(dice.choice((0, 0, 1, 2))):
            begin = start + timedelta(seconds=dice.randrange(1, limit * (3600 if unit == "h" else 86400) + 1))
            halts.append((begin, begin + timedelta(seconds=dice.randrange(60, 12 * 86400))))
        sheet.add(unit, limit, start, "随机", sorted(halts), extension=dice.choice((0, 0, 0, 2)))


def text() -> str:
    """The whole file."""
    sheet = Sheet()
    for part in (hours, rest_days_at_the_end, working_days, months, stops, extensions, anything):
        part(sheet)
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(sheet.rows)
    return out.getvalue()


if __name__ == "__main__":
    FILE.write_text(text())
