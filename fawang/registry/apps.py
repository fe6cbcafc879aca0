from __future__ import annotations

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    name = "fawang.registry"
    label = "registry"
    verbose_name = "机构与人员名录"

    def ready(self) -> None:
        from fawang.people.scopes import ask_tree_with
        from fawang.registry import event_kinds, policies, problems  # noqa: F401 - they register themselves
        from fawang.registry.tree import contains_office

        ask_tree_with(contains_office)
