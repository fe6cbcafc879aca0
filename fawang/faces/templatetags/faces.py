"""What templates need beside Django's own."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from fawang.faces.portal.links import links_at
from fawang.kernel import clock
from fawang.kernel.clock import BEIJING
from fawang.kernel.errors import Refusal
from fawang.kernel.texts import Text
from fawang.matters.forms import FieldSpec

register = template.Library()
_DAYS = "一二三四五六日"
SELECTED = format_html(" {}", "selected")
_PURPOSES = {"name": "name", "phone": "tel", "code": "one-time-code"}
"""WCAG 1.3.5: what a field about oneself is for."""


def _english() -> bool:
    return (get_language() or "zh").startswith("en")


@register.simple_tag
def tr(zh: str, en: str) -> str:
    """The words of the page's language."""
    return en if _english() else zh


@register.filter
def cn_date(value: date | datetime | None) -> str:
    """2026年11月24日."""
    if value is None:
        return ""
    day = value.astimezone(BEIJING).date() if isinstance(value, datetime) else value
    return f"{day.day} {day:%B %Y}" if _english() else f"{day.year}年{day.month}月{day.day}日"


@register.filter
def cn_datetime(value: datetime | None) -> str:
    """2026年11月24日(周二) 14:05."""
    if value is None:
        return ""
    at = value.astimezone(BEIJING)
    return f"{cn_date(at)}, {at:%H:%M}" if _english() else f"{cn_date(at)}(周{_DAYS[at.weekday()]}) {at:%H:%M}"


@register.filter
def human_time(value: datetime | None) -> str:
    """刚刚, 5分钟前, 昨天14:05, 11月3日."""
    if value is None:
        return ""
    at, now = value.astimezone(BEIJING), clock.now().astimezone(BEIJING)
    minutes = int((now - at).total_seconds() // 60)
    if 0 <= minutes < 60:
        return (f"{minutes} min ago" if minutes else "just now") if _english() else (f"{minutes}分钟前" if minutes else "刚刚")
    if at.date() == now.date():
        return f"today {at:%H:%M}" if _english() else f"今天{at:%H:%M}"
    if (now.date() - at.date()).days == 1:
        return f"yesterday {at:%H:%M}" if _english() else f"昨天{at:%H:%M}"
    return cn_datetime(at)


@register.filter
def percent(part: int, whole: int) -> str:
    """A share with its denominator: 83%（5/6）."""
    return f"{part * 100 // whole}%（{part}/{whole}）" if whole else "—（0）"


@register.filter
def get(mapping: dict[str, Any], name: str) -> Any:
    """A value by name."""
    return mapping.get(name) if mapping else None


@register.simple_tag(takes_context=True)
def portal_links(context: Any) -> list[dict[str, Any]]:
    """The links of the public site for the page one is on."""
    request = context.get("request")
    return links_at(request.path if request else "", get_language() or "zh-hans")


@register.simple_tag
def options(choices: Any, chosen: list[Any]) -> str:
    """The options of a list, long ones under their headings: an option whose words begin with a wide space belongs to the one above.

    Put together here, not in a template: a page with the province's districts has hundreds.
    """
    english = _english()
    language, whole = ("en", " (all)") if english else ("zh-hans", "（不细分）")
    groups: list[list[tuple[Any, str]]] = []
    for code, name in choices:
        words = name.in_language(language) if isinstance(name, Text) else str(name)
        if groups and words.startswith("\u3000"):
            groups[-1].append((code, words.strip("\u3000")))
        else:
            groups.append([(code, words)])
    parts = []
    for (code, heading), *own in groups:
        if own:
            rows = [(code, heading + whole), *own]
            parts.append(format_html('<optgroup label="{}">{}</optgroup>', heading, _rows(rows, chosen)))
        else:
            parts.append(_rows([(code, heading)], chosen))
    return format_html_join("", "{}", ((part,) for part in parts))


def _rows(rows: list[tuple[Any, str]], chosen: list[Any]) -> SafeString:
    return format_html_join("", '<option value="{}"{}>{}</option>', ((code, SELECTED if code in chosen else "", words) for code, words in rows))


@register.simple_tag
def new_key() -> str:
    """A fresh idempotency key for a form."""
    return uuid.uuid4().hex


@register.inclusion_tag("faces/field.html")
def field(
    spec: FieldSpec, values: dict[str, Any] | None = None, errors: dict[str, Refusal] | None = None, prefix: str = "", own: bool = False
) -> dict[str, Any]:
    """One form field: label, help, error beside it, what was typed. ``own``: the person fills in his own data, the browser may help."""
    value = (values or {}).get(spec.name, spec.default if spec.default not in (None, False) else "")
    error = (errors or {}).get(spec.name)
    return {
        "f": spec, "value": value, "chosen": value if isinstance(value, list) else [str(value)], "error": error, "id": f"{prefix}{spec.name}",
        "optional": not spec.required and "可不填" not in spec.label.zh, "auto": _PURPOSES.get(spec.name, "") if own else "off",
    }  # fmt: skip


@register.simple_tag
def bar_parts(parts: list[tuple[str, int, float]]) -> str:
    """One stacked bar as SVG rectangles; widths are per cent of the longest bar."""
    found, x = [], 0.0
    for kind, _, width in parts:
        found.append(format_html('<rect class="{}" x="{}" y="0" width="{}" height="6"/>', kind, round(x, 1), width))
        x += width
    return format_html_join("", "{}", ((part,) for part in found))


@register.simple_tag
def day_bars(bars: list[dict[str, Any]]) -> str:
    """A bar chart of days as SVG: one bar a day, the date under every seventh, room above for the figure of the highest."""
    width = 16
    whole = max(len(bars) * width, width)
    found = [format_html('<svg viewBox="0 -14 {} 144" class="days"><path class="ground" d="M0 104.5H{}"/>', whole, whole)]
    for at, bar in enumerate(bars):
        x, height = at * width, max(bar["h"], 1 if bar["n"] else 0)
        found.append(
            format_html('<rect x="{}" y="{}" width="12" height="{}"><title>{} {}</title></rect>', x + 2, 104 - height, height, f"{bar['day']:%m-%d}", bar["n"])
        )
        if bar["n"]:
            found.append(format_html('<text x="{}" y="{}">{}</text>', x + 8, 100 - height, bar["n"]))
        if at % 7 == 0:
            found.append(format_html('<text class="soft" x="{}" y="122">{}</text>', x + 8, f"{bar['day']:%m-%d}"))
    return format_html("{}</svg>", format_html_join("", "{}", ((part,) for part in found)))
