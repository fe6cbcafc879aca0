"""Building a generation of the index and making it current. Nothing that serves is touched until the last rename."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from fawang.kernel import clock
from fawang.knowledge.models import IndexState
from fawang.knowledge.search import closeness, correcting, layout, memory
from fawang.knowledge.search.cutting import Cutting
from fawang.knowledge.search.gathering import FOREVER, Gathered, gather
from fawang.knowledge.search.writing import Writing, folded_heads

HORIZON = 45
"""Days ahead whose law the live index holds as well, so that a text entering into force needs no rebuild at midnight."""
Said = Callable[[str], None]


def rebuild(said: Said | None = None) -> dict[str, Any]:
    """Gather, build, publish. Returns what was built and how long each part took (seconds). Reads only; imports may run.

    Safe to be killed at any moment: the generation in use stays in use, and the remains are swept by the next build.
    """
    layout.home().mkdir(parents=True, exist_ok=True)
    layout.sweep()
    began = time.perf_counter()
    took: dict[str, float] = {}

    def mark(name: str) -> None:
        took[name] = round(time.perf_counter() - began - sum(took.values()), 2)
        if said:
            said(f"{name} {took[name]}s")

    found = gather()
    mark("gather")
    folder = layout.fresh()
    try:
        meta = _built(folder, found, mark, began)
        layout.publish(folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    IndexState.objects.filter(name="main", built__lt=found.wanted).update(built=found.wanted)
    mark("publish")
    return {**meta, "took": took}


def _built(folder: Path, found: Gathered, mark: Callable[[str], None], began: float) -> dict[str, Any]:
    """A whole generation written into the folder, all but made current; what was built."""
    before, today = layout.current(), clock.today()
    places = _places(found, today)
    _columns(folder, found, places)
    mark("columns")
    heads = folded_heads(found)
    writings = [Writing(folder / name, found, documents, before and before / name, heads) for name, documents in places.items()]
    fresh = [n for writing in writings for n in writing.fresh]
    cutting = Cutting(folder, fresh, [writing.head[n] for writing in writings for n in writing.fresh], found.texts)
    mark("marks")
    correcting.save(folder / "sounds.json", found, before and before / "sounds.json")
    mark("sounds")
    cuts = cutting.done()
    mark("cutting")
    for writing in writings:
        writing.add(cuts)
    del cuts
    mark("adding")
    chapter_of, law_of = _slot_columns(found)
    memory.save(folder / "bank", memory.build(found.pairs, chapter_of, law_of))
    mark("bank")
    for writing in writings:
        writing.finish()
    mark("finishing")
    counts = {name: len(documents) for name, documents in places.items()}
    to = max((day for day in set(found.version) if day <= today.toordinal()), default=0)
    held_to = date.fromordinal(to).isoformat() if to else ""
    meta = {
        "built_on": today.isoformat(),
        "held_to": held_to,
        "wanted": found.wanted,
        "questions": len(found.pairs),
        **counts,
        "seconds": round(time.perf_counter() - began, 2),
    }
    (folder / "meta.json").write_text(json.dumps(meta))
    return meta


def _places(found: Gathered, today: date) -> dict[str, list[int]]:
    """Which index holds which documents: national law in force now or soon, local law likewise, other kinds, everything else."""
    day, soon = today.toordinal(), today.toordinal() + HORIZON
    places: dict[str, list[int]] = {"live": [], "local": [], "kinds": [], "past": []}
    levels, regions = [law["level"] for law in found.laws], [law["region"] for law in found.laws]
    for n, law in enumerate(found.law):
        if law < 0:
            places["kinds"].append(n)
        elif found.start[n] >= found.until[n] or levels[law] == "amending":
            places["past"].append(n)
        elif found.start[n] <= soon and found.until[n] > day:
            places["local" if regions[law] else "live"].append(n)
        else:
            places["past"].append(n)
    return places


def _columns(folder: Path, found: Gathered, places: dict[str, list[int]]) -> None:
    place = np.zeros(len(found.pk), np.int8)
    for n, documents in enumerate(places.values()):
        place[documents] = n
    columns: dict[str, Any] = {
        "pk": np.array(found.pk, np.int64), "kind": np.array(found.kind, np.int16), "law": np.array(found.law, np.int32), "slot": np.array(found.slot, np.int32),
        "chapter": np.array(found.chapter, np.int32), "start": np.array(found.start, np.int32), "until": np.array(found.until, np.int32),
        "version": np.array(found.version, np.int32), "number": np.array(found.number, np.int32), "sub": np.array(found.sub, np.int16), "place": place,
    }  # fmt: skip
    slot_of = columns["slot"]
    with_slot = np.flatnonzero(slot_of >= 0)
    order = with_slot[np.lexsort((-columns["version"][with_slot], slot_of[with_slot]))]
    columns["slot_docs"] = order.astype(np.int32)
    columns["slot_at"] = np.searchsorted(slot_of[order], np.arange(len(found.slots) + 1)).astype(np.int32)
    keys = np.array([(law << 32) | (number << 8) | min(sub, 255) for law, number, sub in found.slots], np.int64)
    columns["slot_key"], columns["slot_key_order"] = np.sort(keys), np.argsort(keys, kind="stable").astype(np.int32)
    bounds = np.unique(np.concatenate([columns["start"], columns["until"]]))
    columns["bounds"] = bounds[(bounds > 0) & (bounds < FOREVER)]
    blob = [f"{a}\x1f{b}\x1f{c}".encode("utf-8", "surrogatepass") for a, b, c in found.texts]
    columns["text_at"] = np.cumsum([0, *(len(b) for b in blob)]).astype(np.int64)
    folder.joinpath("texts.bin").write_bytes(b"".join(blob))
    columns.update(zip(closeness.COLUMNS, closeness.columns([text for _, _, text in found.texts]), strict=True))
    for name, value in columns.items():
        np.save(folder / f"{name}.npy", value, allow_pickle=False)
    for file, held in (("laws", found.laws), ("names", found.names), ("kinds", found.kinds)):
        (folder / f"{file}.json").write_text(json.dumps(held, ensure_ascii=False), encoding="utf-8")


def _slot_columns(found: Gathered) -> tuple[memory.Ints, memory.Ints]:
    """Chapter and law of every slot; of several texts the newest counts."""
    chapter = np.full(len(found.slots), -1, np.int32)
    law = np.full(len(found.slots), -1, np.int32)
    slot = np.array(found.slot, np.int32)
    order = np.argsort(np.array(found.version, np.int32), kind="stable")
    order = order[slot[order] >= 0]
    chapter[slot[order]] = np.array(found.chapter, np.int32)[order]
    law[slot[order]] = np.array(found.law, np.int32)[order]
    return chapter, law
