"""Django for verbs that need it: database found, settings loaded."""

from __future__ import annotations

import os


def ready(*, asked: bool = True) -> None:
    """Connect as the application's role and load the house. Raises ``Halt`` when the database cannot be reached, unless it is not ``asked``."""
    from fawang.console.database import connect

    connect(asked=asked)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
