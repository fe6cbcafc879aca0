"""Is everything up?"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import Error
from django.http import HttpRequest, JsonResponse

from fawang.faces.routing import open_to
from fawang.kernel import clock
from fawang.kernel.models import Heartbeat

EXPECTED = ("worker", "live")
HOTLINE = ("hotline", "hotline_engine")
SILENCE = timedelta(seconds=30)


@open_to("public", "GET")
def healthz(request: HttpRequest) -> JsonResponse:
    """200 only when database, worker, live process and (unless it is left out) the hotline's controller and engine are up."""
    try:
        seen = dict(Heartbeat.objects.values_list("name", "beaten_at"))
    except Error:
        return JsonResponse({"ok": False, "database": False}, status=503)
    alive = {name: name in seen and clock.now() - seen[name] < SILENCE for name in (*EXPECTED, *(HOTLINE if settings.HOTLINE else ()))}
    ok = all(alive.values())
    return JsonResponse({"ok": ok, "database": True, **alive}, status=200 if ok else 503)
