"""Same key, same answer: every write may be repeated without being done twice."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

from django.db import transaction

from fawang.kernel import clock, crypto, rows
from fawang.kernel.errors import Refusal
from fawang.kernel.freshness import one_look
from fawang.kernel.models import IdempotencyKey

KEPT = timedelta(days=90)
_KEY = re.compile(r"[\x21-\x7e]{8,255}")
_FIELD = "kernel.idempotencykey.response"
_TAKE = (
    "WITH taken AS (INSERT INTO kernel_idempotencykey (scope, key, body_digest, status, response, created_at)"
    " VALUES ($1, $2, $3, 0, '', $4) ON CONFLICT DO NOTHING RETURNING id)"
    " SELECT (SELECT id FROM taken), NULL::text, NULL::uuid UNION ALL SELECT NULL, name::text, stamp FROM kernel_stamp WHERE $5"
)
"""The key's row (without a name), empty if it was there; and, if asked for, the stamps of kept copies."""
_ANSWER = "UPDATE kernel_idempotencykey SET status = $1, response = $2 WHERE id = $3"


def once(*, scope: str, key: str, body: bytes, action: Callable[[], tuple[int, dict[str, Any]]], in_one_look: bool = False) -> tuple[int, dict[str, Any], bool]:
    """Do ``action`` once for this key, in one transaction with the key itself.

    ``in_one_look``: the action changes no table of which copies are kept, so it reads them all as they stood when it began (see freshness).
    Returns status, answer, and whether it is a replay. Raises ``Refusal`` ``key.missing``/``key.bad`` (400) and
    ``key.reused`` (409, other body). A refusal inside ``action`` undoes all, the key too.
    """
    if not key:
        raise Refusal("key.missing", status=400)
    if not _KEY.fullmatch(key):
        raise Refusal("key.bad", status=400)
    body_digest = hashlib.sha256(body).hexdigest()
    with transaction.atomic():
        found = {name: (id_, stamp) for id_, name, stamp in rows.execute(_TAKE, [scope, key, body_digest, clock.now(), in_one_look])}
        taken, _ = found.pop(None)
        if taken is None:
            return _replay(scope, key, body_digest)
        look = one_look({name: stamp for name, (_, stamp) in found.items()}) if in_one_look else nullcontext()
        with look, rows.waiting() as waiting:
            status, answer = action()
            sealed = crypto.seal(json.dumps(answer, ensure_ascii=False), _FIELD)
            waiting.end_with(_ANSWER, [status, sealed, taken])
        return status, answer, False


def answered(*, scope: str, key: str, body: bytes) -> tuple[int, dict[str, Any]] | None:
    """Status and answer this key has got for this very body; ``None`` if it has none."""
    kept = IdempotencyKey.objects.filter(scope=scope, key=key).first() if _KEY.fullmatch(key) else None
    if kept is None or kept.body_digest != hashlib.sha256(body).hexdigest():
        return None
    return _opened(kept)


def _replay(scope: str, key: str, body_digest: str) -> tuple[int, dict[str, Any], bool]:
    kept = IdempotencyKey.objects.get(scope=scope, key=key)
    if kept.body_digest != body_digest:
        raise Refusal("key.reused", status=409)
    return *_opened(kept), True


def _opened(kept: IdempotencyKey) -> tuple[int, dict[str, Any]]:
    return kept.status, json.loads(crypto.unseal(bytes(kept.response), _FIELD))


def prune() -> int:
    """Forget keys older than 90 days (offline counters send late)."""
    deleted, _ = IdempotencyKey.objects.filter(created_at__lt=clock.now() - KEPT).delete()
    return deleted
