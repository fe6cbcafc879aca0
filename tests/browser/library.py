"""The library's pages in the scene: a search, an article, sums, interviews half done and done, an opinion, papers, guides, cases."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Page

from tests.browser.house import House, Sessions
from tests.browser.places import Place

SAID = "厂里拖了我仨月工资"
WAGES: dict[str, Any] = {
    "kind": "company", "still": "no", "left_on": "2026-02-01", "owed": "8000", "proof": ["chat", "attendance"], "boss": "delays", "signed": "yes", "many": "one",
    "aid_status": "migrant",
}  # fmt: skip
CASES = (
    {
        "kind": "typical", "field": "civil", "cause": "追索劳动报酬纠纷", "court_level": "basic", "court": "某区人民法院", "region_code": "340104", "decided_on": "2025-06-01",
        "title": "没有签合同，工资也要给（演示）", "gist": "没有书面合同，考勤和转账记录也能证明劳动关系，工资应当足额支付。", "facts": "劳动者在工地干了三个月，没有签合同，只领到一个月工资。",
        "result": "判令支付两个月工资。", "reasons": "依照《劳动合同法》第三十条，用人单位应当及时足额支付劳动报酬。", "source": "演示数据，非真实案例", "norms": ["劳动合同法 30"],
    },
    {
        "kind": "platform", "field": "civil", "cause": "民间借贷纠纷", "court_level": "basic", "court": "某县人民法院", "region_code": "340200", "decided_on": "2024-11-20",
        "title": "只有转账记录，借款还得回来吗（演示）", "gist": "转账记录加聊天记录能够证明借款的，对方应当归还。", "facts": "双方是同事，转账两万元，没有写借条。",
        "result": "判令归还两万元。", "reasons": "依照《民法典》第六百七十五条。", "source": "演示数据，非真实案例", "norms": ["民法典 675"],
    },
)  # fmt: skip


def wait_for_the_library(page: Page) -> None:
    """Until laws, bank and index are up: a search says no longer that they are loading."""
    for _ in range(150):
        page.goto(f"/search?q={quote(SAID)}")
        if page.locator("a.hit[href^='/law/']").count() and not page.get_by_text("法律库正在载入").count():
            return
        page.wait_for_timeout(2000)
    raise AssertionError("the library was never ready")


def answer_one(page: Page, given: Any = None) -> None:
    """Answer the question on the page; ``None`` is “I don't know”."""
    form = page.locator("form.one")
    if given is not None:
        if form.locator(".choice").count():
            for one in given if isinstance(given, list) else [given]:
                form.locator(f"[name=answer][value='{one}']").check()
        else:
            form.locator("[name=answer]").fill(given)
    elif form.locator("[name=answer][value=unknown]").count():
        form.locator("[name=answer][value=unknown]").check()
    else:
        with page.expect_navigation():
            form.locator("button[name=unknown]").click()
        return
    with page.expect_navigation():
        form.locator("button.main").click()


def interview(page: Page, code: str, answers: dict[str, Any] | None = None, *, until: str = "") -> str:
    """Begin an interview and walk to its end, or to the question ``until``; its code."""
    page.goto(f"/interviews/{code}")
    with page.expect_navigation():
        page.locator("main form button.main").click()
    for _ in range(40):
        if page.url.endswith("/result"):
            break
        question = page.locator("[name=_question]").input_value()
        if question == until:
            break
        answer_one(page, (answers or {}).get(question))
    found = re.search(r"/i/([0-9A-Z]{26})", page.url)
    assert found, page.url
    return found[1]


def opinion(page: Page, lookup: str) -> str:
    """Have the opinion issued; the address where it is verified."""
    page.goto(f"/i/{lookup}/result")
    with page.expect_navigation():
        page.locator(f"form[action='/i/{lookup}/opinion'] button").click()
    return str(page.locator(".issued a[href^='/verify/']:not([href*='opinion.'])").first.get_attribute("href"))


def bring_cases(house: House) -> None:
    """Two cases of people who do not exist."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        file.write("\n".join(json.dumps(case, ensure_ascii=False) for case in CASES))
        file.flush()
        Path(file.name).chmod(0o644)
        house.verb("import", "cases", file.name, "--publish")


def library_places(sessions: Sessions) -> list[Place]:
    """Play the library's part of the scene."""
    page = sessions.page(width=390)
    wait_for_the_library(page)
    article = str(page.locator("a.hit[href^='/law/']").first.get_attribute("href"))
    bring_cases(sessions.house)
    page.goto("/faq")
    faq = str(page.locator("main a[href^='/faq/']").first.get_attribute("href"))
    page.goto("/cases")
    case = str(page.locator("main a[href^='/cases/']").first.get_attribute("href"))
    half = interview(page, "unpaid_wages", {"kind": "site", "still": "yes"}, until="proof")
    done = interview(page, "unpaid_wages", WAGES)
    beaten = interview(page, "domestic_violence", until="form")
    proof = opinion(page, done)
    page.context.close()
    return [
        Place("search", "", "/search"),
        Place("search", "", f"/search?q={quote(SAID)}", "found"),
        Place("search", "", f"/search?q={quote('劳动合同法47条')}&on=2026-13-01", "bad-day"),
        Place("search", "", "/search?q=zzzzqqqq", "none"),
        Place("laws", "", "/law"),
        Place("law", "", article.rsplit("/", 1)[0]),
        Place("article", "", article),
        Place("calculators", "", "/calculators"),
        Place("calculator", "", "/calculators/dismissal"),
        Place("calculator", "", "/calculators/litigation_fee", "worked-out", send={"kind": "property", "amount": "50000", "on": "2026-03-02"}),
        Place("calculator", "", "/calculators/dismissal", "errors", send={"wage": "很多", "from": "2025-01-01"}),
        Place("interviews", "", "/interviews"),
        Place("interviews", "", "/interviews", "errors", send={"code": "0000"}),
        Place("interview", "", "/interviews/unpaid_wages"),
        Place("interview_question", "", f"/i/{half}", "many"),
        Place("interview_question", "", f"/i/{half}?q=owed", "errors", send={"answer": "不少"}),
        Place("interview_question", "", f"/i/{beaten}", "violence"),
        Place("interview_result", "", f"/i/{done}/result"),
        Place("interview_send", "", f"/i/{done}/send"),
        Place("interview_send", "", f"/i/{done}/send", "errors", send={"phone": "12"}),
        Place("verify", "", "/verify"),
        Place("verify", "", "/verify", "errors", send={"code": "法咨意〔2026〕999999号"}),
        Place("opinion", "", proof),
        Place("faq", "", "/faq"),
        Place("faq_guide", "", faq),
        Place("cases", "", "/cases"),
        Place("case", "", case),
        Place("papers", "", "/papers"),
        Place("paper", "", "/papers/evidence_list"),
        Place("paper", "", f"/papers/labour_arbitration?from={done}", "filled", send={"as": "preview"}),
    ]


def keeping_places(sessions: Sessions, answered: str) -> list[Place]:
    """The library's keeping at the desk; ``answered`` is the address of a consultation that was answered."""
    lawyer, editor = sessions.page("li"), sessions.page("deng")
    lawyer.goto("/desk/library/snippets")
    lawyer.locator("details.step > summary").click()
    form = lawyer.locator("form[data-draft=snippet]")
    form.locator("[name=title]").fill("保存证据")
    form.locator("[name=text]").fill("请保存好工资条、考勤记录和聊天记录，原手机不要换。")
    form.locator("[name=norms]").fill("劳动合同法 30")
    with lawyer.expect_navigation():
        form.locator("button.main").click()

    def first(address: str, link: str) -> str:
        editor.goto(address)
        return str(editor.locator(f"main {link}").first.get_attribute("href"))

    question = first("/desk/library/questions?state=reviewed", "a[href^='/desk/library/questions/']")
    guide = first("/desk/library/guides", "a[href^='/desk/library/guides/']:not([href$='/new'])")
    case = first("/desk/library/cases?state=published", "a[href^='/desk/library/cases/']:not([href$='/new'])")
    for page in (lawyer, editor):
        page.context.close()
    return [
        Place("desk_library", "deng", "/desk/library"),
        Place("desk_bank", "li", f"{answered}/bank"),
        Place("desk_questions", "deng", "/desk/library/questions?state=reviewed&q=工资"),
        Place("desk_question", "deng", question),
        Place("desk_guides", "deng", "/desk/library/guides"),
        Place("desk_guide_new", "li", "/desk/library/guides/new"),
        Place("desk_guide", "deng", guide),
        Place("desk_cases", "deng", "/desk/library/cases?state=published"),
        Place("desk_case_new", "li", "/desk/library/cases/new"),
        Place("desk_case", "deng", case),
        Place("desk_local_figures", "deng", "/desk/library/figures"),
        Place("desk_snippets", "deng", "/desk/library/snippets"),
    ]
