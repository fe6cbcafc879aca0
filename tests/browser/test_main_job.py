"""The main job, by hand, in a real browser: from the question on a phone to the rated answer, and what follows a bad rating."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser.house import Sessions, anew
from tests.browser.scene import ANSWER, answer, ask, desk_address, fill_in

DUE_WORDS = re.compile(r"(今天|明天|后天|\d{1,2}月\d{1,2}日\(周.\))\s*(\d{2}:\d{2}前|下班前)答复您")
CODE = re.compile(r"^[0-9A-HJKMNP-TV-Z]{5}( [0-9A-HJKMNP-TV-Z]{1,5}){5}$")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_citizen_asks_on_a_phone_keeps_the_slip_writes_is_answered_and_rates(sessions: Sessions, scripts: bool) -> None:
    phone = sessions.page(width=390, height=844, java_script_enabled=scripts)
    words = f"工地干了四个月，包工头不给钱，怎么办？{'甲' if scripts else '乙'}"
    phone.goto("/")
    phone.get_by_label("说说您遇到的事").fill(words)
    phone.get_by_role("button", name="直接问律师").click()
    expect(phone.get_by_label("您遇到了什么事？")).to_have_value(words)
    fill_in(phone, {"region": "340100", "category": "labour.wages", "phone": "13866660000"})
    phone.wait_for_url("**/receipt/**")
    slip = phone.locator(".slip")
    assert DUE_WORDS.search(slip.locator("h1").inner_text())
    assert CODE.match(slip.locator("strong").inner_text())
    number = slip.locator("dd").first.inner_text()
    assert re.fullmatch(r"\d{4}-\d{6}-\d{5}-[0-9X]", number)
    phone.get_by_role("link", name="查看进度").click()
    expect(phone.locator("h1")).to_have_text("已受理")
    message = phone.locator("form[action$='/message']")
    message.get_by_label("留言").fill("补充：有考勤表的照片。")
    message.get_by_role("button", name="发送").click()
    expect(phone.locator(".time .body").last).to_have_text("补充：有考勤表的照片。")

    lawyer = sessions.page("li")
    answer(lawyer, desk_address(lawyer, words))
    lawyer.context.close()

    anew(phone)
    expect(phone.locator("h1")).to_have_text("已答复")
    expect(phone.locator(".time .body").last).to_have_text(ANSWER)
    expect(phone.locator(".cites li")).to_have_text(["《劳动合同法》第三十条"])
    phone.locator("#rate [value='5']").check()
    phone.locator("#rate").get_by_label("想说的话").fill("讲得很清楚")
    phone.get_by_role("button", name="提交评价").click()
    expect(phone.locator("h1")).to_have_text("已办结")
    assert phone.locator("#rate").count() == 0
    phone.context.close()


def test_the_window_takes_a_visitor_in_under_a_minute_with_ticket_and_printed_slip(sessions: Sessions) -> None:
    clerk = sessions.page("sun")
    clerk.add_init_script("window.print = () => { window.printed = (window.printed || 0) + 1; };")
    clerk.goto("/desk/window")
    began = time.monotonic()
    clerk.get_by_role("button", name="取号").click()
    clerk.get_by_role("button", name="叫下一位").click()
    clerk.wait_for_url("**/desk/window?ticket=*")
    form = clerk.locator("form.sheet-form")
    form.get_by_label("来人说了什么").fill("房东不退押金，合同到期一个月了。")
    form.get_by_label("姓名").fill("周桂兰")
    form.get_by_label("电话").fill("13577778888")
    form.get_by_label("老年人").check()
    form.get_by_role("button", name="受理并打印受理单").click()
    clerk.wait_for_url(re.compile(r"/desk/window/[0-9a-f-]{36}"))
    slip = clerk.locator(".paper.slip")
    expect(slip).to_contain_text("受理单")
    expect(slip).to_contain_text("孙小梅（演示）")
    assert re.search(r"\d{4}-\d{6}-\d{5}-[0-9X]", slip.inner_text())
    expect(slip.locator("img")).to_have_attribute("src", re.compile("^data:image/png"))
    clerk.get_by_role("button", name="打印").click()
    assert clerk.evaluate("window.printed") == 1
    assert time.monotonic() - began < 60
    clerk.goto("/desk/window")
    form = clerk.locator("form.sheet-form")
    form.get_by_label("来人说了什么").fill("还是那笔押金，再问一次。")
    form.get_by_label("电话").fill("13577778888")
    form.get_by_role("button", name="受理并打印受理单").click()
    expect(clerk.get_by_role("alert")).to_contain_text("这个人最近来过")
    expect(form.get_by_label("来人说了什么")).to_have_value("还是那笔押金，再问一次。")
    clerk.context.close()


def test_the_dispatcher_sees_loads_and_assigns_several_at_once_with_a_result_for_each(sessions: Sessions) -> None:
    citizen = sessions.page(width=390)
    for n in range(2):
        ask(citizen, question=f"派单的事第{n}件：楼上漏水，物业不管。", category="housing.neighbours")
    board = sessions.page("wang")
    board.goto("/desk/board")
    rows = board.locator(".queue li", has_text="派单的事第")
    assert rows.count() >= 2
    rows.nth(0).locator("[name=ids]").check()
    rows.nth(1).locator("[name=ids]").check()
    loads = board.locator(".pick", has_text="周文博")
    assert re.search(r"\d+/20", loads.inner_text())
    loads.locator("input").check()
    board.get_by_role("button", name="派单").click()
    results = board.get_by_role("status").locator("li")
    expect(results).to_have_count(2)
    assert all(line.endswith("：已完成") for line in results.all_inner_texts())
    board.goto(desk_address(board, "派单的事第1件"))
    expect(board.locator("aside")).to_contain_text("周文博（演示）")
    for page in (citizen, board):
        page.context.close()


def test_a_lawyer_claims_is_told_beside_the_field_what_is_wrong_answers_and_is_asked_back(sessions: Sessions) -> None:
    citizen, lawyer = sessions.page(width=390), sessions.page("qian")
    code = ask(citizen, question="律师抢单的事：签了自愿放弃社保的协议，有效吗？", category="labour.insurance")
    lawyer.goto("/desk/?scope=pool")
    lawyer.get_by_role("link", name="律师抢单的事").first.click()
    assert lawyer.locator("form[action$='/step/answer']").count() == 0
    lawyer.get_by_role("button", name="抢单").click()
    form = lawyer.locator("form[action$='/step/answer']")
    form.locator("[name=body]").fill("放弃社保的约定无效，可以要求补缴。")
    form.locator("[name=citations]").fill("劳动法")
    form.get_by_role("button", name="答复").click()
    form = lawyer.locator("form[action$='/step/answer']")
    expect(form.locator(".bad .err")).to_be_visible()
    expect(form.locator("[name=body]")).to_have_value("放弃社保的约定无效，可以要求补缴。")
    form.locator("[name=citations]").fill("《劳动法》第七十二条")
    form.get_by_role("button", name="答复").click()
    expect(lawyer.locator(".head .tag").first).to_have_text("已答复")

    citizen.goto(f"/track/{code}")
    citizen.locator("summary", has_text="追问").click()
    citizen.locator("form[action$='/step/follow_up'] textarea").fill("补缴要多久？")
    citizen.locator("form[action$='/step/follow_up'] button").click()
    expect(citizen.locator("h1")).to_have_text("追问中")

    anew(lawyer)
    expect(lawyer.locator(".asked")).to_contain_text("补缴要多久？")
    answer(lawyer, lawyer.url, "由社保经办机构核定，一般在核定后十五日内缴纳。")
    anew(citizen)
    expect(citizen.locator("h1")).to_have_text("已答复")
    expect(citizen.locator(".time .body").last).to_contain_text("核定后十五日内")
    for page in (citizen, lawyer):
        page.context.close()


def test_what_is_overdue_has_an_order_that_is_signed_answered_and_closed(sessions: Sessions) -> None:
    boss = sessions.page("zhao")
    boss.goto("/desk/supervision")
    assert int(boss.locator(".tile", has_text="已超期").locator("b").inner_text()) >= 1
    orders = boss.locator("h2:has-text('未办结的督办') + .queue")
    order = orders.locator("li", has_text="李晓燕").first.locator("a.open")
    title, address = order.inner_text(), str(order.get_attribute("href"))

    handler = sessions.page("li")
    handler.goto(address)
    expect(handler.locator(".head .tag").first).to_have_text("待签收")
    _step(handler, "sign")
    expect(handler.locator(".head .tag").first).to_have_text("已签收")
    _step(handler, "report", body="已联系当事人，今天答复。")
    expect(handler.locator(".head .tag").first).to_have_text("已回复")
    assert handler.locator("form[action$='/step/accept']").count() == 0, "nobody closes the order about himself"

    boss.goto(address)
    expect(boss.locator(".time")).to_contain_text("已联系当事人，今天答复。")
    _step(boss, "accept")
    expect(boss.locator(".head .tag").first).to_have_text("已办结")
    boss.goto("/desk/supervision")
    assert address not in [a.get_attribute("href") for a in boss.locator("h2:has-text('未办结的督办') + .queue a.open").all()], title
    for page in (boss, handler):
        page.context.close()


def test_a_bad_rating_is_called_back_by_somebody_else_and_put_right(sessions: Sessions) -> None:
    citizen, lawyer = sessions.page(width=390), sessions.page("li")
    words = "差评的事：公司不给开离职证明，怎么办？"
    code = ask(citizen, question=words, phone="13811112222")
    matter = desk_address(lawyer, words)
    answer(lawyer, matter, "请自行与单位协商处理，注意留存证据。")
    citizen.goto(f"/track/{code}")
    citizen.locator("#rate [value='1']").check()
    citizen.locator("#rate").get_by_label("想说的话").fill("没有告诉我怎么办")
    citizen.get_by_role("button", name="提交评价").click()
    lawyer.goto(matter)
    assert "没有告诉我怎么办" not in lawyer.content(), "the rated never reads the single rating"

    caller = sessions.page("chen")
    caller.goto("/desk/supervision")
    caller.locator("h2:has-text('待回访') + .queue a.open", has_text="差评的事").click()
    _step(caller, "record", outcome="unsatisfied", body="希望说明向谁投诉。")
    expect(caller.locator(".head .tag").first).to_have_text("仍不满意")

    head = sessions.page("he")
    head.goto("/desk/supervision")
    head.locator("h2:has-text('差评整改') + .queue a.open", has_text="差评的事").click()
    expect(head.locator(".head .tag").first).to_have_text("核实中")
    _step(head, "confirm")
    expect(head.locator(".head .tag").first).to_have_text("整改中")
    citizen.goto(f"/track/{code}")
    expect(citizen.locator(".time")).to_contain_text("根据您的评价重新办理")
    answer(lawyer, matter, "可以向劳动监察投诉，单位应当在解除劳动合同时出具证明。")
    anew(head)  # only now, that it was answered anew, is it done
    _step(head, "finish", body="已重新答复。")
    expect(head.locator(".head .tag").first).to_have_text("已整改答复")
    anew(citizen)
    expect(citizen.locator(".time .body").last).to_contain_text("可以向劳动监察投诉")
    expect(citizen.locator("#follows")).to_contain_text("已重新答复。")
    expect(citizen.locator("#follows")).not_to_contain_text("希望说明向谁投诉")  # what was said to the caller stays with the house
    for page in (citizen, lawyer, caller, head):
        page.context.close()


def _step(page: Page, verb: str, **said: str) -> None:
    form = page.locator(f"form[action$='/step/{verb}']")
    if not form.is_visible():
        page.locator(f"details:has(form[action$='/step/{verb}']) > summary").click()
    for name, value in said.items():
        field = form.locator(f"[name={name}]").first
        if field.evaluate("f => f.type") == "radio":
            form.locator(f"[name={name}][value={value}]").check()
        else:
            field.fill(value)
    form.locator("button.main").click()
    page.wait_for_load_state()
