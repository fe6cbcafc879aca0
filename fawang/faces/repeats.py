"""A form that comes twice (a double click, a broken line, a page gone back to) does its work once and answers the same both times."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from django.db import DataError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect

from fawang.faces.pages import keepable, uploads_digest
from fawang.kernel.errors import Refusal
from fawang.kernel.idempotency import answered, once
from fawang.kernel.text_safety import ValueProblem


def scope_of(request: HttpRequest) -> str:
    """Where a form's key counts: this address, this account. As a digest, for an address may hold a lookup code."""
    actor = request.actor  # type: ignore[attr-defined]
    account = actor.staff_id or actor.person_id or ""  # not the kind: whoever has just brought a matter is no longer anonymous
    return "form." + hashlib.sha256(f"{account} {request.path}".encode()).hexdigest()[:40]


def key_of(request: HttpRequest) -> str:
    """The key the page gave its form. Raises ``Refusal('page.key')`` (400) without one."""
    if key := request.POST.get("_key", ""):
        return str(key)
    raise Refusal("page.key", status=400)


def sent_in(request: HttpRequest) -> bytes:
    """All a form says, its files by their digests, as one body a key stands for. Raises ``Refusal`` at a field whose text cannot be kept."""
    keepable(request)
    pairs = sorted((k, v) for k, values in request.POST.lists() if k != "csrfmiddlewaretoken" for v in values)
    return repr(pairs).encode("utf-8", "surrogatepass") + uploads_digest(request.FILES.getlist("files"))


def post_once(request: HttpRequest, act: Callable[[], str]) -> HttpResponse:
    """Do a form's action once for the page's key and go where it says; a double click goes to the same place.

    Text that cannot be kept is refused at its field before anything is done. Raises ``Refusal``.
    """
    key, body = key_of(request), sent_in(request)
    try:
        _, answer, _ = once(scope=scope_of(request), key=key, body=body, action=lambda: (303, {"to": act()}))
    except ValueProblem as bad:
        raise Refusal(bad.code, **bad.params) from None
    except (DataError, OverflowError):  # longer, larger or later than the table holds, and no rule of the field said so before
        raise Refusal("form.bounds") from None
    return _going(request, key, answer["to"])


def _going(request: HttpRequest, key: str, to: str) -> HttpResponse:
    response = HttpResponseRedirect(to)
    if re.fullmatch(r"[\w-]{8,64}", key, re.ASCII):
        response.set_cookie("done", key, max_age=60, samesite="Lax", secure=request.is_secure())  # the page lets go of its draft of this form, and of no other
    return response


def post_or_show(request: HttpRequest, act: Callable[[], str], show: Callable[[Refusal], HttpResponse]) -> HttpResponse:
    """:func:`post_once`; what is refused is shown on the page again with its reason, what is absent stays absent (raises ``Absent``)."""
    try:
        return post_once(request, act)
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return show(refusal)


def unless_done(request: HttpRequest, view: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """A view's answer to a form; where it has only a refusal because the same form did its work already, the answer that form got.

    Whoever claims a matter may not claim it again, and whoever sends it back may see it no more: to a double click that is no news. But where the page
    has become absent and the answer would lead to it, somebody else has taken it away since, and absent is what it stays.
    """
    try:
        answer = view()
    except Refusal as refusal:
        if (before := _before(request, absent=refusal.status == 404)) is None:
            raise
        return before
    return answer if answer.status_code < 400 else _before(request, absent=answer.status_code == 404) or answer


def _before(request: HttpRequest, *, absent: bool) -> HttpResponse | None:
    key = request.POST.get("_key", "")
    if not key:
        return None
    try:
        found = answered(scope=scope_of(request), key=key, body=sent_in(request))
    except Refusal:
        return None
    to = found[1].get("to", "") if found else ""
    if not to or (absent and any(thing in to for thing in _named_in(request))):
        return None
    return _going(request, key, to)


def _named_in(request: HttpRequest) -> list[str]:
    """The objects a form's address names, by identifier or lookup code."""
    given = request.resolver_match.kwargs.values() if request.resolver_match else ()
    return [str(value) for value in given if len(str(value)) >= 16]
