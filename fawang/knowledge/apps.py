from __future__ import annotations

from django.apps import AppConfig


class KnowledgeConfig(AppConfig):
    name = "fawang.knowledge"
    label = "knowledge"
    verbose_name = "法律知识"

    def ready(self) -> None:
        from fawang.knowledge import event_kinds, policies, problems  # noqa: F401 - they register themselves
