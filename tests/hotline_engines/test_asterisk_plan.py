"""Bridges, mutes and snoops of Asterisk make everybody hear exactly what the port's ears and paths say: every case of two to four legs."""

from __future__ import annotations

import itertools
import random

from fawang.hotline.engines.asterisk.plan import Plan, plan
from fawang.hotline.engines.model import Ears, Room


def hearing(found: Plan) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Who hears whom by the rules of Asterisk, and which of it comes by whisper."""
    inside = {leg: place for leg, place in found.places.items() if place.where == "main"}
    mixed = {leg for leg, place in inside.items() if place.speaks} | found.proxies
    heard = {leg: set(mixed - {leg}) if place.hears else set() for leg, place in inside.items()}
    heard |= {leg: set(speakers) for leg, speakers in found.ears.items()}
    whispered: dict[str, set[str]] = {leg: set() for leg in found.places}
    for speaker, ear in found.whispers:
        heard[ear].add(speaker)
        whispered[ear].add(speaker)
    return {leg: heard.get(leg, set()) for leg in found.places}, whispered


def should(room: Room, music: set[str], prompts: set[str]) -> dict[str, set[str]]:
    return {e: set() if e in music | prompts else {s for s in room.members if s not in music and room.audible(s, e)} for e in room.members}


def check(room: Room, music: set[str], prompts: set[str], recorded: set[str]) -> None:
    found = plan(room, music=music, prompts=prompts, recorded=recorded)
    heard, whispered = hearing(found)
    assert heard == should(room, music, prompts), (room, music, prompts, found)
    assert not any(whispered[leg] for leg in recorded & room.members.keys()), (room, found)


def test_every_pattern_of_hearing_of_three_legs_with_music_prompts_and_recordings() -> None:
    legs = ("a", "b", "c")
    pairs = [(s, e) for s in legs for e in legs if s != e]
    states = list(itertools.product(("", "music", "prompt"), repeat=3))
    for pattern in itertools.product((True, False), repeat=6):
        room = Room("r", {leg: Ears() for leg in legs}, dict(zip(pairs, pattern, strict=True)))
        for state in states:
            music = {leg for leg, what in zip(legs, state, strict=True) if what == "music"}
            prompts = {leg for leg, what in zip(legs, state, strict=True) if what == "prompt"}
            for recorded in (set(), {"a"}, {"a", "b"}):
                check(room, music, prompts, recorded)


def test_four_legs_with_ears_and_paths_at_random() -> None:
    dice = random.Random(12348)
    for _ in range(1500):
        legs = [f"l{n}" for n in range(dice.randint(2, 5))]
        members = {leg: Ears(*(dice.choice([None, None, tuple(dice.sample(legs, dice.randint(0, len(legs))))]) for _ in range(2))) for leg in legs}
        paths = {(s, e): dice.random() < 0.5 for s in legs for e in legs if s != e and dice.random() < 0.2}
        picks = [set(dice.sample(legs, dice.randint(0, 1))) for _ in range(3)]
        check(Room("r", members, paths), *picks)


def test_plain_talk_needs_one_bridge_and_nothing_else() -> None:
    for size in (1, 2, 3, 6):
        found = plan(Room("r", {f"l{n}": Ears() for n in range(size)}), music=set(), prompts=set(), recorded={"l0"})
        assert {place.where for place in found.places.values()} == {"main"}
        assert all(place.speaks and place.hears for place in found.places.values())
        assert (found.proxies, found.ears, found.whispers) == (set(), {}, set())


def test_a_listener_is_muted_in_the_bridge_and_a_whisperer_stands_outside() -> None:
    listening = plan(Room("r", {"c": Ears(), "s": Ears(), "b": Ears(heard_by=())}), music=set(), prompts=set(), recorded={"c"})
    assert (listening.places["b"].where, listening.places["b"].speaks, listening.places["b"].hears) == ("main", False, True)
    whispering = plan(Room("r", {"c": Ears(), "s": Ears(), "b": Ears(heard_by=("s",))}), music=set(), prompts=set(), recorded={"c"})
    assert whispering.places["b"].where == "ear"
    assert (whispering.ears, whispering.whispers, whispering.proxies) == ({"b": {"c", "s"}}, {("b", "s")}, set())
