"""problem+json with stable codes, in the caller's language."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from fawang.faces.api.problem import problem, problem_of
from fawang.kernel.errors import Refusal
from fawang.kernel.text_safety import ValueProblem


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

    @api.exception_handler(SuspiciousOperation)
    def on_suspicion(request: HttpRequest, error: Any) -> HttpResponse:
        return problem_of(error, 400)

    @api.exception_handler(Http404)
    def on_absent(request: HttpRequest, error: Any) -> HttpResponse:
        return problem(Refusal("absent", status=404))

    @api.exception_handler(Exception)
    def on_fall(request: HttpRequest, error: Any) -> HttpResponse:
        raise error  # logged masked and answered by ``failures.server_error``, with debugging on as well
