"""Bringing the database to the code's version."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from fawang.console.halt import Halt

HELP = "bring the database to this version"


def arguments(parser: argparse.ArgumentParser) -> None:
    """None."""


def run(options: argparse.Namespace) -> int:
    """Migrate as the owner."""
    from fawang.console.database import connect

    _, owner = connect()
    migrate(owner)
    return 0


def migrate(owner_url: str) -> None:
    """Migrate as the owner's role, in a process of its own. Raises ``Halt`` when the database is newer than the code, or not the role's to change."""
    done = subprocess.run([sys.executable, "-m", "fawang.console.migrate"], env={**os.environ, "DATABASE_URL": owner_url}, check=False)
    if done.returncode == 3:
        raise Halt("数据库比程序新，请升级程序 / The database is newer than this version of Fawang.")
    if done.returncode == 4:
        raise Halt("数据库账号无权建表，请把 DATABASE_OWNER_URL 设为库的所有者 / DATABASE_OWNER_URL must name the owner of the database.")
    if done.returncode:
        raise Halt("数据库升级失败，数据未改动 / Migration failed; nothing was changed.")


def _main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    known = set(executor.loader.disk_migrations)
    rooms = {app for app, _ in known}
    if any(key not in known for key in executor.loader.applied_migrations if key[0] in rooms):
        return 3
    if not _owns():
        return 4
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", verbosity=0)
    from fawang.kernel.grants import give_rights

    with connection.cursor() as cursor:
        give_rights(cursor)
    from fawang.regions.models import Division
    from fawang.regions.services import load_calendar, load_divisions

    if not Division.objects.exists():
        load_divisions()
    load_calendar()
    from fawang.matters.taxonomy import load_shipped_taxonomy

    load_shipped_taxonomy()
    from fawang.knowledge.shipped import load_shipped_reading

    load_shipped_reading()
    return 0


def _owns() -> bool:
    """Whether this role may make tables and change those there are; asked beforehand, so that nothing is begun that cannot be finished."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT has_schema_privilege(current_user, current_schema(), 'CREATE') AND NOT EXISTS (SELECT 1 FROM pg_class"
            " WHERE relname = 'django_migrations' AND relnamespace = current_schema()::regnamespace AND NOT pg_has_role(current_user, relowner, 'USAGE'))"
        )
        return bool(cursor.fetchone()[0])


if __name__ == "__main__":
    sys.exit(_main())
