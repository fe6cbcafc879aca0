"""A small life in the demonstration province, brought through the pages themselves, and where each page of it stands."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page

from tests.browser.hotline import hotline_places
from tests.browser.house import Sessions
from tests.browser.library import keeping_places, library_places
from tests.browser.places import Place

QUESTION = "厂里拖了我三个月工资，老板人都找不着了，该怎么要回来？"
ANSWER = "可以先向劳动保障监察投诉，也可以直接申请劳动仲裁，不收费。请保存工资条、考勤记录和聊天记录。"


def fill_in(page: Page, said: dict[str, str]) -> None:
    """Fill a long form part by part, as scripts show it, or all at once where they do not run; then send it."""
    form = page.locator("main form:has([name=question])")
    left = dict(said)
    for _ in range(5):
        for name in [n for n in left if form.locator(f"[name={n}]").first.is_visible()]:
            _put(form, name, left.pop(name))
        turn = form.locator("[data-turn='1']")
        if not (turn.count() and turn.is_visible()):
            break
        turn.click()
    assert not left, f"never met: {left}"
    form.locator(".send button.main").click()


def _put(form: Locator, name: str, value: str) -> None:
    field = form.locator(f"[name={name}]").first
    kind = field.evaluate("f => f.type")
    if kind in {"radio", "checkbox"}:
        form.locator(f"[name={name}][value='{value}']").check()
    elif kind.startswith("select"):
        field.select_option(value)
    else:
        field.fill(value)


def ask(page: Page, *, question: str = QUESTION, category: str = "labour.wages", **more: str) -> str:
    """Ask through the portal; the lookup code on the receipt."""
    page.goto(f"/ask?category={category}")
    fill_in(page, {"question": question, "region": "340100", **more})
    page.wait_for_url("**/receipt/**")
    return page.url.rsplit("/", 1)[1]


def number_of(page: Page, code: str) -> str:
    """The number on a matter's own page."""
    page.goto(f"/track/{code}")
    found = re.search(r"[A-Z0-9]+-[0-9]{8}-[0-9A-Z-]+|\d{4,}-\d{6,}-\S+", page.locator("main").inner_text())
    return found[0] if found else ""


def desk_address(page: Page, words: str) -> str:
    """Find a matter at the desk by some of its words; its address."""
    page.goto("/desk/search")
    page.locator("main input[name=q]").fill(words)
    page.locator("main [role=search] button").click()
    page.wait_for_load_state()
    return str(page.locator("main a.open").first.get_attribute("href"))


def answer(page: Page, address: str, text: str = ANSWER) -> None:
    """Claim where nobody has it yet, then answer with a cited article."""
    page.goto(address)
    claim = page.locator("form[action$='/act/claim'] button")
    if claim.count():
        claim.click()
        page.wait_for_load_state()
    form = page.locator("form[action$='/step/answer']")
    form.locator("[name=body]").fill(text)
    form.locator("[name=citations]").fill("《劳动合同法》第三十条")
    form.locator("button.main").click()
    page.wait_for_load_state()


def rate(page: Page, code: str, level: int) -> None:
    """Rate an answered matter on its own page: 5 very satisfied … 1 very dissatisfied."""
    page.goto(f"/track/{code}")
    page.locator(f"#rate input[name=level][value='{level}']").check(force=True)
    page.locator("#rate button.main").click()
    page.locator("#follows" if level <= 2 else "main h1").wait_for()


def prepare(sessions: Sessions) -> list[Place]:
    """Play the scene; every page of portal and desk, in the states it can be in."""
    citizen, lawyer = sessions.page(width=390), sessions.page("li")
    fresh = ask(citizen, question="刚提的问题：拖欠工资怎么办理？工地在合肥。")
    told = ask(citizen, question="已经答复的问题：加班费一直没有发，怎么要？", phone="13900001111")
    violent = ask(citizen, question="他又动手打人，想申请人身安全保护令。", category="family.violence")
    matter = desk_address(lawyer, "已经答复的问题")
    answer(lawyer, matter)
    lawyer.goto(matter)
    paper = str(lawyer.locator("a[href*='/paper/']").first.get_attribute("href"))
    poor = ask(citizen, question="差评的问题：答复看不懂，经济补偿怎么算？")
    answer(lawyer, desk_address(lawyer, "差评的问题"))
    rate(citizen, poor, 1)
    mine = desk_address(lawyer, "刚提的问题")
    lawyer.goto("/desk/?scope=mine")
    working = str(lawyer.locator("main a.open").first.get_attribute("href"))
    clerk = sessions.page("sun")
    slip = _window(clerk)
    registrar = sessions.page("deng")
    registrar.goto("/desk/registry")
    body = str(registrar.locator("main table a").first.get_attribute("href"))
    batch = _import(registrar)
    admin = sessions.page("xitong")
    admin.goto("/desk/staff")
    account = str(admin.locator("main table a").nth(3).get_attribute("href"))
    complaint = desk_address(sessions.page("wu"), _complain(citizen))
    for page in (citizen, lawyer, clerk, registrar, admin):
        page.context.close()
    return [
        Place("home", "", "/"),
        Place("ask", "", "/ask"),
        Place("ask", "", "/ask?category=family.violence", "violence"),
        Place("ask", "", "/ask", "errors", send={"question": "工", "phone": "12"}),
        Place("complain", "", "/complain"),
        Place("complain", "", "/complain", "errors", send={"question": "很差"}),
        Place("receipt", "", f"/receipt/{fresh}"),
        Place("track_form", "", "/track"),
        Place("track_form", "", "/track", "errors", send={"code": "ABCDE"}),
        Place("track", "", f"/track/{fresh}", "new"),
        Place("track", "", f"/track/{told}", "answered"),
        Place("track", "", f"/track/{violent}", "violence"),
        Place("track", "", f"/track/{poor}", "rated_badly"),
        Place("guides", "", "/guides"),
        Place("guide", "", "/guides/consultation"),
        Place("guide", "", "/guides/complaint", "complaint"),
        Place("sites", "", "/sites"),
        Place("sites", "", "/sites?region=340500", "empty"),
        Place("accessibility", "", "/accessibility"),
        Place("privacy", "", "/privacy"),
        Place("outbox", "", "/outbox"),
        Place("me_sign_in", "", "/me/sign-in"),
        Place("calendar", "", "/calendar"),
        Place("not-found", "", "/nothing-here"),
        Place("desk_sign_in", "", "/desk/sign-in"),
        Place("desk", "li", "/desk/", "adviser"),
        Place("desk", "wang", "/desk/", "dispatcher"),
        Place("desk", "feng", "/desk/?scope=mine", "empty"),
        Place("desk_search", "li", "/desk/search"),
        Place("desk_search", "wang", "/desk/search", "found", send={"q": "工资"}),
        Place("desk_matter", "li", matter, "answered"),
        Place("desk_matter", "li", working, "working"),
        Place("desk_matter", "li", mine, "pool"),
        Place("desk_matter", "wang", mine, "dispatcher"),
        Place("desk_matter", "wu", complaint, "complaint"),
        Place("desk_document", "li", paper),
        Place("desk_window", "sun", "/desk/window"),
        Place("desk_window", "sun", "/desk/window", "errors", send={"question": "他", "phone": "1"}),
        Place("desk_slip", "sun", slip),
        Place("desk_board", "wang", "/desk/board"),
        Place("desk_supervision", "zhao", "/desk/supervision"),
        Place("desk_figures", "he", "/desk/figures"),
        Place("desk_figures", "he", "/desk/figures?by=office", "office"),
        Place("desk_behind", "he", "/desk/figures/behind?figure=received"),
        Place("desk_registry", "deng", "/desk/registry"),
        Place("desk_organisation", "deng", body),
        Place("desk_organisation_new", "deng", "/desk/registry/new"),
        Place("desk_sites", "deng", "/desk/registry/sites"),
        Place("desk_practitioners", "deng", "/desk/registry/people"),
        Place("desk_import", "deng", "/desk/registry/import"),
        Place("desk_batch", "deng", batch),
        Place("desk_accounts", "xitong", "/desk/staff"),
        Place("desk_account", "anquan", account),
        Place("desk_me", "li", "/desk/me"),
        Place("desk_rules", "deng", "/desk/rules"),
        Place("desk_categories", "deng", "/desk/categories"),
        Place("desk_outbox", "xitong", "/desk/outbox"),
        Place("desk_trail", "shenji", "/desk/trail"),
        Place("desk_trail", "shenji", "/desk/trail", "found", send={"who": "li"}),
        *hotline_places(sessions),
        *library_places(sessions),
        *keeping_places(sessions, matter),
    ]


def _window(page: Page) -> str:
    page.goto("/desk/window")
    form = page.locator("form.card:has([name=question])")
    form.locator("[name=question]").fill("来人说房东不退押金，合同已经到期。")
    form.locator("[name=name]").fill("周大爷")
    form.locator("button.main").click()
    page.wait_for_url(re.compile(r"/desk/window/[0-9a-f-]{36}"))
    return "/" + page.url.split("/", 3)[3]


def _import(page: Page) -> str:
    page.goto("/desk/registry/import")
    page.locator("[name=kind][value=organisations]").check()
    table = "机构种类,名称,行政区划代码\n不知道,没有种类的机构,999999\n".encode()
    page.locator("[name=files]").set_input_files({"name": "机构.csv", "mimeType": "text/csv", "buffer": table})
    page.locator("form.card button.main").click()
    page.wait_for_url(re.compile(r"/desk/registry/import/[0-9a-f-]{36}"))
    return "/" + page.url.split("/", 3)[3]


def _complain(page: Page) -> str:
    page.goto("/complain")
    fill_in(
        page,
        {
            "question": "投诉的事：窗口让我跑了三趟，材料一次没有说全。", "region": "340103", "target": "staff", "respondent": "某某服务中心", "conduct": "delay",
        },
    )  # fmt: skip
    page.wait_for_url("**/receipt/**")
    return "窗口让我跑了三趟"
