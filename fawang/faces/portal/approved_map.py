"""The operator's approved map: ``map/ground.toml`` in the state folder names the picture, its corners and its approval number.

``picture = "anhui.png"``, ``west = 114.9``, ``south = 29.4``, ``east = 119.6``, ``north = 34.7``, ``approval = "皖S(2026)1号"``.
Surveying and Mapping Law §38: a map shown to the public is reviewed and carries its number.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp"}


@dataclass(frozen=True, slots=True)
class ApprovedMap:
    """A picture, the degrees its edges lie on, and the number of its approval (审图号)."""

    file: Path
    content_type: str
    west: float
    south: float
    east: float
    north: float
    approval: str

    def placed(self, at: Callable[[float, float], tuple[float, float]]) -> dict[str, Any]:
        """Where the picture goes in a plot that puts (longitude, latitude) ``at`` a point."""
        x, y = at(self.west, self.north)
        right, foot = at(self.east, self.south)
        return {"x": round(x, 1), "y": round(y, 1), "width": round(right - x, 1), "height": round(foot - y, 1), "approval": self.approval}


def approved_map() -> ApprovedMap | None:
    """The map the operator has put there; ``None`` without one, or when a part of it is missing or not sound."""
    folder = settings.STATE_DIR / "map"
    try:
        said = tomllib.loads((folder / "ground.toml").read_text())
        file = folder / Path(str(said["picture"])).name
        found = ApprovedMap(
            file,
            TYPES[file.suffix.lower()],
            float(said["west"]),
            float(said["south"]),
            float(said["east"]),
            float(said["north"]),
            str(said["approval"]).strip(),
        )
    except (OSError, KeyError, TypeError, ValueError):
        return None
    return found if file.is_file() and found.approval and found.west < found.east and found.south < found.north else None
