"""Menus, and where a destination leads."""

from __future__ import annotations

from dataclasses import asdict

from fawang.hotline import flow
from fawang.hotline.machine.turn import Turn, continues, go_on, say


def lead(here: Turn, destination: str, wanted: flow.Wanted) -> None:
    """Bring the call to a destination: a menu, a queue, voicemail, a promised call-back, or goodbye."""
    from fawang.hotline.machine import closing, waiting

    call = here.call
    kind, _, code = destination.partition(":")
    call.notes["wanted"] = asdict(wanted)
    if wanted.language:
        call.language = wanted.language
    call.emergency = call.emergency or wanted.emergency
    if kind == "menu":
        open_menu(here, code)
    elif kind == "queue":
        waiting.enter(here, code)
    elif kind == "voicemail":
        closing.voicemail(here)
    elif kind == "callback":
        closing.promise(here)
    else:
        closing.farewell(here, ["goodbye"], cause="closed")


def wanted_of(here: Turn) -> flow.Wanted:
    """What the call has gathered so far."""
    kept = dict(here.call.notes.get("wanted") or {})
    if "needs" in kept:
        kept["needs"] = tuple(kept["needs"])
    return flow.Wanted(**kept)


def open_menu(here: Turn, code: str) -> None:
    """Play a menu and wait for a key."""
    call = here.call
    menu = here.document.menus[code]
    here.go("menu")
    path = call.notes.setdefault("path", [])
    if not path or path[-1] != code:
        path.append(code)
        call.notes["tries"] = 0
    call.notes["tries"] = call.notes.get("tries", 0) + 1
    here.note("menu", menu=code, tries=call.notes["tries"])
    say(here, [menu.prompt], "menu_key", interruptible=True, keys=1, wait=menu.wait)


@continues("menu_key")
def menu_key(here: Turn, digits: str) -> None:
    """A key, or none: follow it, ask again, or go ``otherwise``. Nobody is trapped."""
    call = here.call
    code = call.notes["path"][-1]
    menu = here.document.menus[code]
    option = menu.options.get(digits)
    if option is not None and option.to != "repeat":
        here.note("menu_chosen", menu=code, key=digits)
        lead(here, option.to, wanted_of(here).with_option(option))
        return
    if (option is not None and call.notes["tries"] <= menu.tries + 2) or call.notes["tries"] < menu.tries:
        open_menu(here, code)
        return
    here.note("menu_otherwise", menu=code)
    lead(here, menu.otherwise, wanted_of(here))


def late(here: Turn) -> None:
    """The digits never came: as if nothing had been pressed."""
    if not go_on(here):
        code = (here.call.notes.get("path") or [""])[-1]
        destination = here.document.menus[code].otherwise if code in here.document.menus else f"queue:{next(iter(here.document.queues))}"
        lead(here, destination, wanted_of(here))
