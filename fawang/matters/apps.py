from __future__ import annotations

from django.apps import AppConfig


class MattersConfig(AppConfig):
    name = "fawang.matters"
    label = "matters"

    def ready(self) -> None:
        from fawang.matters import event_kinds, policies, problems, vouched  # noqa: F401 - they register themselves
        from fawang.matters.sweeper import recompute_open_clocks
        from fawang.regions.services import on_calendar_changed

        on_calendar_changed(recompute_open_clocks)
