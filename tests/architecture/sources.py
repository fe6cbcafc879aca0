"""Reading the house's own sources: files, syntax trees, and the calls in them."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOUSE = ROOT / "fawang"


def modules(under: str = "fawang") -> list[Path]:
    """Every Python file of the product under a folder, migrations left out."""
    return sorted(p for p in (ROOT / under).rglob("*.py") if "migrations" not in p.parts)


def shown(path: Path) -> str:
    """The path as people write it."""
    return str(path.relative_to(ROOT))


@functools.cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(), filename=str(path))


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Every call in a file with the dotted name it calls (``?`` for what is not a name)."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield dotted(node.func), node


def dotted(node: ast.expr) -> str:
    """``a.b.c`` of an expression; subscripts and calls on the way count as ``?``."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return "?"


def literal(node: ast.expr | None) -> str | None:
    """The string a node writes out, if it does."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
