from __future__ import annotations

from django.apps import AppConfig


class OversightConfig(AppConfig):
    name = "fawang.oversight"
    label = "oversight"

    def ready(self) -> None:
        from fawang.oversight import process, vouched  # noqa: F401 - they register themselves
