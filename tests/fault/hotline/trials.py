"""How each broken build of the hotline is driven into the open, and that the same judge catches every one."""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass

from tests.fault.hotline.callers import Callers
from tests.fault.hotline.campaign import verdict_of
from tests.fault.hotline.house import House
from tests.fault.judge import Verdict

PIECES = ("engine", "controller", "worker")


@dataclass(frozen=True)
class Trial:
    """A broken build: whose promise it breaks, in which process, what the judge must find, what is killed, how many leave early."""

    name: str
    promise: str
    piece: str
    finds: str
    kills: str = ""
    leaves: float = 0.0
    calls: int = 2
    talk: float = 1.5
    ring: float = 0.4


TRIALS = (
    Trial("row_after_prompt", "P7", "controller", "late row"),
    Trial("cause_overwritten", "P7", "controller", "ends", kills="controller"),
    Trial("reservation_kept", "P7", "controller", "stuck", leaves=1.0, calls=4, ring=12.0),
    Trial("two_rows", "P7", "controller", "twice"),
    Trial("recorder_in_memory", "P8", "engine", "silent", kills="recorder", talk=7.0),
    Trial("plain_left", "P8", "worker", "readable"),
    Trial("digest_of_something_else", "P8", "worker", "unbound"),
    Trial("not_sealed", "P8", "worker", "readable"),
)


def try_one(house: House, trial: Trial, seed: int) -> Verdict:
    """Start the broken piece in place of the sound one, call, kill, judge, put the sound one back."""
    history = house.folder / f"history-{trial.name}-{seed}"
    _put(house, trial.piece, trial.name)
    house.seat(2, talk=trial.talk, ring=trial.ring)
    callers = Callers(history, house.sip, calls=trial.calls, rate=2.0, leaves=trial.leaves, port=house.sip[1] + 1, media=house.sip[1] + 2000)
    try:
        if trial.kills == "recorder":
            house.wait_for_quiet("SELECT count(*) > 0 FROM hotline_call WHERE state = 'talking' AND connected_at < now() - interval '4 seconds'", 60)
            (history / "kills.jsonl").write_text(json.dumps({"t": house.strike("recorder", random.Random(seed)), "kind": "recorder"}) + "\n")
        end = time.monotonic() + 90
        while not callers.over() and time.monotonic() < end:
            time.sleep(0.2)
    finally:
        callers.stop()
    if trial.kills == "controller":
        house.wait_for_quiet("SELECT count(*) = 0 FROM hotline_call WHERE state <> 'ended'", 60)
        _put(house, "controller", trial.name)
    verdict = verdict_of(house, history, patience=25.0 if trial.finds == "stuck" else 60.0)
    house.retire("seats")
    _put(house, trial.piece, "")
    return verdict


def _put(house: House, piece: str, name: str) -> None:
    """Start a piece anew, sound or broken, and wait until engine and controller work together again."""
    house.drop(piece)
    began = time.time()
    house.start_piece(piece, broken=name)
    if piece != "worker":
        house.attached(began)


def caught_all(house: House, seed: int) -> list[str]:
    """Try every broken build on the prepared database; the names of those that were not caught. Prints what became of each."""
    house.start_database()
    began = time.time()
    for piece in PIECES:
        house.start_piece(piece)
    house.attached(began)
    missed = []
    for trial in TRIALS:
        began = time.monotonic()
        verdict = try_one(house, trial, seed)
        found = verdict.kinds[trial.finds]
        missed += [] if found else [trial.name]
        words = "caught" if found else "NOT CAUGHT"
        print(f"  {words} {trial.promise} {trial.name}: {found} × {trial.finds}, {time.monotonic() - began:.1f} s, all {dict(verdict.kinds)}", flush=True)
        if trial.finds == "stuck":
            house.set_free()
    print(f"caught {len(TRIALS) - len(missed)}/{len(TRIALS)}", flush=True)
    return missed
