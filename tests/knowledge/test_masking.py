"""Hiding who somebody is: what is found, what is left alone, and that hiding is complete. All people here are invented."""

from __future__ import annotations

import pytest

from fawang.knowledge.masking import findings, hidden, masked, still_personal

CASES = [
    ("原告张小强诉被告李梅离婚纠纷", {"name": 2}, "原告张某诉被告李某离婚纠纷"),
    ("被告人欧阳建国，男，公民身份号码34010419800101123X", {"name": 1, "identity": 1}, "被告人欧阳某，男，公民身份号码（身份证号已隐去）"),
    ("联系电话13800000001，座机0551-62345678", {"phone": 2}, "联系电话（电话号码已隐去），座机（电话号码已隐去）"),
    ("电话 138-0000-0001", {"phone": 1}, "电话 （电话号码已隐去）"),
    ("转到卡号6222021234567890128", {"card": 1}, "转到卡号（银行卡号已隐去）"),
    ("住合肥市蜀山区望江西路88号3栋2单元501室", {"address": 1}, None),
    ("住在幸福小区3栋2单元501室", {"address": 1}, None),
    ("肇事车辆皖A12345", {"plate": 1}, "肇事车辆（车牌号已隐去）"),
    ("邮箱 wang.xm@example.com", {"email": 1}, "邮箱 （电子邮箱已隐去）"),
    ("身份证号３４０１０４１９８００１０１１２３Ｘ", {"identity": 1}, "身份证号（身份证号已隐去）"),
    ("原告阿依古丽·买买提与第三人王芳", {"name": 2}, None),
]
ALONE = [
    "欠款128000元，从2026年3月2日起算", "（2025）皖01民终12345号民事判决书", "《民法典》第一千零七十九条", "原告某公司与被告张某买卖合同纠纷", "被告人李某某盗窃案",
    "老板拖欠工资，工友们一起去找劳动监察", "案号2026012345678901", "被告公司应当支付赔偿金", "申请人应当在15日内提出", "身高175，体重70，工龄12年",
]  # fmt: skip


@pytest.mark.parametrize(("text", "kinds", "after"), CASES)
def test_what_tells_who_somebody_is_is_found_and_hidden(text: str, kinds: dict[str, int], after: str | None) -> None:
    masked, counted = hidden(text)
    assert dict(counted) == kinds, masked
    if after is not None:
        assert masked == after
    assert findings(masked) == [], masked


@pytest.mark.parametrize("text", ALONE)
def test_what_tells_nothing_is_left_alone(text: str) -> None:
    assert hidden(text) == (text, {})


def test_a_name_found_once_is_hidden_everywhere_and_two_people_stay_two() -> None:
    masked, counted = hidden("原告王建国诉被告王建军。王建国称，王建军借款不还。王建军辩称已还。")
    assert masked == "原告王某诉被告王某2。王某称，王某2借款不还。王某2辩称已还。"
    assert counted["name"] == 5


def test_hiding_twice_changes_nothing_more() -> None:
    once, _ = hidden("上诉人赵大宝，电话13900001111，住芜湖市镜湖区中山路12号。")
    assert hidden(once) == (once, {})


@pytest.mark.parametrize("text", ["", "\x00", "1" * 100_000, "原告" * 20_000, "（" * 50_000, "路" * 30_000, "a@" * 30_000, "王" * 20_000])
def test_no_text_holds_it_up(text: str) -> None:
    import time

    began = time.monotonic()
    hidden(text)
    assert time.monotonic() - began < 3


def test_names_known_from_the_matter_are_hidden_wherever_they_stand() -> None:
    after, kinds = masked("张小强找过我，微信wang_2020", ["张小强"])
    assert (after, set(kinds)) == ("张某找过我，（微信QQ号已隐去）", {"姓名", "微信QQ号"})


def test_long_numbers_are_still_suspect_after_masking() -> None:
    assert still_personal("我的编号是12345678") == ["长数字"]
    assert still_personal("厂里三个月没发工资") == []
    assert still_personal(masked("我叫王小明，电话13800000001")[0]) == []
