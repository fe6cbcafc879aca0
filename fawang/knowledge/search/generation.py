"""An index generation as a process has it open: columns mapped, searchers ready. Immutable; reopened when another becomes current."""

from __future__ import annotations

import json
import threading
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import tantivy

from fawang.knowledge.search import closeness, layout, memory
from fawang.knowledge.search.closeness import Closeness
from fawang.knowledge.search.correcting import Corrections
from fawang.knowledge.search.writing import register

_KEPT_TERMS = 20_000
PLACES = ("live", "local", "kinds", "past")
_COLUMNS = (
    "pk",
    "kind",
    "law",
    "slot",
    "chapter",
    "start",
    "until",
    "version",
    "number",
    "sub",
    "place",
    "slot_docs",
    "slot_at",
    "slot_key",
    "slot_key_order",
    "bounds",
    "text_at",
)


class Lexical:
    """One tantivy index: which documents match which tokens, by BM25."""

    def __init__(self, folder: Path) -> None:
        index = tantivy.Index.open(str(folder))
        register(index)
        self.schema, self.searcher = index.schema, index.searcher()
        self.size: int = self.searcher.num_docs
        self._terms: dict[tuple[str, str, float], Any] = {}
        self._keys, self._documents = np.load(folder / "keys.npy", allow_pickle=False), np.load(folder / "documents.npy", allow_pickle=False)

    def _clause(self, token: tuple[str, str, float]) -> Any:
        """The clause of a (field, token, boost); kept, because people use the same words."""
        field, text, boost = token
        if len(self._terms) > _KEPT_TERMS:
            self._terms.clear()
        query = tantivy.Query.term_query(self.schema, field, text, index_option="freq")
        found = self._terms[token] = (tantivy.Occur.Should, query if boost == 1.0 else tantivy.Query.boost_query(query, boost))
        return found

    def find(self, tokens: list[tuple[str, str, float]], limit: int, only: str = "") -> tuple[memory.Ints, memory.Floats]:
        """Documents and scores for (field, token, boost), best first; ``only`` keeps those of a region or kind."""
        if not tokens or not self.size:
            return _NONE
        terms, wanted = self._terms, []
        for token in tokens:
            clause = terms.get(token)
            wanted.append(clause if clause is not None else self._clause(token))
        query = tantivy.Query.boolean_query(wanted)
        if only:
            kept = tantivy.Query.const_score_query(tantivy.Query.term_query(self.schema, "r", only, index_option="basic"), 0.0)
            query = tantivy.Query.boolean_query([(tantivy.Occur.Must, query), (tantivy.Occur.Must, kept)])
        hits = self.searcher.search(query, limit=limit, count=False).hits
        if not hits:
            return _NONE
        scores, addresses = zip(*hits, strict=True)
        ids = self.searcher.fast_field_values("id", list(addresses))
        documents: memory.Ints = self._documents[self._keys.searchsorted(np.array(ids, np.int64))]
        return documents, np.array(scores, np.float32)


_NONE = np.zeros(0, np.int32), np.zeros(0, np.float32)


class Generation:
    """Everything of one generation. Opening takes some tenths of a second; columns and bank stay shared between processes."""

    pk: memory.Ints
    kind: memory.Ints
    law: memory.Ints
    slot: memory.Ints
    chapter: memory.Ints
    start: memory.Ints
    until: memory.Ints
    version: memory.Ints
    number: memory.Ints
    sub: memory.Ints
    place: memory.Ints
    slot_docs: memory.Ints
    slot_at: memory.Ints
    slot_key: memory.Ints
    slot_key_order: memory.Ints
    bounds: memory.Ints
    text_at: memory.Ints

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.meta: dict[str, Any] = json.loads((folder / "meta.json").read_text())
        self.built_on = date.fromisoformat(self.meta["built_on"]).toordinal()
        self.held_to = date.fromisoformat(self.meta["held_to"]) if self.meta["held_to"] else None
        for name in _COLUMNS:
            # the plain view of the mapping: indexing a memmap object costs several times as much
            setattr(self, name, np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)))
        self.laws: list[dict[str, str]] = json.loads((folder / "laws.json").read_text(encoding="utf-8"))
        self.names: dict[str, int] = json.loads((folder / "names.json").read_text(encoding="utf-8"))
        self.kinds: list[str] = json.loads((folder / "kinds.json").read_text(encoding="utf-8"))
        self.lexical = {name: Lexical(folder / name) for name in PLACES}
        self.texts = np.asarray(np.memmap(folder / "texts.bin", np.uint8, "r")) if (folder / "texts.bin").stat().st_size else np.zeros(0, np.uint8)
        self.level = np.array([_LEVELS.index(law["level"]) if law["level"] in _LEVELS else 0 for law in self.laws] + [0], np.int8)
        self.kind_of_law = np.stack([np.isin(self.level, codes) for codes in ((0, 1, 2), (4,), (3,), (5,))]).astype(np.float32)
        self.length = np.log1p(np.diff(self.text_at)).astype(np.float32)
        self.region = [law["region"] for law in self.laws]
        self.live_regions = {self.region[n] for n in np.unique(self.law[self.place == 1]).tolist()} if len(self.place) else set()
        self._live: dict[int, memory.Ints] = {}

    @cached_property
    def closeness(self) -> Closeness:
        """Pairs of every text."""
        return Closeness(*(np.asarray(np.load(self.folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)) for name in closeness.COLUMNS))

    @cached_property
    def bank(self) -> memory.Memory:
        """The question bank's arrays."""
        return memory.load(self.folder / "bank")

    @cached_property
    def corrections(self) -> Corrections:
        """Sounds and spellings."""
        return Corrections(self.folder / "sounds.json")

    def documents_of(self, day: int) -> memory.Ints:
        """Slot → the document that is law on ``day`` (-1: none). Kept for the last few days asked."""
        held = self._live.get(day)
        if held is None:
            docs = self.slot_docs
            valid = (self.start[docs] <= day) & (self.until[docs] > day)
            held = np.full(len(self.slot_at) - 1, -1, np.int32)
            chosen = docs[valid][::-1]  # newest version first within a slot: written last, it stays
            held[self.slot[chosen]] = chosen
            if len(self._live) > 8:
                self._live.clear()
            self._live[day] = held
        return held

    def same_law_as_built(self, day: int) -> bool:
        """Whether no text began or ended between the day of building and ``day``: then the live index is the law of that day."""
        low, high = sorted((self.built_on, day))
        return int(np.searchsorted(self.bounds, low, "right")) == int(np.searchsorted(self.bounds, high, "right"))

    def slot_of(self, law: int, number: int, sub: int) -> int:
        """The slot of an article, or -1."""
        key = (law << 32) | (number << 8) | min(sub, 255)
        at = int(np.searchsorted(self.slot_key, key))
        return int(self.slot_key_order[at]) if at < len(self.slot_key) and int(self.slot_key[at]) == key else -1

    def text(self, document: int) -> tuple[str, str, str]:
        """Label, chapter and text of an article; title, ref and address, body of another kind."""
        raw = self.texts[int(self.text_at[document]) : int(self.text_at[document + 1])].tobytes()
        first, second, third = raw.decode("utf-8", "surrogatepass").split("\x1f", 2)
        return first, second, third


_LEVELS = ("law", "constitution", "legislative", "regulation", "judicial", "rule", "local", "amending")
_lock = threading.Lock()
_open: tuple[tuple[int, int], Generation | None] = ((-1, -1), None)


def generation() -> Generation | None:
    """The current generation, opened once a process; ``None`` when nothing was built yet. One system call when nothing changed."""
    global _open
    stamp = layout.stamp()
    if _open[0] == stamp:
        return _open[1]
    with _lock:
        if _open[0] != stamp:
            folder = layout.current()
            try:
                _open = (stamp, Generation(folder) if folder else None)
            except (OSError, ValueError):
                if _open[1] is None:  # swept between reading the pointer and opening: the next question reads it anew
                    return None
    return _open[1]
