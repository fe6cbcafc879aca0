"""The cast and the ground all tests stand on: a real PostgreSQL, a stopped clock, no network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.copies import database_copy

# a shared machine may be slow at any moment: what is asserted is behaviour, never seconds
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

BEIJING = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=BEIJING)


LONG = ("tests/browser/", "tests/fault/", "tests/hotline_gateway/", "tests/hotline_engines/")
"""Folders whose tests start whole houses and take long: with several workers they begin first, so that none is left alone with them at the end."""


class Together(LoadScopeScheduling):
    """What one worker does: a file, for its tests share what they stand on; all pages in the browser, for they share one house."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return LONG[0] if file.startswith(LONG[0]) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Together:
    """Our own, not ``--dist loadgroup``: with pytest 9.2 that one no longer sees the groups and scatters the tests (pytest-xdist#1386)."""
    return Together(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """No test may empty the shared ground behind the others' backs: whoever must commit takes a copy of the database."""
    items.sort(key=lambda item: next((n for n, folder in enumerate(LONG) if item.nodeid.startswith(folder)), len(LONG)))
    for item in items:
        marks = [m for m in item.iter_markers("django_db") if m.kwargs.get("transaction") or (m.args and m.args[0])]
        if marks or {"transactional_db", "live_server", "django_db_reset_sequences"} & set(getattr(item, "fixturenames", ())):
            raise pytest.UsageError(f"{item.nodeid} would truncate all tables afterwards; use committed_database or own_database")


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_modify_db_settings: None, django_db_blocker: object) -> Iterator[None]:
    """One migrated database for the run, divisions and calendars loaded."""
    from django.test.utils import setup_databases, teardown_databases

    from fawang.regions.services import load_calendar, load_divisions

    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        made = setup_databases(verbosity=0, interactive=False, aliases={"default"})
        load_calendar()
        load_divisions()
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
    with database_copy(django_db_blocker) as address:
        yield address


@pytest.fixture
def own_database(django_db_setup: None, django_db_blocker: object) -> Iterator[str]:
    """The same for one test alone."""
    with database_copy(django_db_blocker) as address:
        yield address
