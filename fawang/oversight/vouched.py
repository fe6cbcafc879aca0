"""What the record vouches for in this room: every rating, its level and words."""

from __future__ import annotations

from typing import Any

from fawang.kernel import crypto
from fawang.kernel.models import Event
from fawang.kernel.vouching import Vouched, vouch
from fawang.oversight.models import Rating


def _rating(row: Rating, event: Event) -> dict[str, Any]:
    return {
        "level": row.level,
        "office": str(row.office_id),
        "staff": str(row.rated_staff_id or ""),
        "digest": crypto.text_digest(row.comment, event.suite),
        "door": row.door,
    }


vouch(Vouched(("rating.given",), "rating", Rating, _rating))
