"""Identifiers: time-ordered row ids, opaque lookup codes, speakable matter numbers.

No URL ever carries anything that can be counted up.
"""

from __future__ import annotations

import secrets
import uuid
from datetime import date
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connection

from fawang.kernel import clock

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: no I, L, O, U
_CONFUSED = str.maketrans("ILOilo", "110110")


def new_id() -> uuid.UUID:
    """A UUID version 7: time-ordered, 74 random bits, made here so that any PostgreSQL version serves."""
    millis = int(clock.now().timestamp() * 1000) & ((1 << 48) - 1)
    value = (millis << 80) | (7 << 76) | (secrets.randbits(12) << 64) | (2 << 62) | secrets.randbits(62)
    return uuid.UUID(int=value)


def new_lookup_code() -> str:
    """An opaque code of 128 random bits, 26 letters and digits, with which its holder follows a matter."""
    value = secrets.randbits(128)
    return "".join(_ALPHABET[(value >> shift) & 31] for shift in range(125, -1, -5))


def fold_lookup_code(typed: str) -> str:
    """What a person typed, as the code was issued: case, width, spaces, dashes and O/0, I/L/1 are forgiven."""
    from fawang.kernel.folding import fold_digits

    kept = "".join(ch for ch in fold_digits(typed) if ch.isalnum())
    return kept.translate(_CONFUSED).upper()


def check_digit(digits: str) -> str:
    """ISO/IEC 7064 MOD 11,10 over ASCII digits: catches every single error and swap of neighbours but a few."""
    product = 10
    for ch in digits:
        total = (product + int(ch)) % 10 or 10
        product = total * 2 % 11
    return str((11 - product) % 10)


def matter_number(office_serial: int, day: date, serial: int) -> str:
    """A number one can say on the telephone: office-day-serial-check, e.g. ``0012-261124-00007-3``.

    ``office_serial`` 0..9999, ``serial`` 0..99999 from one cycling sequence of the whole deployment: no lock is held
    while a number is drawn, and nobody can count an office's matters from outside.
    """
    digits = f"{office_serial:04d}{day:%y%m%d}{serial:05d}"
    return f"{digits[:4]}-{digits[4:10]}-{digits[10:]}-{check_digit(digits)}"


_BLOCK = 10
_drawn: WeakKeyDictionary[Any, tuple[date, list[int]]] = WeakKeyDictionary()


def next_serial() -> int:
    """A serial for a matter's number. Each connection draws ten at a time; what is left of them at midnight is dropped.

    So a serial comes again on one day only when nearly 99,999 were drawn on it. Gaps mean nothing.
    """
    connection.ensure_connection()
    day, left = _drawn.get(connection.connection, (None, []))
    if day != clock.today() or not left:
        with connection.cursor() as cursor:
            cursor.execute("SELECT nextval('kernel_matter_serial') FROM generate_series(1, %s)", [_BLOCK])
            left = [row[0] for row in reversed(cursor.fetchall())]
        _drawn[connection.connection] = (clock.today(), left)
    return left.pop()


def fold_matter_number(typed: str) -> str | None:
    """The canonical number for what was typed or said, or ``None`` when the check digit is wrong."""
    from fawang.kernel.folding import fold_digits

    digits = "".join(ch for ch in fold_digits(typed) if ch in "0123456789")
    if len(digits) != 16 or check_digit(digits[:-1]) != digits[-1]:
        return None
    return f"{digits[:4]}-{digits[4:10]}-{digits[10:-1]}-{digits[-1]}"
