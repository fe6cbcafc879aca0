"""热线看板 and what is worked off: six figures to be read from eight metres, seats, call-backs, messages, missed calls, reviews."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_POST

from fawang.faces.desk.frame import actor_of, page
from fawang.faces.desk.hotline_words import AGENT_WORDS, ALARMS, call_row, callback_rows, ticket_row
from fawang.faces.pages import first_of, identity
from fawang.faces.repeats import post_or_show
from fawang.faces.routing import open_to
from fawang.hotline import selectors, services
from fawang.hotline.configurations import live_document
from fawang.hotline.day import day_of
from fawang.hotline.transcripts import transcriber
from fawang.kernel import clock
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.policy import decide
from fawang.kernel.texts import Text


@open_to("hotline.board", "GET")
def board(request: HttpRequest) -> HttpResponse:
    """The wallboard."""
    return _board(request)


def _board(request: HttpRequest, *, refusal: Refusal | None = None, status: int = 200) -> HttpResponse:
    actor = actor_of(request)
    document = live_document()
    names = {code: Text(*q.name) for code, q in document.queues.items()} if document else {}
    now = selectors.board(actor, list(names))
    longest = max((line.longest_s for line in now.queues), default=0)
    context = {
        "board": now, "lines": [{"line": line, "name": names[line.code], "longest": _clock(line.longest_s)} for line in now.queues],
        "waiting": sum(line.waiting for line in now.queues), "longest": _clock(longest), "late": longest > 15,
        "seats": [(AGENT_WORDS[state], n) for state, n in now.seats.items() if state != "offline"], "on": sum(n for s, n in now.seats.items() if s != "offline"),
        "ready": now.seats.get("ready", 0), "today": day_of(clock.today()),
        "week": day_of(clock.today() - timedelta(days=7), until=clock.now() - timedelta(days=7)), "agents": selectors.agents_now(actor), "words": AGENT_WORDS,
        "alarms": [{"words": ALARMS.get(a.kind, a.kind), "queue": names.get(a.queue_code, a.queue_code), "value": a.value, "limit": a.limit, "at": a.raised_at} for a in now.alarms],
        "may_supervise": bool(decide("hotline.supervise", actor)), "refusal": refusal,
    }  # fmt: skip
    return page(request, "desk/hotline/board.html", context, status=status, topics=["hotline"])


def _clock(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02d}"


@require_POST
@open_to("hotline.supervise")
def supervise(request: HttpRequest, verb: str) -> HttpResponse:
    """Listen, whisper, break in, take over, stop, force a state, open or close a site."""
    actor, data = actor_of(request), request.POST

    def run() -> str:
        if verb in {"listen", "whisper", "barge", "takeover"}:
            services.supervise(actor=actor, agent_id=identity(data.get("agent", "")), kind=verb, reason=data.get("reason", ""))
        elif verb == "stop":
            services.stop_supervising(actor=actor)
        elif verb == "force":
            services.force_state(actor=actor, agent_id=identity(data.get("agent", "")), state=data.get("state", ""), reason=data.get("reason", ""))
        elif verb == "pool":
            services.switch_pool(actor=actor, pool_id=identity(data.get("pool", "")), is_open=data.get("open") == "1", reason=data.get("reason", ""))
        else:
            raise Absent
        return "/desk/hotline/board"

    return post_or_show(request, run, lambda refusal: _board(request, refusal=first_of(refusal), status=refusal.status))


@open_to("hotline.seat", "GET")
def work(request: HttpRequest) -> HttpResponse:
    """What is owed: unfinished tickets, call-backs, messages; for those on the board missed calls and reviews too."""
    actor = actor_of(request)
    context: dict[str, Any] = {
        "unfinished": [ticket_row(t) for t in selectors.unfinished(actor)], "callbacks": callback_rows(selectors.callbacks_to_do(actor)), "transcribes": transcriber() is not None, "voicemails": [
            {"pk": v.pk, "due_at": v.due_at, "seconds": v.ms // 1000, "recording_id": v.recording_id, "recording": v.recording} for v in selectors.voicemails_to_do(actor)
        ],
        "missed": [call_row(c) for c in selectors.missed(actor)], "reviews": [ticket_row(t) for t in selectors.to_review(actor)],
        "tickets": [ticket_row(t) for t in selectors.tickets(actor, limit=50)],
    }  # fmt: skip
    return page(request, "desk/hotline/work.html", context, topics=["hotline"])


@require_POST
@open_to("hotline.seat")
def sound(request: HttpRequest, recording_id: uuid.UUID) -> HttpResponse | StreamingHttpResponse:
    """A recording, for a purpose that is written down. Never by an address that could be passed on."""
    actor = actor_of(request)
    played = services.play(actor=actor, recording_id=recording_id, purpose=request.POST.get("purpose", ""))
    answer = StreamingHttpResponse(played.sound, content_type="audio/wav")
    answer["Cache-Control"] = "no-store"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
