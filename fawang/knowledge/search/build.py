"""Building a generation of the index and making it current. Nothing that serves is touched until the last rename."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Sequence
from datetime import date
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import rjieba
import tantivy

from fawang.kernel import clock
from fawang.knowledge.models import IndexState
from fawang.knowledge.search import correcting, layout, memory
from fawang.knowledge.search.gathering import FOREVER, Gathered, gather
from fawang.knowledge.search.tokens import MAX_BODY, concepts, fold, function_words

HORIZON = 45
"""Days ahead whose law the live index holds as well, so that a text entering into force needs no rebuild at midnight."""
HEAP = 60_000_000
_DIFFERENT, _PIECES = 0.3, 8
"""An index that differs in a larger share of its documents, or lies in more pieces, is built anew."""
Said = Callable[[str], None]


def schema() -> Any:
    """Words, pairs of characters, concepts, region or kind, and the row's key in the database."""
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("id", fast=True, indexed=True)
    builder.add_text_field("w", stored=False, tokenizer_name="spaced", index_option="freq")
    builder.add_text_field("g", stored=False, tokenizer_name="pairs", index_option="freq")
    builder.add_text_field("k", stored=False, tokenizer_name="spaced", index_option="freq")
    builder.add_text_field("r", stored=False, tokenizer_name="spaced", index_option="basic")
    return builder.build()


def register(index: Any) -> None:
    """Give an index its two ways of cutting text."""
    index.register_tokenizer("spaced", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
    index.register_tokenizer("pairs", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.ngram(2, 2, False)).build())


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
    folder, before = layout.fresh(), layout.current()
    today = clock.today()
    places = _places(found, today)
    _columns(folder, found, places)
    mark("columns")
    for name, documents in places.items():
        _lexical(folder / name, found, documents, before and before / name)
        mark(name)
    chapter_of, law_of = _slot_columns(found)
    memory.save(folder / "bank", memory.build(found.pairs, chapter_of, law_of))
    mark("bank")
    correcting.save(folder / "sounds.json", found, before and before / "sounds.json")
    mark("sounds")
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
    layout.publish(folder)
    IndexState.objects.filter(name="main", built__lt=found.wanted).update(built=found.wanted)
    mark("publish")
    return {**meta, "took": took}


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


def _lexical(folder: Path, found: Gathered, documents: Sequence[int], before: Path | None) -> None:
    """The index of some documents. Where it holds mostly what an earlier one does, that one is taken over and only the difference indexed."""
    heads = [fold(law["short"]) for law in found.laws]
    regions = [law["region"] for law in found.laws]
    rules = _rules()
    whole = {}
    marks = {}
    for n in documents:
        label, chapter, text = found.texts[n]
        law = found.law[n]
        head, region = (f"{heads[law]} {chapter}", regions[law]) if law >= 0 else (label, found.kinds[found.kind[n]])
        whole[found.pk[n]] = (head, text[:MAX_BODY], region)
        marks[found.pk[n]] = hashlib.blake2b("\x1f".join((rules, *whole[found.pk[n]])).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    held = read_marks(before) if before else {}
    gone = [pk for pk, mark in held.items() if marks.get(pk) != mark]
    fresh = [pk for pk, mark in marks.items() if held.get(pk) != mark]
    taken = bool(held) and before is not None and len(gone) + len(fresh) <= _DIFFERENT * len(held) and _taken_over(before, folder)
    if not taken:
        gone, fresh = [], list(whole)
        folder.mkdir(exist_ok=True)
    if gone or fresh or not taken:
        index = tantivy.Index.open(str(folder)) if taken else tantivy.Index(schema(), path=str(folder))
        register(index)
        writer = index.writer(heap_size=HEAP, num_threads=1)
        for pk in gone:
            writer.delete_documents_by_term("id", pk)
        empty, table, add = function_words(), concepts(), writer.add_document
        for pk in fresh:
            head, text, region = whole[pk]
            body = fold(f"{head.replace(' / ', ' ')} {text}")
            cut = [w for w in rjieba.cut(body) if w not in empty]
            document = tantivy.Document(id=pk)
            document.add_text("w", " ".join(cut))
            document.add_text("g", body.replace("\n", "").replace(" ", ""))
            document.add_text("k", " ".join(map(str, table.of(body, cut))))
            document.add_text("r", region)
            add(document)
        writer.commit()
        writer.wait_merging_threads()
    pks = np.array(list(marks), np.int64)
    order = np.argsort(pks)
    np.save(folder / "keys.npy", pks[order], allow_pickle=False)
    np.save(folder / "documents.npy", np.array(documents, np.int32)[order], allow_pickle=False)
    (folder / "marks.bin").write_bytes(b"".join(marks[pk] for pk in pks[order].tolist()))


def _rules() -> str:
    """What besides the text decides how it is indexed: the tables and the cutter."""
    whole = hashlib.sha256(f"{layout.FORMAT}|{version('rjieba')}|{MAX_BODY}".encode())
    for name in ("concepts.txt", "function_words.txt"):
        whole.update(files("fawang.knowledge").joinpath(f"rules/{name}").read_bytes())
    return whole.hexdigest()


def read_marks(folder: Path) -> dict[int, bytes]:
    """Key → digest of what an index holds; empty when it cannot be read."""
    try:
        keys, marks = np.load(folder / "keys.npy", allow_pickle=False).tolist(), (folder / "marks.bin").read_bytes()
    except (OSError, ValueError):
        return {}
    return {pk: marks[8 * n : 8 * n + 8] for n, pk in enumerate(keys)} if len(marks) == 8 * len(keys) else {}


def _taken_over(before: Path, folder: Path) -> bool:
    """Link the files of a finished index into a new folder (its segments never change; what does is copied). False when it is in many pieces."""
    if len(json.loads((before / "meta.json").read_text())["segments"]) > _PIECES:
        return False
    folder.mkdir()
    for file in before.iterdir():
        if file.name in {"meta.json", ".managed.json"}:
            shutil.copyfile(file, folder / file.name)
        elif file.suffix != ".lock" and file.name not in {"keys.npy", "documents.npy", "marks.bin"}:
            os.link(file, folder / file.name)
    return True
