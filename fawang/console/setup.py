"""Django for verbs that need it: database found, settings loaded."""

from __future__ import annotations

import os


def ready() -> None:
    """Connect as the application's role and load the house."""
    from fawang.console.database import connect

    connect()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
