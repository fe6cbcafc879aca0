"""Where a page stands."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Place:
    """A page in one of its states: the router's name of it, who looks, where. ``send`` is typed and sent first."""

    route: str
    who: str
    at: str
    state: str = ""
    send: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """A file name."""
        return f"{self.route}{'-' + self.state if self.state else ''}"
