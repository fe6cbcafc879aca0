"""The division somebody chose on a page: a city or county of the province, or none."""

from __future__ import annotations

from django.conf import settings

from fawang.faces.portal.asking import region_choices
from fawang.kernel.texts import Text
from fawang.regions.selectors import division_exists


def chosen_region(typed: str | None) -> str:
    """The division's code when it lies in the province; the province's own when nothing or nonsense was chosen."""
    code = (typed or "").strip()
    if code.isascii() and code.isdigit() and len(code) == 6 and code[:2] == settings.PROVINCE[:2] and division_exists(code):
        return code
    return settings.PROVINCE


def places_to_choose() -> list[tuple[str, Text]]:
    """The cities and counties one may choose."""
    return region_choices()
