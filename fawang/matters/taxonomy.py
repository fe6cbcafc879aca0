"""Writing the taxonomy: the shipped edition, and later ones with their mapping."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from django.db import transaction

from fawang.kernel import clock, events
from fawang.kernel.errors import Refusal
from fawang.kernel.policy import require
from fawang.kernel.text_safety import ValueProblem, check_text
from fawang.matters.models import Category, CategoryMapping, CategoryVersion
from fawang.people.actors import Actor
from fawang.registry.tables import read_lines

SHIPPED = Path(__file__).parent / "rules" / "categories.csv"
COLUMNS = ("code", "name", "name_en", "words")
LEVELS = 3
LINE = "_line"
"""Of a row that was read from a file: where it stands there."""
Rows = list[dict[str, str]]
Mapping = list[tuple[str, str]]
"""Codes given up, each with the code it is counted as."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a row (0: with the whole), in which column, and why, for the person who wrote the table."""

    row: int
    column: str
    reason: str

    def __str__(self) -> str:
        return f"第{self.row}行 {self.column}：{self.reason}" if self.row else f"{self.column}：{self.reason}"


def load_shipped_taxonomy() -> int:
    """Edition 1 from the shipped file, once; returns how many categories stand in it. Own transaction."""
    with transaction.atomic():
        edition, made = CategoryVersion.objects.get_or_create(number=1, defaults={"effective_from": date(2017, 8, 21), "source": "随系统发布"})
        if made:
            with SHIPPED.open(encoding="utf-8", newline="") as file:
                _write(edition, list(csv.DictReader(file)))
        return edition.categories.count()


def rows_of_table(file_name: str, content: bytes) -> Rows:
    """A CSV or XLSX with a heading as rows by column, each with its ``LINE``. Raises ``Refusal`` for what cannot be read."""
    heading, *rows = read_lines(file_name, content)
    names = [cell.strip() for cell in heading.cells]
    return [dict(zip(names, [cell.strip() for cell in row.cells] + [""] * len(names), strict=False)) | {LINE: str(row.number)} for row in rows]


def table_of_edition(number: int) -> str:
    """An edition as CSV, its parents before their children: what the next one is written from."""
    told = io.StringIO()
    table = csv.writer(told, lineterminator="\n")
    table.writerow(COLUMNS)
    table.writerows(Category.objects.filter(version_id=number).order_by("order").values_list(*COLUMNS))
    return told.getvalue()


def faults_of_edition(rows: Rows, *, effective_from: date, source: str, mapping: Mapping) -> list[Fault]:
    """Everything that keeps ``rows`` (``code``, ``name``, ``name_en``, ``words``) from being the next edition; nothing is written."""
    if rows and (missing := [column for column in COLUMNS if column not in rows[0]]):
        return [Fault(1, "、".join(missing), "缺少这一列")]  # all else would only repeat it
    found = [*_faults_of_rows(rows)]
    if problem := _unfit(source, 200):
        found.append(Fault(0, "依据", problem))
    before = CategoryVersion.objects.order_by("-number").first()
    codes = {row["code"] for row in rows}
    if before is not None and effective_from <= max(before.effective_from, clock.today()):
        found.append(Fault(0, "生效日期", f"要晚于今天，也要晚于上一版（{before.effective_from:%Y-%m-%d}）"))
    held = set(before.categories.values_list("code", flat=True)) if before else set()
    for lost in sorted(held - codes - {old for old, _ in mapping}):
        found.append(Fault(0, lost, "新版没有这个分类，请写明今后按哪个分类统计"))
    for old, times in Counter(old for old, _ in mapping).items():
        if times > 1:
            found.append(Fault(0, old, "归入哪个分类写了两次"))
    for old, new in sorted(set(mapping)):
        if old not in held:
            found.append(Fault(0, old, "上一版没有这个分类"))
        elif old in codes:
            found.append(Fault(0, old, "新版仍有这个分类，不能又归入另一个"))
        if new not in codes:
            found.append(Fault(0, new, "新版没有这个分类，不能归入"))
    gone = set(CategoryMapping.objects.values_list("from_code", flat=True))
    found += [Fault(0, code, "这个编码用过，已归入别的分类，请另取编码") for code in sorted(codes & gone)]
    return found


def publish_edition(*, actor: Actor, rows: Rows, effective_from: date, source: str, mapping: Mapping) -> CategoryVersion:
    """The next edition, in force from a coming day. What vanishes is mapped, so that statistics stay continuous; an old code is never given a new sense.

    Raises ``Forbidden``, and ``ValueError`` with every fault, one a line (:func:`faults_of_edition`). Own transaction; two at once wait for each other.
    """
    with transaction.atomic():
        require("matters.edit_categories", actor)
        CategoryVersion.objects.select_for_update().order_by("number").first()  # the first edition is the lock of all: the newest is another one after waiting
        before = CategoryVersion.objects.order_by("-number").first()
        if faults := faults_of_edition(rows, effective_from=effective_from, source=source, mapping=mapping):
            raise ValueError("\n".join(str(f) for f in faults))
        edition = CategoryVersion.objects.create(number=before.number + 1 if before else 1, effective_from=effective_from, source=source)
        _write(edition, rows)
        if before is not None:
            CategoryMapping.objects.bulk_create(CategoryMapping(from_version=before, from_code=old, to_version=edition, to_code=new) for old, new in mapping)
        events.record(
            kind="matter.categories_published",
            stream="matter.categories",
            payload={"number": edition.number, "from": effective_from.isoformat(), "source": source, "categories": len(rows), "given_up": len(mapping)},
        )
    return edition


def _faults_of_rows(rows: Rows) -> Iterable[Fault]:
    if not rows:
        yield Fault(0, "code", "表里没有分类")
    seen: set[str] = set()
    for at, row in enumerate(rows, start=2):  # row 1 of the file names the columns
        number = int(row.get(LINE, at))
        code = row["code"]
        if not code or any(not part or not part.replace("_", "").isalnum() or not part.isascii() for part in code.split(".")):
            yield Fault(number, "code", f"“{code}”应由字母、数字组成，各级之间用点隔开")
        elif code.count(".") >= LEVELS:
            yield Fault(number, "code", f"“{code}”超过三级")
        elif code in seen:
            yield Fault(number, "code", f"“{code}”重复")
        elif "." in code and code.rpartition(".")[0] not in seen:
            yield Fault(number, "code", f"“{code}”的上级应写在它前面")
        seen.add(code)
        for column, longest in (("code", 80), ("name", 80), ("name_en", 120)):
            if (problem := _unfit(row[column], longest)) and not (column == "code" and not code):
                yield Fault(number, column, problem)
        if row["words"] and (problem := _unfit(row["words"], 2000)):
            yield Fault(number, "words", problem)


def _unfit(text: str, longest: int) -> str:
    if not text.strip():
        return "没有填写"
    try:
        check_text(text, max_length=longest, single_line=True)
    except ValueProblem as bad:
        return str(Refusal(bad.code, **bad.params))
    return ""


def _write(edition: CategoryVersion, rows: Rows) -> None:
    Category.objects.bulk_create(
        Category(
            version=edition,
            code=row["code"],
            parent_code=row["code"].rpartition(".")[0],
            level=row["code"].count(".") + 1,
            name=row["name"],
            name_en=row["name_en"],
            words=row["words"],
            order=order,
        )
        for order, row in enumerate(rows)
    )
