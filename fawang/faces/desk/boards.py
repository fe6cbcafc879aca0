"""The dispatcher's and the supervisor's boards: who carries what, and what is about to break."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.db.models import Count
from django.http import HttpRequest, HttpResponse

from fawang.faces.desk.frame import actor_of, page
from fawang.faces.desk.queue import rows_of
from fawang.faces.pages import language
from fawang.faces.routing import open_to
from fawang.kernel import clock
from fawang.matters.categories import names_of
from fawang.matters.models import Matter
from fawang.matters.selectors import QueueFilter, advisers_within, left_behind, overseen, queue
from fawang.people.actors import Actor
from fawang.people.models import Staff
from fawang.people.selectors import on_leave_ids

OVERSIGHT = ("supervision_order", "rectification", "return_visit")


@open_to("desk.board", "GET")
def dispatch_board(request: HttpRequest) -> HttpResponse:
    """What nobody has yet and what lies with somebody on leave, beside who could take it."""
    actor = actor_of(request)
    waiting = queue(actor, QueueFilter(scope="office", assignee="none"), limit=40)
    context = {
        "rows": rows_of([m for m in waiting if m.process_code not in OVERSIGHT]), "left": rows_of(left_behind(actor)),
        "people": _loads(actor), "advisers": advisers_within(actor),
    }  # fmt: skip
    return page(request, "desk/board.html", context, topics=_topics(actor))


def _topics(actor: Actor) -> list[str]:
    return [f"office:{g.office_id}" for g in actor.grants if g.office_id][:20]


def _loads(actor: Actor) -> list[dict[str, Any]]:
    people = advisers_within(actor)
    ids = [p.pk for p in people]
    away = set(on_leave_ids(clock.now()))
    counted: dict[Any, Counter[str]] = {}
    for staff_id, light, n in Matter.objects.filter(assignee_id__in=ids, is_open=True).values_list("assignee", "light").annotate(n=Count("pk")):
        counted.setdefault(staff_id, Counter())[light] += n
    names = names_of({skill for p in people for skill in p.skills}, language())
    return [_load(p, counted.get(p.pk, Counter()), p.pk in away, names) for p in people]


def _load(person: Staff, lights: Counter[str], away: bool, names: dict[str, str]) -> dict[str, Any]:
    total = sum(lights.values())
    return {
        "person": person, "total": total, "capacity": person.capacity, "share": min(100, round(total * 100 / max(person.capacity, 1))), "away": away,
        "late": lights["overdue"], "red": lights["red"], "skills": "、".join(names.get(skill, skill) for skill in person.skills),
    }  # fmt: skip


@open_to("desk.supervision", "GET")
def supervision_board(request: HttpRequest) -> HttpResponse:
    """Lights over all offices in scope, what is late, and which orders, visits and rectifications are open."""
    actor = actor_of(request)
    open_ones = overseen(actor).filter(is_open=True)
    lights: Counter[str] = Counter()
    offices: dict[str, Counter[str]] = {}
    for office, light, n in open_ones.exclude(process_code__in=OVERSIGHT).values_list("office__name", "light").annotate(n=Count("pk")):
        lights[light] += n
        offices.setdefault(office, Counter())[light] += n
    most = max([sum(c.values()) for c in offices.values()] or [1])
    late = [m for light in ("overdue", "red") for m in queue(actor, QueueFilter(scope="office", light=light), limit=30)]
    context = {
        "open_total": sum(lights.values()),
        "lights": [(code, name, lights[code]) for code, name in (("overdue", "已超期"), ("red", "红灯"), ("yellow", "黄灯"), ("green", "绿灯"), ("paused", "暂停计时"))],
        "offices": [
            {"name": n, "total": sum(c.values()), "overdue": c["overdue"], "red": c["red"], "parts": [(k, c[k], round(c[k] * 100 / most, 1)) for k in ("overdue", "red", "yellow", "green") if c[k]]}
            for n, c in sorted(offices.items(), key=lambda i: -(i[1]["overdue"] * 1000 + i[1]["red"]))
        ],
        "late": rows_of([m for m in late if m.process_code not in OVERSIGHT]),
        "groups": [(p, rows_of(queue(actor, QueueFilter(scope="office", process=p), limit=20))) for p in OVERSIGHT],
    }  # fmt: skip
    return page(request, "desk/supervision.html", context, topics=_topics(actor))
