"""An edition of the hotline as a form, drawn from the declared types of its document; no part has a form of its own.

What stands in the form is kept flat, as a browser sends it (``Typed``: ``queues.0.ring`` → its values). Three walks over the same shapes
do everything: ``spread`` fills a form from a document, ``gather`` makes a document of a form, ``draw`` makes a page of it. Rows are
numbered in the order of their numbers, gaps and all, so that one can be taken out without renaming the others.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from fawang.faces.desk.hotline_edition_words import WORDS, Word
from fawang.hotline.configuration import WEEK, BadDocument, Document, parse
from fawang.kernel.texts import Text

Typed = dict[str, list[str]]
"""What stands in a form, by the names of its fields."""
Choices = Mapping[str, list[tuple[str, Text]]]
"""What can be chosen, by source (``Word.choices``)."""

ROW, KEY, ON, VALUE = "_row", "_key", "_on", "_value"
NOT_WHOLE = Text("请填一个整数。", "Please give a whole number.")
NOT_NUMBER = Text("请填一个数，例如0.8。", "Please give a number, such as 0.8.")
EMPTY_KEY = Text("请填写。", "Please fill this in.")
TWICE = Text("和前面一行重复了。", "An earlier row has the same.")


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value. ``how``: text, whole, decimal, tick, one (of some), some (of many), lines (one entry a line), pair (Chinese, English)."""

    word: Word
    how: str


@dataclass(frozen=True, slots=True)
class Group:
    """Several values under their names; ``optional``: the whole may be switched off. ``fresh`` is what stands in a new one."""

    word: Word
    fields: tuple[tuple[str, Shape], ...]
    fresh: Mapping[str, Any]
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Rows:
    """As many as one likes of the same; ``keyed``: each under a name of its own."""

    word: Word
    item: Shape
    keyed: bool


@dataclass(frozen=True, slots=True)
class Week:
    """Spans of time by day of the week and on holidays."""

    word: Word


Shape = Leaf | Group | Rows | Week


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a form says: the document, where it can be read as one; the faults by the form's names."""

    document: dict[str, Any]
    faults: dict[str, Text]


@dataclass(slots=True)
class _Reading:
    typed: Typed
    faults: dict[str, Text] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)

    def one(self, at: str) -> str:
        return (self.typed.get(at) or [""])[0].strip()


# -- shapes ------------------------------------------------------------------------------------------------------------------------------


@cache
def shape() -> Group:
    """The shape of a whole edition."""
    return _group(Document, WORDS["Document"])


def _group(model: type[BaseModel], word: Word, *, optional: bool = False) -> Group:
    fields = tuple((name, _shape(f"{model.__name__}.{name}", info)) for name, info in model.model_fields.items())
    fresh = {name: info.get_default(call_default_factory=True) for name, info in model.model_fields.items() if not info.is_required()}
    return Group(word, fields, fresh, optional)


def _shape(name: str, info: FieldInfo) -> Shape:
    return _of(info.annotation, WORDS[name])


def _of(kind: Any, word: Word) -> Shape:
    """The shape of a declared type. Raises ``TypeError`` for one that has no form: the page fails with the test, not with the planner."""
    if get_origin(kind) is Annotated:
        return _of(get_args(kind)[0], word)
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        model = next(k for k in inner if k is not type(None))
        return _group(model, word, optional=True)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return _group(kind, word)
    if origin is list:
        return _list(inner[0], word)
    if origin is dict:
        return Week(word) if inner[1] == list[str] else Rows(word, _of(inner[1], word.item()), keyed=True)
    if origin is Literal or (kind is str and word.choices):
        return Leaf(word, "one")
    return Leaf(word, {bool: "tick", int: "whole", float: "decimal", str: "text"}[kind])


def _list(item: Any, word: Word) -> Shape:
    if item is str:
        return Leaf(word, "pair" if word.pair else "some" if word.choices else "lines")
    return Rows(word, _of(item, word.item()), keyed=False)


# -- a form of a document ----------------------------------------------------------------------------------------------------------------


def spread(document: Document) -> Typed:
    """The form in which this document stands."""
    typed: Typed = {}
    _spread(shape(), document.model_dump(mode="json"), "", typed)
    return typed


def _join(at: str, name: object) -> str:
    return f"{at}.{name}" if at else str(name)


def _spread(what: Shape, value: Any, at: str, typed: Typed) -> None:
    match what:
        case Group(optional=optional, fields=fields, fresh=fresh):
            if optional and value is not None:
                typed[_join(at, ON)] = ["1"]
            held = fresh if value is None else value
            for name, inner in fields:
                _spread(inner, _plain(held.get(name)), _join(at, name), typed)
        case Rows(item=item, keyed=keyed):
            pairs = list(value.items()) if keyed and value else list(enumerate(value or []))
            for n, (key, held) in enumerate(pairs):
                row = _join(at, n)
                typed[f"{row}.{ROW}"] = ["1"]
                if keyed:
                    typed[f"{row}.{KEY}"] = [str(key)]
                _spread(item, held, _inside(item, row), typed)
        case Week():
            for day in WEEK:
                typed[_join(at, day)] = ["\n".join((value or {}).get(day, []))]
        case Leaf(how=how):
            typed[at] = _shown(how, value)


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


def _inside(item: Shape, row: str) -> str:
    """Where a row's own value stands: one that is no group needs a name."""
    return f"{row}.{VALUE}" if isinstance(item, Leaf) else row


def _shown(how: str, value: Any) -> list[str]:
    if how == "tick":
        return ["1"] if value else []
    if how == "lines":
        return ["\n".join(value or [])]
    if how in ("some", "pair"):
        return list(value or [])
    return ["" if value is None else str(value)]


# -- a document of a form ----------------------------------------------------------------------------------------------------------------


def gather(typed: Typed) -> Gathered:
    """The document of a form, in its shortest wording, or every fault at the field it is about."""
    reading = _Reading(typed)
    data = _gather(shape(), "", "", reading)
    try:
        parsed = parse(data)
    except BadDocument as bad:
        return Gathered(data, {**landed(bad.faults, reading.places), **reading.faults})
    return Gathered(parsed.model_dump(mode="json", exclude_defaults=True), reading.faults)


def places(typed: Typed) -> dict[str, str]:
    """Names of the form's fields by the places of the document."""
    reading = _Reading(typed)
    _gather(shape(), "", "", reading)
    return reading.places


def landed(faults: list[tuple[str, Text]], known: Mapping[str, str]) -> dict[str, Text]:
    """Faults of a document at the fields of a form; one about something deeper lands on the nearest field around it."""
    found: dict[str, Text] = {}
    for place, words in faults:
        at = place
        while at and at not in known:
            at = at.rpartition(".")[0]
        found.setdefault(known.get(at, "form"), words)
    return found


def _gather(what: Shape, at: str, place: str, r: _Reading) -> Any:
    r.places[place] = at
    match what:
        case Group(optional=optional, fields=fields):
            if optional and not r.one(_join(at, ON)):
                return None
            return {name: _gather(inner, _join(at, name), _join(place, name), r) for name, inner in fields}
        case Rows(keyed=True):
            return _keyed(what, at, place, r)
        case Rows(item=item):
            return [_gather(item, _inside(item, _join(at, n)), _join(place, i), r) for i, n in enumerate(numbers(r.typed, at))]
        case Week():
            spans = {day: _lines(r.one(_join(at, day))) for day in WEEK}
            r.places.update({_join(place, day): _join(at, day) for day in WEEK})
            return {day: found for day, found in spans.items() if found}
        case Leaf(how=how):
            return _value(how, at, r)


def _keyed(what: Rows, at: str, place: str, r: _Reading) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for n in numbers(r.typed, at):
        row = _join(at, n)
        key = r.one(f"{row}.{KEY}")
        if not key or key in found:
            r.faults[f"{row}.{KEY}"] = TWICE if key else EMPTY_KEY
            _gather(what.item, _inside(what.item, row), f"{place}.?{n}", r)
            continue
        found[key] = _gather(what.item, _inside(what.item, row), _join(place, key), r)
        r.places[f"{place}.{key}.[key]"] = f"{row}.{KEY}"
        if not isinstance(what.item, Leaf):
            r.places[f"{place}.{key}"] = f"{row}.{KEY}"
    return found


def _value(how: str, at: str, r: _Reading) -> Any:
    if how == "tick":
        return bool(r.one(at))
    if how == "lines":
        return _lines(r.one(at))
    if how in ("some", "pair"):
        return [v.strip() for v in r.typed.get(at, [])]
    said = r.one(at)
    if how == "whole":
        if said.isascii() and said.isdigit() and len(said) < 12:
            return int(said)
        r.faults[at] = NOT_WHOLE
        return said
    if how == "decimal":
        try:
            return float(said)
        except ValueError:
            r.faults[at] = NOT_NUMBER
    return said


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.replace("，", "\n").replace(",", "\n").splitlines() if line.strip()]


def numbers(typed: Typed, at: str) -> list[int]:
    """The numbers of the rows that stand in a form, in order."""
    start, end = f"{at}.", f".{ROW}"
    inner = (name[len(start) : -len(end)] for name in typed if name.startswith(start) and name.endswith(end))
    return sorted(int(n) for n in inner if n.isascii() and n.isdigit() and len(n) < 6)


# -- one row more, one row less ----------------------------------------------------------------------------------------------------------


def with_row(typed: Typed, at: str) -> tuple[Typed, str]:
    """The form with an empty row more, and the row's name. Raises ``KeyError`` where there are no rows."""
    rows = _rows_at(at)
    row = _join(at, max(numbers(typed, at), default=-1) + 1)
    more: Typed = {f"{row}.{ROW}": ["1"]}
    _spread(rows.item, rows.item.fresh if isinstance(rows.item, Group) else None, _inside(rows.item, row), more)
    return {**typed, **more, **({f"{row}.{KEY}": [""]} if rows.keyed else {})}, row


def without_row(typed: Typed, row: str) -> Typed:
    """The form without a row and all in it."""
    return {name: values for name, values in typed.items() if not name.startswith(f"{row}.")}


def _rows_at(at: str) -> Rows:
    what: Shape = shape()
    for step in at.split("."):
        if isinstance(what, Group):
            what = dict(what.fields)[step]
        elif isinstance(what, Rows) and step.isdigit():
            what = what.item
        else:
            raise KeyError(at)
    if not isinstance(what, Rows):
        raise KeyError(at)
    return what


# -- a page of a form --------------------------------------------------------------------------------------------------------------------


def draw(typed: Typed, choices: Choices, faults: Mapping[str, Text], opened: frozenset[str]) -> list[dict[str, Any]]:
    """What the template shows: the parts of an edition, the simple values of its own last. ``opened``: parts one works on."""
    parts = [(name, inner) for name, inner in shape().fields if not isinstance(inner, Leaf)]
    own = Group(WORDS["Document.own"], tuple((n, i) for n, i in shape().fields if isinstance(i, Leaf)), {})
    pen = _Pen(typed, choices, faults)
    shown = [pen.node(inner, name) for name, inner in parts] + [{**pen.node(own, ""), "name": "own"}]
    for node in shown:
        marked = [f for f in faults if f == node["name"] or f.startswith(f"{node['name']}.") or (node["name"] == "own" and f in dict(own.fields))]
        node.update(open=node["name"] in opened or bool(marked), faults=len(marked))
    return shown


def trails(nodes: Sequence[Mapping[str, Any]], before: tuple[Text, ...] = ()) -> dict[str, Text]:
    """Where every place of a drawn form is, in words from the part down to the field, so that a fault far down the page can be named at its top."""
    found: dict[str, Text] = {}
    for node in nodes:
        trail, word = (*before, node["word"].label), node["word"].row_label
        found |= _trail(node["name"], trail, node.get("children", ()))
        for row in node.get("rows", ()):
            which = f"{row['count']} {row['title']}".strip()
            found |= _trail(row["name"], (*trail, Text(f"{word.zh} {which}", f"{word.en} {which}")), row["children"])
    return found


def _trail(name: str, trail: tuple[Text, ...], inner: Sequence[Mapping[str, Any]]) -> dict[str, Text]:
    return {name: Text(" › ".join(t.zh for t in trail), " › ".join(t.en for t in trail)), **trails(inner, trail)}


@dataclass(slots=True)
class _Pen:
    typed: Typed
    choices: Choices
    faults: Mapping[str, Text]

    def node(self, what: Shape, at: str) -> dict[str, Any]:
        drawn = {"name": at, "id": f"f-{at}".replace(".", "-"), "word": what.word, "error": self.faults.get(at), "kind": type(what).__name__.lower()}
        match what:
            case Group(fields=fields, optional=optional):
                on = {"on": _join(at, ON), "ticked": bool(self.typed.get(_join(at, ON)))} if optional else {}
                return {**drawn, **on, "children": [self.node(inner, _join(at, name)) for name, inner in fields]}
            case Rows():
                return {**drawn, "rows": list(self._rows(what, at))}
            case Week(word=word):
                days = [(day, Word(*name, help=word.item_help)) for day, name in zip(WEEK, WEEKDAYS, strict=True)]
                return {**drawn, "kind": "group", "children": [self.node(Leaf(name, "lines"), _join(at, day)) for day, name in days]}
            case Leaf(how=how, word=word):
                held = self.typed.get(at, [])
                return {**drawn, "how": how, "values": held, "value": held[0] if held else "", "options": self._options(word, held, how)}

    def _rows(self, what: Rows, at: str) -> Iterator[dict[str, Any]]:
        for count, n in enumerate(numbers(self.typed, at), start=1):
            row = _join(at, n)
            inner = self.node(what.item, _inside(what.item, row))
            key = self.node(Leaf(what.word.keyed(), "text"), f"{row}.{KEY}") if what.keyed else None
            children = inner.get("children", [inner])
            title = next(((self.typed.get(name) or [""])[0] for name in (f"{row}.name", f"{row}.{KEY}", f"{row}.did") if self.typed.get(name)), "")
            yield {"name": row, "id": f"f-{row}".replace(".", "-"), "count": count, "title": title, "children": [*([key] if key else []), *children]}

    def _options(self, word: Word, held: list[str], how: str) -> list[tuple[str, Text]]:
        """What can be chosen, several that are held in their order first; what is held and unknown stays, and says that it is."""
        if how not in ("one", "some"):
            return []
        known = dict(self.choices[word.choices])
        kept = [(v, known.get(v) or Text(f"{v}（系统里没有）", f"{v} (unknown here)")) for v in held if v and (how == "some" or v not in known)]
        return kept + [pair for pair in known.items() if pair not in kept]


WEEKDAYS = (("周一", "Monday"), ("周二", "Tuesday"), ("周三", "Wednesday"), ("周四", "Thursday"), ("周五", "Friday"), ("周六", "Saturday"), ("周日", "Sunday"), ("节假日", "Public holidays"))  # fmt: skip
