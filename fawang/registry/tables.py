"""The tables people bring and take away: columns of each kind, reading CSV and XLSX, writing them."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from fawang.kernel.errors import Refusal

MAX_BYTES = 8 << 20
MAX_ROWS = 20_000
_EXACT = 10**15
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
LIST_SEPARATOR = "；"
LOST_DIGITS = "\x00lost"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its code, the heading people see, whether a row needs it, and an example for the template file."""

    code: str
    heading: str
    required: bool = False
    example: str = ""


TABLES: dict[str, tuple[Column, ...]] = {
    "organisations": (
        Column("kind", "机构种类", True, "律师事务所"), Column("name", "名称", True, "某某律师事务所"), Column("short_name", "简称"),
        Column("region", "行政区划代码", True, "340100"), Column("uscc", "统一社会信用代码"), Column("parent", "上级机构", example="合肥市司法局"),
        Column("phone", "电话"), Column("address", "地址"),
    ),
    "sites": (
        Column("organisation", "所属机构", True, "庐阳区司法局"), Column("level", "级别", True, "工作站"), Column("name", "名称", True, "某某街道公共法律服务工作站"),
        Column("region", "行政区划代码", True, "340103"), Column("address", "地址"), Column("lon", "经度", example="117.27"), Column("lat", "纬度", example="31.86"),
        Column("phone", "电话"), Column("items", "服务事项", example="法律咨询；法律援助申请"), Column("accessibility", "无障碍设施", example="无障碍坡道"),
    ),
    "practitioners": (
        Column("kind", "执业类别", True, "律师"), Column("name", "姓名", True, "张某"), Column("organisation", "执业机构", True, "某某律师事务所"),
        Column("licence_no", "执业证号", True), Column("specialities", "专长", example="劳动争议；婚姻家庭"), Column("languages", "语言"),
        Column("licensed_on", "首次执业日期", example="2015-07-01"), Column("valid_from", "有效期起"), Column("valid_to", "有效期止"),
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """A row that is not blank, and where the person finds it: the row of the sheet, or the line of the file its first cell stands in."""

    number: int
    cells: list[str]


def read_lines(name: str, content: bytes) -> list[Line]:
    """All rows of a CSV or XLSX file as text, the heading first. Raises ``Refusal`` ``import.size``, ``import.unreadable``, ``import.empty``."""
    if len(content) > MAX_BYTES:
        raise Refusal("import.size", mb=MAX_BYTES >> 20, rows=MAX_ROWS)
    lines: list[Line] = []
    for line in _xlsx(content) if content[:4] == b"PK\x03\x04" else _csv(content):
        if any(cell.strip() for cell in line.cells):
            lines.append(line)
        if len(lines) > MAX_ROWS + 1:
            raise Refusal("import.size", mb=MAX_BYTES >> 20, rows=MAX_ROWS)
    if len(lines) < 2:
        raise Refusal("import.empty")
    return lines


def _csv(content: bytes) -> Iterator[Line]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise Refusal("import.unreadable")
    if "\x00" in text:
        raise Refusal("import.unreadable")
    reader, first = csv.reader(io.StringIO(text, newline=""), strict=True), 1
    try:
        for row in reader:
            yield Line(first, [_unquote(cell) for cell in row])
            first = reader.line_num + 1  # a quoted cell may have run over several
    except csv.Error:
        raise Refusal("import.unreadable") from None


def _xlsx(content: bytes) -> Iterator[Line]:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(item.file_size for item in archive.infolist()) > 20 * MAX_BYTES:  # a bomb, not a table
                raise Refusal("import.size", mb=MAX_BYTES >> 20, rows=MAX_ROWS)
        sheet = load_workbook(io.BytesIO(content), read_only=True, data_only=True).worksheets[0]
        for number, row in enumerate(sheet.iter_rows(max_col=60, values_only=True), 1):
            yield Line(number, [_unquote(_cell(value)) for value in row])
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, IndexError, TypeError, SyntaxError, OSError):
        raise Refusal("import.unreadable") from None


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return value.isoformat()[:10]
    if isinstance(value, float | int) and not isinstance(value, bool):
        if abs(value) >= _EXACT:
            return LOST_DIGITS  # a spreadsheet keeps 15 digits of a number: a licence typed as one has lost its end
        return str(int(value)) if float(value).is_integer() else str(value)
    return str(value)


def _unquote(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:2] in _FORMULA else cell


def _quote(cell: str) -> str:
    return "'" + cell if cell.startswith(_FORMULA) else cell


def write_csv(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """UTF-8 with the mark spreadsheets need; a cell that would be read as a formula is quoted."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(headings)
    writer.writerows([[_quote(cell) for cell in row] for row in rows])
    return out.getvalue().encode("utf-8-sig")


def write_xlsx(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A workbook of text cells only, so that no licence number is rounded and no cell is a formula."""
    import xlsxwriter

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}) as book:
        sheet = book.add_worksheet()
        bold, text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
        for column, heading in enumerate(headings):
            sheet.write_string(0, column, heading, bold)
            sheet.set_column(column, column, 22, text)
        for line, row in enumerate(rows, 1):
            for column, cell in enumerate(row):
                sheet.write_string(line, column, cell, text)
        sheet.freeze_panes(1, 0)
    return out.getvalue()
