"""Accounts and posts. Making them, granting them and auditing them are three people's work (三员分立)."""

from __future__ import annotations

import base64
import uuid
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from fawang.faces.desk.frame import actor_of, page
from fawang.faces.pages import errors_of, language, spec, whole
from fawang.faces.repeats import post_once
from fawang.faces.routing import open_to
from fawang.kernel import clock, crypto
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.folding import pinyin_key
from fawang.kernel.policy import decide
from fawang.kernel.text_safety import ValueProblem, check_text
from fawang.kernel.texts import Text
from fawang.people.accounts import create_staff, disable_staff, grant_role, move_staff, revoke_role, set_availability, set_leave
from fawang.people.actors import Actor, live_grants
from fawang.people.models import Leave, RoleGrant, Staff
from fawang.people.roles import ROLES
from fawang.people.selectors import possible_substitutes
from fawang.registry.models import Organisation

LISTED = 200
_LEAVE_WITHIN = timedelta(days=3 * 366)
"""Further away a day of leave is a slip of the keyboard."""


def _offices() -> list[tuple[str, Text]]:
    kinds = ("law_firm", "notary_office", "appraisal_institution", "mediation_committee")
    return [
        (str(o.pk), Text(o.name, o.name)) for o in Organisation.objects.filter(state="active").exclude(kind__in=kinds).order_by("region_code", "serial")[:500]
    ]


@open_to("desk.staff", "GET")
def accounts(request: HttpRequest) -> HttpResponse:
    """All accounts, by name."""
    return _page(request)


def _page(request: HttpRequest, *, errors: Any = None, values: Any = None, status: int = 200) -> HttpResponse:
    actor = actor_of(request)
    rows = Staff.objects.order_by("state", "pinyin_key").prefetch_related("grants")
    if text := request.GET.get("q", "").strip()[:40]:
        rows = rows.filter(pinyin_key__startswith=pinyin_key(text)) | rows.filter(username__startswith=text)
    offices = {str(k): v for k, v in Organisation.objects.values_list("pk", "name")}
    tongue = language()
    listed = [
        {"staff": s, "office": offices.get(str(s.office_id), ""), "roles": [ROLES[g.role].in_language(tongue) for g in s.grants.all() if g.revoked_at is None]}
        for s in rows
        if decide("people.see_staff", actor, s)
    ][:LISTED]
    fields = [
        spec("username", "用户名", "User name", max_length=60), spec("name", "姓名", "Name", max_length=100),
        spec("office", "所属机构", "Office", widget="select", choices=_offices()), spec("phone", "手机", "Mobile", required=False),
    ]  # fmt: skip
    context = {
        "rows": listed,
        "fields": fields,
        "errors": errors or {},
        "values": values or {},
        "q": text,
        "may_create": bool(decide("people.create_staff", actor)),
    }
    return page(request, "desk/accounts.html", context, status=status)


@open_to("people.create_staff", "POST")
def create(request: HttpRequest) -> HttpResponse:
    """A new account and its first password. A form that comes twice makes one account and shows the same password, until its owner has set another."""
    actor = actor_of(request)
    password = _first_password(actor, request.POST.get("_key", ""))

    def act() -> str:
        name, username = request.POST.get("name", ""), request.POST.get("username", "")
        for field, text in (("name", name), ("username", username)):
            if not text.strip():
                raise Refusal("form.invalid", fields={field: Refusal("field.required", field=field)})
            _one_line(field, text)
        office = Organisation.objects.filter(pk=_uuid(request.POST.get("office", ""))).first()
        if office is None:
            raise Refusal("form.invalid", fields={"office": Refusal("matter.office", field="office")})
        try:
            made = create_staff(actor=actor, username=username, name=name, password=password, office_id=office.pk, phone=request.POST.get("phone", ""))
        except ValueProblem as bad:
            raise Refusal("form.invalid", fields={"phone": Refusal(bad.code, field="phone", **bad.params)}) from None
        return f"/desk/staff/{made.pk}"

    try:
        answer = post_once(request, act)
    except Refusal as refusal:
        field = refusal.field or "form"
        return _page(request, errors=dict(refusal.fields) or {field: refusal}, values=request.POST.dict(), status=refusal.status)
    staff = Staff.objects.get(pk=answer.headers["Location"].rpartition("/")[2])
    if staff.must_change_password and staff.check_password(password):
        words = Text(
            "已建账号 {name}，初始密码：{password}（离开本页就不再显示）", "Account {name} is made. First password, shown on this page only: {password}"
        )
        messages.success(request, words.in_language(language()).format(name=staff.username, password=password))
    return answer


def _first_password(actor: Actor, key: str) -> str:
    """Drawn from the form's key by a secret of the house: nobody can guess it, and it need not be kept to be shown again."""
    return base64.urlsafe_b64encode(crypto.blind("first-password", f"{actor.account}:{key}")[:9]).decode()


def _one_line(field: str, text: str, *, max_length: int = 60) -> None:
    try:
        check_text(text, max_length=max_length, single_line=True)
    except ValueProblem as bad:
        raise Refusal("form.invalid", fields={field: Refusal(bad.code, field=field, **bad.params)}) from None


def _uuid(text: str) -> uuid.UUID:
    """The id in a form field; the nil id, which nothing has, when it is none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.UUID(int=0)


def _staff(actor: Actor, staff_id: uuid.UUID) -> Staff:
    found = Staff.objects.filter(pk=staff_id).first()
    if found is None or not decide("people.see_staff", actor, found):
        raise Absent
    return found


@open_to("desk.staff", "GET")
def account(request: HttpRequest, staff_id: uuid.UUID) -> HttpResponse:
    """One account: its posts, and who may change them."""
    return _account(request, _staff(actor_of(request), staff_id))


def _account(request: HttpRequest, staff: Staff, *, refusal: Refusal | None = None, status: int = 200) -> HttpResponse:
    actor = actor_of(request)
    tongue = language()
    offices = {str(k): v for k, v in Organisation.objects.values_list("pk", "name")}
    grants = [{"grant": g, "name": ROLES[g.role].in_language(tongue), "office": offices.get(str(g.office_id), "")} for g in live_grants(staff)]
    fields = [
        spec("role", "岗位", "Post", widget="select", choices=list(ROLES.items())),
        spec("office", "管辖范围（机构及其下级）", "Scope (office and those below)", widget="select", required=False, choices=_offices()),
    ]  # fmt: skip
    move = spec("office", "调往", "Moves to", widget="select", choices=_offices())
    context = {
        "move": move, "staff": staff, "grants": grants, "fields": fields, "office": offices.get(str(staff.office_id), ""), "refusal": refusal,
        "reason": request.POST.get("reason", "") if refusal else "",
        "may_grant": bool(decide("people.grant", actor, staff)), "why_not": decide("people.grant", actor, staff).reason,
        "may_disable": bool(decide("people.create_staff", actor, staff)) and staff.state == "active" and staff.pk != actor.staff_id,
    }  # fmt: skip
    return page(request, "desk/account.html", context, status=status)


@open_to("desk.staff", "POST")
def change(request: HttpRequest, staff_id: uuid.UUID, verb: str) -> HttpResponse:
    """Grant, revoke, move, disable: each decided by its own policy."""
    actor = actor_of(request)
    staff = _staff(actor, staff_id)

    def act() -> str:
        if verb == "grant":
            office = Organisation.objects.filter(pk=_uuid(request.POST.get("office", ""))).first()
            grant_role(
                actor=actor,
                staff=staff,
                role=request.POST.get("role", ""),
                office_id=office.pk if office else None,
                region_code=office.region_code if office else "000000",
            )
        elif verb == "revoke":
            grant = RoleGrant.objects.filter(staff=staff, pk=whole(request.POST.get("grant"))).first()
            if grant is None:
                raise Absent
            revoke_role(actor=actor, grant=grant)
        elif verb == "disable":
            reason = request.POST.get("reason", "")
            _one_line("reason", reason, max_length=200)
            disable_staff(actor=actor, staff=staff, reason=reason)
        elif verb == "move":
            office = Organisation.objects.filter(pk=_uuid(request.POST.get("office", ""))).first()
            if office is None:
                raise Refusal("matter.office", field="office")
            move_staff(actor=actor, staff=staff, office_id=office.pk)
            return "/desk/staff"
        else:
            raise Absent
        return f"/desk/staff/{staff.pk}"

    try:
        return post_once(request, act)
    except Refusal as refusal:
        return _account(request, staff, refusal=next(iter(refusal.fields.values()), refusal), status=refusal.status)


@open_to("staff", "GET")
def me(request: HttpRequest) -> HttpResponse:
    """My availability, my leave, my posts."""
    return _me(request)


def _me(request: HttpRequest, *, errors: Any = None, values: Any = None, status: int = 200) -> HttpResponse:
    actor = actor_of(request)
    staff = Staff.objects.get(pk=actor.account)
    colleagues = [(str(s.pk), Text(s.name, s.name)) for s in possible_substitutes(staff)]
    fields = [
        spec("from", "从", "From", widget="date"), spec("to", "到（含当日）", "To (inclusive)", widget="date"),
        spec("substitute", "代班人", "Substitute", widget="select", required=False, choices=colleagues),
    ]  # fmt: skip
    tongue = language()
    context = {
        "staff": staff, "fields": fields, "errors": errors or {}, "values": values or {}, "leaves": Leave.objects.filter(staff=staff, ends_at__gte=clock.now()).select_related("substitute"),
        "roles": [ROLES[g.role].in_language(tongue) for g in live_grants(staff)],
    }  # fmt: skip
    return page(request, "desk/me.html", context, status=status)


@open_to("people.self", "POST")
def me_change(request: HttpRequest, verb: str) -> HttpResponse:
    """Set availability or leave."""
    actor = actor_of(request)
    staff = Staff.objects.get(pk=actor.account)

    def act() -> str:
        if verb == "available":
            set_availability(actor=actor, available=request.POST.get("available") == "1")
        elif verb == "leave":
            first, last = _leave_day(request, "from"), _leave_day(request, "to")
            if last < first:
                raise Refusal("form.invalid", fields={"to": Refusal("leave.order", field="to")})
            named = request.POST.get("substitute", "")
            substitute = Staff.objects.filter(pk=_uuid(named)).first()
            if named and substitute is None:
                raise Refusal("form.invalid", fields={"substitute": Refusal("leave.substitute", field="substitute")})
            set_leave(actor=actor, staff=staff, starts_at=first, ends_at=last + timedelta(days=1), substitute=substitute)
        return "/desk/me"

    try:
        return post_once(request, act)
    except Refusal as refusal:
        return _me(request, errors=errors_of(refusal), values=request.POST.dict(), status=refusal.status)


def _leave_day(request: HttpRequest, name: str) -> datetime:
    try:
        day = date.fromisoformat(request.POST.get(name, ""))
    except ValueError:
        raise Refusal("form.invalid", fields={name: Refusal("field.invalid", field=name)}) from None
    if abs(day - clock.today()) > _LEAVE_WITHIN:
        raise Refusal("form.invalid", fields={name: Refusal("leave.far", field=name)})
    return datetime(day.year, day.month, day.day, tzinfo=clock.BEIJING)
