"""Who acts, through which door, in which request, for what purpose: carried ambiently.

Set once at the edge (middleware, API, worker) and read by events, the read log and policies' callers.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

DOORS = ("web", "hotline", "wechat", "window", "api", "letter", "partner", "desk", "system")


@dataclass(frozen=True, slots=True)
class ActorRef:
    """Enough of an actor to write into an event. ``kind``: citizen, staff, system, anonymous, partner."""

    kind: str
    id: str = ""
    office: str = ""


SYSTEM = ActorRef("system", "system")
ANONYMOUS = ActorRef("anonymous")


@dataclass(frozen=True, slots=True)
class Context:
    actor: ActorRef = SYSTEM
    door: str = "system"
    request_id: str = ""
    purpose: str = ""
    purpose_matter: str = ""
    session: str = ""


_current: ContextVar[Context] = ContextVar("fawang_context", default=Context())  # noqa: B039 - frozen


def current() -> Context:
    """The ambient context; outside any request it is the system's own."""
    return _current.get()


@contextmanager
def acting(**changes: object) -> Iterator[Context]:
    """Run a block under a changed context (``actor=``, ``door=``, ``purpose=``, ``request_id=`` …)."""
    context = replace(_current.get(), **changes)  # type: ignore[arg-type]
    if not context.request_id:
        context = replace(context, request_id=uuid.uuid4().hex[:16])
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)
