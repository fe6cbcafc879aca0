"""三员分立 and no self-granted rights: over every pair of posts, every administrator, every policy."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from fawang.kernel.errors import Absent, Forbidden, Refusal
from fawang.kernel.policy import decide, policies
from fawang.matters.models import Matter
from fawang.people.accounts import create_staff, disable_staff, grant_role, revoke_role
from fawang.people.actors import SYSTEM, actor_of_staff
from fawang.people.models import RoleGrant, Staff
from fawang.people.roles import ROLES
from tests import factories

pytestmark = pytest.mark.django_db
SYSTEM_ADMIN, SECURITY_ADMIN, AUDIT_ADMIN = "system_admin", "security_admin", "audit_admin"
THREE = {SYSTEM_ADMIN, SECURITY_ADMIN, AUDIT_ADMIN}
ASIDE = {"public", "staff", "people.self", "desk.registry", "registry.read", "knowledge.read", "matters.submit"}
"""What any account may, or anybody at all."""
OWN = {
    SYSTEM_ADMIN: {"people.create_staff", "people.outbox", "people.see_staff", "desk.staff"},
    SECURITY_ADMIN: {"people.grant", "people.grant_scope", "people.see_staff", "desk.staff"},
    AUDIT_ADMIN: {"people.audit", "people.see_staff", "desk.staff", "oversight.figures", "matters.see", "hotline.hold_recording"},
}
"""The whole of what each administrator may, by issue 2 and 等保: accounts; grants; the trail, the handling and the figures. No content anywhere."""


def may_stand_together(a: str, b: str) -> bool:
    return a == b or not ({a, b} & THREE)


def test_over_every_pair_of_posts_an_administrator_holds_nothing_else(monday: Callable[[timedelta], None]) -> None:
    assert set(ROLES) >= THREE
    office = factories.office()
    wrong = []
    for a in ROLES:
        account = factories.staff(f"持{a}", a, at=office)
        for b in ROLES:
            try:
                row = grant_role(actor=SYSTEM, staff=account, role=b, office_id=office.pk)
                given, why = True, ""
                RoleGrant.objects.filter(pk=row.pk).delete()
            except Refusal as refusal:
                given, why = False, refusal.code
            if given != may_stand_together(a, b) or (not given and why != "role.clash"):
                wrong.append((a, b, given, why))
    assert wrong == []


def test_a_post_taken_back_makes_room_for_another(monday: Callable[[timedelta], None]) -> None:
    account = factories.staff("转岗", "adviser", at=factories.office())
    with pytest.raises(Refusal):
        grant_role(actor=SYSTEM, staff=account, role=AUDIT_ADMIN)
    revoke_role(actor=SYSTEM, grant=account.grants.get())
    grant_role(actor=SYSTEM, staff=account, role=AUDIT_ADMIN)
    assert actor_of_staff(account).roles == {AUDIT_ADMIN}


@pytest.mark.parametrize("role", sorted(ROLES))
def test_nobody_grants_himself_anything(monday: Callable[[timedelta], None], role: str) -> None:
    account = factories.staff("自己", role, at=factories.office())
    before = set(account.grants.values_list("role", flat=True))
    for wanted in ROLES:
        with pytest.raises(Forbidden):
            grant_role(actor=factories.actor(account), staff=account, role=wanted)
    assert set(account.grants.values_list("role", flat=True)) == before


def test_of_all_posts_only_the_security_administrator_grants_and_only_the_system_administrator_makes_accounts(monday: Callable[[timedelta], None]) -> None:
    office = factories.office()
    newcomer = factories.staff("新人", at=office)
    able: dict[str, set[str]] = {}
    for role in ROLES:
        actor = factories.actor(factories.staff(f"持{role}", role, at=office))
        target = factories.staff(f"待停用{role}", at=office)
        tries: list[tuple[str, Callable[[], Any]]] = [
            ("grant", lambda actor=actor: grant_role(actor=actor, staff=newcomer, role="registrar", office_id=office.pk)),  # type: ignore[misc]
            ("create", lambda actor=actor: create_staff(actor=actor, username=f"x{actor.staff_id}", name="某人", password="-", office_id=office.pk)),  # type: ignore[misc]
            ("disable", lambda actor=actor, target=target: disable_staff(actor=actor, staff=target, reason="离职")),  # type: ignore[misc]
        ]
        for verb, act in tries:
            try:
                act()
                able.setdefault(verb, set()).add(role)
            except Forbidden:
                continue
    assert able == {"grant": {SECURITY_ADMIN}, "create": {SYSTEM_ADMIN}, "disable": {SYSTEM_ADMIN}}
    assert set(newcomer.grants.values_list("role", flat=True)) == {"registrar"}


def target_of(code: str, matter: Matter, account: Staff) -> Any:
    """What a policy is asked about: a matter, an account, or the page itself."""
    if code in {"people.see_staff", "people.create_staff", "people.grant"}:
        return account
    if code == "people.grant_scope":
        return factories.actor(factories.staff("示例", "registrar", at=matter.office)).grants[0]
    if code in {"matters.take_in", "matters.submit", "oversight.figures"} or not code.startswith(("matters.", "oversight.")):
        return None
    return matter


def shipped() -> list[str]:
    """The product's own policies, without those other tests declare for their processes."""
    return [code for code, found in policies().items() if found.check.__module__.startswith("fawang.")]


ABOUT_A_CALL = {
    "hotline.call",
    "hotline.ticket",
    "hotline.write_ticket",
    "hotline.review",
    "hotline.listen",
    "hotline.export",
    "hotline.check",
    "hotline.appeal",
    "hotline.sample",
}
"""Policies about one call: the access matrix asks them with real ones."""


@pytest.mark.parametrize("role", sorted(THREE))
def test_what_an_administrator_may_is_this_and_nothing_of_the_others_and_no_business(settings: Any, monday: Callable[[timedelta], None], role: str) -> None:
    settings.DEMO = False
    office = factories.office()
    matter = factories.matter("consultation", office)
    account = factories.staff("某人", at=office)
    actor = factories.actor(factories.staff("管理员", role, at=office))
    allowed = {code for code in shipped() if code not in ABOUT_A_CALL and decide(code, actor, target_of(code, matter, account))}
    assert allowed - ASIDE == OWN[role]
    assert [(a, b) for a, b in itertools.combinations(sorted(THREE), 2) if OWN[a] & OWN[b] - {"people.see_staff", "desk.staff"}] == []


def test_an_administrator_reaches_his_own_offices_and_grants_no_wider_than_he_oversees(monday: Callable[[timedelta], None]) -> None:
    department = factories.office("provincial_justice_department", "340000")
    bureau = factories.office("justice_bureau", "340100", "", department)
    centre, elsewhere = factories.office("service_center", "340100", "", bureau), factories.office("service_center", "340200", "", department)
    security = factories.actor(factories.staff("安全员", SECURITY_ADMIN, at=bureau))
    system = factories.actor(factories.staff("系统员", SYSTEM_ADMIN, at=bureau))
    near, far = factories.staff("本市", at=centre), factories.staff("外市", at=elsewhere)
    grant_role(actor=security, staff=near, role="window_clerk", office_id=centre.pk)
    for office_id, region in ((None, "000000"), (None, "340100"), (elsewhere.pk, "340200"), (department.pk, "340000")):
        with pytest.raises(Forbidden):
            grant_role(actor=security, staff=near, role="supervisor", office_id=office_id, region_code=region)
    with pytest.raises(Absent):
        grant_role(actor=security, staff=far, role="window_clerk", office_id=centre.pk)
    with pytest.raises(Absent):
        disable_staff(actor=system, staff=far, reason="越权")
    with pytest.raises(Forbidden):
        create_staff(actor=system, username="far", name="越权", password="-", office_id=elsewhere.pk)
    with pytest.raises(Forbidden):
        create_staff(actor=system, username="none", name="无机构", password="-")
    far.refresh_from_db()
    assert (far.state, Staff.objects.filter(username__in=("far", "none")).exists()) == ("active", False)
    assert [g.role for g in near.grants.all()] == ["window_clerk"]
