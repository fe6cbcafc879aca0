"""The office at work while processes are killed: a dispatcher who leads whoever comes first on to another body, so that there is something to rate.

What he could not do, because the database was just killed, he does the next time he looks.
"""

from __future__ import annotations

import os
import time

USERNAME = "office"


def main() -> None:
    """Look again and again, until stopped."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.db import Error, connection

    while True:
        try:
            lead_on()
        except Error:
            connection.close()
        time.sleep(0.3)


def lead_on() -> None:
    """Take the step for every question of somebody who comes first."""
    from fawang.kernel.context import acting
    from fawang.matters.models import Matter
    from fawang.matters.services import take_step
    from fawang.people.actors import actor_of_staff
    from fawang.people.models import Staff

    dispatcher = actor_of_staff(Staff.objects.get(username=USERNAME))
    with acting(actor=dispatcher.ref(), door="window"):
        for matter_id in Matter.objects.filter(process_code="consultation", state="submitted", priority=1).values_list("pk", flat=True):
            take_step(actor=dispatcher, matter_id=matter_id, verb="redirect", data={"body_name": "市医保局", "reason": "医保报销由医保局办理"})


if __name__ == "__main__":
    main()
