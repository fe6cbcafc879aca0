"""RELIABILITY B1: text is refused with a reason or kept to the byte; nothing is trimmed, normalised or transliterated."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fawang.kernel.text_safety import BadText, check_text, has_private_use
from fawang.people.names import check_name, suggested_form

KEPT = [
    "𠮷", "𬭚", "𰻝", "\U00031350", "\U0002ebf0", "\U0003347a", "\uf9d1", "\uf900", "\U0002f800", "阿不都·热合曼", "阿不都•热合曼", "阿不都・热合曼", "欧阳 锋",
    "李", "Anna Müller-O’Brien", "འཇམ་དབྱངས", "قۇربان", "👨‍👩‍👧", "❤️", "ｶﾅ", "\u200b零宽", "क्ष", "\ue81e", "é", "e\u0301", "  前后空格  ", "Ａ１",
]  # fmt: skip
REFUSED = [
    ("\ud842", "text.surrogate"), (json.loads('"\\ud842"'), "text.surrogate"), ("\x00", "text.control"), ("a\x07b", "text.control"), ("\x85", "text.control"),
    ("\u202efdp.exe", "text.bidi"), ("a\u2066b", "text.bidi"), ("\u200f", "text.bidi"), ("一\n二", "text.line_break"), ("一\u2028二", "text.line_break"),
    ("一\r二", "text.line_break"), ("a" + "\u0301" * 9, "text.marks"), ("a" + "\u0301" * 10000, "text.too_long"), ("长" * 201, "text.too_long"),
]  # fmt: skip


@pytest.mark.parametrize("value", KEPT)
def test_unusual_names_are_kept_byte_for_byte(value: str) -> None:
    assert check_text(value, max_length=200, single_line=True) == value
    assert check_name(value).encode() == value.encode()


@pytest.mark.parametrize(("value", "code"), REFUSED)
def test_what_would_break_or_deceive_is_refused_with_its_reason(value: str, code: str) -> None:
    with pytest.raises(BadText) as refused:
        check_text(value, max_length=200, single_line=True)
    assert refused.value.code == code


def test_several_lines_and_both_directions_are_text_where_text_is_asked() -> None:
    value = "第一行\r\n第二行\t\u202bالعربية\u202c"
    assert check_text(value, max_length=200) == value


@given(st.text(max_size=300))
def test_text_comes_back_the_same_or_not_at_all(value: str) -> None:
    try:
        assert check_text(value, max_length=200) == value
    except BadText as refused:
        assert refused.code.startswith("text.")  # noqa: PT017 - either outcome is right


def test_a_compatibility_ideograph_is_not_normalised_away() -> None:
    value = "\uf9d1\U0002f800"
    assert unicodedata.normalize("NFC", value) != value
    assert check_name(value) == value


def test_private_use_is_known_for_what_it_is() -> None:
    assert has_private_use("张\ue81e")
    assert has_private_use("\U000f0000")
    assert not has_private_use("𰻝👩")


def test_the_standard_dot_is_offered_never_imposed() -> None:
    assert suggested_form("阿不都•热合曼") == "阿不都·热合曼"
    assert check_name("阿不都•热合曼") == "阿不都•热合曼"


@pytest.mark.parametrize("value", ["", " ", "　", "\t"])
def test_a_name_of_nothing_is_no_name(value: str) -> None:
    from fawang.kernel.text_safety import ValueProblem

    with pytest.raises(ValueProblem):
        check_name(value)


@pytest.mark.parametrize("value", [v for v in KEPT if v.strip()])
def test_what_is_stored_is_read_back_to_the_byte(value: str, db: None) -> None:
    from fawang.people.models import Person

    person = Person.objects.create(name=value)
    assert Person.objects.get(pk=person.pk).name == value
