"""What form pages share: reading a form by its declaration, errors beside the fields."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language

from fawang.kernel import throttle
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.text_safety import ValueProblem, check_text
from fawang.kernel.texts import Text
from fawang.matters.forms import FieldSpec, StepForm, fields_of

Found = TypeVar("Found")


def spec(
    name: str,
    zh: str,
    en: str,
    *,
    widget: str = "text",
    required: bool = True,
    help: tuple[str, str] | None = None,
    choices: list[tuple[str, Text]] | None = None,
    max_length: int | None = None,
    many: bool = False,
    default: Any = "",
) -> FieldSpec:
    """A field of a page that is no step's form."""
    return FieldSpec(name, Text(zh, en), Text(*help) if help else None, widget, required, tuple(choices or ()), max_length, many, default)


def typed(request: HttpRequest, fields: list[FieldSpec]) -> dict[str, Any]:
    """What was typed, as the form's types take it; absent optional fields are left out so that defaults hold."""
    data: dict[str, Any] = {}
    for item in fields:
        if item.many:
            data[item.name] = request.POST.getlist(item.name)
        elif item.widget == "checkbox":
            data[item.name] = item.name in request.POST
        elif (value := request.POST.get(item.name)) not in (None, "") or item.required:
            data[item.name] = (value or "").replace("\r\n", "\n")
    return data


def form_data(request: HttpRequest, form: type[StepForm] | None) -> dict[str, Any]:
    """The data of a declared form."""
    return typed(request, fields_of(form)) if form else {}


def keepable(request: HttpRequest) -> None:
    """Refuse a form that holds text no field takes: control characters, characters that were lost on the way. Raises ``Refusal('form.invalid')``."""
    problems: dict[str, Refusal] = {}
    for name, values in request.POST.lists():
        for value in values:
            try:
                check_text(value, max_length=settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
            except ValueProblem as bad:
                problems[name] = Refusal(bad.code, field=name, **bad.params)
    problems.pop("_key", None)  # judged by its own rule
    if problems:
        raise Refusal("form.invalid", fields=problems)


def uploads_digest(files: Iterable[UploadedFile[Any]]) -> bytes:
    """What a repeated upload is compared by: names and contents, for two files may well have one name and size."""
    total = hashlib.sha256()
    for file in files:
        part = hashlib.sha256((file.name or "").encode("utf-8", "surrogatepass"))
        for chunk in file.chunks():
            part.update(chunk)
        file.seek(0)
        total.update(part.digest())
    return total.digest()


def whole(text: str | None, default: int = 0) -> int:
    """A whole number somebody typed or put into an address; ``default`` for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 12 else default


def language() -> str:
    """The page's language."""
    return get_language() or "zh-hans"


def limited(request: HttpRequest, what: str, limit: int, minutes: int = 1) -> None:
    """Rate limit by address."""
    throttle.spend(f"{what}:{request.META.get('REMOTE_ADDR', '')}", limit=limit, window=timedelta(minutes=minutes))


def looked_up(request: HttpRequest, find: Callable[[], Found]) -> Found:
    """What a code opens. Only codes that open nothing count, by address: whoever holds one reads on as often as needed,
    and so does everybody else behind the same address of a service centre or a mobile network. Raises ``Absent``, ``too_many``.
    """
    try:
        return find()
    except Absent:
        limited(request, "lookup", 240)
        raise


def first_of(refusal: Refusal) -> Refusal:
    """The one reason a page without fields of its own shows."""
    return next(iter(refusal.fields.values()), refusal)


def identity(text: str) -> uuid.UUID:
    """The identifier a form or an address names. Raises ``Absent`` for what is none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        raise Absent from None


def errors_of(refusal: Refusal) -> Mapping[str, Refusal]:
    """Field errors of a refusal, a general one under ``form``."""
    return dict(refusal.fields) or {"form": refusal}


def of_this_house(target: str, *, otherwise: str) -> str:
    """A path of this site to go on to; for any other address, however it is written, ``otherwise``."""
    return target if target.startswith("/") and url_has_allowed_host_and_scheme(target, allowed_hosts=None) else otherwise
