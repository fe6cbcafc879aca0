"""The judge of calls: compares the wire's own account with what the system holds. Imports nothing of the product.

It reads sipp's log, the list of kills, the database by plain SQL, and the recordings as sound and as they lie on the disk.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from psycopg.rows import dict_row

from tests.fault.judge import Verdict

LAST_SECOND = 1.0
WINDOW = 800
"""Samples: a tenth of a second."""
LOUD = 24
"""Of A-law's 128 steps: what counts as somebody speaking."""
SPOKEN = 0.8
"""Of the windows before a kill so many must hold sound. A packet lies where its time stamp says, so a stumbling machine makes no holes."""
LATE_S = 0.05
MOMENT = 3.0
SOUND_KILLS = ("engine", "recorder")


@dataclass
class Wire:
    """One INVITE as the caller saw it."""

    ref: str
    at: dict[str, float] = field(default_factory=dict)


def wire_of(history: Path) -> dict[str, Wire]:
    """Every INVITE sent, with the first moment of each thing that was seen of it."""
    found: dict[str, Wire] = {}
    for line in (history / "wire.log").read_text(errors="replace").splitlines():
        words = line.split()
        if len(words) >= 4 and words[0] in ("invite", "seen", "answered", "ended", "left"):
            found.setdefault(words[1], Wire(words[1])).at.setdefault(words[0], float(words[-1]))
    return found


def kills_of(history: Path) -> list[tuple[float, str]]:
    """When what was killed."""
    path = history / "kills.jsonl"
    return [(row["t"], row["kind"]) for row in map(json.loads, path.read_text().splitlines())] if path.exists() else []


@dataclass
class Places:
    """Where things lie on the disk: sealed recordings, the engine's own, and all recordings as opened by the product."""

    sealed: Path
    engine: Path
    opened: Path


@dataclass
class Journal:
    """All there is to judge of one run that has come to rest: the wire's account, the kills, the rows as plain data, who is stuck, the files."""

    wire: dict[str, Wire]
    kills: list[tuple[float, str]]
    rows: list[dict[str, Any]]
    raw: list[dict[str, Any]]
    tapes: list[dict[str, Any]]
    told: list[dict[str, Any]]
    stuck: dict[str, int]
    places: Places


def journal_of(history: Path, dsn: str, places: Places) -> Journal:
    """Read it all, once."""
    wire = wire_of(history)
    began = datetime.fromtimestamp(min(w.at["invite"] for w in wire.values()) - 1, UTC)
    with psycopg.connect(dsn, autocommit=True, row_factory=dict_row) as connection:
        rows = _rows(connection, "SELECT * FROM hotline_call WHERE direction = 'in' AND arrived_at >= %s", [began])
        ids = [r["id"] for r in rows]
        raw = _rows(connection, "SELECT * FROM hotline_callevent WHERE call_id = ANY(%s) ORDER BY id", [ids])
        tapes = _rows(connection, "SELECT * FROM hotline_recording WHERE call_id = ANY(%s)", [ids])
        told = _rows(connection, "SELECT payload FROM kernel_event WHERE kind = 'hotline.recording_stored' AND recorded_at >= %s", [began])
        return Journal(wire, kills_of(history), rows, raw, tapes, [t["payload"] for t in told], stuck(connection), places)


def judge(journal: Journal) -> Verdict:
    """The verdict on a journal."""
    verdict = Verdict()
    _calls(journal.wire, journal.rows, journal.raw, verdict)
    for name, count in journal.stuck.items():
        if count:
            verdict.accuse("stuck", f"{count} × {name}")
    _recordings(journal.rows, journal.raw, journal.tapes, journal.told, journal.kills, journal.places, verdict)
    verdict.counts.update(
        {"INVITEs on the wire": len(journal.wire), "call rows": len(journal.rows), "recordings": len(journal.tapes), "kills": len(journal.kills)}
    )
    verdict.counts.update(f"ended {r['end_cause']}" for r in journal.rows)
    return verdict


def _rows(connection: Any, question: str, values: list[Any]) -> list[dict[str, Any]]:
    return list(connection.execute(question, values).fetchall())


# -- P7: every call leaves a record ----------------------------------------------------------------------------------------------------


def _calls(wire: dict[str, Wire], rows: list[dict[str, Any]], raw: list[dict[str, Any]], verdict: Verdict) -> None:
    by_ref: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_ref[row["call_ref"]].append(row)
    for ref in by_ref.keys() - wire.keys():
        verdict.accuse("phantom", f"a row for {ref or 'no call at all'}, which nobody made")
    events: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for event in raw:
        events[event["call_id"]].append(event)
    for ref, seen in wire.items():
        mine = by_ref.get(ref, [])
        if len(mine) > 1:
            verdict.accuse("twice", f"{ref} has {len(mine)} rows")
        elif not mine and ("seen" in seen.at or "answered" in seen.at):
            verdict.accuse("no row", f"{ref} was answered and has no row")
        for row in mine:
            _one_call(seen, row, events[row["id"]], verdict)


def _one_call(seen: Wire, row: dict[str, Any], events: list[dict[str, Any]], verdict: Verdict) -> None:
    ends = [e for e in events if e["kind"] == "ended"]
    if row["state"] != "ended" or not row["end_cause"]:
        verdict.accuse("not ended", f"{seen.ref} is {row['state']}")
    elif len(ends) != 1:
        verdict.accuse("ends", f"{seen.ref} ended {len(ends)} times")
    elif ends[0]["data"]["cause"] != row["end_cause"]:
        verdict.accuse("ends", f"{seen.ref} ended as {ends[0]['data']['cause']}, its row says {row['end_cause']}")
    arrived = [e for e in events if e["kind"] == "arrived"]
    if arrived and "answered" in seen.at and not by_itself(events) and arrived[0]["recorded_at"].timestamp() > seen.at["answered"] + LATE_S:
        verdict.accuse("late row", f"{seen.ref} was answered {arrived[0]['recorded_at'].timestamp() - seen.at['answered']:.2f} s before its row was there")


def by_itself(events: list[dict[str, Any]]) -> bool:
    """Whether the engine, long without a controller, answered this call and apologised: its arrival stands in the engine's own file before that."""
    return any(e["data"].get("play_id") == "fallback" for e in events)


STUCK = {
    "call": "SELECT count(*) AS n FROM hotline_call WHERE state <> 'ended'",
    "agent": "SELECT count(*) AS n FROM hotline_agentstate a LEFT JOIN hotline_call c ON c.id = a.call_id"
    " WHERE a.state IN ('reserved', 'ringing', 'talking', 'hold') AND (c.id IS NULL OR c.state = 'ended')",
    "entry": "SELECT count(*) AS n FROM hotline_queueentry e JOIN hotline_call c ON c.id = e.call_id WHERE e.state IN ('waiting', 'offered') AND c.state = 'ended'",
    "reservation": "SELECT count(*) AS n FROM hotline_reservation r JOIN hotline_call c ON c.id = r.call_id WHERE r.state = 'open' AND c.state = 'ended'",
}


def stuck(connection: Any) -> dict[str, int]:
    """How many calls, agents, places in a queue and reservations wait for nothing."""
    return {name: int(_rows(connection, question, [])[0]["n"]) for name, question in STUCK.items()}


# -- P8: recordings are complete, bound and unreadable at rest -------------------------------------------------------------------------


def _recordings(
    rows: list[dict[str, Any]], raw: list[dict[str, Any]], tapes: list[dict[str, Any]], told: list[dict[str, Any]],
    kills: list[tuple[float, str]], places: Places, verdict: Verdict,
) -> None:  # fmt: skip
    starts = {e["data"]["rec_id"]: e["at"].timestamp() for e in raw if e["kind"] == "RecordStarted"}
    alone = {e["call_id"] for e in raw if by_itself([e])}
    mine, bound = Counter(t["call_id"] for t in tapes), {t["recording"]: t["digest"] for t in told}
    for row in rows:
        if row["queued_at"] is not None and row["id"] not in alone and mine[row["id"]] < 1:
            verdict.accuse("no recording", f"{row['call_ref']} reached the queue and was not recorded")
    ends = {r["id"]: r["ended_at"].timestamp() for r in rows if r["ended_at"]}
    for tape in tapes:
        if tape["state"] not in ("stored", "partial"):
            gone = ends.get(tape["call_id"], tape["started_at"].timestamp()) - tape["started_at"].timestamp()
            never = tape["rec_id"] not in starts
            if not never or (
                gone > MOMENT and tape["call_id"] not in alone
            ):  # a caller who leaves in the moment recording is asked for leaves nothing to record
                verdict.accuse("no recording", f"{tape['id']} is {tape['state']}")
            continue
        _bound(tape, bound, places, verdict)
        _complete(tape, starts.get(tape["rec_id"]), ends.get(tape["call_id"]), kills, places, verdict)
    for path in [*places.sealed.rglob("*"), *places.engine.rglob("*")]:
        if path.is_file() and b"RIFF" in path.read_bytes()[:64]:
            verdict.accuse("readable", f"{path.name} lies on the disk as plain sound")


def _bound(tape: dict[str, Any], bound: dict[str, str], places: Places, verdict: Verdict) -> None:
    path = places.sealed / tape["blob"][:2] / tape["blob"]
    if not path.is_file():
        verdict.accuse("no recording", f"{tape['id']} has no file")
    elif hashlib.sha256(path.read_bytes()).hexdigest() != bound.get(str(tape["id"]), ""):
        verdict.accuse("unbound", f"{tape['id']} is not what the chain of events says")


def _complete(tape: dict[str, Any], start: float | None, end: float | None, kills: list[tuple[float, str]], places: Places, verdict: Verdict) -> None:
    path = places.opened / f"{tape['id']}.wav"
    if not path.is_file():
        verdict.accuse("no recording", f"{tape['id']} cannot be opened")
        return
    said = track(path, 0)
    length = len(said) / 8000
    if start is None or end is None:
        return
    struck = [t for t, kind in kills if kind in SOUND_KILLS and start < t < end]
    until = min([*struck, end]) - start - LAST_SECOND
    if length < until:
        verdict.accuse("cut short", f"{tape['id']} holds {length:.1f} s of {until:.1f} s that must be there")
        return
    loud = spoken(said[4000 : max(0, int(until * 8000))])
    if len(loud) < 5:
        return
    verdict.measured["least sound in a recording"] = min(round(float(loud.mean()), 3), verdict.measured.get("least sound in a recording", 1.0))
    if loud.mean() < SPOKEN:
        verdict.accuse("silent", f"{tape['id']}: of {until:.1f} s before {'a kill' if struck else 'the end'} only {loud.mean():.0%} is there")


def track(path: Path, side: int) -> np.ndarray[Any, Any]:
    """One side of a two-track A-law WAV file, as loudness without sign."""
    data = path.read_bytes()
    at = data.index(b"data")
    both = np.frombuffer(data[at + 8 :], np.uint8)
    both = both[: len(both) // 2 * 2].reshape(-1, 2)
    return (both[:, side] ^ 0x55) & 0x7F


def spoken(loudness: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Of each tenth of a second, whether there is sound in it."""
    windows = loudness[: len(loudness) // WINDOW * WINDOW].reshape(-1, WINDOW)
    return windows.max(axis=1) > LOUD if len(windows) else np.zeros(0, bool)
