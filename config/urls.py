"""All addresses of the house."""

from __future__ import annotations

from django.urls import include, path

from fawang.faces.health import healthz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("api/v1/", include("fawang.faces.api.urls")),
    path("desk/", include("fawang.faces.desk.urls")),
    path("", include("fawang.faces.portal.urls")),
]
handler400 = "fawang.faces.failures.bad_request"
handler403 = "fawang.faces.failures.forbidden"
handler404 = "fawang.faces.failures.not_found"
handler500 = "fawang.faces.failures.server_error"
