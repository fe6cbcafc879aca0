"""Turns ``DATABASE_URL`` into Django's connection settings; starts nothing."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


def connection_settings(url: str, *, pool: bool, test_name: str | None = None) -> dict[str, Any]:
    """Connection settings for a ``postgresql://`` URL.

    A ``host`` query parameter names a Unix socket folder, as libpq has it. Raises ``ValueError`` for another scheme.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ValueError("DATABASE_URL must begin with postgresql://")
    query = dict(parse_qsl(parts.query))
    host = query.pop("host", parts.hostname or "")
    options: dict[str, Any] = {"application_name": "fawang", "prepare_threshold": 5, **query}
    if pool:
        options["pool"] = {"min_size": 1, "max_size": 8, "timeout": 10}
    settings: dict[str, Any] = {
        "ENGINE": "fawang.kernel.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "fawang",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
        "ATOMIC_REQUESTS": False,
        "CONN_HEALTH_CHECKS": True,
    }
    if test_name:
        settings["TEST"] = {"NAME": test_name}
    return settings
