"""What the pages of the law library need: cited articles as links, spans of validity in words, fields of interviews and sums."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.translation import get_language

from fawang.faces.law_links import Standing, article_address, norms_of
from fawang.faces.library_words import standing_words
from fawang.kernel.errors import Refusal
from fawang.kernel.texts import Text
from fawang.knowledge.calculators.declaration import Input, InputKind
from fawang.knowledge.calculators.money import yuan
from fawang.knowledge.interviews.declaration import Kind, Question
from fawang.knowledge.selectors import read_citations

register = template.Library()


@register.filter
def spoken(standing: Standing) -> str:
    """One sentence on what a standing means."""
    return standing_words(standing)


@register.inclusion_tag("library/norms.html")
def norms(names: Sequence[str], on: date | None = None, quoted: bool = True) -> dict[str, Any]:
    """Cited articles: each a link, its words one click below."""
    return {"norms": norms_of(list(names), on), "quoted": quoted}


@register.filter
def money(value: Any) -> str:
    """12,345.67, never scientific."""
    return yuan(value)


@register.simple_tag
def cited(text: str, on: date | None = None) -> str:
    """A text in which every citation of a known article leads to it."""
    parts, at = [], 0
    for found in read_citations(text, on):
        if found.article is None or found.start < at:
            continue
        parts.append(
            format_html('{}<a class="cite" href="{}">{}</a>', text[at : found.start], article_address(found.article, on), text[found.start : found.end])
        )
        at = found.end
    return format_html("{}{}", format_html_join("", "{}", ((p,) for p in parts)), text[at:])


def _typed(kind: str) -> str:
    return {"money": "decimal", "number": "decimal", "count": "numeric"}.get(kind, "text")


@register.inclusion_tag("library/input.html")
def asked(
    item: Question | Input, value: Any = "", error: Refusal | None = None, required: bool = True, name: str = "", hint: Text | None = None
) -> dict[str, Any]:
    """One field of a sum or a paper: its words, its unit, what was typed, the error beside it."""
    kind = str(item.kind.value)
    label = item.ask if isinstance(item, Question) else item.name
    unit = Text("元", "yuan") if item.kind in {Kind.MONEY, InputKind.MONEY} and "元" not in label.zh else None
    chosen = list(value) if isinstance(value, list | tuple) else [str(value)]
    return {
        "kind": kind, "name": name or item.code, "id": name or item.code, "label": label, "help": hint or item.help, "choices": item.choices, "value": value, "chosen": chosen,
        "error": error, "required": required, "unit": unit, "mode": _typed(kind),
        "long": kind == "text", "yes_no": kind == "yes_no", "english": (get_language() or "zh").startswith("en"),
    }  # fmt: skip
