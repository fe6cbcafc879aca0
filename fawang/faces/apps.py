from __future__ import annotations

from django.apps import AppConfig


class FacesConfig(AppConfig):
    name = "fawang.faces"
    label = "faces"

    def ready(self) -> None:
        from fawang.faces import policies, problems  # noqa: F401 - they register themselves
