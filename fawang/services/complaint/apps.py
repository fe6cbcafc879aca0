from __future__ import annotations

from django.apps import AppConfig


class ComplaintConfig(AppConfig):
    name = "fawang.services.complaint"
    label = "complaint"

    def ready(self) -> None:
        from fawang.services.complaint import process  # noqa: F401 - registers the declaration
