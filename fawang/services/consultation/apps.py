from __future__ import annotations

from django.apps import AppConfig


class ConsultationConfig(AppConfig):
    name = "fawang.services.consultation"
    label = "consultation"

    def ready(self) -> None:
        from fawang.services.consultation import event_kinds, letters, process  # noqa: F401 - they register themselves
