"""Keys to match by: what people type in a dozen ways is one name; what is another name stays another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fawang.kernel.folding import bigrams, fold_digits, fold_name, pinyin_initials, pinyin_key


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("张三", "張三"), ("阿不都·热合曼", "阿不都•热合曼"), ("阿不都·热合曼", "阿不都・热合曼"), ("阿不都·热合曼", "阿不都･热合曼"),
        ("阿不都·热合曼", "阿不都‧热合曼"), ("阿不都·热合曼", "阿不都．热合曼"), ("张 三", "张三"), ("张　三", "张三"), ("Anna Müller", "anna müller"),
        ("ＡＮＮＡ", "anna"), ("𠮷野", "吉野"), ("劉麗華", "刘丽华"),
    ],
)  # fmt: skip
def test_ways_of_writing_one_name_match(typed: str, same: str) -> None:
    assert fold_name(typed) == fold_name(same)


@pytest.mark.parametrize(("one", "other"), [("张三", "章三"), ("李𬭚", "李"), ("王𰻝", "王"), ("未名", "末名"), ("己", "已"), ("𪜀", "𪜁")])
def test_different_names_stay_different(one: str, other: str) -> None:
    assert fold_name(one) != fold_name(other)


@pytest.mark.parametrize(("wide", "narrow"), [("１２３", "123"), ("Ｘ", "X"), ("－", "-"), ("　", " "), ("²", "²"), ("٣", "٣"), ("三", "三")])
def test_only_full_width_forms_become_half_width(wide: str, narrow: str) -> None:
    assert fold_digits(wide) == narrow


@given(st.text(max_size=60))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold_name(fold_name(text)) == fold_name(text)
    assert fold_digits(fold_digits(text)) == fold_digits(text)


def test_names_are_found_by_pinyin_and_by_initials() -> None:
    assert pinyin_key("张三丰") == "zhangsanfeng"
    assert pinyin_initials("张三丰") == "zsf"
    assert pinyin_key("买买提·热合曼") == "maimaitireheman"
    assert pinyin_initials("Anna王") == "annaw"


@given(st.text(max_size=40))
def test_pinyin_never_fails(text: str) -> None:
    assert isinstance(pinyin_key(text), str)
    assert isinstance(pinyin_initials(text), str)


def test_bigrams_join_neighbours_over_punctuation_once_each() -> None:
    assert bigrams("拖欠工资，工资！") == ["拖欠", "欠工", "工资", "资工"]
    assert bigrams("𠮷𬭚") == ["吉𬭚"]
    assert bigrams("a") == []
