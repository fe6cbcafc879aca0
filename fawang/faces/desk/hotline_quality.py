"""质检: what was drawn, the call with its sound and wave, the sheet, the appeal. Every listening has a purpose that is written down."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.views.decorators.http import require_POST

from fawang.faces.desk.frame import actor_of, page
from fawang.faces.desk.hotline_words import call_row, ticket_row, ticket_said
from fawang.faces.pages import errors_of, limited, of_this_house
from fawang.faces.repeats import post_or_show
from fawang.faces.routing import open_to
from fawang.hotline import quality, quality_rules, recordings, selectors, services
from fawang.hotline.models import QualitySample, Recording
from fawang.hotline.tickets import values_of
from fawang.hotline.transcriber import TranscriptFailed
from fawang.hotline.transcripts import transcriber
from fawang.kernel import clock
from fawang.kernel.errors import Refusal
from fawang.kernel.policy import decide
from fawang.kernel.texts import Text
from fawang.people.actors import Actor

WHY = {"drawn": Text("随机抽取", "Drawn"), "rating": Text("评价不满意", "Rated low"), "asked": Text("班长要求", "Asked for")}
STATES = {"open": Text("待质检", "To check"), "checked": Text("已质检", "Checked"), "notified": Text("已告知", "Told"), "appealed": Text("申诉中", "Appealed"), "closed": Text("办结", "Closed")}  # fmt: skip
RESULTS = {"excellent": Text("优秀", "Excellent"), "qualified": Text("合格", "Qualified"), "unqualified": Text("不合格", "Unqualified")}
_RANGE = re.compile(r"bytes=([0-9]{1,12})-([0-9]{0,12})")


@open_to("hotline.board", "GET")
def samples(request: HttpRequest) -> HttpResponse:
    """Samples one may check, or in which one's own calls were checked."""
    rows = [_row(s) for s in selectors.samples(actor_of(request))]
    return page(request, "desk/hotline/quality.html", {"rows": rows}, topics=["hotline"])


def _row(sample: QualitySample) -> dict[str, Any]:
    sheet = sample.sheets.order_by("-made_at").first()
    return {
        "id": sample.pk, "ticket": ticket_row(sample.ticket), "call": call_row(sample.ticket.call), "why": WHY[sample.why], "state": sample.state,
        "state_words": STATES[sample.state], "result": RESULTS[sheet.result] if sheet else "", "total": sheet.total if sheet else None,
    }  # fmt: skip


@open_to("hotline.board", "GET")
def sample(request: HttpRequest, sample_id: uuid.UUID) -> HttpResponse:
    """One sample: call, ticket, sound, sheet."""
    return _sample(request, selectors.sample_page(actor_of(request), sample_id))


def _sample(request: HttpRequest, row: QualitySample, *, errors: Any = None, refusal: Refusal | None = None, status: int = 200) -> HttpResponse:
    actor, sheets = actor_of(request), list(row.sheets.select_related("checker").order_by("made_at"))
    rule = quality_rules.rule_version(sheets[-1].rule_version) if sheets else quality_rules.rule_on(clock.today())
    tapes = Recording.objects.filter(call=row.ticket.call, state__in=("stored", "partial")).order_by("started_at")
    written = values_of(row.ticket)
    context = {
        "row": _row(row), "transcribes": transcriber() is not None, "values": ticket_said(row.ticket.nature or str(written.get("nature") or ""), written),
        "tapes": [
            {"id": r.pk, "row": r, "seconds": r.ms // 1000, "gaps": r.gaps_ms, "may": recordings.may_listen(actor, r), "export": bool(decide("hotline.export", actor, r))}
            for r in tapes
        ],
        "sheets": [
            {
                "checker": s.checker.name, "at": s.made_at, "total": s.total, "result": RESULTS[s.result], "remark": s.remark, "recheck": s.is_recheck,
                "points": [(d.name, s.points.get(d.code), d.most) for d in rule.dimensions], "vetoes": [rule.vetoes[v] for v in s.vetoes if v in rule.vetoes],
            }
            for s in sheets
        ],
        "dimensions": rule.dimensions, "vetoes": list(rule.vetoes.items()), "errors": errors or {}, "refusal": refusal,
        "may_check": row.state in ("open", "appealed") and bool(decide("hotline.check", actor, row.ticket)),
        "may_appeal": row.state == "notified" and bool(decide("hotline.appeal", actor, row.ticket)), "norm": rule.norm,
    }  # fmt: skip
    return page(request, "desk/hotline/sample.html", context, status=status)


@require_POST
@open_to("hotline.board")
def score(request: HttpRequest, sample_id: uuid.UUID) -> HttpResponse:
    """Hand in a sheet."""
    data = request.POST
    rule = quality_rules.rule_on(clock.today())
    points = {d.code: _points(data.get(d.code, "")) for d in rule.dimensions}
    return _act(
        request, sample_id, "score",
        lambda actor, row: quality.score(actor=actor, sample_id=row.pk, points=points, vetoes=data.getlist("vetoes"), remark=data.get("remark", "")),
    )  # fmt: skip


@require_POST
@open_to("hotline.board")
def appeal(request: HttpRequest, sample_id: uuid.UUID) -> HttpResponse:
    """Disagree with a sheet on one's own call."""
    return _act(request, sample_id, "appeal", lambda actor, row: quality.appeal(actor=actor, sample_id=row.pk, reason=request.POST.get("reason", "")))


def _act(request: HttpRequest, sample_id: uuid.UUID, verb: str, act: Callable[[Actor, QualitySample], object]) -> HttpResponse:
    actor = actor_of(request)
    row = selectors.sample_page(actor, sample_id)

    def run() -> str:
        act(actor, row)
        return f"/desk/hotline/quality/{row.pk}"

    return post_or_show(
        request,
        run,
        lambda refusal: _sample(
            request, row, errors=errors_of(refusal) if refusal.fields else None, refusal=None if refusal.fields else refusal, status=refusal.status
        ),
    )


def _points(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return -1.0


@require_POST
@open_to("hotline.board")
def listen(request: HttpRequest, recording_id: uuid.UUID) -> HttpResponse | StreamingHttpResponse:
    """The sound of a checked call, whole or a range of it, or (``export``) a copy with its watermark. The purpose is written down first."""
    export = request.POST.get("export") == "1"
    played = services.play(actor=actor_of(request), recording_id=recording_id, purpose=request.POST.get("purpose", ""), export=export)
    whole = played.length
    first, last = 0, whole - 1
    wanted = _RANGE.fullmatch(request.headers.get("Range", ""))
    if wanted and not export:
        first, last = int(wanted[1]), min(int(wanted[2] or last), last)
        if first > last:
            return HttpResponse(status=416, headers={"Content-Range": f"bytes */{whole}"})
    answer = StreamingHttpResponse(recordings.part(played.sound, first, last), content_type="audio/wav", status=206 if wanted and not export else 200)
    answer["Accept-Ranges"], answer["Content-Length"] = "bytes", str(last - first + 1)
    if answer.status_code == 206:
        answer["Content-Range"] = f"bytes {first}-{last}/{whole}"
    if export:
        answer["Content-Disposition"] = f'attachment; filename="{played.row.watermark}.wav"'
    answer["Cache-Control"], answer["X-Content-Type-Options"] = "no-store", "nosniff"
    return answer


@require_POST
@open_to("hotline.board")
def transcribe(request: HttpRequest, recording_id: uuid.UUID) -> HttpResponse:
    """Have a machine write a recording down, and go back to the page with its player; what failed is said there."""
    limited(request, "transcribe", 60, minutes=60)
    try:
        services.transcribe(actor=actor_of(request), recording_id=recording_id)
    except TranscriptFailed as failed:
        messages.error(request, str(failed))
    return HttpResponseRedirect(of_this_house(request.POST.get("back", ""), otherwise="/desk/hotline/work"))
