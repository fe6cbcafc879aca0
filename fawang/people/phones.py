"""Telephone numbers as people give them: mobiles, landlines, short codes, withheld callers."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fawang.kernel.folding import fold_digits
from fawang.kernel.text_safety import ValueProblem

PROBLEMS: dict[str, tuple[str, str]] = {
    "phone.invalid": ("请填写11位手机号，或带区号的固定电话。", "Please give an 11-digit mobile number, or a landline with area code."),
}
_SEPARATORS = re.compile(r"[\s\-()（）—－]+")


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """``canonical`` is what indexes and senders use; ``kind`` is mobile, landline, short or foreign."""

    canonical: str
    kind: str


def parse_phone(text: str) -> PhoneNumber:
    """Read a number. Raises ``ValueProblem('phone.invalid')``."""
    folded = fold_digits(text).strip()
    number, _, extension = re.sub(r"(转|分机|ext\.?|x)", "#", folded, flags=re.IGNORECASE).partition("#")
    digits = _SEPARATORS.sub("", number)
    extension = _SEPARATORS.sub("", extension)
    if not re.fullmatch(r"\+?[0-9]+", digits) or (extension and not re.fullmatch(r"[0-9]{1,6}", extension)):
        raise ValueProblem("phone.invalid")
    if digits.startswith("+86") or (digits.startswith("0086") and len(digits) > 12):
        digits = digits[3:] if digits.startswith("+") else digits[4:]
    if re.fullmatch(r"1[3-9][0-9]{9}", digits):
        return PhoneNumber(digits, "mobile")
    if re.fullmatch(r"0[1-9][0-9]{1,2}[2-9][0-9]{6,7}", digits):
        return PhoneNumber(digits + (f"#{extension}" if extension else ""), "landline")
    if re.fullmatch(r"(11[09]|12[02]|1[02][0-9]{3}|95[0-9]{3,6}|400[0-9]{7})", digits):
        return PhoneNumber(digits, "short")
    if re.fullmatch(r"\+[1-9][0-9]{6,14}", digits):
        return PhoneNumber(digits, "foreign")
    raise ValueProblem("phone.invalid")


def mask_phone(text: str) -> str:
    """138****5678."""
    digits = fold_digits(text)
    return digits[:3] + "*" * max(len(digits) - 7, 4) + digits[-4:] if len(digits) >= 7 else "****"
