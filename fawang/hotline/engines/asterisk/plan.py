"""Who stands where so that everybody hears what the room says: from the port's ears and paths to Asterisk's bridges, mutes and snoops.

Asterisk mixes a bridge for everybody alike and can mute a channel in either direction. Whoever does not fit into that (a whisper) stands in a bridge of
its own beside *snoops* of those it hears, and reaches single ears by a snoop that whispers. A leg with a prompt or music stands alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from fawang.hotline.engines.model import Room


@dataclass(frozen=True, slots=True)
class Place:
    """Where a leg stands: in the room's bridge (``main``), in one of its own (``ear``) or in none (``alone``), and what is muted."""

    where: str
    speaks: bool = True
    hears: bool = True


@dataclass(slots=True)
class Plan:
    """A room on Asterisk."""

    places: dict[str, Place] = field(default_factory=dict)
    proxies: set[str] = field(default_factory=set)
    """Legs outside whose voice is brought into the room's bridge by a snoop."""
    ears: dict[str, set[str]] = field(default_factory=dict)
    """Legs with a bridge of their own: whom they hear there."""
    whispers: set[tuple[str, str]] = field(default_factory=set)
    """(speaker, ear): a voice brought to one ear in the room's bridge."""


def plan(room: Room, *, music: set[str], prompts: set[str], recorded: set[str]) -> Plan:
    """Place everybody. ``music``: neither heard nor hearing; ``prompts``: heard, hearing only their prompt; ``recorded``: whispers to them would
    not be on their recording (Asterisk taps before it mixes a whisper in), so they get an ear of their own instead."""
    alone = {leg for leg in room.members if leg in music or leg in prompts}
    speakers = [leg for leg in room.members if leg not in music]
    present = [leg for leg in room.members if leg not in alone]

    def heard(speaker: str, ear: str) -> bool:
        return speaker in speakers and speaker != ear and room.audible(speaker, ear)

    inside = list(present)
    while (flags := _flags(inside, heard)) is None:
        inside.pop()
    while True:
        outside = [leg for leg in speakers if leg not in inside]
        proxies = {o for o in outside if inside and all(heard(o, e) and flags[e][1] for e in inside)}
        moved = [e for e in inside if e in recorded and any(heard(o, e) for o in outside if o not in proxies)]
        if not moved:
            break
        inside = [leg for leg in inside if leg not in moved]
        flags = _flags(inside, heard) or {}
    made = Plan({leg: Place("alone") for leg in alone})
    made.places |= {leg: Place("main", *flags[leg]) for leg in inside}
    for leg in present:
        if leg not in inside:
            made.places[leg] = Place("ear")
            made.ears[leg] = {s for s in speakers if heard(s, leg)}
    made.proxies = proxies
    made.whispers = {(o, e) for o in outside if o not in proxies for e in inside if heard(o, e)}
    return made


def _flags(inside: list[str], heard: Callable[[str, str], bool]) -> dict[str, tuple[bool, bool]] | None:
    """(speaks, hears) for each, if muting can make it so; ``None`` if it cannot."""
    matrix = {(s, e): heard(s, e) for s in inside for e in inside if s != e}
    speaks = {s: any(matrix[s, e] for e in inside if e != s) or len(inside) == 1 for s in inside}
    hears = {e: all(matrix[s, e] for s in inside if s != e and speaks[s]) for e in inside}
    if any(matrix[s, e] != (speaks[s] and hears[e]) for s, e in matrix):
        return None
    return {leg: (speaks[leg], hears[leg]) for leg in inside}
