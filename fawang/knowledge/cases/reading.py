"""A case as a file has it: JSON lines or CSV, one case a line or row (docs/howto/import-cases.md). Reading changes nothing."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from fawang.kernel.errors import Refusal
from fawang.kernel.text_safety import BadText, check_text
from fawang.kernel.texts import Text
from fawang.knowledge.importers.markdown import decode
from fawang.knowledge.importers.parsed import Unreadable
from fawang.knowledge.models import Case

MAX_FILE = 200 << 20
LONG = 40_000
COLUMNS: dict[str, tuple[Text, int, bool]] = {
    "kind": (Text("案例种类", "Kind"), 10, True), "field": (Text("案件类型", "Field"), 16, True), "cause": (Text("案由或者罪名", "Cause or charge"), 120, True),
    "court_level": (Text("法院层级", "Court level"), 14, True), "court": (Text("法院", "Court"), 120, False), "region_code": (Text("行政区划代码", "Region code"), 12, False),
    "number": (Text("案号", "Number"), 120, False), "decided_on": (Text("裁判日期", "Decided on"), 10, False), "title": (Text("标题", "Title"), 200, True),
    "gist": (Text("要点", "Gist"), LONG, True), "facts": (Text("案情", "Facts"), LONG, False), "result": (Text("结果", "Result"), LONG, False),
    "reasons": (Text("理由", "Reasons"), LONG, False), "source": (Text("来源", "Source"), 300, True), "norms": (Text("引用法条", "Articles"), 2000, False),
}  # fmt: skip
CHOICES = {"kind": Case.Kind, "field": Case.Field, "court_level": Case.Court}


@dataclass(frozen=True, slots=True)
class Read:
    """One case as read, or what is wrong with it."""

    place: str
    values: Mapping[str, Any] = field(default_factory=dict)
    wrong: Refusal | None = None


def read_cases(path: Path) -> Iterator[Read]:
    """Every case of a ``.jsonl`` or ``.csv`` file; a bad one spoils only itself. Raises ``Refusal`` for no such or an unreadable file."""
    if not path.is_file():
        raise Refusal("library.source", path=str(path))
    if path.stat().st_size > MAX_FILE:
        raise Refusal("library.size", name=path.name)
    try:
        text = decode(path.name, path.read_bytes())
        rows = _csv(text) if path.suffix.lower() == ".csv" else _jsonl(text)
        for number, row in rows:
            yield _read(f"{path.name}:{number}", row)
    except Unreadable as bad:
        raise Refusal(bad.code, name=bad.name, reason=bad.reason) from None
    except csv.Error as bad:
        raise Refusal("library.unreadable", name=path.name, reason=str(bad)[:80]) from None


def _jsonl(text: str) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError):
                yield number, None


def _csv(text: str) -> Iterator[tuple[int, Any]]:
    csv.field_size_limit(LONG * 4)
    yield from enumerate(csv.DictReader(io.StringIO(text, newline=""), strict=True), 2)


def _read(place: str, row: Any) -> Read:
    if not isinstance(row, dict):
        return Read(place, wrong=Refusal("library.unreadable", name=place, reason="JSON"))
    try:
        return Read(place, checked(row))
    except Refusal as wrong:
        first = next(iter(wrong.fields.values()), wrong)
        return Read(place, wrong=first)


def checked(row: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a case, checked one by one. Raises ``Refusal`` ``form.invalid`` with one refusal for each that is wrong."""
    values: dict[str, Any] = {}
    wrong: dict[str, Refusal] = {}
    for name, (words, most, required) in COLUMNS.items():
        raw = row.get(name)
        text = "\n".join(map(str, raw)) if isinstance(raw, list) else "" if raw is None else str(raw)
        try:
            values[name] = _value(name, text, words, most, required)
        except Refusal as refusal:
            wrong[name] = refusal
    if wrong:
        raise Refusal("form.invalid", fields=wrong)
    return values


def _value(name: str, text: str, words: Text, most: int, required: bool) -> Any:
    bad = Refusal("case.field", field=name, name=words, given=text[:40])
    if not text.strip():
        if required:
            raise Refusal("field.required", field=name)
        return None if name == "decided_on" else ""
    if name in CHOICES:
        named = {str(label): value for value, label in CHOICES[name].choices}
        if (value := named.get(text.strip(), text.strip())) not in CHOICES[name].values:
            raise bad
        return value
    if name == "decided_on":
        try:
            return date.fromisoformat(text.strip())
        except ValueError:
            raise bad from None
    try:
        return check_text(text.replace("\r\n", "\n").strip(), max_length=most, single_line=most <= 300)
    except BadText as problem:
        raise Refusal(problem.code, field=name, **problem.params) from None
