from __future__ import annotations

from django.apps import AppConfig


class HotlineConfig(AppConfig):
    name = "fawang.hotline"
    label = "hotline"

    def ready(self) -> None:
        from fawang.hotline import event_kinds, policies, problems, process, vouched  # noqa: F401 - they register themselves
