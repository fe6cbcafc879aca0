"""热线配置: editions of the configuration, drafted here and worked on in ``hotline_edition``; announcements at once."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from fawang.faces.desk.frame import actor_of, page
from fawang.faces.desk.hotline_words import EDITION_STATES
from fawang.faces.pages import first_of, identity, whole
from fawang.faces.repeats import post_once, post_or_show
from fawang.faces.routing import open_to
from fawang.hotline import announcements, selectors, services
from fawang.hotline.models import Announcement, ConfigVersion
from fawang.kernel import clock
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.policy import decide
from fawang.kernel.texts import Text

KINDS = {"surge": Text("来电激增", "Surge"), "disaster": Text("灾害", "Disaster"), "change": Text("服务变动", "Change"), "other": Text("其他", "Other")}
HOW = {
    "before": Text("接通前播放", "Before the greeting"),
    "waiting": Text("等待中播放", "While waiting"),
    "instead": Text("只播放，不进队列", "Instead of service"),
}


@open_to("hotline.figures", "GET")
def plan(request: HttpRequest) -> HttpResponse:
    """Editions and announcements."""
    return _plan(request)


def _plan(request: HttpRequest, *, refusal: Refusal | None = None, status: int = 200) -> HttpResponse:
    actor = actor_of(request)
    context = {
        "editions": [(e, EDITION_STATES[e.state]) for e in selectors.editions(actor)], "announced": [(a, KINDS[a.kind], HOW[a.how]) for a in announcements.in_force()],
        "kinds": list(KINDS.items()), "how": list(HOW.items()), "may_plan": bool(decide("hotline.plan", actor)), "may_announce": bool(decide("hotline.supervise", actor)),
        "refusal": refusal, "typed": request.POST if refusal else {"hours": "24"},
    }  # fmt: skip
    return page(request, "desk/hotline/plan.html", context, status=status, topics=["hotline"])


@require_POST
@open_to("hotline.plan")
def draft(request: HttpRequest) -> HttpResponse:
    """A new draft, a copy of what is live."""
    actor = actor_of(request)

    def run() -> str:
        live = ConfigVersion.objects.filter(state="live").first()
        if live is None:
            raise Absent
        row = services.draft(actor=actor, document=live.document, note=request.POST.get("note", ""))
        return f"/desk/hotline/plan/{row.pk}"

    return post_once(request, run)


@require_POST
@open_to("hotline.supervise")
def announce(request: HttpRequest, verb: str) -> HttpResponse:
    """An announcement is made or withdrawn, for the next call on."""
    actor, data = actor_of(request), request.POST

    def run() -> str:
        if verb == "make":
            hours = whole(data.get("hours"))
            ends = clock.now() + timedelta(hours=hours) if hours else None
            services.announce(actor=actor, kind=data.get("kind", ""), how=data.get("how", ""), text=data.get("text", "").strip(), ends_at=ends)
        elif verb == "withdraw":
            row = Announcement.objects.filter(pk=identity(data.get("announcement", ""))).first()
            if row is None:
                raise Absent
            services.withdraw(actor=actor, announcement=row)
        else:
            raise Absent
        return "/desk/hotline/plan"

    return post_or_show(request, run, lambda refusal: _plan(request, refusal=first_of(refusal), status=refusal.status))
