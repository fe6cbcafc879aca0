"""Text of documents as it is indexed: words, pairs of characters, concepts. Many at once are cut by helper processes, one a core.

The helpers read what they need from the folder under way, write one file each and end; killed or not, the folder is swept with the rest.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import rjieba

from fawang.knowledge.search.tokens import MAX_BODY, concepts, fold

Cut = tuple[str, str, str]
_MANY = 3000
"""Fewer documents than this are cut at once in the process itself: a helper needs some tenths of a second to start."""
_MODULE = "fawang.knowledge.search.cutting"
_ROOT = Path(__file__).resolve().parents[3]


def cut(head: str, text: str) -> Cut:
    """What the fields ``w``, ``g`` and ``k`` hold for a document; function words are left out by the index's own cutter."""
    body = fold(f"{head.replace(' / ', ' ')} {text[:MAX_BODY]}")
    words = rjieba.cut(body)
    return " ".join(words), body.replace("\n", "").replace(" ", ""), " ".join(map(str, concepts().of(body, words)))


class Cutting:
    """The cutting of documents under way: started at once, asked for when it is needed."""

    def __init__(self, folder: Path, documents: Sequence[int], heads: Sequence[str], texts: Sequence[tuple[str, str, str]]) -> None:
        """``folder`` holds ``texts.bin`` and ``text_at.npy`` already; ``heads``: what stands before each of the documents' texts."""
        self._documents, self._heads, self._texts, self._folder = documents, heads, texts, folder
        self._helpers: list[subprocess.Popen[bytes]] = []
        if len(documents) >= _MANY:
            np.save(folder / ".cutting.npy", np.array(documents, np.int64), allow_pickle=False)
            (folder / ".cutting.json").write_text(json.dumps(heads), encoding="utf-8")
            self._parts = min(2, os.cpu_count() or 1)
            path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
            for part in range(self._parts):
                command = [sys.executable, "-m", _MODULE, str(folder), str(part), str(self._parts)]
                self._helpers.append(subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path}, stdin=subprocess.DEVNULL))  # noqa: S603

    def done(self) -> dict[int, Cut]:
        """Every document's fields. Raises ``RuntimeError`` when a helper failed."""
        if not self._helpers:
            return {n: cut(head, self._texts[n][2]) for n, head in zip(self._documents, self._heads, strict=True)}
        codes = [helper.wait() for helper in self._helpers]
        if any(codes):
            raise RuntimeError("a helper that cuts text ended early")
        found: dict[int, Cut] = {}
        for part in range(self._parts):
            file = self._folder / f".cut-{part}"
            found.update(zip(self._documents[part :: self._parts], json.loads(file.read_bytes()), strict=True))
            file.unlink()
        for name in (".cutting.npy", ".cutting.json"):
            (self._folder / name).unlink()
        return found


def _helper(folder: Path, part: int, parts: int) -> None:
    """Cut every ``parts``-th document of those asked for, from ``part`` on."""
    documents = np.load(folder / ".cutting.npy", allow_pickle=False)[part::parts].tolist()
    heads = json.loads((folder / ".cutting.json").read_text(encoding="utf-8"))[part::parts]
    at = np.load(folder / "text_at.npy", allow_pickle=False).tolist()
    texts = (folder / "texts.bin").read_bytes()
    made = [cut(head, texts[at[n] : at[n + 1]].decode("utf-8", "surrogatepass").split("\x1f", 2)[2]) for n, head in zip(documents, heads, strict=True)]
    (folder / f".cut-{part}").write_text(json.dumps(made), encoding="ascii")


if __name__ == "__main__":
    _helper(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
