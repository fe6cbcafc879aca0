from __future__ import annotations

from django.apps import AppConfig


class KernelConfig(AppConfig):
    name = "fawang.kernel"
    label = "kernel"
    verbose_name = "内核"
