from __future__ import annotations

from django.apps import AppConfig


class FacesConfig(AppConfig):
    name = "fawang.faces"
    label = "faces"
