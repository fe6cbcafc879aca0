"""Typed forms: one schema drives the page, the API, the validation and the guide.

A form is a pydantic model of :class:`StepForm`; :func:`ask` gives a field its words. Unknown fields are refused, text is
kept byte for byte.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from fawang.kernel.errors import Refusal
from fawang.kernel.text_safety import ValueProblem, check_text
from fawang.kernel.texts import Text


class StepForm(BaseModel):
    """Base of all forms: nothing unknown, nothing coerced silently, nothing trimmed."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False, frozen=True)


def _safe(single_line: bool, max_length: int) -> Any:
    def check(value: str) -> str:
        try:
            return check_text(value, max_length=max_length, single_line=single_line)
        except ValueProblem as problem:
            raise PydanticCustomError("house", "{code}", {"code": problem.code, "params": problem.params}) from None

    return AfterValidator(check)


def line(max_length: int = 200) -> Any:
    """Annotated type of a single-line text."""
    return Annotated[str, Field(max_length=max_length), _safe(True, max_length)]


def paragraph(max_length: int = 5000) -> Any:
    """Annotated type of a text of several lines."""
    return Annotated[str, Field(max_length=max_length), _safe(False, max_length)]


Line = Annotated[str, Field(max_length=200), _safe(True, 200)]
Paragraph = Annotated[str, Field(max_length=5000), _safe(False, 5000)]


def ask(
    zh: str,
    en: str,
    *,
    default: Any = ...,
    widget: str = "",
    help: tuple[str, str] | None = None,
    choices: tuple[tuple[str, str, str], ...] = (),
    min_length: int | None = None,
    ge: int | None = None,
    le: int | None = None,
    after: str = "",
) -> Any:
    """A form field: its question in both languages, its widget (text, textarea, select, radio, checkbox, date, number).

    ``choices`` are (value, zh, en); another value is refused. ``after`` names a field: this one is asked only once that was refused.
    """
    extra: dict[str, Any] = {"zh": zh, "en": en, "widget": widget, "help": list(help or ()), "choices": [list(c) for c in choices], "after": after}
    return Field(default, title=zh, min_length=min_length, ge=ge, le=le, json_schema_extra=extra)


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """What a page needs to draw one field."""

    name: str
    label: Text
    help: Text | None
    widget: str
    required: bool
    choices: tuple[tuple[str, Text], ...]
    max_length: int | None
    many: bool
    default: Any
    after: str = ""


def _bare(annotation: Any) -> Any:
    if get_origin(annotation) in {Union, types.UnionType}:
        kept = [a for a in get_args(annotation) if a is not type(None)]
        return _bare(kept[0])
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    return annotation


def _max_length(info: Any) -> int | None:
    for item in info.metadata:
        if (found := getattr(item, "max_length", None)) is not None:
            return int(found)
    return None


def fields_of(form: type[StepForm]) -> list[FieldSpec]:
    """The fields of a form, in order, with the widget worked out from the type where none is named."""
    specs = []
    for name, info in form.model_fields.items():
        extra: dict[str, Any] = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
        bare = _bare(info.annotation)
        many = get_origin(bare) in {list, tuple} or bare in {list, tuple}
        choices = tuple((str(c[0]), Text(str(c[1]), str(c[2]))) for c in extra.get("choices", ()))
        if not choices and get_origin(bare) is Literal:
            choices = tuple((str(v), Text(str(v), str(v))) for v in get_args(bare))
        widget = extra.get("widget") or _widget(bare, choices, many, _max_length(info))
        help_words = extra.get("help") or ()
        specs.append(
            FieldSpec(
                name=name,
                label=Text(str(extra.get("zh", name)), str(extra.get("en", name))),
                help=Text(*help_words) if help_words else None,
                widget=str(widget),
                required=info.is_required(),
                choices=choices,
                max_length=_max_length(info),
                many=many,
                default=None if info.is_required() else info.get_default(call_default_factory=True),
                after=str(extra.get("after", "")),
            )
        )
    return specs


def _widget(bare: Any, choices: tuple[Any, ...], many: bool, max_length: int | None) -> str:
    if many:
        return "checkboxes" if choices else "lines"
    if choices:
        return "radio" if len(choices) <= 5 else "select"
    known = {"bool": "checkbox", "int": "number", "date": "date", "datetime": "datetime"}
    name = getattr(bare, "__name__", "str")
    return known.get(name) or ("textarea" if (max_length or 0) > 200 else "text")


_PYDANTIC_CODES = {
    "missing": "field.required",
    "extra_forbidden": "field.unknown",
    "string_too_short": "field.required",
    "literal_error": "field.choice",
    "string_too_long": "text.too_long",
}


F = TypeVar("F", bound=StepForm)


def parse(form: type[F], data: Mapping[str, Any]) -> F:
    """The filled form. Raises ``Refusal('form.invalid')`` with one refusal a field, in the user's words."""
    problems: dict[str, Refusal] = {}
    for spec in fields_of(form):
        allowed = {c[0] for c in spec.choices}
        value = data.get(spec.name)
        if allowed and value not in (None, ""):
            given = value if isinstance(value, list | tuple) else [value]
            if any(str(v) not in allowed for v in given):
                problems[spec.name] = Refusal("field.choice", field=spec.name)
    try:
        filled = form.model_validate(dict(data))
    except ValidationError as error:
        for item in error.errors(include_url=False):
            name = ".".join(str(part) for part in item["loc"]) or "form"
            problems.setdefault(name, _refusal(name, item))
        raise Refusal("form.invalid", fields=problems) from None
    if problems:
        raise Refusal("form.invalid", fields=problems)
    return filled


def _refusal(name: str, item: Any) -> Refusal:
    if item["type"] == "house":
        context = item["ctx"]
        return Refusal(context["code"], field=name, **dict(context["params"]))
    code = _PYDANTIC_CODES.get(item["type"], "field.invalid")
    if code == "text.too_long":
        return Refusal(code, field=name, max_length=item["ctx"]["max_length"])
    params: dict[str, Any] = {"name": name} if code == "field.unknown" else {}
    return Refusal(code, field=name, **params)
