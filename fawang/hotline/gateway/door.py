"""Who may be the line of which seat: the desk's own session, a fresh pass of its page, an agent who is signed on. Reads only."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.core import signing

from fawang.hotline import problems  # noqa: F401 - registers this room's words
from fawang.hotline.models import AgentState
from fawang.hotline.seats import line_of
from fawang.kernel import crypto
from fawang.kernel.errors import Refusal
from fawang.kernel.policy import decide
from fawang.people.actors import Actor, actor_of_staff
from fawang.people.models import Staff

PASS_S = 30
"""A pass is asked for in the moment it is used."""
_SALT = "seat-line"


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody who may be the line of a seat, as long as :func:`still_welcome` says so."""

    staff: uuid.UUID
    seat: str
    session: str


def pass_for(actor: Actor, session: str) -> str:
    """A pass for this desk session (its key), good for half a minute and for nobody without the session's cookie."""
    return signing.dumps({"staff": str(actor.account), "session": crypto.text_digest(session)}, salt=_SALT)


def admit(token: str, session: str) -> Guest:
    """The guest a pass and a session cookie speak for. Raises ``Refusal`` ``hotline.line_pass``, ``hotline.not_signed_on``, ``hotline.line_phone``."""
    try:
        given = signing.loads(token, salt=_SALT, max_age=PASS_S)
    except signing.BadSignature:
        raise Refusal("hotline.line_pass", status=403) from None
    if not session or given["session"] != crypto.text_digest(session):
        raise Refusal("hotline.line_pass", status=403)
    staff = _staff_of(session)
    if staff is None or str(staff.pk) != given["staff"]:
        raise Refusal("hotline.line_pass", status=403)
    agent = AgentState.objects.select_related("seat").filter(pk=staff.pk).first()
    if agent is None or agent.seat is None or agent.state == "offline":
        raise Refusal("hotline.not_signed_on", status=409)
    if line_of(agent) != "browser":
        raise Refusal("hotline.line_phone", status=409)
    return Guest(staff.pk, agent.seat.number, session)


def still_welcome(guest: Guest) -> bool:
    """Whether session, account and seat are as they were when the guest came in."""
    staff = _staff_of(guest.session)
    if staff is None or staff.pk != guest.staff:
        return False
    agent = AgentState.objects.select_related("seat").filter(pk=guest.staff).first()
    return agent is not None and agent.seat is not None and agent.seat.number == guest.seat and line_of(agent) == "browser"


def _staff_of(session: str) -> Staff | None:
    """The account a desk session is of, as the pages see it."""
    kept = SessionStore(session).load()
    if not kept.get("staff_id") or kept.get("stage"):
        return None
    staff = Staff.objects.filter(pk=kept["staff_id"]).first()
    if staff is None or staff.state != "active" or staff.session_epoch != kept.get("epoch"):
        return None
    return staff if decide("hotline.seat", actor_of_staff(staff)) else None


def session_of(cookies: str) -> str:
    """The session key in a Cookie header."""
    for part in cookies.split(";"):
        name, _, value = part.strip().partition("=")
        if name == settings.SESSION_COOKIE_NAME:
            return value.strip()
    return ""
