"""Citizens: one-time codes, the person index, real names. Staff accounts are in ``accounts``, messages in ``notices``."""

from __future__ import annotations

import secrets
import uuid
from datetime import timedelta

from django.db import transaction

from fawang.kernel import clock, crypto, throttle
from fawang.kernel.errors import Refusal
from fawang.kernel.folding import fold_name
from fawang.people import problems  # noqa: F401 - registers this room's words
from fawang.people.identity import IdentityKind, parse_identity
from fawang.people.models import OneTimeCode, Person
from fawang.people.notices import notice_enqueue
from fawang.people.phones import parse_phone

__all__ = ["confirm_code", "find_or_make_person", "notice_enqueue", "request_code", "speak_neutrally_to"]

CODE_LIFE, CODE_TRIES, CODES_A_DAY = timedelta(minutes=10), 5, 3
PROOF_HOLDS = timedelta(days=90)
"""How long after a proof whoever proves the same number is still the same person: a number that is given up rests before somebody else gets it."""


def request_code(*, phone: str, session: str, action: str, address: str) -> None:
    """Send a one-time code, fixed words only. At most 3 a number and day, 20 an address and hour (RELIABILITY T25)."""
    number = parse_phone(phone).canonical
    index = crypto.blind("phone", number)
    throttle.spend(f"code-address:{address}", limit=20, window=timedelta(hours=1))
    throttle.spend("code-all", limit=5000, window=timedelta(hours=1))
    with transaction.atomic():
        try:
            throttle.spend(f"code:{index.hex()}", limit=CODES_A_DAY, window=timedelta(days=1))
        except Refusal:
            raise Refusal("code.limit", status=429) from None
        code = f"{secrets.randbelow(10**6):06d}"
        row = OneTimeCode.objects.create(
            phone_index=index, session=session, action=action, code_hash=crypto.blind("code", code),
            expires_at=clock.now() + CODE_LIFE,
        )  # fmt: skip
        notice_enqueue(
            person=None, matter_id=None, channel="sms", to=number, template="code",
            body=f"您的验证码是{code}，10分钟内有效，请勿告诉他人。", dedup_key=f"code:{row.pk}",
        )  # fmt: skip


def confirm_code(*, phone: str, session: str, action: str, code: str) -> Person:
    """The person of a phone, once the code proves it. Raises ``Refusal('code.wrong')``; five tries in all.

    A number nobody proved for :data:`PROOF_HOLDS` may have gone to somebody else: who proves it then begins anew and sees nothing of before (T23).
    """
    number = parse_phone(phone).canonical
    index = crypto.blind("phone", number)
    good = False
    with transaction.atomic():
        row = (
            OneTimeCode.objects.select_for_update()
            .filter(phone_index=index, session=session, action=action, used_at=None, expires_at__gt=clock.now())
            .order_by("-created_at")
            .first()
        )
        if row is not None and row.tries < CODE_TRIES:
            row.tries += 1
            good = crypto.same(bytes(row.code_hash), crypto.blind("code", code))
            row.used_at = clock.now() if good else None
            row.save()
    if not good:
        raise Refusal("code.wrong", field="code", status=403)
    with transaction.atomic():
        now = clock.now()
        person = Person.objects.select_for_update().filter(phone_index=index, phone_verified_at__gt=now - PROOF_HOLDS).order_by("-phone_verified_at").first()
        if person is None:
            person = Person.objects.create(phone=number, phone_index=index, phone_verified_at=now)
        else:
            person.phone_verified_at = now
            person.save(update_fields=["phone_verified_at"])
    return person


def find_or_make_person(
    *,
    name: str,
    phone: str,
    identity_kind: str = "resident_id",
    identity_number: str = "",
    region_code: str = "",
    priority_groups: tuple[str, ...] = (),
    safe_contact: bool = False,
) -> Person:
    """The person as stated at a door: by document if given, else one of this very phone and name. Never by phone alone.

    Call inside a transaction. A number without proof shows nobody anything (T23): history needs the one-time code, and whoever merely
    writes a number is never taken for the one who has proved it.
    """
    number = parse_phone(phone).canonical if phone else ""
    phone_index = crypto.blind("phone", number) if number else b""
    name_index = crypto.blind("name", fold_name(name)) if name else b""
    identity_index = b""
    if identity_number:
        parsed = parse_identity(IdentityKind(identity_kind), identity_number)
        identity_index = crypto.blind("identity", parsed.canonical)
        found = Person.objects.filter(identity_index=identity_index).first()
        if found is not None:
            return found
    elif phone_index:
        found = Person.objects.filter(phone_index=phone_index, name_index=name_index, phone_verified_at=None).first()
        if found is not None:
            return found
    return Person.objects.create(
        name=name, phone=phone, name_index=name_index, phone_index=phone_index, identity_kind=identity_kind if identity_number else "",
        identity_number=identity_number, identity_index=identity_index,
        identity_state="self_stated" if identity_number else "none", region_code=region_code,
        priority_groups=list(priority_groups), safe_contact=safe_contact,
    )  # fmt: skip


def speak_neutrally_to(*, person_id: uuid.UUID) -> None:
    """From now on no message to this person says what it is about (T36). Call inside a transaction."""
    Person.objects.filter(pk=person_id).update(safe_contact=True)
