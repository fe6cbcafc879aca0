"""Who may hear which live topic. A token names topics and the session it was given to; the right is decided anew each time.

Decided when a stream opens, at every beat of it, and before every word about one matter: whoever is signed out, disabled or
no longer concerned hears nothing more, whatever his open page holds in its hand (RELIABILITY P12).
"""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.core import signing
from django.db.models import Model
from django.http import HttpRequest

from fawang.faces.middleware import actor_behind
from fawang.hotline.models import Call, CallTicket
from fawang.kernel import crypto
from fawang.kernel.policy import decide
from fawang.matters.models import Matter
from fawang.people.actors import Actor

_SEALED_AS = "faces.live.session"
MAX_AGE = 6 * 3600


def live_address(request: HttpRequest, topics: list[str], *, name: str = "") -> str:
    """The address of a page's stream: signed, its session sealed inside. Empty where no live process runs."""
    if not settings.LIVE_URL:
        return ""
    return f"{settings.LIVE_URL}/events?t={live_token(request, topics, name=name)}"


def live_token(request: HttpRequest, topics: list[str], *, name: str = "") -> str:
    """The signed token: topics, the name others see, the account, and the session. Makes a session where there is none."""
    if request.session.session_key is None:
        request.session.cycle_key()
    sealed = base64.b64encode(crypto.seal(str(request.session.session_key), _SEALED_AS)).decode()
    return signing.dumps({"topics": topics, "name": name, "staff": str(request.session.get("staff_id", "")), "session": sealed}, salt="live")


def read_token(token: str) -> dict[str, Any] | None:
    """What a token says, or nothing when it is forged or old."""
    try:
        said = signing.loads(token, salt="live", max_age=MAX_AGE)
    except signing.BadSignature:
        return None
    return said if isinstance(said, dict) and said.get("session") else None


def heard(said: dict[str, Any], topics: list[str] | None = None) -> frozenset[str]:
    """Those topics of a token (or of ``topics``) that may be heard now. Empty: the session is over. A few queries."""
    try:
        key = crypto.unseal(base64.b64decode(said["session"]), _SEALED_AS)
    except (ValueError, binascii.Error):
        return frozenset()
    session = SessionStore(session_key=key)
    actor = actor_behind(session.load())
    if actor is None or str(actor.staff_id or "") != said.get("staff", ""):
        return frozenset()
    wanted = said["topics"] if topics is None else [t for t in topics if t in said["topics"]]
    return frozenset(t for t in wanted if may_hear(actor, str(t)))


def may_hear(actor: Actor, topic: str) -> bool:
    """Whether an actor may hear of a topic now; of what is unknown nobody hears."""
    kind, _, name = topic.partition(":")
    if kind == "hotline":
        return bool(decide("hotline.seat", actor)) or bool(decide("hotline.board", actor))
    try:
        key = uuid.UUID(name)
    except ValueError:
        return False
    rule = _RULES.get(kind)
    return rule is not None and rule(actor, key)


def _seen(model: type[Model], policy: str, actor: Actor, key: uuid.UUID) -> bool:
    found = model._default_manager.filter(pk=key).first()
    return found is not None and bool(decide(policy, actor, found))


_RULES: dict[str, Callable[[Actor, uuid.UUID], bool]] = {
    "staff": lambda actor, key: actor.staff_id == key,
    "matter": lambda actor, key: _seen(Matter, "matters.see", actor, key),
    "presence": lambda actor, key: actor.kind == "staff" and _seen(Matter, "matters.see", actor, key),
    "office": lambda actor, key: any(g.office_id == key for g in actor.grants),
    "window": lambda actor, key: actor.office_id == key and bool(decide("matters.take_in", actor)),
    "call": lambda actor, key: _seen(Call, "hotline.call", actor, key),
    "ticket": lambda actor, key: _seen(CallTicket, "hotline.ticket", actor, key),
}
