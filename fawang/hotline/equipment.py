"""What an engine has to know beside its calls: desk phones' keys, lines to carriers, what it says when no controller is there."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

from django.conf import settings
from django.db import connection

from fawang.hotline import prompts
from fawang.hotline.configurations import live_document
from fawang.hotline.engines.commands import Configure, Fallback, Phone, Trunk
from fawang.hotline.engines.embedded.sip.digest import ha1
from fawang.hotline.gateway.accounts import phone_of
from fawang.hotline.models import Seat
from fawang.hotline.seats import lines_at
from fawang.kernel import crypto

ALONE_S = 30.0
"""How long an engine without a controller waits before it speaks for itself; a controller that is started again is there sooner."""


def keys_of(account: str, secret: str) -> str:
    """What a seat keeps of its desk phone's secret: the digest keys of RFC 8760, never the secret."""
    realm = settings.SIP_REALM
    return json.dumps({"md5": ha1("MD5", account, realm, secret), "sha256": ha1("SHA-256", account, realm, secret)})


def order() -> Configure:
    """The whole equipment as it should be now, under a new command id."""
    document = live_document()
    trunks = [] if document is None else [
        Trunk(
            name=t.name, proxy=t.proxy, sources=tuple(t.sources), keepalive_s=float(t.keepalive), max_legs=t.max_legs,
            user=user, secret=secret, register=bool(user),
        )
        for t in document.trunks for user, secret in [_secret_of(t.name)]
    ]  # fmt: skip
    media, _ = prompts.sound(["apology", "goodbye"])
    return Configure(command_id=str(uuid.uuid4()), phones=_phones(), trunks=tuple(trunks), fallback=Fallback(after_s=ALONE_S, media=media))


LOOKS_LIKE = """
SELECT md5(coalesce(string_agg(concat_ws('|', number, kind, is_enabled, account_keys), ',' ORDER BY number), '')),
  (SELECT min(id::text) FROM hotline_configversion WHERE state = 'live'), (SELECT max(id::text) FROM hotline_prompt) FROM hotline_seat
"""


def looks_like() -> tuple[object, ...]:
    """What the equipment is made of, in one question: as long as this stays the same :func:`order` would come out the same."""
    with connection.cursor() as cursor:
        cursor.execute(LOOKS_LIKE)
        row = tuple(cursor.fetchone())
    folder = Path(settings.STATE_DIR) / "secrets"
    return (*row, *((p.name, p.stat().st_mtime_ns) for p in sorted(folder.glob("trunk_*"))))


def digest_of(order: Configure) -> str:
    """What tells two equipments apart, whatever their command ids."""
    return crypto.text_digest(repr((sorted((p.account, p.ha1_md5, p.ha1_sha256) for p in order.phones), order.trunks, order.fallback)))


def _phones() -> tuple[Phone, ...]:
    found = []
    for seat in Seat.objects.filter(is_enabled=True).order_by("number"):
        if "browser" in lines_at(seat):
            found.append(phone_of(seat.number, settings.SIP_REALM))
        if seat.account_keys:
            keys = json.loads(seat.account_keys)
            found.append(Phone(account=seat.number, ha1_md5=keys["md5"], ha1_sha256=keys["sha256"]))
    return tuple(found)


def _secret_of(trunk: str) -> tuple[str, str]:
    """User and secret of a carrier's line from ``secrets/trunk_<name>`` (``user:secret``); two empty texts without the file."""
    path = Path(settings.STATE_DIR) / "secrets" / f"trunk_{trunk}"
    try:
        text = path.read_text().strip()
    except OSError:
        return "", ""
    user, _, secret = text.partition(":")
    return user, secret
