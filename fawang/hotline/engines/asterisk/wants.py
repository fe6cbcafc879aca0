"""The next difference between what the core decided and what Asterisk holds, for a group of legs that belong together."""

from __future__ import annotations

from dataclasses import dataclass, field

from fawang.hotline.engines.asterisk.media import MediaShelf
from fawang.hotline.engines.asterisk.plan import Plan, plan
from fawang.hotline.engines.asterisk.switch import BRIDGE, Channel, Helper, Switch, helper_id
from fawang.hotline.engines.core import Core
from fawang.hotline.engines.model import SPEAKABLE, Leg


@dataclass(slots=True)
class Stand:
    """How one channel is to stand."""

    bridge: str = ""
    muted_in: bool = False
    muted_out: bool = False
    playback: str = ""


@dataclass(slots=True)
class Wanted:
    """What a group is to look like."""

    stands: dict[str, Stand] = field(default_factory=dict)
    helpers: dict[str, Helper] = field(default_factory=dict)
    bridges: dict[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One request: what to do with which ids."""

    what: str
    target: str
    other: str = ""
    on: bool = False
    legs: frozenset[str] = frozenset()
    helper: Helper | None = None


def prompt_id(leg: Leg) -> str:
    """The playback of the prompt that sounds now: another one each time, the same in the next process."""
    return helper_id("p", leg.leg_id, leg.playing.play_id, repr(leg.playing.since)) if leg.playing else ""


def music_id(leg: Leg) -> str:
    """The playback of a leg's music."""
    return helper_id("m", leg.leg_id, leg.music) if leg.music else ""


def wanted(core: Core, switch: Switch, group: set[str]) -> Wanted:
    """From the core's state."""
    made = Wanted()
    recorded = {r.leg_id for r in core.recordings.values() if not r.stopping}
    rooms = {core.legs[leg_id].bridge_id for leg_id in group if leg_id in core.legs} & core.rooms.keys()
    for leg_id in group:
        leg, channel = core.legs.get(leg_id), switch.channels.get(leg_id)
        if leg is not None and channel is not None and leg.state in SPEAKABLE and channel.in_app:
            made.stands[leg_id] = Stand(playback=prompt_id(leg) or music_id(leg))
    for bridge_id in rooms:
        room = core.rooms[bridge_id]
        members = [core.legs[m] for m in room.members if m in core.legs]
        found = plan(
            room,
            music={leg.leg_id for leg in members if leg.music},
            prompts={leg.leg_id for leg in members if leg.playing},
            recorded=recorded,
        )
        _place(made, bridge_id, found)
    return made


def _place(made: Wanted, bridge_id: str, found: Plan) -> None:
    main = BRIDGE + bridge_id
    made.bridges[main] = frozenset(found.places)
    for leg_id, place in found.places.items():
        stand = made.stands.get(leg_id)
        if stand is not None and place.where != "alone":
            stand.bridge = main if place.where == "main" else helper_id("e", leg_id)
            stand.muted_in, stand.muted_out = not place.speaks, not place.hears
    inside = frozenset(leg for leg, place in found.places.items() if place.where == "main")
    for leg_id in found.proxies:
        _snoop(made, leg_id, main, inside | {leg_id}, "v")
    for ear, speakers in found.ears.items():
        made.bridges[helper_id("e", ear)] = frozenset({ear, *speakers})
        for speaker in speakers:
            _snoop(made, speaker, helper_id("e", ear), frozenset({ear, speaker}), "l" + ear)
    for speaker, ear in found.whispers:
        pair, legs = helper_id("w", speaker, ear), frozenset({speaker, ear})
        made.bridges[pair] = legs
        _snoop(made, speaker, pair, legs, "w" + ear)
        _snoop(made, ear, pair, legs, "x" + speaker, whisper=True)


def _snoop(made: Wanted, target: str, bridge: str, legs: frozenset[str], kind: str, *, whisper: bool = False) -> None:
    if target in made.stands:
        channel_id = helper_id("s", kind, target, bridge)
        made.helpers[channel_id] = Helper(channel_id, target, whisper, legs)
        made.stands[channel_id] = Stand(bridge)


def next_step(core: Core, switch: Switch, group: set[str]) -> Step | None:
    """The first thing to do, in an order in which nobody hears a moment of what is not for him. ``None``: all is as wanted."""
    want = wanted(core, switch, group)
    here = {c: channel for c in (*group, *want.stands) if (channel := switch.channels.get(c)) is not None and channel.created}
    for find in (_ending, _greeting, _silencing, _leaving, _making, _muting, _entering, _opening, _sounding, _clearing):
        if step := find(core, switch, group, want, here):
            return step
    return None


Here = dict[str, Channel]


def _ending(core: Core, switch: Switch, group: set[str], want: Wanted, here: Here) -> Step | None:
    return next((Step("hang_up", c) for c in here if c in switch.doomed and c not in core.legs), None)


def _greeting(core: Core, switch: Switch, group: set[str], want: Wanted, here: Here) -> Step | None:
    for leg_id, channel in here.items():
        leg = core.legs.get(leg_id)
        if leg is None or leg.direction != "in" or not channel.in_app:
            continue
        if leg.state == "ringing" and not channel.rang and channel.state == "Ring":
            return Step("ring", leg_id)
        if leg.state == "answering" and not channel.answer_sent and channel.state != "Up":
            return Step("answer", leg_id)
    return None


def _silencing(core: Core, switch: Switch, group: set[str], want: Wanted, here: Here) -> Step | None:
    for c, stand in want.stands.items():
        if (channel := here.get(c)) and channel.playback and channel.playback != stand.playback:
            return Step("silence", c, channel.playback)
    return None


def _leaving(core: Core, switch: Switch, group: set[str], want: Wanted, here: Here) -> Step | None:
    for c, stand in want.stands.items():
        if (channel := here.get(c)) and channel.bridge and not stand.bridge:
            return Step("leave", c, channel.bridge)
    return None


def _making(core: Core, switch: Switch, group: set[str], want: Wanted, here: Here) -> Step | None:
    for bridge, legs in want.bridges.items():
        if bridge in switch.bridges:
            switch.bridges[bridge] |= legs
        elif any(stand.bridge == bridge for stand in want.stands.values()):
            return Step("bridge", bridge, legs=legs)
    return next((Step("snoop", c, helper=helper) for c, helper in want.helpers.items() if c not in switch.channels and helper.target in here), None)


def _muting(core: Core, switch: Switch, group: set[str], want: Wanted, here: Here) -> Step | None:
    for c, stand in want.stands.items():
        if channel := here.get(c):
            if stand.muted_in and channel.muted_in is not True:
                return Step("mute", c, "in", True)
            if stand.muted_out and channel.muted_out is not True:
                return Step("mute", c, "out", True)
    return None


def _entering(core: Core, switch: Switch, group: set[str], want: Wanted, here: Here) -> Step | None:
    for c, stand in want.stands.items():
        if (channel := here.get(c)) and stand.bridge and channel.bridge != stand.bridge and channel.in_app:
            return Step("enter", c, stand.bridge)
    return None


def _opening(core: Core, switch: Switch, group: set[str], want: Wanted, here: Here) -> Step | None:
    for c, stand in want.stands.items():
        if channel := here.get(c):
            if not stand.muted_in and channel.muted_in is not False:
                return Step("mute", c, "in", False)
            if not stand.muted_out and channel.muted_out is not False:
                return Step("mute", c, "out", False)
    return None


def _sounding(core: Core, switch: Switch, group: set[str], want: Wanted, here: Here) -> Step | None:
    for c, stand in want.stands.items():
        if (channel := here.get(c)) and stand.playback and channel.playback != stand.playback and channel.in_app:
            return Step("play", c, stand.playback)
    return None


def _clearing(core: Core, switch: Switch, group: set[str], want: Wanted, here: Here) -> Step | None:
    for c, helper in switch.helpers.items():
        if helper.legs & group and c not in want.helpers and c in switch.channels:
            return Step("unsnoop", c)
    for bridge, legs in switch.bridges.items():
        if legs & group and bridge not in want.bridges:
            return Step("unbridge", bridge)
    return None


def uris(core: Core, shelf: MediaShelf, leg_id: str) -> list[str]:
    """What a leg's playback plays."""
    leg = core.legs[leg_id]
    return shelf.prompt(leg.playing.media)[0] if leg.playing else shelf.loop(leg.music)
