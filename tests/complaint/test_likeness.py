"""Who may be meant by the words of a complaint: one too many rather than one too few. Pure, with many spellings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fawang.services.complaint.likeness import TITLES, Known, alike, is_office, names_office, suspected

BUREAU, AID, LINE = "合肥市司法局（演示）", "合肥市法律援助中心（演示）", "安徽省12348热线中心（演示）"
CAST = {
    "zhao": Known("赵志强（演示）", "zhao", (BUREAU,), frozenset({"supervisor"})),
    "wu": Known("吴正（演示）", "wu", (BUREAU,), frozenset({"complaint_handler"})),
    "he": Known("何卫东（演示）", "he", (BUREAU,), frozenset({"office_head"})),
    "li": Known("李晓燕（演示）", "li", (AID,), frozenset({"adviser"})),
    "ouyang": Known("欧阳明", "u1024", (AID,), frozenset({"window_clerk"})),
    "rare": Known("𠮷田㐂", "u77", (AID,), frozenset({"adviser"})),
    "dotted": Known("买买提·艾力", "u78", (AID,), frozenset({"adviser"})),
    "seat": Known("林语", "u8003", (LINE,), frozenset({"seat"})),
    "seat2": Known("方言", "u8004", (LINE,), frozenset({"seat"})),
}


def meant(words: str, *offices: str) -> set[str]:
    found = suspected(words, CAST, offices=offices)
    return found.by_name | found.by_post


@pytest.mark.parametrize(
    ("words", "who"),
    [
        *(
            (w, "zhao")
            for w in (
                "赵志强",
                "赵主任",
                "赵志强 督办员",
                "合肥市司法局赵志强（演示）",
                "赵 志 强",
                "趙志強",
                "赵智强",
                "赵志刚",
                "赵强",
                "志强",
                "老赵",
                "小赵",
                "赵某某",
                "赵×强",
            )
        ),
        *(
            (w, "zhao")
            for w in (
                "zhao zhiqiang",
                "ZhiQiang Zhao",
                "ZHAO",
                "ＺＨＡＯ",
                "督办员",
                "市司法局的赵科长",
                "一个姓赵的主任",
                "合肥司法局（赵志强）",
                "赵副主任",
                "照志强",
            )
        ),
        *((w, "zhao") for w in ("赵\u200b志\u200b强", "赵·志·强", "赵志强督办员（演示）", "赵志强、李晓燕")),
        *((w, "wu") for w in ("吴正", "吴主任", "武主任", "wu zheng", "投诉办理员", "管投诉的那个人", "账号wu")),
        *((w, "he") for w in ("局长", "一位姓何的领导", "合肥司法局的局长", "负责人", "何卫动")),
        *((w, "li") for w in ("李律师", "黎律师", "律师", "李晓燕律师", "给我答复的律师", "小李", "晓燕")),
        *((w, "ouyang") for w in ("欧阳", "欧阳老师", "工号1024", "1024号", "Ｕ１０２４", "窗口人员", "服务大厅那个人")),
        *((w, "rare") for w in ("𠮷田㐂", "吉田㐂", "𠮷田")),
        *((w, "dotted") for w in ("买买提·艾力", "买买提艾力", "买买提 艾力", "买买提．艾力", "买买提", "艾力")),
        *((w, "seat") for w in ("接线员", "话务员", "工号8003", "工号9999", "12348热线的人", "昨天下午接我电话的那个接线员", "客服")),
        *((w, "seat2") for w in ("接线员", "工号9999", "方女士")),
    ],
)
def test_whoever_may_be_meant_is_found(words: str, who: str) -> None:
    assert who in meant(words, BUREAU if "司法局" in words else "")


@pytest.mark.parametrize(
    ("words", "who"),
    [
        ("李律师", "zhao"), ("李律师", "wu"), ("服务窗口", "wu"), ("服务人员态度差", "wu"), ("赵志强", "wu"), ("王建国", "zhao"), ("钱立群律师", "wu"), ("赵主任", "wu"),
        ("合肥市法律援助中心李晓燕", "wu"), ("工号8003", "wu"), ("接线员", "zhao"), ("工作人员", "wu"), ("合肥市司法局赵志强", "wu"),
    ],
)  # fmt: skip
def test_the_words_for_one_do_not_bar_everybody(words: str, who: str) -> None:
    assert who not in meant(words, BUREAU if "司法局" in words else "", AID if "援助" in words else "")


NAMES = st.sampled_from([p.name.removesuffix("（演示）") for p in CAST.values()])
AROUND = st.sampled_from(["", "（演示）", " ", "·", "先生", "的", "，昨天", "、"])
PLACES = st.sampled_from(["", "合肥市司法局", "合肥司法局", "市司法局的", "合肥市法律援助中心 ", "（合肥）"])


@given(NAMES, st.sampled_from(["", *TITLES]), PLACES, AROUND, st.booleans())
def test_a_full_name_is_found_whatever_stands_around_it(name: str, title: str, place: str, around: str, title_first: bool) -> None:
    words = f"{place}{title}{around}{name}" if title_first else f"{place}{name}{around}{title}"
    who = next(p for p in CAST.values() if p.name.removesuffix("（演示）") == name)
    assert alike(words, who, offices=[BUREAU, AID])


@given(NAMES, st.data())
def test_a_full_name_is_found_whatever_is_put_between_its_characters(name: str, data: st.DataObject) -> None:
    signs = st.sampled_from(["", " ", "\u3000", "·", "•", "\u200b", "-", "．", "\t"])
    words = "".join(ch + data.draw(signs) for ch in name)
    assert alike(words, next(p for p in CAST.values() if p.name.removesuffix("（演示）") == name))


@given(NAMES, st.sampled_from(["主任", "律师", "科长", "老师", "先生", "女士", "同志"]), PLACES)
def test_surname_and_title_are_enough(name: str, title: str, place: str) -> None:
    surname = "欧阳" if name.startswith("欧阳") else name[0]
    who = next(p for p in CAST.values() if p.name.removesuffix("（演示）") == name)
    assert alike(f"{place}{surname}{title}", who, offices=[BUREAU, AID])


@given(st.text(max_size=200))
def test_any_text_whatever_is_judged(words: str) -> None:
    assert meant(words) <= set(CAST)
    is_office(words, BUREAU, near=True)
    names_office(words, BUREAU, near=True)


@pytest.mark.parametrize(
    ("words", "near", "whole", "named"),
    [
        ("合肥市司法局", False, True, True), ("合肥市司法局（演示）", False, True, True), ("合肥司法局", False, True, True), ("市司法局", True, True, True),
        ("司法局", True, True, True), ("司法局", False, False, False), ("合肥市司法局赵主任", False, False, True), ("合肥司法局的赵主任", False, False, True),
        ("市司法局赵主任", True, False, True), ("芜湖市司法局", False, False, False), ("合肥市法律援助中心", True, False, False), ("", True, False, False),
    ],
)  # fmt: skip
def test_an_office_is_known_by_its_name_and_near_by_the_short_one(words: str, near: bool, whole: bool, named: bool) -> None:
    assert is_office(words, BUREAU, near=near) is whole
    assert names_office(words, BUREAU, near=near) is named
