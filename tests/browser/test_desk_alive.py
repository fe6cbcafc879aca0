"""The desk while others work: live news, who else is here, the keyboard alone, drafts that stay."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.house import Sessions, anew
from tests.browser.scene import ask, desk_address


def test_an_open_queue_shows_what_has_just_come_in_without_a_reload(sessions: Sessions) -> None:
    board, citizen = sessions.page("wang"), sessions.page(width=390)
    board.goto("/desk/?scope=office&assignee=none")
    board.evaluate("window.mark = 1")
    ask(citizen, question="实时的事：工伤认定要准备什么材料？", category="labour.injury")
    expect(board.get_by_role("link", name="实时的事")).to_be_visible(timeout=15_000)
    for page in (board, citizen):
        page.context.close()


def test_news_never_takes_the_page_from_under_somebody_who_types(sessions: Sessions) -> None:
    lawyer, citizen = sessions.page("li"), sessions.page(width=390)
    code = ask(citizen, question="打字的事：试用期被辞退有补偿吗？")
    lawyer.goto(desk_address(lawyer, "打字的事"))
    lawyer.get_by_role("button", name="抢单").click()
    field = lawyer.locator("form[action$='/step/answer'] [name=body]")
    field.fill("正在写的答复，写到一半")
    citizen.goto(f"/track/{code}")
    citizen.locator("form[action$='/message'] textarea").fill("我又想起一件事")
    citizen.get_by_role("button", name="发送").click()
    expect(lawyer.get_by_role("link", name="有新内容")).to_be_visible(timeout=15_000)
    expect(field).to_have_value("正在写的答复，写到一半")
    anew(lawyer)
    expect(lawyer.locator("form[action$='/step/answer'] [name=body]")).to_have_value("正在写的答复，写到一半")
    expect(lawyer.locator(".asked")).to_contain_text("我又想起一件事")
    for page in (lawyer, citizen):
        page.context.close()


def test_two_people_on_one_matter_see_each_other(sessions: Sessions) -> None:
    lawyer, citizen, boss = sessions.page("li"), sessions.page(width=390), sessions.page("wang")
    ask(citizen, question="同看的事：租房合同没到期，房东要收房。")
    address = desk_address(lawyer, "同看的事")
    lawyer.goto(address)
    boss.goto(address)
    expect(lawyer.locator("#presence")).to_contain_text("王建国（演示）", timeout=15_000)
    expect(boss.locator("#presence")).to_contain_text("李晓燕（演示）", timeout=15_000)
    boss.goto("/desk/")
    expect(lawyer.locator("#presence")).to_have_text("", timeout=20_000)
    for page in (lawyer, citizen, boss):
        page.context.close()


def test_the_desk_is_worked_with_the_keyboard_alone(sessions: Sessions) -> None:
    desk = sessions.page("wang")
    desk.goto("/desk/?scope=office")
    rows = desk.locator(".queue a.open")
    assert rows.count() >= 3
    desk.keyboard.press("j")
    expect(rows.nth(0)).to_be_focused()
    desk.keyboard.press("j")
    expect(rows.nth(1)).to_be_focused()
    desk.keyboard.press("k")
    expect(rows.nth(0)).to_be_focused()
    desk.keyboard.press("x")
    expect(desk.locator(".queue [name=ids]").nth(0)).to_be_checked()
    desk.keyboard.press("?")
    expect(desk.locator("#keys")).to_be_visible()
    desk.keyboard.press("Escape")
    expect(desk.locator("#keys")).to_be_hidden()
    desk.keyboard.press("/")
    expect(desk.locator("input[type=search]")).to_be_focused()
    desk.keyboard.type("工伤")
    desk.keyboard.press("Enter")
    desk.wait_for_url("**/desk/search")
    desk.keyboard.press("Escape")
    desk.keyboard.press("j")
    desk.keyboard.press("Enter")
    desk.wait_for_url("**/desk/m/**")
    desk.keyboard.press("a")
    expect(desk.locator("form[action$='/act/assign'] select")).to_be_focused()
    desk.context.close()
    lawyer = sessions.page("li")
    lawyer.goto("/desk/?scope=mine")
    lawyer.keyboard.press("j")
    lawyer.keyboard.press("Enter")
    lawyer.wait_for_url("**/desk/m/**")
    lawyer.keyboard.press("r")
    assert lawyer.evaluate("document.activeElement.closest('details.main') !== null")
    lawyer.context.close()


def test_every_stop_of_the_tab_key_shows_where_one_is(sessions: Sessions) -> None:
    page = sessions.page()
    page.goto("/")
    seen = []
    for _ in range(25):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("""() => {
          const node = document.activeElement;
          if (node === document.body) return null;
          const style = getComputedStyle(node.closest('.askbox') || node);
          return [node.textContent.trim().slice(0, 12) || node.id, style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2];
        }"""))  # fmt: skip
    stops = [s for s in seen if s]
    assert stops[0][0] == "跳到正文"
    assert len(stops) >= 20
    assert [name for name, shown in stops if not shown] == []
    page.context.close()


def test_what_was_typed_survives_leaving_the_page_and_is_gone_once_it_was_sent(sessions: Sessions) -> None:
    page = sessions.page(width=390)
    page.goto("/ask")
    page.locator("[name=question]").fill("草稿的事：写到一半走开了")
    page.goto("/")
    page.goto("/ask")
    page.locator("[name=question]").wait_for()
    expect(page.locator("[name=question]")).to_have_value("草稿的事：写到一半走开了")
    ask(page, question="草稿的事：写完交了")
    page.goto("/ask")
    expect(page.locator("[name=question]")).to_have_value("")
    page.context.close()


def test_leaving_a_page_about_violence_leaves_no_draft_and_no_matter_behind(sessions: Sessions) -> None:
    page = sessions.page(width=390)
    page.goto("/ask?category=family.violence")
    page.locator("[name=question]").fill("他又动手了，我该怎么办")
    page.get_by_role("link", name="离开此页").click()
    page.wait_for_url("**/calendar")
    assert page.evaluate("Object.keys(localStorage).filter((k) => k.startsWith('draft:')).length + sessionStorage.length") == 0
    assert "12348" not in page.content()
    page.go_back()
    assert "/ask" not in page.url
    page.context.close()


def test_back_never_loses_a_part_of_a_long_form(sessions: Sessions) -> None:
    page = sessions.page(width=390)
    page.goto("/")
    page.goto("/ask")
    page.locator("[name=question]").fill("返回的事：工资条不给看")
    page.locator("[name=region]").select_option("340100")
    page.get_by_role("button", name="下一步").click()
    expect(page.locator("[name=question]")).to_be_hidden()
    page.locator("[name=opponent]").fill("某某公司")
    page.go_back()
    expect(page.locator("[name=question]")).to_have_value("返回的事：工资条不给看")
    page.go_forward()
    expect(page.locator("[name=opponent]")).to_have_value("某某公司")
    page.context.close()


def test_nothing_moves_for_whoever_asked_for_less_motion(sessions: Sessions) -> None:
    moving = (
        "() => Array.from(document.querySelectorAll('*')).filter((n) => ['transitionDuration', 'animationDuration']"
        ".some((name) => getComputedStyle(n)[name].split(',').some((part) => parseFloat(part) > 0))).map((n) => n.outerHTML.slice(0, 60))"
    )
    calm, lively = sessions.page(), sessions.page(reduced_motion="no-preference")
    for address in ("/", "/search", "/ask", "/desk/sign-in"):
        calm.goto(address)
        assert calm.evaluate(moving) == []
    lively.goto("/")
    assert lively.evaluate(moving), "others see buttons fade"
    for page in (calm, lively):
        page.context.close()
