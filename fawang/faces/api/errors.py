"""problem+json with stable codes, in the caller's language."""

from __future__ import annotations

import json
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from fawang.kernel.errors import Refusal
from fawang.kernel.text_safety import ValueProblem


def problem(refusal: Refusal) -> HttpResponse:
    """A refusal as problem+json."""
    errors = {name: {"code": r.code, "detail": str(r)} for name, r in refusal.fields.items()}
    body = {
        "type": f"urn:fawang:{refusal.code}",
        "title": str(refusal),
        "status": refusal.status,
        "code": refusal.code,
        "detail": str(refusal),
        "errors": errors,
    }
    response = HttpResponse(json.dumps(body, ensure_ascii=False), content_type="application/problem+json", status=refusal.status)
    if refusal.code == "too_many":
        response.headers["Retry-After"] = str(refusal.params.get("seconds", 60))
    return response


def install(api: NinjaAPI) -> None:
    """Every way a request can fail ends in problem+json."""

    @api.exception_handler(Refusal)
    def on_refusal(request: HttpRequest, error: Any) -> HttpResponse:
        return problem(error)

    @api.exception_handler(ValidationError)
    def on_validation(request: HttpRequest, error: Any) -> HttpResponse:
        fields = {}
        for item in error.errors:
            name = ".".join(str(p) for p in item["loc"] if p not in {"body", "payload"}) or "body"
            code = {"missing": "field.required", "extra_forbidden": "field.unknown"}.get(item["type"], "field.invalid")
            params: dict[str, Any] = {"name": name} if code == "field.unknown" else {}
            fields[name] = Refusal(code, field=name, **params)
        return problem(Refusal("form.invalid", fields=fields))

    @api.exception_handler(ValueProblem)
    def on_value(request: HttpRequest, error: Any) -> HttpResponse:
        return problem(Refusal(error.code, **error.params))

    @api.exception_handler(HttpError)
    def on_http(request: HttpRequest, error: Any) -> HttpResponse:
        return problem(Refusal("body.unreadable", status=error.status_code))

    @api.exception_handler(Http404)
    def on_absent(request: HttpRequest, error: Any) -> HttpResponse:
        return problem(Refusal("absent", status=404))

    @api.exception_handler(Exception)
    def on_fall(request: HttpRequest, error: Any) -> HttpResponse:
        raise error  # logged masked and answered by ``failures.server_error``, with debugging on as well
