"""Asking a question or filing a complaint: one page, one form, one receipt."""

from __future__ import annotations

import uuid
from typing import Any

import segno
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from fawang.faces.pages import errors_of, language, limited, looked_up, spec, typed
from fawang.faces.repeats import post_once
from fawang.faces.routing import open_to
from fawang.faces.submission import held, submit
from fawang.faces.views_of import main_way, told
from fawang.kernel import clock
from fawang.kernel.errors import Refusal
from fawang.kernel.freshness import one_look
from fawang.kernel.texts import Text
from fawang.matters.categories import find_category, senses, version_in_force
from fawang.matters.forms import FieldSpec, fields_of
from fawang.matters.intake import PRIORITY_GROUPS
from fawang.matters.models import Category, Matter
from fawang.matters.processes import process_in_force, process_version
from fawang.matters.time_limits import due_words
from fawang.regions.selectors import children

GROUP_NAMES = {
    "elderly": ("老年人", "Older person"), "disabled": ("残疾人", "Disabled person"), "migrant_worker": ("农民工", "Migrant worker"), "woman": ("妇女", "Woman"),
    "minor": ("未成年人", "Minor"), "soldier": ("军人军属", "Soldier or family"), "veteran": ("退役军人", "Veteran"), "pregnant": ("孕产妇", "Pregnant"),
}  # fmt: skip
SENSITIVE = ("family.violence",)
"""Categories whose pages carry the button that leaves at once."""


def is_sensitive(category: str) -> bool:
    """Whether somebody may be in danger when this page is seen over the shoulder; of whichever edition the category is."""
    return bool(category) and any(code == kind or code.startswith(kind + ".") for kind in SENSITIVE for code in senses(category))


def _offered(category: str) -> str:
    """What a link chose beforehand, in the codes the form offers; what never was is left as it is and chooses nothing."""
    found = find_category(category)
    return found.code if found else category


def region_choices() -> list[tuple[str, Text]]:
    """Cities of the province and their counties."""
    found: list[tuple[str, Text]] = []
    with one_look():
        for city in children(settings.PROVINCE):
            found.append((city.code, Text(city.name, city.name)))
            found += [(c.code, Text(f"{city.name}{c.name}", f"{city.name} {c.name}")) for c in children(city.code)]
    return found


def category_choices() -> list[tuple[str, Text]]:
    """Second-level categories of the edition in force."""
    rows = Category.objects.filter(version_id=version_in_force(), level__lte=2).order_by("order", "code")
    return [(c.code, Text(("　" if c.level > 1 else "") + c.name, c.name_en)) for c in rows]


def ask_parts(process: str) -> list[tuple[Text, list[FieldSpec]]]:
    """The form in the parts one meets one after the other: the matter, the service's own questions, how to reach one."""
    asked = ("您遇到了什么事？", "What happened?") if process == "consultation" else ("发生了什么？", "What happened?")
    first = [
        spec("question", *asked, widget="textarea", max_length=5000, help=("什么时候、什么地方、和谁、现在怎样了，想到什么写什么。", "When, where, with whom, and how things stand.")),
        spec("region", "事情发生在哪里", "Where did it happen", widget="select", choices=region_choices()),
    ]  # fmt: skip
    declared = process_in_force(process, clock.today(), settings.PROVINCE)
    own = [f for f in fields_of(declared.intake) if f.name != "confidential"] if declared.intake else []
    if process == "consultation":
        unsure = ("不清楚可以不选。", "Leave it if you are not sure.")
        own.insert(0, spec("category", "是哪一类事", "What kind of matter", widget="select", required=False, choices=category_choices(), help=unsure))
    own.append(
        spec("priority_groups", "您是不是", "Are you", widget="checkboxes", required=False, many=True, choices=[(g, Text(*GROUP_NAMES[g])) for g in PRIORITY_GROUPS], default=[])
    )  # fmt: skip
    last = [
        spec("name", "怎么称呼您", "Your name", required=False, max_length=100, help=("可以不填真实姓名。", "It need not be your real name.")),
        spec("phone", "手机号", "Mobile number", widget="tel", required=False, help=("留手机号可以收到答复短信；不留也可以凭查询码查看。", "For a text message when it is answered; optional.")),
        spec("safe_contact", "短信里不要提到是什么事（手机可能被别人看到时请勾选）", "Do not say in messages what it is about", widget="checkbox", required=False),
    ]  # fmt: skip
    return [(Text("说说这件事", "What happened"), first), (Text("再补充几点", "A few more things"), own), (Text("怎么联系您", "How to reach you"), last)]


def ask_fields(process: str) -> list[FieldSpec]:
    """All fields of the form, in order."""
    return [field for _, fields in ask_parts(process) for field in fields]


BY_TEXT = ("文字服务", "Advice by text")
"""听不到、说不了的人 reach a lawyer by this door instead of the telephone: a consultation with the priority of the disabled, talked over by live messages."""


def _page(request: HttpRequest, process: str, heading: tuple[str, str], button: tuple[str, str]) -> HttpResponse:
    parts = ask_parts(process)
    fields = [field for _, own in parts for field in own]
    declared = process_in_force(process, clock.today(), settings.PROVINCE)
    by_text = process == "consultation" and request.GET.get("text") == "1"
    values: dict[str, Any] = {"question": request.GET.get("q", "")[:5000], "category": _offered(request.GET.get("category", ""))}
    if by_text:
        values["priority_groups"] = ["disabled"]
    errors: Any = {}
    status = 200
    if request.method == "POST":
        limited(request, "submit", 60)
        values = typed(request, fields)
        try:
            return post_once(request, lambda: _take(request, process, dict(values)))
        except Refusal as refusal:
            errors, status = errors_of(refusal), refusal.status
    at = 1 if language().startswith("en") else 0
    key = request.POST.get("_key") if not errors else None
    context = {
        "process": declared, "parts": parts, "values": values, "errors": errors, "heading": (BY_TEXT if by_text else heading)[at], "submit": button[at], "by_text": by_text,
        "key": key or uuid.uuid4().hex, "sensitive": is_sensitive(str(values.get("category", ""))),
    }  # fmt: skip
    return render(request, "portal/ask.html", context, status=status)


def _take(request: HttpRequest, process: str, values: dict[str, Any]) -> str:
    declared = process_in_force(process, clock.today(), settings.PROVINCE)
    own = {f.name for f in fields_of(declared.intake)} if declared.intake else set()
    received = submit(
        actor=request.actor,  # type: ignore[attr-defined]
        process=process,
        question=values.get("question", ""),
        category=values.get("category", ""),
        region=values.get("region", ""),
        contact={"name": values.get("name", ""), "phone": values.get("phone", ""), "safe_contact": "on" if values.get("safe_contact") else ""},
        priority_groups=values.get("priority_groups", []),
        form={k: v for k, v in values.items() if k in own},
        language="en" if language().startswith("en") else "zh-hans",
    )
    return f"/receipt/{received.matters[0].lookup_code}"


@open_to("public")
def ask(request: HttpRequest) -> HttpResponse:
    """问律师."""
    return _page(request, "consultation", ("问律师", "Ask a lawyer"), ("提交问题", "Submit"))


@open_to("public")
def complain(request: HttpRequest) -> HttpResponse:
    """我要投诉."""
    return _page(request, "complaint", ("我要投诉", "Make a complaint"), ("提交投诉", "Submit"))


@open_to("public", "GET")
def receipt(request: HttpRequest, code: str) -> HttpResponse:
    """The slip: code, number, by when, who."""
    _, matter = looked_up(request, lambda: held(request.actor, code))  # type: ignore[attr-defined]
    plain = matter.lookup_code
    address = request.build_absolute_uri(f"/track/{plain}")
    context = {
        "matter": matter, "code_spaced": " ".join(plain[i : i + 5] for i in range(0, len(plain), 5)), "address": address, "sensitive": is_sensitive(matter.category_code),
        "due": due_words(matter.next_due_at, clock.now(), language()) if matter.next_due_at else "", "qr": segno.make(address, error="m").png_data_uri(scale=5, border=2),
        "told": told(matter, language()), "ways": _what_follows(matter), "reachable": matter.parties.filter(ended_at=None).exclude(phone_index=b"").exists(),
    }  # fmt: skip
    return render(request, "portal/receipt.html", context)


def _what_follows(matter: Matter) -> list[str]:
    """The service's way from here, in its own words: what the next states are called and what they mean."""
    process = process_version(matter.process_code, matter.process_version)
    return [process.state(code).told.in_language(language()) for code in main_way(process, matter.state)[1:]]
