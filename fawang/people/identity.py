"""Identity documents: resident ID numbers (GB 11643-1999) and the others people really carry."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from fawang.kernel import clock
from fawang.kernel.folding import fold_digits
from fawang.kernel.text_safety import ValueProblem

PROBLEMS: dict[str, tuple[str, str]] = {
    "id.length": ("身份证号应为18位（老号15位），请核对。", "A resident ID has 18 digits (15 on old cards)."),
    "id.format": ("证件号码的格式不对，请核对。", "Please check the format of the document number."),
    "id.birth_date": ("身份证号里的出生日期不存在，请核对。", "The date of birth inside the number does not exist."),
    "id.check_digit": ("身份证号末位核对不上，可能有一位写错。", "The last digit does not fit; one digit may be wrong."),
    "id.sequence": ("身份证号的顺序码不存在，请核对。", "The serial part of the number does not exist."),
}
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


class IdentityKind(StrEnum):
    """Kinds of document accepted; nobody is turned away for lack of one."""

    RESIDENT_ID = "resident_id"
    RESIDENCE_PERMIT = "residence_permit"
    FOREIGN_RESIDENT = "foreign_resident"
    PASSPORT = "passport"
    HK_MACAU_PASS = "hk_macau_pass"  # noqa: S105
    TAIWAN_PASS = "taiwan_pass"  # noqa: S105
    MILITARY = "military"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class IdentityNumber:
    """A number read: ``canonical`` is one for the 15- and 18-digit forms of the same person."""

    kind: IdentityKind
    canonical: str
    upgraded_from_15: bool = False
    birth_date: date | None = None
    sex: str = ""
    division_code: str = ""


def check_character(first_17: str) -> str:
    """The 18th character (ISO 7064 MOD 11-2)."""
    return "10X98765432"[sum(int(d) * w for d, w in zip(first_17, _WEIGHTS, strict=True)) % 11]


def parse_identity(kind: IdentityKind, text: str) -> IdentityNumber:
    """Read a document number. Raises ``ValueProblem`` with a code that says what is wrong."""
    number = re.sub(r"[\s\-]", "", fold_digits(text)).upper()
    if kind in {IdentityKind.RESIDENT_ID, IdentityKind.RESIDENCE_PERMIT}:
        return _resident(kind, number)
    patterns = {
        IdentityKind.FOREIGN_RESIDENT: r"(9[0-9]{17}|[0-9]{16}[0-9X]{2}|[A-Z]{3}[0-9]{12})",
        IdentityKind.PASSPORT: r"[A-Z0-9]{5,12}",
        IdentityKind.HK_MACAU_PASS: r"[HM][0-9]{8,10}",
        IdentityKind.TAIWAN_PASS: r"[0-9A-Z]{8,12}",
        IdentityKind.MILITARY: r"[\u4e00-\u9fff0-9A-Z第号字]{6,18}",
    }
    if kind is IdentityKind.NONE or not re.fullmatch(patterns[kind], number):
        raise ValueProblem("id.format")
    return IdentityNumber(kind, number)


def _resident(kind: IdentityKind, number: str) -> IdentityNumber:
    if not re.fullmatch(r"[0-9]{15}|[0-9]{17}[0-9X]", number):
        raise ValueProblem("id.length" if len(number) not in {15, 18} else "id.format")
    upgraded = len(number) == 15
    if upgraded:
        number = number[:6] + "19" + number[6:]
        number += check_character(number)
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise ValueProblem("id.birth_date") from None
    if not clock.today().year - 130 <= born.year or born > clock.today():
        raise ValueProblem("id.birth_date")
    if number[14:17] == "000":
        raise ValueProblem("id.sequence")
    if check_character(number[:17]) != number[17]:
        raise ValueProblem("id.check_digit")
    sex = "male" if int(number[16]) % 2 else "female"
    return IdentityNumber(kind, number, upgraded, born, sex, number[:6])
