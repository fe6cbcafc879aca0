"""Pages for what went wrong: no dead ends."""

from __future__ import annotations

import sys
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.debug import ExceptionReporter

from fawang.faces.api.problem import problem, problem_of
from fawang.kernel.errors import Refusal
from fawang.kernel.logs import masked_trace


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was open too long or came from elsewhere."""
    return render(request, "faces/403.html", {"stale_form": True}, status=403)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400, or what it was that could not be read; machines get it as problem+json."""
    if request.path.startswith("/api/"):
        return problem_of(exception, 400)
    return render(request, "faces/400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403; machines get it as problem+json."""
    if request.path.startswith("/api/"):
        return problem_of(exception, 403)
    return render(request, "faces/403.html", {"reason": exception}, status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404; machines get it as problem+json."""
    if request.path.startswith("/api/"):
        return problem_of(exception, 404)
    return render(request, "faces/404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """500, which tells nothing of what broke; machines get it as problem+json."""
    broken = Refusal("broken", status=500)
    if request.path.startswith("/api/"):
        return problem(broken)
    try:
        return render(request, "faces/500.html", {"refusal": broken}, status=500)
    except Exception:  # what broke may be what every page needs; a fall while falling is told by its first cause
        return HttpResponse(str(broken), content_type="text/plain; charset=utf-8", status=500)


class MaskedReport(ExceptionReporter):
    """What a developer sees with ``FAWANG_DEBUG=1``, and what would be mailed: the masked traceback, no locals, no settings, nothing of the request."""

    def get_traceback_text(self) -> Any:
        """Plain text, for the page as well."""
        error = self.exc_value or sys.exc_info()[1]
        return masked_trace(error) if isinstance(error, BaseException) else ""

    def get_traceback_html(self) -> Any:
        """The same between the tags of a page."""
        from django.utils.html import format_html

        return format_html("<!doctype html><title>500</title><pre>{}</pre>", self.get_traceback_text())
