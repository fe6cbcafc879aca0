"""Coming in and leaving: password and one-time code, binding a device, a first password of one's own."""

from __future__ import annotations

from typing import Any

import segno
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from fawang.faces.pages import errors_of, limited, of_this_house, spec
from fawang.faces.routing import open_to
from fawang.kernel.errors import Refusal
from fawang.people.accounts import begin_totp, change_password, confirm_totp, demo_code, sign_in
from fawang.people.models import Staff
from fawang.people.roles import ROLES
from fawang.people.selectors import demo_accounts


def _safe_next(request: HttpRequest) -> str:
    target = request.GET.get("next", "")
    return of_this_house(target, otherwise="/desk/") if target.startswith("/desk") else "/desk/"


@open_to("public")
def sign_in_page(request: HttpRequest) -> HttpResponse:
    """用户名、密码、动态码."""
    errors: Any = {}
    values: dict[str, Any] = {"username": request.POST.get("username") or request.GET.get("as", "")}
    if request.method == "POST":
        limited(request, "desk.sign_in", 30)
        try:
            staff = sign_in(username=request.POST.get("username", ""), password=request.POST.get("password", ""), totp=request.POST.get("code", ""))
            return _enter(request, staff)
        except Refusal as refusal:
            errors = errors_of(refusal)
    elif settings.DEMO and values["username"]:
        values |= {"password": settings.DEMO_PASSWORD, "code": demo_code(values["username"])}
    accounts = [(s.username, s.name, "、".join(ROLES[g.role].zh for g in s.grants.all())) for s in demo_accounts()] if settings.DEMO else []
    context = {"errors": errors, "values": values, "accounts": accounts}
    return render(request, "desk/sign_in.html", context, status=403 if errors else 200)


def _enter(request: HttpRequest, staff: Staff) -> HttpResponse:
    request.session.flush()
    request.session["staff_id"], request.session["epoch"] = str(staff.pk), staff.session_epoch
    if staff.must_change_password:
        request.session["stage"] = "password"
    elif not staff.totp_confirmed_at:
        request.session["stage"] = "totp"
    return redirect({"password": "/desk/password", "totp": "/desk/device"}.get(request.session.get("stage", ""), _safe_next(request)))


@open_to("public", "POST")
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this session."""
    request.session.flush()
    return redirect("/desk/sign-in")


@open_to("staff")
def password(request: HttpRequest) -> HttpResponse:
    """A password of one's own."""
    errors: Any = {}
    staff = Staff.objects.get(pk=request.actor.account)  # type: ignore[attr-defined]
    fields = [
        spec("password", "新密码（至少10位）", "New password (10 characters or more)", widget="password"),
        spec("again", "再输一遍", "Once more", widget="password"),
    ]
    if request.method == "POST":
        try:
            if request.POST.get("password") != request.POST.get("again"):
                raise Refusal("form.invalid", fields={"again": Refusal("staff.password_again", field="again")})
            change_password(staff=staff, new=request.POST.get("password", ""))
            request.session.cycle_key()  # this session goes on under a new name; all others have ended
            request.session["epoch"] = staff.session_epoch
            request.session["stage"] = "" if staff.totp_confirmed_at else "totp"
            return redirect("/desk/" if staff.totp_confirmed_at else "/desk/device")
        except Refusal as refusal:
            errors = dict(refusal.fields) or {"password": refusal}
    return render(request, "desk/password.html", {"fields": fields, "errors": errors, "values": {}}, status=422 if errors else 200)


@open_to("staff")
def device(request: HttpRequest) -> HttpResponse:
    """Bind an authenticator: scan, type the code once."""
    errors: Any = {}
    staff = Staff.objects.get(pk=request.actor.account)  # type: ignore[attr-defined]
    if staff.totp_confirmed_at:
        return redirect("/desk/")
    address = request.session.get("otp_address", "")
    if request.method == "POST":
        try:
            confirm_totp(staff=staff, code=request.POST.get("code", ""))
            request.session.pop("otp_address", None)
            request.session["stage"] = ""
            return redirect("/desk/")
        except Refusal as refusal:
            errors = {"code": refusal}
    elif not address or not staff.totp_secret:
        address = request.session["otp_address"] = begin_totp(staff=staff)
    fields = [spec("code", "动态码（6位数字）", "Code (6 digits)", max_length=6)]
    context = {"fields": fields, "errors": errors, "values": {}, "qr": segno.make(address, error="m").png_data_uri(scale=5, border=2) if address else "",
               "secret": staff.totp_secret}  # fmt: skip
    return render(request, "desk/device.html", context, status=422 if errors else 200)
