"""The registry of policies: functions that answer "may this actor do this to this object, and why".

Rights are decided in ``policies.py`` modules and nowhere else. Every route and every step names a policy by its code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fawang.kernel.errors import Absent, Forbidden
from fawang.kernel.texts import Text


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer with its reason. ``visible`` false: a refusal must look like absence."""

    allowed: bool
    reason: Text
    visible: bool = True

    def __bool__(self) -> bool:
        return self.allowed


def allow(zh: str = "", en: str = "") -> Decision:
    """Yes, with the reason."""
    return Decision(True, Text(zh, en))


def deny(zh: str, en: str, *, visible: bool = True) -> Decision:
    """No, with the reason."""
    return Decision(False, Text(zh, en), visible)


def hidden() -> Decision:
    """No, and the object must look absent."""
    return Decision(False, Text("没有找到。", "Not found."), visible=False)


Check = Callable[[Any, Any], Decision]


@dataclass(frozen=True, slots=True)
class Policy:
    """``check(actor, object) -> Decision``; ``about`` says in words who may."""

    code: str
    check: Check
    about: Text


_POLICIES: dict[str, Policy] = {}


def policy(code: str, zh: str, en: str) -> Callable[[Check], Check]:
    """Decorator: register ``check`` under ``code``; ``zh``/``en`` say in words who may."""

    def register(check: Check) -> Check:
        if code in _POLICIES and _POLICIES[code].check.__qualname__ != check.__qualname__:
            raise ValueError(f"policy {code} is registered twice")
        _POLICIES[code] = Policy(code, check, Text(zh, en))
        return check

    return register


def policies() -> Mapping[str, Policy]:
    """All registered policies."""
    return dict(_POLICIES)


def decide(code: str, actor: Any, target: Any = None) -> Decision:
    """The decision of policy ``code``. Raises ``KeyError`` for an unknown code: undeclared means broken."""
    return _POLICIES[code].check(actor, target)


def require(code: str, actor: Any, target: Any = None) -> Decision:
    """Like :func:`decide`, but raises ``Absent`` or ``Forbidden`` when the answer is no."""
    decision = decide(code, actor, target)
    if not decision:
        raise Forbidden(decision.reason) if decision.visible else Absent()
    return decision
