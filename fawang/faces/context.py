"""What every page knows of the house."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

BRANDS = {"340000": ("12348安徽法网", "12348 Anhui Legal Services")}


def house(request: HttpRequest) -> dict[str, Any]:
    """Brand, language, elder mode, the actor."""
    language = getattr(request, "LANGUAGE_CODE", "zh-hans")
    zh, en = BRANDS.get(settings.PROVINCE, ("12348法网", "12348 Legal Services"))
    return {
        "brand": en if language == "en" else zh,
        "language": language,
        "english": language == "en",
        "elder": request.COOKIES.get("elder") == "1",
        "theme": request.COOKIES.get("theme", ""),
        "density": request.COOKIES.get("density", ""),
        "actor": getattr(request, "actor", None),
        "demo": settings.DEMO,
        "live_url": settings.LIVE_URL,
    }
