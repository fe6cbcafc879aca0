"""A refusal as problem+json; apart from the API itself, which most processes never load."""

from __future__ import annotations

import json

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpResponse

from fawang.kernel.errors import Refusal

PROBLEM = "application/problem+json"
_BARE = {401: "forbidden", 403: "forbidden", 404: "absent", 405: "request.method", 413: "body.too_large"}


def problem_of(error: BaseException | None, status: int) -> HttpResponse:
    """What the framework itself refuses (an address, a method, a size, a form it cannot read) in the words of the catalogue."""
    if isinstance(error, RequestDataTooBig):
        status = 413
    code = _BARE.get(status, "broken" if status >= 500 else "request.bad")
    if code == "body.too_large":
        return problem(Refusal(code, status=status, megabytes=(settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0) >> 20))
    return problem(Refusal(code, status=status))


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
    response = HttpResponse(json.dumps(body, ensure_ascii=False), content_type=PROBLEM, status=refusal.status)
    if refusal.code == "too_many":
        response.headers["Retry-After"] = str(refusal.params.get("seconds", 60))
    return response
