"""The edge: language, request id, and who acts. Identity comes from the session alone, never from a header."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import translation

from fawang.faces.api.problem import PROBLEM, problem, problem_of
from fawang.kernel.context import acting
from fawang.kernel.errors import Refusal
from fawang.kernel.text_safety import ValueProblem
from fawang.people.actors import ANONYMOUS, Actor, actor_of_person, actor_of_staff
from fawang.people.models import Person, Staff

_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii", "gb18030", "gbk", "gb2312"})
"""What a form may say it is written in; every page of the house sends UTF-8."""
Handler = Callable[[HttpRequest], HttpResponse]


class LanguageMiddleware:
    """Chinese, unless the visitor chose English (cookie)."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = "en" if request.COOKIES.get("lang") == "en" else "zh-hans"
        with translation.override(language):
            request.LANGUAGE_CODE = language  # type: ignore[attr-defined]
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", "en" if language == "en" else "zh-CN")
        return response


class ApiMiddleware:
    """Whatever refuses a request under ``/api/``, be it the framework itself, answers as problem+json with a code of the catalogue."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code < 400 or not request.path.startswith("/api/") or response.headers.get("Content-Type", "").startswith(PROBLEM):
            return response
        answer = problem_of(None, response.status_code)
        for name in ("Allow", "Retry-After", "X-Request-Id", "Cache-Control"):
            if name in response.headers:
                answer.headers[name] = response.headers[name]
        return answer


def actor_from_session(request: HttpRequest) -> Actor:
    """The actor of the request's session; one that is over is emptied."""
    actor = actor_behind(request.session)
    if actor is None:
        request.session.flush()
        return ANONYMOUS
    return actor if actor.kind != "staff" or _is_through(request) else ANONYMOUS


def actor_behind(session: Any) -> Actor | None:
    """Who a session's contents say acts: an account whose epoch still fits, a proven citizen, a holder of lookup codes.

    Nothing: it was an account's session, and that session has been ended from elsewhere.
    """
    if staff_id := session.get("staff_id"):
        staff = Staff.objects.filter(pk=staff_id).first()
        fits = staff is not None and staff.state == "active" and staff.session_epoch == session.get("epoch")
        return actor_of_staff(staff) if staff is not None and fits else None
    actor = ANONYMOUS
    if person_id := session.get("person_id"):
        person = Person.objects.filter(pk=person_id).first()
        actor = actor_of_person(person) if person else ANONYMOUS
    for held in session.get("holds", []):
        actor = actor.holding(uuid.UUID(held))
    return actor


def _is_through(request: HttpRequest) -> bool:
    """Whether password and device are in order; before that only the pages that put them in order know the account."""
    return not request.session.get("stage") or request.path in {"/desk/password", "/desk/device", "/desk/sign-out"}


class ActorMiddleware:
    """Puts the actor on the request and into the ambient context; turns refusals nobody caught into pages."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            return self._unreadable(request)
        if request.encoding and request.encoding.lower() not in _CHARSETS:
            return self._strange(request)
        actor = actor_from_session(request)
        request.actor = actor  # type: ignore[attr-defined]
        request_id = uuid.uuid4().hex[:16]
        door = "api" if request.path.startswith("/api/") else "window" if actor.kind == "staff" else "web"
        with acting(actor=actor.ref(), door=door, request_id=request_id):
            response = self.get_response(request)
        response.headers["X-Request-Id"] = request_id
        if actor.kind != "anonymous":
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    def _unreadable(self, request: HttpRequest) -> HttpResponse:
        """An address with a NUL leads nowhere, and the database could not even be asked about it. What is searched for is searched for without."""
        from fawang.faces.failures import bad_request, not_found

        request.actor = ANONYMOUS  # type: ignore[attr-defined]
        if request.path.startswith("/api/"):
            return problem(Refusal("text.control", status=400))
        if "\0" in request.path_info:
            return not_found(request)
        without = request.META["QUERY_STRING"].replace("%00", "")
        return (
            HttpResponseRedirect(f"/{quote(request.path.lstrip('/'))}?{without}") if request.method == "GET" and "%00" not in without else bad_request(request)
        )

    def _strange(self, request: HttpRequest) -> HttpResponse:
        """A body said to be in a charset no browser sends: some of them do not even hold text."""
        from fawang.faces.failures import bad_request

        request.actor = ANONYMOUS  # type: ignore[attr-defined]
        request.encoding = settings.DEFAULT_CHARSET
        return problem(Refusal("body.unreadable", status=400)) if request.path.startswith("/api/") else bad_request(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A refusal is an answer, not a crash; so is text that cannot be kept and was not refused at its field."""
        if isinstance(exception, ValueProblem):
            exception = Refusal(exception.code, **exception.params)
        if not isinstance(exception, Refusal) or request.path.startswith("/api/"):
            return None
        from django.shortcuts import render

        template = {404: "faces/404.html", 403: "faces/403.html", 409: "faces/409.html"}.get(exception.status, "faces/400.html")
        return render(request, template, {"refusal": exception, "debug": settings.DEBUG}, status=exception.status)
