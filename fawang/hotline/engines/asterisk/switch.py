"""What the adapter believes Asterisk holds of ours: channels, bridges, snoops. Set by outcomes of requests and by lists; never by hope."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

BRIDGE = "fawang-b-"
HELPER = "fawang-h-"
"""Ids of what stands between legs: snoops, and the bridges of single ears."""


@dataclass(slots=True)
class Channel:
    """A leg's channel, or a snoop."""

    channel_id: str
    state: str = "Down"
    in_app: bool = False
    bridge: str = ""
    muted_in: bool | None = False
    """``None``: not known (found alive after a break)."""
    muted_out: bool | None = False
    playback: str = ""
    rang: bool = False
    answer_sent: bool = False
    created: bool = True
    """False while the request that makes it is under way."""


@dataclass(frozen=True, slots=True)
class Helper:
    """A snoop: whose sound it takes (``spy``), into whose ear it speaks (``whisper``)."""

    channel_id: str
    target: str
    whisper: bool
    legs: frozenset[str]


@dataclass(slots=True)
class Switch:
    """All of it."""

    channels: dict[str, Channel] = field(default_factory=dict)
    bridges: dict[str, frozenset[str]] = field(default_factory=dict)
    """Bridge id → the legs it was made for."""
    helpers: dict[str, Helper] = field(default_factory=dict)
    doomed: dict[str, int] = field(default_factory=dict)
    """Channels whose leg is over, and the cause they are to be ended with."""

    def forget(self, channel_id: str) -> None:
        """A channel is gone."""
        self.channels.pop(channel_id, None)
        self.helpers.pop(channel_id, None)
        self.doomed.pop(channel_id, None)

    def neighbours(self, leg_id: str) -> set[str]:
        """Legs that share a bridge or a snoop with this one, as far as Asterisk is concerned."""
        found = {leg_id}
        for legs in self.bridges.values():
            if leg_id in legs:
                found |= legs
        for helper in self.helpers.values():
            if leg_id in helper.legs:
                found |= helper.legs
        if (channel := self.channels.get(leg_id)) and channel.bridge:
            found |= {c.channel_id for c in self.channels.values() if c.bridge == channel.bridge and c.channel_id not in self.helpers}
        return found

    def clear(self) -> None:
        """Nothing is known any more."""
        self.channels.clear()
        self.bridges.clear()
        self.helpers.clear()


def helper_id(kind: str, *parts: str) -> str:
    """A short id for something between legs: the same in the next process."""
    return HELPER + kind + hashlib.blake2b("\0".join(parts).encode(), digest_size=9).hexdigest()


def in_app(channel: dict[str, Any], app: str) -> bool:
    """Whether a channel as ARI lists it stands in our application now."""
    plan = channel.get("dialplan") or {}
    return plan.get("app_name") == "Stasis" and str(plan.get("app_data", "")).split(",")[0] == app
