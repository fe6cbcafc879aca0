"""House rules about files: size, names, first lines, docstrings."""

from __future__ import annotations

import ast
import re

from tests.architecture.sources import HOUSE, ROOT, modules, shown, tree

FORBIDDEN = {"utils", "util", "helpers", "helper", "common", "misc", "shared", "tools", "lib", "stuff"}
CODE = {".py", ".css", ".js", ".html", ".toml", ".md"}


def test_no_file_of_the_house_has_500_lines() -> None:
    written = [p for p in HOUSE.rglob("*") if p.suffix in CODE and "vendor" not in p.parts]
    assert len(written) > 100
    too_long = {shown(p): n for p in written if (n := len(p.read_text().splitlines())) >= 500 and p.name != "0001_initial.py" and p.suffix != ".toml"}
    assert too_long == {}


def test_no_module_is_named_utils_helpers_common_or_misc() -> None:
    bad = [shown(p) for p in HOUSE.rglob("*") if p.stem in FORBIDDEN and "__pycache__" not in p.parts]
    assert bad == []


def test_every_module_with_code_postpones_annotations() -> None:
    def postpones(node: ast.Module) -> bool:
        return any(isinstance(n, ast.ImportFrom) and n.module == "__future__" and any(a.name == "annotations" for a in n.names) for n in node.body)

    # an __init__.py that only gathers names needs no annotations
    missing = [shown(p) for p in [*modules(), *modules("config")] if tree(p).body and not postpones(tree(p)) and p.name != "__init__.py"]
    assert missing == []


def test_every_public_function_says_what_it_does() -> None:
    silent = [
        f"{shown(path)}:{node.lineno} {node.name}"
        for path in modules()
        for node in tree(path).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert silent == []


def test_every_room_has_a_readme_that_is_not_empty() -> None:
    rooms = [p.parent for p in HOUSE.rglob("apps.py")]
    assert len(rooms) >= 8
    assert [shown(r) for r in rooms if not (r / "README.md").is_file() or len((r / "README.md").read_text()) < 80] == []


def test_lock_files_pin_hashes_and_name_no_hosts() -> None:
    locks = sorted(ROOT.glob("requirements*.lock"))
    assert [p.name for p in locks] == ["requirements-dev.lock", "requirements.lock"]
    for lock in locks:
        text = lock.read_text()
        assert not re.search(r"https?://", text), lock.name
        assert "--index-url" not in text
        assert "--extra-index-url" not in text
        blocks = re.split(r"\n(?=\S)", text)
        pinned = [b for b in blocks if re.match(r"[A-Za-z0-9._\[\],-]+==", b)]
        assert len(pinned) > 20
        assert [b.split()[0] for b in pinned if "--hash=sha256:" not in b] == []
        loose = [b.splitlines()[0] for b in blocks if b.strip() and not b.startswith(("#", "-")) and "==" not in b.splitlines()[0]]
        assert loose == []


def test_no_lock_that_writes_registry_hosts_is_committed() -> None:
    import subprocess

    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.splitlines()
    assert [p for p in tracked if p.rsplit("/", 1)[-1] in {"uv.lock", "package-lock.json", "yarn.lock", "pnpm-lock.yaml"}] == []
