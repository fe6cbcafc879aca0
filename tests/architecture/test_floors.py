"""House rules about who may do what: time, writes, rights."""

from __future__ import annotations

import ast

from tests.architecture.sources import calls, dotted, modules, shown, tree

FLOORS = ("kernel", "regions", "people", "registry", "knowledge", "matters", "hotline", "services", "oversight", "faces", "console")
TIME = {
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "timezone.now", "time.time", "time.time_ns",
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.date.today", "django.utils.timezone.now", "timezone.localdate", "time.localtime",
    "time.gmtime",
}  # fmt: skip
WRITES = {
    "save", "create", "update", "delete", "bulk_create", "bulk_update", "get_or_create", "update_or_create",
    "acreate", "asave", "aupdate", "adelete", "abulk_create",
}  # fmt: skip


def test_time_comes_from_the_kernel_clock_alone() -> None:
    found = []
    for path in [*modules(), *modules("config")]:
        if shown(path) == "fawang/kernel/clock.py":
            continue
        imported = {
            alias.asname or alias.name: f"{node.module}.{alias.name}"
            for node in ast.walk(tree(path))
            if isinstance(node, ast.ImportFrom) and node.module
            for alias in node.names
        }
        for name, node in calls(path):
            plain = imported.get(name, name)
            if (name in TIME and not imported.get(name.split(".")[0], "").startswith("fawang.")) or plain in {"time.time", "time.time_ns"}:
                found.append(f"{shown(path)}:{node.lineno} {name}")
    assert found == []


def test_no_model_uses_the_database_or_django_clock_as_a_default() -> None:
    found = [
        f"{shown(path)}:{node.lineno} {keyword.arg}"
        for path in modules()
        for _, node in calls(path)
        for keyword in node.keywords
        if keyword.arg in {"auto_now", "auto_now_add"} or (keyword.arg in {"default", "db_default"} and dotted(keyword.value) in {"timezone.now", "Now"})
    ]
    assert found == []


def _is_orm_write(node: ast.Call) -> bool:
    if not isinstance(node.func, ast.Attribute) or node.func.attr not in WRITES:
        return False
    owner = dotted(node.func.value)
    if ".objects" in owner or owner == "?":
        return True
    # set/dict methods and the session share these verbs; a row is saved or deleted without a mapping argument
    return node.func.attr in {"save", "create", "bulk_create", "bulk_update", "get_or_create", "update_or_create"} or (
        node.func.attr == "delete" and not owner.endswith(("session", "cache", "cookies"))
    )


def test_faces_never_write_to_the_orm() -> None:
    found = [f"{shown(path)}:{node.lineno} {name}" for path in modules("fawang/faces") for name, node in calls(path) if _is_orm_write(node)]
    assert found == []


def test_faces_write_no_sql() -> None:
    found = [f"{shown(path)}:{node.lineno}" for path in modules("fawang/faces") for name, node in calls(path) if name.endswith(("cursor", ".raw", "RawSQL"))]
    assert found == []


def test_selectors_do_not_write() -> None:
    found = []
    for path in modules():
        if path.name == "selectors.py":
            found += [f"{shown(path)}:{n.lineno} {name}" for name, n in calls(path) if _is_orm_write(n) and not name.startswith("CalendarStamp.")]
    assert found == []


def test_imports_go_down_the_floors_only() -> None:
    upward = []
    for path in modules():
        room = path.parts[-path.parts[::-1].index("fawang")]  # the last one: the checkout may be called so too
        for node in ast.walk(tree(path)):
            names = [node.module] if isinstance(node, ast.ImportFrom) and node.module else [a.name for a in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                parts = name.split(".")
                if parts[0] == "fawang" and len(parts) > 1 and FLOORS.index(parts[1]) > FLOORS.index(room):
                    upward.append(f"{shown(path)}:{node.lineno} imports {name}")
    assert upward == []


def test_rights_are_decided_in_policies_modules_only() -> None:
    declared = [f"{shown(path)}:{n.lineno}" for path in modules() for name, n in calls(path) if name == "policy" and n.args and path.name != "policies.py"]
    assert declared == []


def test_nothing_evaluates_or_unpickles() -> None:
    dangerous = {"eval", "exec", "pickle.load", "pickle.loads", "yaml.load", "marshal.loads", "os.system", "mark_safe"}
    found = [f"{shown(path)}:{n.lineno} {name}" for path in [*modules(), *modules("config")] for name, n in calls(path) if name in dangerous]
    assert found == []
