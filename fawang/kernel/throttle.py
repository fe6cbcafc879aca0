"""Rate limits shared by all processes, counted in the database."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection

from fawang.kernel import clock
from fawang.kernel.errors import Refusal


def spend(key: str, *, limit: int, window: timedelta) -> None:
    """Count one attempt. Raises ``Refusal('too_many', 429)`` above ``limit`` in ``window``."""
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO kernel_throttle AS t (key, window_start, count) VALUES (%s, %s, 1)
            ON CONFLICT (key) DO UPDATE SET
              count = CASE WHEN t.window_start < %s THEN 1 ELSE t.count + 1 END,
              window_start = CASE WHEN t.window_start < %s THEN EXCLUDED.window_start ELSE t.window_start END
            RETURNING count, window_start
            """,
            [key[:200], now, now - window, now - window],
        )
        count, start = cursor.fetchone()
    if count > limit:
        raise Refusal("too_many", status=429, seconds=max(1, int((start + window - now).total_seconds())))
