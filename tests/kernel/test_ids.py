"""Numbers one can say on the telephone, codes nobody can guess."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fawang.kernel import ids

DAY = date(2026, 11, 24)
numbers = st.builds(ids.matter_number, st.integers(0, 9999), st.dates(date(2020, 1, 1), date(2060, 1, 1)), st.integers(0, 99999))


def iso_7064_mod_11_10(digits: str) -> int:
    """The standard's recursion (hybrid system, clause 9), written from the standard and not from the code."""
    p = 10
    for d in digits:
        s = (p + int(d)) % 10
        if s == 0:
            s = 10
        p = (s * 2) % 11
    return (11 - p) % 10


def test_the_example_of_iso_7064_has_its_check_digit() -> None:
    assert ids.check_digit("0794") == "5"  # ISO/IEC 7064, MOD 11,10, example 0794 → 07945


def test_a_number_reads_office_day_serial_check() -> None:
    number = ids.matter_number(12, DAY, 7)
    assert re.fullmatch(r"0012-261124-00007-[0-9]", number)
    assert number[-1] == str(iso_7064_mod_11_10("001226112400007"))


@given(numbers)
def test_every_wrong_digit_is_noticed(number: str) -> None:
    digits = number.replace("-", "")
    for at in range(16):
        for other in "0123456789":
            if other != digits[at]:
                assert ids.fold_matter_number(digits[:at] + other + digits[at + 1 :]) is None


def test_swapped_neighbours_are_noticed_but_for_a_few() -> None:
    swaps = missed = 0
    for serial in range(0, 99999, 977):
        digits = ids.matter_number(serial % 9999, DAY, serial).replace("-", "")
        for at in range(15):
            if digits[at] != digits[at + 1]:
                swaps += 1
                swapped = digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :]
                missed += ids.fold_matter_number(swapped) is not None
    assert swaps > 900
    assert missed / swaps < 0.03


@given(numbers)
def test_a_number_is_found_however_it_is_typed(number: str) -> None:
    digits = number.replace("-", "")
    wide = digits.translate({ord("0") + n: 0xFF10 + n for n in range(10)})
    for typed in (digits, wide, number.replace("-", " "), number.replace("-", "－"), f" {number}。", number.replace("-", "—")):
        assert ids.fold_matter_number(typed) == number


@pytest.mark.parametrize("typed", ["", "12", "abc", "0012-261124-00007", "0" * 17, "٠" * 16, "²" * 16, "一二三四五六七八九十一二三四五六"])
def test_what_is_no_number_is_none(typed: str) -> None:
    assert ids.fold_matter_number(typed) is None


def test_serials_out_of_range_are_not_the_format_s_to_hide() -> None:
    assert ids.matter_number(9999, DAY, 99999).startswith("9999-261124-99999-")


def test_lookup_codes_are_26_crockford_characters_and_never_twice() -> None:
    codes = {ids.new_lookup_code() for _ in range(2000)}
    assert len(codes) == 2000
    assert all(re.fullmatch(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", c) for c in codes)
    assert len({c[:4] for c in codes}) > 1900  # no counter, no clock at the front


@given(st.integers(0, 2**128 - 1))
def test_a_lookup_code_survives_being_read_out_and_typed(value: int) -> None:
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    code = "".join(alphabet[(value >> shift) & 31] for shift in range(125, -1, -5))
    for typed in (
        code,
        code.lower(),
        f" {code[:5]} {code[5:13]}-{code[13:]} ",
        code.replace("0", "o"),
        code.replace("0", "O"),
        code.replace("1", "l"),
        code.replace("1", "I"),
    ):
        assert ids.fold_lookup_code(typed) == code


def test_a_lookup_code_typed_full_width_is_found() -> None:
    code = ids.new_lookup_code()
    wide = "".join(chr(ord(ch) + 0xFEE0) for ch in code)
    assert ids.fold_lookup_code(wide) == code


def test_row_ids_are_version_7_and_in_order_of_time() -> None:
    from datetime import UTC, datetime, timedelta

    from fawang.kernel import clock

    made = []
    with clock.frozen(datetime(2026, 11, 24, 1, tzinfo=UTC)) as advance:
        for _ in range(50):
            made.append(ids.new_id())
            advance(timedelta(milliseconds=1))
    assert made == sorted(made)
    assert {i.version for i in made} == {7}
    assert {i.variant for i in made} == {"specified in RFC 4122"}
    assert made[0].int >> 80 == int(datetime(2026, 11, 24, 1, tzinfo=UTC).timestamp() * 1000)
