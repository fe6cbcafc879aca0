"""Staff accounts: sign-in with password and TOTP, lock-out, grants, leaving."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pyotp
from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from fawang.kernel import clock, crypto, events
from fawang.kernel.errors import Refusal
from fawang.kernel.events import event_kind
from fawang.kernel.folding import pinyin_key
from fawang.kernel.policy import require
from fawang.kernel.work import tell_live
from fawang.people import policies, problems  # noqa: F401 - registered here
from fawang.people.actors import SYSTEM, Actor, Grant, live_grants
from fawang.people.models import Leave, RoleGrant, Staff
from fawang.people.phones import parse_phone
from fawang.people.roles import ADMINISTRATORS, ROLES, clash
from fawang.people.selectors import possible_substitutes

FAILURES, LOCKED_FOR = 5, timedelta(minutes=15)
_NOBODY = make_password("nobody")

event_kind("staff.created", "新建账号", "Account created", keys=("staff", "office"))
event_kind("staff.disabled", "停用账号", "Account disabled", keys=("staff", "reason"))
event_kind("staff.moved", "调动", "Moved to another office", keys=("staff", "office", "before"))
event_kind("staff.role_granted", "授权", "Role granted", keys=("staff", "role", "office", "region"))
event_kind("staff.role_revoked", "收回授权", "Role revoked", keys=("staff", "role"))
event_kind("staff.signed_in", "登录", "Signed in", keys=("staff",))
event_kind("staff.sign_in_failed", "登录失败", "Sign-in failed", keys=("staff", "locked"))
event_kind("staff.password_changed", "修改密码", "Password changed", keys=("staff",))
event_kind("staff.leave_set", "请假", "Leave", keys=("staff", "substitute", "from", "to"))
event_kind("staff.availability_set", "在岗状态", "Availability", keys=("staff", "available"))


def sign_in(*, username: str, password: str, totp: str) -> Staff:
    """The account, when password and code are right. Raises ``Refusal`` ``sign_in.wrong`` or ``sign_in.locked`` (both counted)."""
    problem: Refusal | None = None
    with transaction.atomic():
        staff = Staff.objects.select_for_update().filter(username=username.replace("\0", "\ufffd")).first()  # a name no account has; NUL cannot be asked for
        if staff is None:
            check_password(password, _NOBODY)  # equal work whether the name exists or not
            raise Refusal("sign_in.wrong", status=403)
        now = clock.now()
        if staff.locked_until and staff.locked_until > now:
            minutes = int((staff.locked_until - now).total_seconds() // 60) + 1
            problem = Refusal("sign_in.locked", status=429, minutes=minutes)
        elif staff.state != "active" or not staff.check_password(password) or not _totp_fits(staff, totp):
            staff.failed_attempts += 1
            if staff.failed_attempts >= FAILURES:
                staff.locked_until, staff.failed_attempts = now + LOCKED_FOR, 0
            staff.save()
            events.record(
                kind="staff.sign_in_failed", stream=staff.pk, payload={"staff": str(staff.pk), "locked": bool(staff.locked_until and staff.locked_until > now)}
            )
            problem = Refusal("sign_in.wrong", status=403)
        else:
            staff.failed_attempts, staff.locked_until = 0, None
            staff.save()
            events.record(kind="staff.signed_in", stream=staff.pk, payload={"staff": str(staff.pk)})
    if problem is not None:
        raise problem
    return staff


def _totp_fits(staff: Staff, code: str) -> bool:
    """Whether the code is right now and was not used before; an account without TOTP passes to the set-up page."""
    if not staff.totp_confirmed_at:
        return True
    totp = pyotp.TOTP(staff.totp_secret)
    step = int(clock.now().timestamp()) // 30
    for candidate in (step - 1, step, step + 1):
        if candidate > staff.totp_last_step and pyotp.utils.strings_equal(code, totp.at(candidate * 30)):
            staff.totp_last_step = candidate
            return True
    return False


def begin_totp(*, staff: Staff) -> str:
    """A fresh secret's otpauth address, for the QR code."""
    staff.totp_secret = pyotp.random_base32()
    staff.save(update_fields=["totp_secret"])
    return pyotp.TOTP(staff.totp_secret).provisioning_uri(name=staff.username, issuer_name="Fawang")


def confirm_totp(*, staff: Staff, code: str) -> None:
    """Bind the device. Raises ``Refusal('code.wrong')``."""
    step = int(clock.now().timestamp()) // 30
    if not staff.totp_secret:  # a code sent before the page was ever opened
        raise Refusal("code.wrong", field="code")
    totp = pyotp.TOTP(staff.totp_secret)
    if not any(pyotp.utils.strings_equal(code, totp.at(s * 30)) for s in (step - 1, step, step + 1)):
        raise Refusal("code.wrong", field="code")
    staff.totp_confirmed_at, staff.totp_last_step = clock.now(), step
    staff.save(update_fields=["totp_confirmed_at", "totp_last_step"])


def bind_demo_totp(*, staff: Staff) -> None:
    """Bind a device nobody holds; the sign-in page of a demonstration shows its codes (:func:`demo_code`)."""
    staff.totp_secret, staff.totp_confirmed_at = pyotp.random_base32(), clock.now()
    staff.save(update_fields=["totp_secret", "totp_confirmed_at"])


def demo_code(username: str) -> str:
    """The next unused code of a demonstration account, for the sign-in page. Empty outside demonstrations."""
    staff = Staff.objects.filter(username=username, state="active").first()
    if not settings.DEMO or staff is None or not staff.name.endswith("（演示）") or not staff.totp_confirmed_at:
        return ""
    step = int(clock.now().timestamp()) // 30
    return pyotp.TOTP(staff.totp_secret).at(max(staff.totp_last_step + 1, step) * 30)


def change_password(*, staff: Staff, new: str) -> None:
    """Set a new password; every session ends (the caller keeps his own by taking the new epoch). Raises ``Refusal('staff.password')``."""
    try:
        validate_password(new, staff)
    except ValidationError:
        raise Refusal("staff.password", field="password") from None
    with transaction.atomic():
        staff.set_password(new)
        staff.must_change_password = False
        staff.save()
        _end_sessions(staff)
        events.record(kind="staff.password_changed", stream=staff.pk, payload={"staff": str(staff.pk)})


def create_staff(
    *,
    actor: Actor,
    username: str,
    name: str,
    password: str | None,
    office_id: uuid.UUID | None = None,
    phone: str = "",
    is_adviser: bool = False,
    skills: list[str] | None = None,
    capacity: int = 20,
    must_change_password: bool = True,
) -> Staff:
    """Make an account without any role; without a password nobody signs in with it. Raises ``Forbidden``, ``Refusal('staff.exists')``."""
    with transaction.atomic():
        require("people.create_staff", actor, Grant("", office_id, ""))
        if Staff.objects.filter(username=username).exists():
            raise Refusal("staff.exists", field="username")
        staff = Staff(
            username=username,
            name=name,
            pinyin_key=pinyin_key(name),
            office_id=office_id,
            phone=phone,
            is_adviser=is_adviser,
            skills=skills or [],
            capacity=capacity,
            must_change_password=must_change_password,
            phone_index=crypto.blind("phone", parse_phone(phone).canonical) if phone else b"",
        )
        staff.set_password(password)
        staff.save()
        events.record(kind="staff.created", stream=staff.pk, payload={"staff": str(staff.pk), "office": str(office_id or "")})
    return staff


def create_first_administrators(*, passwords: dict[str, str]) -> list[Staff]:
    """The first three accounts of an empty house, one administrator each. Raises ``Refusal('staff.first')`` afterwards."""
    with transaction.atomic():
        if Staff.objects.exists():
            raise Refusal("staff.first", status=409)
        made = []
        for role in ADMINISTRATORS:
            staff = create_staff(actor=SYSTEM, username=role, name=ROLES[role].zh, password=passwords[role])
            grant_role(actor=SYSTEM, staff=staff, role=role)
            made.append(staff)
    return made


def grant_role(
    *,
    actor: Actor,
    staff: Staff,
    role: str,
    office_id: uuid.UUID | None = None,
    region_code: str = "000000",
    valid_to: datetime | None = None,
) -> RoleGrant:
    """Grant a role. Raises ``Forbidden`` (not the security administrator, to oneself, or beyond his own scope), ``Refusal('role.clash')``."""
    with transaction.atomic():
        require("people.grant", actor, staff)
        require("people.grant_scope", actor, Grant(role, office_id, region_code))
        Staff.objects.select_for_update().get(pk=staff.pk)
        if role not in ROLES:
            raise Refusal("role.unknown", field="role")
        if clash({g.role for g in live_grants(staff)}, role):
            raise Refusal("role.clash", field="role")
        row = RoleGrant.objects.create(staff=staff, role=role, office_id=office_id, region_code=region_code, valid_to=valid_to, granted_by_id=actor.staff_id)
        events.record(
            kind="staff.role_granted", stream=staff.pk, payload={"staff": str(staff.pk), "role": role, "office": str(office_id or ""), "region": region_code}
        )
    return row


def revoke_role(*, actor: Actor, grant: RoleGrant) -> None:
    """Take a role back; it ends with the commit."""
    with transaction.atomic():
        require("people.grant", actor, grant.staff)
        grant.revoked_at = clock.now()
        grant.save(update_fields=["revoked_at"])
        events.record(kind="staff.role_revoked", stream=grant.staff_id, payload={"staff": str(grant.staff_id), "role": grant.role})
        _end_sessions(grant.staff)


def disable_staff(*, actor: Actor, staff: Staff, reason: str) -> None:
    """Disable an account (leaving, suspension): every session of it ends at its next use."""
    with transaction.atomic():
        require("people.create_staff", actor, staff)
        staff.state, staff.left_at = "left", clock.now()
        staff.save(update_fields=["state", "left_at"])
        _end_sessions(staff)
        events.record(kind="staff.disabled", stream=staff.pk, payload={"staff": str(staff.pk), "reason": reason})


def move_staff(*, actor: Actor, staff: Staff, office_id: uuid.UUID) -> None:
    """Move an account to another office: its posts of before and every session end; posts there are granted anew. Both places must be the actor's."""
    with transaction.atomic():
        require("people.create_staff", actor, staff)
        require("people.create_staff", actor, Grant("", office_id, ""))
        before = str(staff.office_id or "")
        for row in live_grants(staff):
            row.revoked_at = clock.now()
            row.save(update_fields=["revoked_at"])
            events.record(kind="staff.role_revoked", stream=staff.pk, payload={"staff": str(staff.pk), "role": row.role})
        staff.office_id = office_id
        staff.save(update_fields=["office_id"])
        events.record(kind="staff.moved", stream=staff.pk, payload={"staff": str(staff.pk), "office": str(office_id), "before": before})
        _end_sessions(staff)


def _end_sessions(staff: Staff) -> None:
    staff.session_epoch += 1
    staff.save(update_fields=["session_epoch"])
    tell_live([f"staff:{staff.pk}"], "revoked", str(staff.pk))


def set_leave(*, actor: Actor, staff: Staff, starts_at: datetime, ends_at: datetime, substitute: Staff | None = None) -> Leave:
    """Enter leave with an optional substitute. Raises ``Refusal("form.invalid")`` naming ``substitute`` for one who could not stand in."""
    with transaction.atomic():
        require("people.self", actor)
        if substitute is not None and substitute not in possible_substitutes(staff):
            raise Refusal("form.invalid", fields={"substitute": Refusal("leave.substitute", field="substitute")})
        row = Leave.objects.create(staff=staff, starts_at=starts_at, ends_at=ends_at, substitute=substitute)
        events.record(
            kind="staff.leave_set",
            stream=staff.pk,
            payload={"staff": str(staff.pk), "substitute": str(substitute.pk) if substitute else "", "from": starts_at.isoformat(), "to": ends_at.isoformat()},
        )
    return row


def set_availability(*, actor: Actor, available: bool) -> None:
    """在岗 or not, for automatic assignment."""
    with transaction.atomic():
        require("people.self", actor)
        assert actor.staff_id is not None
        Staff.objects.filter(pk=actor.staff_id).update(available=available)
        events.record(kind="staff.availability_set", stream=actor.staff_id, payload={"staff": str(actor.staff_id), "available": available})
