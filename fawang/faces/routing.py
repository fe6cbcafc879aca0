"""Every view names the policy that guards it; an architecture test walks the router and fails on one that does not."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect

from fawang.faces.repeats import unless_done
from fawang.kernel.errors import Absent
from fawang.kernel.policy import decide, policies, require

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


BOTH = ("GET", "POST")


def open_to(code: str, *methods: str) -> Callable[[View], View]:
    """Guard a view: the policy is decided before it runs, then whether it has the method (HEAD goes with GET). Policies about one object are decided
    again by services.

    Staff pages send a visitor who is not signed in to the sign-in page. A method the page does not have is 405 for whoever may open the page, for an
    object of others as for one that never was; to everybody else no page is there.
    """
    known = {*(methods or BOTH), *(["HEAD"] if "GET" in (methods or BOTH) else [])}

    def guard(view: View) -> View:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            actor = request.actor  # type: ignore[attr-defined]
            if request.method not in known:
                return _no_such_method(request, actor, code, known)
            if code not in {"public", "citizen"} and actor.kind != "staff":
                if stage := request.session.get("stage"):
                    return redirect("/desk/password" if stage == "password" else "/desk/device")
                return redirect(f"/desk/sign-in?next={request.path}")
            if code == "citizen" and not actor.person_id:
                return redirect(f"/me/sign-in?next={request.path}")
            if code not in policies():
                raise LookupError(f"no policy {code}")

            def answer() -> HttpResponseBase:
                require(code, actor, None)
                return view(request, *args, **kwargs)

            return unless_done(request, answer) if request.method == "POST" else answer()

        guarded.policy = code  # type: ignore[attr-defined]
        guarded.methods = frozenset(known)  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return guard


def _no_such_method(request: HttpRequest, actor: Any, code: str, known: set[str]) -> HttpResponseBase:
    """405 with the methods there are for whoever may come here; nothing at all for others."""
    outside = (code not in {"public", "citizen"} and actor.kind != "staff") or (code == "citizen" and not actor.person_id)
    if outside or not decide(code, actor, None):
        raise Absent
    return HttpResponseNotAllowed(sorted(known))
