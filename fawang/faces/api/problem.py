"""A refusal as problem+json; apart from the API itself, which most processes never load."""

from __future__ import annotations

import json

from django.http import HttpResponse

from fawang.kernel.errors import Refusal


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
