from __future__ import annotations

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    name = "fawang.registry"
    label = "registry"
    verbose_name = "机构与人员名录"

    def ready(self) -> None:
        from fawang.registry import event_kinds, policies, problems  # noqa: F401 - they register themselves
