"""One-time codes, lock-out and time codes; numbers and names as people really have them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pyotp
import pytest

from fawang.kernel import clock
from fawang.kernel.errors import Refusal
from fawang.kernel.models import Event
from fawang.kernel.text_safety import ValueProblem
from fawang.people.accounts import FAILURES, begin_totp, confirm_totp, sign_in
from fawang.people.identity import IdentityKind, check_character, parse_identity
from fawang.people.models import Notice, OneTimeCode, Person, Staff
from fawang.people.names import check_name, suggested_form
from fawang.people.services import confirm_code, find_or_make_person, request_code
from tests import factories

pytestmark = pytest.mark.django_db
Advance = Callable[[timedelta], None]
PHONE = "13800000001"


def code_of(exc: pytest.ExceptionInfo[Any]) -> tuple[str, int]:
    return exc.value.code, exc.value.status


def asked(phone: str = PHONE, session: str = "s", action: str = "sign_in", address: str = "10.0.0.1") -> str:
    """Ask for a code; the one that was sent."""
    request_code(phone=phone, session=session, action=action, address=address)
    body = Notice.objects.filter(template="code").order_by("-created_at", "-pk").first().body  # type: ignore[union-attr]
    return "".join(ch for ch in body.partition("，")[0] if ch.isdigit())


def test_the_code_that_was_sent_proves_the_phone_once(monday: Advance) -> None:
    code = asked()
    assert len(code) == 6
    person = confirm_code(phone=" 138-0000-0001 ", session="s", action="sign_in", code=code)
    assert (person.phone, person.phone_verified_at) == (PHONE, clock.now())
    with pytest.raises(Refusal) as refused:
        confirm_code(phone=PHONE, session="s", action="sign_in", code=code)
    assert code_of(refused) == ("code.wrong", 403)
    monday(timedelta(minutes=1))
    assert confirm_code(phone=PHONE, session="t", action="sign_in", code=asked(session="t")).pk == person.pk


@pytest.mark.parametrize(("change", "value"), [("phone", "13800000002"), ("session", "other"), ("action", "rate")])
def test_a_code_serves_no_other_phone_session_or_action(monday: Advance, change: str, value: str) -> None:
    code = asked()
    with pytest.raises(Refusal) as refused:
        confirm_code(**{"phone": PHONE, "session": "s", "action": "sign_in", "code": code, change: value})  # type: ignore[arg-type]
    assert code_of(refused) == ("code.wrong", 403)
    assert not Person.objects.filter(phone_verified_at__isnull=False).exists()


def test_after_five_wrong_tries_the_right_code_is_wrong_too(monday: Advance) -> None:
    code = asked()
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    for _ in range(5):
        with pytest.raises(Refusal):
            confirm_code(phone=PHONE, session="s", action="sign_in", code=wrong)
    with pytest.raises(Refusal) as refused:
        confirm_code(phone=PHONE, session="s", action="sign_in", code=code)
    assert code_of(refused) == ("code.wrong", 403)
    assert OneTimeCode.objects.get().tries == 5


def test_a_code_lives_ten_minutes(monday: Advance) -> None:
    code = asked()
    monday(timedelta(minutes=10))
    with pytest.raises(Refusal) as refused:
        confirm_code(phone=PHONE, session="s", action="sign_in", code=code)
    assert code_of(refused) == ("code.wrong", 403)


def test_a_phone_gets_three_codes_a_day_whoever_asks(monday: Advance) -> None:
    for n in range(3):
        asked(address=f"10.0.0.{n}", session=f"s{n}")
    with pytest.raises(Refusal) as refused:
        request_code(phone="+86 138 0000 0001", session="x", action="sign_in", address="10.0.0.9")
    assert code_of(refused) == ("code.limit", 429)
    assert Notice.objects.filter(template="code").count() == 3
    monday(timedelta(days=1, seconds=1))
    assert len(asked(address="10.0.0.9")) == 6


def test_an_address_gets_twenty_codes_an_hour_whatever_the_phones(monday: Advance) -> None:
    for n in range(20):
        request_code(phone=f"1380000{n:04d}", session="s", action="sign_in", address="10.0.0.1")
    with pytest.raises(Refusal) as refused:
        request_code(phone="13800009999", session="s", action="sign_in", address="10.0.0.1")
    assert code_of(refused) == ("too_many", 429)
    assert Notice.objects.filter(template="code").count() == 20


def test_no_code_stands_readable_in_the_database(monday: Advance) -> None:
    code = asked()
    row = OneTimeCode.objects.get()
    assert code.encode() not in bytes(row.code_hash)
    assert code not in str(Notice.objects.filter(template="code").values_list("dedup_key", flat=True).get())


@pytest.fixture
def account(monday: Advance) -> Staff:
    """An adviser with a bound device."""
    staff = factories.staff("李律师", "adviser")
    begin_totp(staff=staff)
    confirm_totp(staff=staff, code=pyotp.TOTP(staff.totp_secret).at(clock.now()))
    monday(timedelta(minutes=1))
    return Staff.objects.get(pk=staff.pk)


def now_code(staff: Staff, shift: int = 0) -> str:
    return pyotp.TOTP(staff.totp_secret).at(int(clock.now().timestamp()) + shift)


def test_password_and_time_code_together_let_in_and_neither_alone(account: Staff) -> None:
    for password, totp in (("wrong", now_code(account)), (factories.PASSWORD, "000000"), (factories.PASSWORD, "")):
        with pytest.raises(Refusal) as refused:
            sign_in(username=account.username, password=password, totp=totp)
        assert code_of(refused) == ("sign_in.wrong", 403)
    assert sign_in(username=account.username, password=factories.PASSWORD, totp=now_code(account)).pk == account.pk
    assert Event.objects.filter(stream=account.pk, kind="staff.sign_in_failed").count() == 3
    assert Event.objects.filter(stream=account.pk, kind="staff.signed_in").count() == 1


def test_a_time_code_is_taken_once_and_not_an_older_one_after_it(account: Staff, monday: Advance) -> None:
    code = now_code(account)
    sign_in(username=account.username, password=factories.PASSWORD, totp=code)
    for again in (code, now_code(account, -30)):
        with pytest.raises(Refusal):
            sign_in(username=account.username, password=factories.PASSWORD, totp=again)
    monday(timedelta(seconds=30))
    assert sign_in(username=account.username, password=factories.PASSWORD, totp=now_code(account)).pk == account.pk


@pytest.mark.parametrize(("shift", "fits"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_clock_half_a_minute_off_is_forgiven_and_no_more(account: Staff, shift: int, fits: bool) -> None:
    if fits:
        assert sign_in(username=account.username, password=factories.PASSWORD, totp=now_code(account, shift)).pk == account.pk
    else:
        with pytest.raises(Refusal):
            sign_in(username=account.username, password=factories.PASSWORD, totp=now_code(account, shift))


def test_five_failures_lock_the_account_for_a_quarter_of_an_hour_even_for_the_right_password(account: Staff, monday: Advance) -> None:
    for _ in range(FAILURES):
        with pytest.raises(Refusal) as refused:
            sign_in(username=account.username, password="wrong", totp=now_code(account))
        assert code_of(refused) == ("sign_in.wrong", 403)
    with pytest.raises(Refusal) as refused:
        sign_in(username=account.username, password=factories.PASSWORD, totp=now_code(account))
    assert code_of(refused) == ("sign_in.locked", 429)
    monday(timedelta(minutes=15, seconds=1))
    assert sign_in(username=account.username, password=factories.PASSWORD, totp=now_code(account)).failed_attempts == 0


def test_an_unknown_name_answers_as_a_wrong_password_does(account: Staff) -> None:
    seen = []
    for name in (account.username, "nobody-here"):
        with pytest.raises(Refusal) as refused:
            sign_in(username=name, password="wrong", totp="")
        seen.append((code_of(refused), str(refused.value)))
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    ("written", "canonical"),
    [("11010519491231002X", "11010519491231002X"), ("11010519491231002x", "11010519491231002X"), ("１１０１０５１９４９１２３１００２Ｘ", "11010519491231002X"),
     ("110105 19491231 002X", "11010519491231002X"), ("440524188001010014", None), ("110105491231002", "11010519491231002X")],
)  # fmt: skip
def test_the_examples_of_the_standard_are_read_however_they_are_written(monday: Advance, written: str, canonical: str | None) -> None:
    """GB 11643-1999 gives 11010519491231002X and 440524188001010014; the second is of somebody born in 1880."""
    if canonical is None:
        with pytest.raises(ValueProblem) as refused:
            parse_identity(IdentityKind.RESIDENT_ID, written)
        assert refused.value.code == "id.birth_date"  # nobody of 146 asks
        return
    read = parse_identity(IdentityKind.RESIDENT_ID, written)
    assert (read.canonical, read.birth_date, read.sex, read.division_code) == (canonical, date(1949, 12, 31), "female", "110105")


@pytest.mark.parametrize(
    ("written", "why"),
    [("110105194912310021", "id.check_digit"), ("11010519491331002X", "id.birth_date"), ("11010519490229002X", "id.birth_date"), ("1101051949123100", "id.length"),
     ("11010519491231002Y", "id.format"), ("X1010519491231002X", "id.format"), ("110105209912310025", "id.birth_date"), ("", "id.length")],
)  # fmt: skip
def test_a_number_that_cannot_be_says_what_is_wrong(monday: Advance, written: str, why: str) -> None:
    with pytest.raises(ValueProblem) as refused:
        parse_identity(IdentityKind.RESIDENT_ID, written)
    assert refused.value.code == why


def test_one_wrong_digit_is_always_noticed(monday: Advance) -> None:
    good = "11010519491231002X"
    for at in range(17):
        for digit in "0123456789":
            if digit != good[at]:
                assert check_character(good[:at] + digit + good[at + 1 : 17]) != "X"


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("passport", "E12345678"),
        ("hk_macau_pass", "H12345678"),
        ("taiwan_pass", "12345678"),
        ("foreign_resident", "ABC110123456789"),
        ("foreign_resident", "911124198108030024"),
    ],
)
def test_other_documents_are_accepted_too(monday: Advance, kind: str, number: str) -> None:
    assert parse_identity(IdentityKind(kind), number).canonical == number


@pytest.mark.parametrize("name", ["王小明", "阿依古丽·买买提", "欧阳娜娜", "𬍛", "㛃", "Nguyễn Văn A", "O'Brien", "张" * 100])
def test_whoever_has_a_name_keeps_it_as_it_is(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize("dot", list("•・･‧∙⋅"))
def test_the_standard_middle_dot_is_offered_and_never_imposed(dot: str) -> None:
    written = f"阿依古丽{dot}买买提"
    assert suggested_form(written) == "阿依古丽·买买提"
    assert check_name(written) == written


def test_the_old_and_the_new_form_of_a_number_are_one_person_and_a_phone_alone_is_nobody(monday: Advance) -> None:
    first = find_or_make_person(name="王秀英", phone=PHONE, identity_number="110105491231002")
    assert find_or_make_person(name="王秀英", phone="13900000009", identity_number="11010519491231002X").pk == first.pk
    other = find_or_make_person(name="李四", phone=PHONE)
    assert other.pk != first.pk
    assert find_or_make_person(name="李四", phone=PHONE).pk == other.pk
