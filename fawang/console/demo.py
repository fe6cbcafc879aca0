"""``fawang demo``: the demonstration province, loaded once, all of it marked（演示）."""

from __future__ import annotations

import argparse
from datetime import date, timedelta
from typing import TYPE_CHECKING

from fawang.console.database import connect
from fawang.console.migrate import migrate
from fawang.console.setup import ready

if TYPE_CHECKING:
    from fawang.console.demo_province import Account
    from fawang.people.models import Staff
    from fawang.registry.models import Organisation

HELP = "load the demonstration province"


def arguments(parser: argparse.ArgumentParser) -> None:
    """None."""


def run(options: argparse.Namespace) -> int:
    """Bring the database up to this release, load the province and print the sign-ins. Raises ``Halt`` when the database is newer."""
    _, owner = connect()
    migrate(owner)
    ready()
    for line in load():
        print(line)
    return 0


def load() -> list[str]:
    """Load the province unless it is there, whole or not at all; returns the sign-ins as lines for the screen."""
    from django.db import connection, transaction

    from fawang.console.demo_hotline import lines, load_hotline
    from fawang.people.models import Staff

    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(742)")
        if not Staff.objects.exists():
            _fill()
        load_hotline()
    return [*sign_ins(), *lines()]


def sign_ins() -> list[str]:
    """What the screen says about demonstration accounts."""
    from django.conf import settings

    from fawang.people.models import Staff
    from fawang.people.roles import ROLES

    lines = ["演示账号 Demo sign-ins（密码 password：" + settings.DEMO_PASSWORD + "；动态码见登录页 code: see the sign-in page）"]
    for staff in Staff.objects.filter(state="active", name__endswith="（演示）").order_by("created_at").prefetch_related("grants"):
        roles = "、".join(ROLES[g.role].zh for g in staff.grants.all())
        lines.append(f"  {staff.username:8s} {staff.name}  {roles}")
    return lines


def _fill() -> None:
    from fawang.console import demo_province as data
    from fawang.console.demo_matters import load_samples
    from fawang.matters.taxonomy import load_shipped_taxonomy
    from fawang.people.actors import SYSTEM
    from fawang.registry.services import add_organisation, add_site

    load_shipped_taxonomy()
    _calendar()
    offices: dict[str, Organisation] = {}
    for office in data.OFFICES:
        offices[office.key] = add_organisation(
            actor=SYSTEM, kind=office.kind, name=office.name + data.MARK, region_code=office.region, parent=offices.get(office.above), demo=True
        )
    for site in data.SITES:
        add_site(
            actor=SYSTEM, organisation=offices[site.office], level=site.level, name=site.name + data.MARK, region_code=site.region, address=site.address,
            lon=site.lon, lat=site.lat, phone="12348", opening_hours=data.HOURS, items=data.ITEMS[site.level], accessibility=data.ACCESS[site.level], demo=True,
        )  # fmt: skip
    load_samples(_accounts(offices))


def _accounts(offices: dict[str, Organisation]) -> dict[str, Staff]:
    from fawang.console import demo_province as data

    made = {}
    for account in data.ACCOUNTS:
        made[account.username] = make_account(account, offices[account.office])
    return made


def make_account(account: Account, office: Organisation) -> Staff:
    """One person of the demonstration, with roles at an office and a time code that the sign-in page shows."""
    from django.conf import settings

    from fawang.console.demo_province import MARK
    from fawang.people.accounts import bind_demo_totp, create_staff, grant_role
    from fawang.people.actors import SYSTEM

    staff = create_staff(
        actor=SYSTEM, username=account.username, name=account.name + MARK, password=settings.DEMO_PASSWORD, office_id=office.pk,
        is_adviser="adviser" in account.roles, skills=list(account.skills), must_change_password=False,
    )  # fmt: skip
    for role in account.roles:
        grant_role(actor=SYSTEM, staff=staff, role=role, office_id=office.pk, region_code=office.region_code)
    bind_demo_totp(staff=staff)
    return staff


def _calendar() -> None:
    """Next year's calendar, when nobody has announced it yet: marked, so that nobody takes it for the State Council's."""
    from fawang.kernel import clock
    from fawang.people.actors import SYSTEM
    from fawang.regions.models import CalendarYear
    from fawang.regions.services import publish_calendar_year

    year = clock.today().year + 1
    if not CalendarYear.objects.filter(year=year).exists():
        days = {date(year, 1, 1): ("holiday", "元旦（演示）"), date(year, 5, 1): ("holiday", "劳动节（演示）")}
        days |= {date(year, 10, 1) + timedelta(days=n): ("holiday", "国庆节（演示）") for n in range(3)}
        publish_calendar_year(actor=SYSTEM, year=year, source="演示数据，非国务院放假安排，请在正式使用前更换", days=days)
