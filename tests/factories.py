"""Makers of the fixed cast: an office tree, Li the adviser, Wang the dispatcher, Zhao the supervisor, and citizens."""

from __future__ import annotations

import itertools
import uuid
from typing import Any

from fawang.kernel.context import acting
from fawang.kernel.folding import fold_name
from fawang.matters.models import Category, CategoryVersion, Intake, Matter
from fawang.matters.openings import Opening, open_matter
from fawang.matters.parties import PartyWords
from fawang.people.accounts import create_staff, grant_role
from fawang.people.actors import SYSTEM, Actor, actor_of_person, actor_of_staff
from fawang.people.models import Person, Staff
from fawang.registry.models import Organisation
from fawang.registry.tree import forget_tree

_serial = itertools.count(1)
PASSWORD = "correct-horse-9"


def office(kind: str = "service_center", region: str = "340100", name: str = "", parent: Organisation | None = None) -> Organisation:
    n = next(_serial)
    label = name or f"演示机构{n}"
    made = Organisation.objects.create(serial=n, kind=kind, name=label, folded=fold_name(label), region_code=region, parent=parent, demo=True)
    forget_tree()
    return made


def staff(name: str, *roles: str, at: Organisation | None = None, region: str = "000000", **extra: Any) -> Staff:
    account = create_staff(
        actor=SYSTEM, username=f"u{next(_serial)}", name=name, password=PASSWORD, office_id=at.pk if at else None, must_change_password=False, **extra
    )
    for role in roles:
        grant_role(actor=SYSTEM, staff=account, role=role, office_id=at.pk if at else None, region_code=region)
    return account


def actor(account: Staff) -> Actor:
    return actor_of_staff(account)


def citizen(name: str = "王小明", phone: str = "13800000001") -> Person:
    return Person.objects.create(name=name, phone=phone)


def person_actor(person: Person) -> Actor:
    return actor_of_person(person)


def taxonomy() -> None:
    version, _ = CategoryVersion.objects.get_or_create(number=1, defaults={"effective_from": "2020-01-01", "source": "演示"})
    for order, (code, name, english) in enumerate(
        [
            ("labour", "劳动", "Labour"),
            ("labour.wages", "工资", "Wages"),
            ("labour.wages.arrears", "拖欠工资", "Arrears"),
            ("family", "婚姻家庭", "Family"),
            ("family.divorce", "离婚", "Divorce"),
        ]
    ):
        Category.objects.get_or_create(
            version=version,
            code=code,
            defaults={"parent_code": code.rpartition(".")[0], "level": code.count(".") + 1, "name": name, "name_en": english, "order": order},
        )


def matter(
    process: str,
    at: Organisation,
    *,
    person: Person | None = None,
    parties: tuple[PartyWords, ...] = (),
    relation: str = "applicant",
    title: str = "厂里拖了我三个月工资",
    **opening: Any,
) -> Matter:
    who = person or citizen()
    with acting(door="web"):
        intake = Intake.objects.create(door="web", office=at, person=who)
        return open_matter(
            intake=intake,
            opening=Opening(
                process=process, title=title, region_code=at.region_code, office=at,
                parties=[PartyWords(relation, who.name or "", who.phone or "", person_id=who.pk), *parties], **opening,
            ),
        )  # fmt: skip


def key() -> str:
    return uuid.uuid4().hex
