"""Writing one tantivy index of a generation: an earlier one is taken over where little changed, and only the difference is indexed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import tantivy

from fawang.knowledge.search import layout
from fawang.knowledge.search.cutting import Cut
from fawang.knowledge.search.gathering import Gathered
from fawang.knowledge.search.tokens import MAX_BODY, fold, function_words

HEAP = 120_000_000
_DIFFERENT, _PIECES = 0.3, 8
"""An index that differs in a larger share of its documents, or lies in more pieces, is built anew."""


def schema() -> Any:
    """Words, pairs of characters, concepts, region or kind, and the row's key in the database."""
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("id", fast=True, indexed=True)
    builder.add_text_field("w", stored=False, tokenizer_name="words", index_option="freq")
    builder.add_text_field("g", stored=False, tokenizer_name="pairs", index_option="freq")
    builder.add_text_field("k", stored=False, tokenizer_name="spaced", index_option="freq")
    builder.add_text_field("r", stored=False, tokenizer_name="spaced", index_option="basic")
    return builder.build()


def register(index: Any) -> None:
    """Give an index its three ways of cutting text."""
    spaced = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
    index.register_tokenizer("spaced", spaced.build())
    words = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).filter(tantivy.Filter.custom_stopword(sorted(function_words())))
    index.register_tokenizer("words", words.build())
    index.register_tokenizer("pairs", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.ngram(2, 2, False)).build())


class Writing:
    """One index under way: what is new is known at once (``fresh``), added by :meth:`add`, on disk after :meth:`finish`."""

    def __init__(self, folder: Path, found: Gathered, documents: Sequence[int], before: Path | None, heads: Sequence[str]) -> None:
        """``heads``: the folded short title of every law. ``before``: the same index of the generation in use."""
        self._folder, self._found = folder, found
        regions, rules = [law["region"] for law in found.laws], _rules()
        self.head: dict[int, str] = {}
        self._region: dict[int, str] = {}
        self._mark: dict[int, bytes] = {}
        self._document = {found.pk[n]: n for n in documents}
        for pk, n in self._document.items():
            label, chapter, text = found.texts[n]
            law = found.law[n]
            head, region = (f"{heads[law]} {chapter}", regions[law]) if law >= 0 else (label, found.kinds[found.kind[n]])
            self.head[n], self._region[n] = head, region
            self._mark[pk] = hashlib.blake2b("\x1f".join((rules, head, text[:MAX_BODY], region)).encode("utf-8", "surrogatepass"), digest_size=8).digest()
        held = read_marks(before) if before else {}
        self._gone = [pk for pk, mark in held.items() if self._mark.get(pk) != mark]
        fresh = [pk for pk, mark in self._mark.items() if held.get(pk) != mark]
        self._taken = bool(held) and before is not None and len(self._gone) + len(fresh) <= _DIFFERENT * len(held) and _taken_over(before, folder)
        if not self._taken:
            self._gone, fresh = [], list(self._mark)
            folder.mkdir(exist_ok=True)
        self.fresh = [self._document[pk] for pk in fresh]
        self._writer: Any = None

    def add(self, cuts: dict[int, Cut]) -> None:
        """Hand over what is new (``cuts``, by document); the index works on it in a thread of its own."""
        if not (self._gone or self.fresh) and self._taken:
            return
        index = tantivy.Index.open(str(self._folder)) if self._taken else tantivy.Index(schema(), path=str(self._folder))
        register(index)
        self._writer = index.writer(heap_size=HEAP, num_threads=1)
        for pk in self._gone:
            self._writer.delete_documents_by_term("id", pk)
        add, pks = self._writer.add_document, self._found.pk
        for n in self.fresh:
            words, pairs, concepts = cuts[n]
            document = tantivy.Document(id=pks[n])
            document.add_text("w", words)
            document.add_text("g", pairs)
            document.add_text("k", concepts)
            document.add_text("r", self._region[n])
            add(document)

    def finish(self) -> None:
        """Commit, and write down what the index holds."""
        if self._writer is not None:
            self._writer.commit()
            self._writer.wait_merging_threads()
        pks = np.array(list(self._mark), np.int64)
        order = np.argsort(pks)
        np.save(self._folder / "keys.npy", pks[order], allow_pickle=False)
        np.save(self._folder / "documents.npy", np.array(list(self._document.values()), np.int32)[order], allow_pickle=False)
        (self._folder / "marks.bin").write_bytes(b"".join(self._mark[pk] for pk in pks[order].tolist()))


def _rules() -> str:
    """What besides the text decides how it is indexed: the tables and the cutter."""
    whole = hashlib.sha256(f"{layout.FORMAT}|{version('rjieba')}|{MAX_BODY}".encode())
    for name in ("concepts.txt", "function_words.txt"):
        whole.update(files("fawang.knowledge").joinpath(f"rules/{name}").read_bytes())
    return whole.hexdigest()


def folded_heads(found: Gathered) -> list[str]:
    """The short title of every law as it is compared."""
    return [fold(law["short"]) for law in found.laws]


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
