"""What is named somewhere is declared somewhere: policies of routes, error codes, event kinds, processes, migrations."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.urls import URLPattern, URLResolver, get_resolver

from fawang.kernel import errors, events
from fawang.kernel.policy import policies
from fawang.matters.declaration_check import problems_of
from fawang.matters.processes import all_processes, check_references
from tests.architecture.sources import ROOT, calls, literal, modules, shown, tree

GUARDED_BY_NATURE = {"openapi-json", "api-root"}
"""The schema and the empty root of the API hold nothing of anybody."""


@pytest.fixture(scope="module", autouse=True)
def _whole_house() -> None:
    """Every module loaded, as in a running process: what registers itself on import has done so."""
    for path in modules():
        importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for item in (resolver or get_resolver()).url_patterns:
        if isinstance(item, URLResolver):
            yield from routes(item, prefix + str(item.pattern))
        else:
            yield prefix + str(item.pattern), item


def operations(pattern: URLPattern) -> list[Any]:
    """The ninja operations behind a pattern; empty for an ordinary view."""
    behind = inspect.getclosurevars(pattern.callback).nonlocals if inspect.isfunction(pattern.callback) else {}
    return list(getattr(behind.get("self"), "operations", []))


def test_every_page_names_a_registered_policy() -> None:
    pages = [(at, p) for at, p in routes() if not operations(p) and p.name not in GUARDED_BY_NATURE]
    assert len(pages) >= 18
    bare = {at: p.name for at, p in pages if getattr(p.callback, "policy", None) not in policies()}
    assert bare == {}


def test_every_api_operation_names_a_registered_policy() -> None:
    from fawang.faces.api.urls import ROUTE_POLICIES

    found = {o.view_func.__name__: at for at, p in routes() for o in operations(p)}
    assert len(found) >= 6
    assert {name: at for name, at in found.items() if ROUTE_POLICIES.get(name) not in policies()} == {}
    assert set(ROUTE_POLICIES) <= set(found), "a policy is declared for an operation that does not exist"


def test_no_address_carries_something_that_can_be_counted() -> None:
    assert [at for at, _ in routes() if "<int:" in at] == []


def test_every_declaration_is_sound_and_refers_to_what_exists() -> None:
    assert {p.code for p in all_processes()} >= {"consultation", "complaint", "statement", "return_visit", "rectification", "supervision_order"}
    assert {p.code: found for p in all_processes() if (found := problems_of(p))} == {}
    assert check_references() == []


def _refusals(node: ast.AST) -> Iterator[tuple[int, str, ast.Call]]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and inner.func.id in {"Refusal", "BadText", "ValueProblem"}:
            code = literal(inner.args[0]) if inner.args else None
            if code is not None:
                yield inner.lineno, code, inner


def test_every_error_code_has_words_in_both_languages() -> None:
    known = errors.registered()
    missing, seen = [], set()
    for path in modules():
        for line, code, call in _refusals(tree(path)):
            seen.add(code)
            own_words = any(k.arg == "words" for k in call.keywords)
            if code not in known and not own_words:
                missing.append(f"{shown(path)}:{line} {code}")
    assert len(seen) > 40
    assert missing == []
    assert [code for code, words in known.items() if not words.zh.strip() or not words.en.strip()] == []


def test_the_places_of_an_error_sentence_are_the_same_in_both_languages() -> None:
    import re

    def places(text: str) -> set[str]:
        return set(re.findall(r"\{(\w+)\}", text))

    # English may leave a place out; it may not ask for one the raiser does not fill
    assert {code for code, words in errors.registered().items() if places(words.en) - places(words.zh)} == set()


def test_every_event_kind_recorded_is_declared_and_spoken_in_both_languages() -> None:
    declared, undeclared, recorded = events.kinds(), [], set()
    for path in modules():
        for name, call in calls(path):
            if name not in {"events.record", "record"}:
                continue
            kind = next((literal(k.value) for k in call.keywords if k.arg == "kind"), None)
            if kind is None:
                continue
            recorded.add(kind)
            if kind not in declared:
                undeclared.append(f"{shown(path)}:{call.lineno} {kind}")
    assert len(recorded) > 20
    assert undeclared == []
    assert [k for k, v in declared.items() if not v.name.zh.strip() or not v.name.en.strip()] == []
    assert sorted(k for k in declared if "." not in k) == []


def test_every_payload_written_out_at_the_recording_uses_declared_keys_and_none_that_hold_personal_data() -> None:
    declared, personal = events.kinds(), {"name", "phone", "identity_number", "title", "body", "comment", "lookup_code", "address"}
    wrong = []
    for path in modules():
        for name, call in calls(path):
            if name not in {"events.record", "record"}:
                continue
            keywords = {k.arg: k.value for k in call.keywords}
            kind, payload = literal(keywords.get("kind")), keywords.get("payload")
            if kind not in declared or not isinstance(payload, ast.Dict):
                continue
            keys = {k.value for k in payload.keys if isinstance(k, ast.Constant)}
            allowed = personal - ({"name"} if kind.startswith(("calendar.", "organisation.", "category.", "site.")) else set())
            if (unknown := keys - set(declared[kind].keys)) or (named := keys & allowed):
                wrong.append(f"{shown(path)}:{call.lineno} {kind} {unknown or named}")
    assert wrong == []


@pytest.mark.django_db
def test_the_migrations_say_all_that_the_models_say() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_system_checks_find_nothing() -> None:
    call_command("check", fail_level="WARNING", verbosity=0)
