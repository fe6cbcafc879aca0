"""``fawang doctor``: what is configured, what is up, what will soon be missing."""

from __future__ import annotations

import argparse

from fawang.console.setup import ready

HELP = "say what is up and what is missing"


def arguments(parser: argparse.ArgumentParser) -> None:
    """None."""


def run(options: argparse.Namespace) -> int:
    """Print findings; 1 when something needs a hand."""
    ready()
    from django.conf import settings
    from django.db import connection

    from fawang.kernel import clock
    from fawang.kernel.models import Heartbeat, Undelivered, UnsealedEvent
    from fawang.knowledge.norm_check import unfit
    from fawang.matters.processes import check_references
    from fawang.regions.selectors import calendar_warning

    wrong = [*check_references()]
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        print("PostgreSQL", cursor.fetchone()[0])
    for beat in Heartbeat.objects.all():
        age = int((clock.now() - beat.beaten_at).total_seconds())
        print(f"{beat.name}: {age} s")
        if age > 30:
            wrong.append(f"{beat.name} has been silent for {age} s")
    waiting = UnsealedEvent.objects.count()
    if waiting > 1000:
        wrong.append(f"{waiting} events wait for the ledger")
    if stuck := Undelivered.objects.filter(attempts__gt=3).count():
        wrong.append(f"{stuck} events could not be handled, see the log")
    if warning := calendar_warning(clock.today()):
        wrong.append(warning.zh)
    wrong += [str(row) for row in unfit() if row.held]
    wrong += engine_troubles()
    print("suite", settings.CIPHER_SUITE, "· state", settings.STATE_DIR)
    for line in wrong:
        print("!", line)
    return 1 if wrong else 0


def engine_troubles() -> list[str]:
    """What hinders the telephone engine chosen by ``FAWANG_ENGINE``, as far as it can be asked from here."""
    from django.conf import settings

    from fawang.hotline.engines.asterisk.process import problem
    from fawang.hotline.station import asterisk_settings

    sentence = problem(asterisk_settings()) if settings.HOTLINE_ENGINE == "asterisk" else ""
    return [sentence] if sentence else []
