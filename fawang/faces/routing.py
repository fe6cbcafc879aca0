"""Every view names the policy that guards it; an architecture test walks the router and fails on one that does not."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from fawang.kernel.policy import policies, require

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def open_to(code: str) -> Callable[[View], View]:
    """Guard a view: the policy is decided before it runs. Policies about one object are decided again by services.

    Staff pages send a visitor who is not signed in to the sign-in page.
    """

    def guard(view: View) -> View:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            actor = request.actor  # type: ignore[attr-defined]
            if code not in {"public", "citizen"} and actor.kind != "staff":
                if stage := request.session.get("stage"):
                    return redirect("/desk/password" if stage == "password" else "/desk/device")
                return redirect(f"/desk/sign-in?next={request.path}")
            if code == "citizen" and not actor.person_id:
                return redirect(f"/me/sign-in?next={request.path}")
            if code not in policies():
                raise LookupError(f"no policy {code}")
            require(code, actor, None)
            return view(request, *args, **kwargs)

        guarded.policy = code  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return guard
