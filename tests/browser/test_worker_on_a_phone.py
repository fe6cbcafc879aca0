"""A worker on a phone: from one line in everyday words to the article, the interview, the printed opinion and a lawyer."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.house import Sessions
from tests.browser.library import SAID, WAGES, answer_one, wait_for_the_library
from tests.browser.pdf_text import text_of

CODE = re.compile(r"^[0-9A-HJKMNP-TV-Z]{5}( [0-9A-HJKMNP-TV-Z]{1,5}){5}$")


def test_a_worker_on_a_phone_finds_the_law_finishes_the_interview_takes_the_opinion_and_reaches_a_lawyer(sessions: Sessions) -> None:
    phone = sessions.page(width=390, height=844)
    wait_for_the_library(phone)
    phone.goto("/")
    phone.get_by_label("说说您遇到的事").fill(SAID)
    phone.get_by_role("button", name="查一查").click()
    phone.locator("a.hit", has_text=re.compile(r"《劳动合同法》第三十条|《劳动法》第五十条")).first.click()
    expect(phone.locator("main")).to_contain_text(re.compile(r"向劳动者及时足额支付劳动报酬|不得克扣或者无故拖欠劳动者的工资"))

    phone.locator("main a[href='/interviews/unpaid_wages']").first.click()
    phone.get_by_role("button", name="开始回答").click()
    phone.wait_for_url("**/i/*")
    asked = 0
    while not phone.url.endswith("/result"):
        answer_one(phone, WAGES[phone.locator("[name=_question]").input_value()])
        asked += 1
    assert asked == len(WAGES)
    expect(phone.locator(".said-so.stand")).to_contain_text("8,000元")
    expect(phone.locator(".dues")).to_contain_text("2027年2月1日")

    phone.get_by_role("button", name="出法律咨询意见书").click()
    issued = phone.locator(".issued")
    number, code = issued.locator("b").inner_text(), issued.locator(".codeline").inner_text()
    assert re.fullmatch(r"法咨意〔\d{4}〕\d{6}号", number)
    with phone.expect_download() as download:
        issued.get_by_role("link", name="PDF").click()
    words = re.sub(r"\s", "", text_of(Path(download.value.path()).read_bytes()))
    assert words.startswith("法律咨询意见书" + number)
    for said in (code, "欠您的8,000元", "2027年2月1日", "《劳动合同法》第三十条", "向劳动者及时足额支付劳动报酬", "不能代替律师"):
        assert said in words, said

    phone.get_by_role("link", name="把这些发给律师").click()
    phone.locator("[name=region]").select_option("340104")
    phone.get_by_label("手机号").fill("13866661111")
    phone.get_by_role("button", name="发给律师").click()
    phone.wait_for_url("**/receipt/**")
    assert CODE.match(phone.locator(".slip strong").inner_text())
    phone.get_by_role("link", name="查看进度").click()
    expect(phone.locator("main")).to_contain_text(number)
    phone.context.close()
