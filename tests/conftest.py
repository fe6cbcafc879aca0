"""The cast and the ground all tests stand on: a real PostgreSQL, a stopped clock, no network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, settings

# a shared machine may be slow at any moment: what is asserted is behaviour, never seconds
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

BEIJING = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=BEIJING)


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_modify_db_settings: None, django_db_blocker: object) -> Iterator[None]:
    """One migrated database for the run, divisions and calendars loaded; made for tests that commit by themselves too."""
    from django.db import connection
    from django.test.utils import setup_databases, teardown_databases

    from fawang.regions.services import load_calendar, load_divisions

    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        made = setup_databases(verbosity=0, interactive=False, aliases={"default"})
        load_calendar()
        load_divisions()
        with connection.cursor() as cursor:  # the guards against TRUNCATE would stop the test runner's own clean-up
            for table in ("kernel_event", "kernel_ledgerentry", "kernel_readlog"):
                cursor.execute(f"DROP TRIGGER IF EXISTS {table}_no_truncate ON {table}")
    yield
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        teardown_databases(made, verbosity=0)


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Hundreds of accounts are made by the tests; what slows a thief down slows them down too."""
    from django.test.utils import override_settings

    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]):
        yield


@pytest.fixture
def monday() -> Iterator[Callable[[timedelta], None]]:
    """The clock stopped on Monday 2 March 2026, 9:30 in Beijing; call it to move on."""
    from fawang.kernel import clock

    with clock.frozen(MONDAY) as advance:
        yield advance


@pytest.fixture(scope="module")
def committed_database(django_db_setup: None, django_db_blocker: object) -> Iterator[str]:
    """A copy of the test database in which things really commit, for tests with threads, roles and attackers; its address.

    Every thread that uses the ORM must close its connection. The copy is thrown away after the module.
    """
    import os
    from urllib.parse import urlsplit

    import psycopg
    from django.db import connection

    from fawang.regions.selectors import forget_calendar
    from fawang.registry.tree import forget_tree

    def address(database: str) -> str:
        return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{database}").geturl()

    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        original = connection.settings_dict["NAME"]
        copy = f"{original}_committed"
        connection.close()
        with psycopg.connect(address("postgres"), autocommit=True) as owner:
            owner.execute(f"DROP DATABASE IF EXISTS {copy} WITH (FORCE)")  # type: ignore[call-overload]
            owner.execute(f"CREATE DATABASE {copy} TEMPLATE {original}")  # type: ignore[call-overload]
        connection.settings_dict["NAME"] = copy
        try:
            yield address(copy)
        finally:
            connection.close()
            connection.settings_dict["NAME"] = original
            forget_calendar()
            forget_tree()
            with psycopg.connect(address("postgres"), autocommit=True) as owner:
                owner.execute(f"DROP DATABASE {copy} WITH (FORCE)")  # type: ignore[call-overload]
