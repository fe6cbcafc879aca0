"""Guided interviews without JavaScript: one question a page, back without loss, the opinion, the lawyer."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from fawang.faces.portal.conclusions import question_parts
from fawang.kernel.printing import can_print_pdf
from fawang.knowledge.interviews.flow import answers_of
from fawang.knowledge.interviews.loading import interview, interviews
from fawang.knowledge.models import InterviewRun, Opinion
from fawang.matters.models import Matter
from tests import factories
from tests.faces.library_cast import library  # noqa: F401 - the fixture
from tests.faces.test_api import desk  # noqa: F401 - the same cast
from tests.faces.test_portal import key_in

pytestmark = pytest.mark.django_db
ANSWERS: dict[str, Any] = {
    "kind": "company", "still": "no", "left_on": "2026-02-01", "owed": "8千", "proof": ["chat"], "boss": "delays", "signed": "yes", "many": "one", "aid_status": "migrant",
}  # fmt: skip


def begin(client: Client, code: str = "unpaid_wages") -> str:
    page = client.get(f"/interviews/{code}").content.decode()
    answer = client.post(f"/interviews/{code}", {"_key": key_in(page)})
    assert answer.status_code == 302
    return str(answer["Location"]).removeprefix("/i/")


def asked(page: str) -> str:
    found = re.search(r'name="_question" value="(\w+)"', page)
    assert found, page[:400]
    return found[1]


def give(client: Client, lookup: str, question: str, value: Any) -> Any:
    return client.post(f"/i/{lookup}/answer", {"_question": question, **({"unknown": "1"} if value is None else {"answer": value})})


def finish(client: Client, answers: dict[str, Any] | None = None) -> str:
    lookup = begin(client)
    for _ in range(30):
        answer = client.get(f"/i/{lookup}")
        if answer.status_code == 302:
            assert answer["Location"] == f"/i/{lookup}/result"
            return lookup
        question = asked(answer.content.decode())
        given = (answers or ANSWERS).get(question)
        assert give(client, lookup, question, given).status_code == 302
    raise AssertionError("it never ends")


def test_one_question_a_page_to_the_conclusion(library: Any) -> None:  # noqa: F811
    client = Client()
    lookup = finish(client)
    page = client.get(f"/i/{lookup}/result").content.decode()
    assert "8,000元" in page
    assert "2027年2月1日" in page, "a year after leaving (劳动争议调解仲裁法 §27)"
    assert "还有336天" in page
    assert "从劳动关系终止" in page or "《劳动争议调解仲裁法》第二十七条" in page
    assert "很可能可以，并且免予核查经济困难状况" in page, "法律援助法 §42"
    assert "用人单位应当按照劳动合同约定和国家规定，向劳动者及时足额支付劳动报酬" in page, "the article is quoted (劳动合同法 §30)"
    assert "/papers/labour_arbitration?from=" in page


def test_every_interview_can_be_walked_with_i_do_not_know_alone(library: Any) -> None:  # noqa: F811
    for code in dict.fromkeys(i.code for i in interviews()):
        client = Client()
        lookup = begin(client, code)
        for _ in range(60):
            answer = client.get(f"/i/{lookup}")
            if answer.status_code == 302:
                break
            page = answer.content.decode()
            assert "不清楚" in page
            question = asked(page)
            if 'type="radio"' in page:
                assert give(client, lookup, question, "unknown").status_code == 302
            else:
                assert give(client, lookup, question, None).status_code == 302
        assert client.get(f"/i/{lookup}/result").status_code == 200, code


def test_going_back_loses_nothing_and_a_changed_answer_counts(library: Any) -> None:  # noqa: F811
    client = Client()
    lookup = finish(client)
    page = client.get(f"/i/{lookup}?q=owed").content.decode()
    assert 'value="8000"' in page
    assert "不改，看结果" in page
    assert give(client, lookup, "owed", "9000").status_code == 302
    assert "9,000元" in client.get(f"/i/{lookup}/result").content.decode()


def test_a_bad_answer_comes_back_with_its_reason_and_changes_nothing(library: Any) -> None:  # noqa: F811
    client = Client()
    lookup = begin(client)
    give(client, lookup, "kind", "company")
    give(client, lookup, "still", "yes")
    answer = give(client, lookup, "owed", "不少<b>")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="不少&lt;b&gt;"' in page
    assert "请填写数字" in page
    assert asked(client.get(f"/i/{lookup}").content.decode()) == "owed"
    empty = give(client, lookup, "boss", "")
    assert empty.status_code == 422
    assert "请选一个" in empty.content.decode()


def test_somebody_comes_back_by_the_code_however_it_is_typed(library: Any) -> None:  # noqa: F811
    lookup = begin(Client())
    answer = Client().post("/interviews", {"code": f" {lookup[:5].lower()} {lookup[5:]} "})
    assert (answer.status_code, answer["Location"]) == (302, f"/i/{lookup}")
    wrong = Client().post("/interviews", {"code": "0" * 26})
    assert wrong.status_code == 404
    assert "没有找到" in wrong.content.decode()


def test_wrong_codes_and_forgotten_ones_look_the_same(library: Any) -> None:  # noqa: F811
    for address in ("/i/" + "0" * 26, "/i/x", "/i/" + "9" * 5000, "/i/" + "0" * 26 + "/result", "/i/" + "0" * 26 + "/send"):
        assert Client().get(address).status_code == 404, address[:60]


def test_a_double_click_on_begin_begins_once(library: Any) -> None:  # noqa: F811
    client = Client()
    form = {"_key": key_in(client.get("/interviews/unpaid_wages").content.decode())}
    first, second = client.post("/interviews/unpaid_wages", form), client.post("/interviews/unpaid_wages", form)
    assert first["Location"] == second["Location"]
    assert InterviewRun.objects.count() == 1


def test_the_opinion_is_issued_once_verified_by_its_code_and_printed(library: Any) -> None:  # noqa: F811
    client = Client()
    lookup = finish(client)
    result = client.get(f"/i/{lookup}/result").content.decode()
    for _ in range(2):
        assert client.post(f"/i/{lookup}/opinion", {"_key": key_in(result), "region": ""}).status_code == 302
    issued = Opinion.objects.get()
    page = client.get(f"/i/{lookup}/result").content.decode()
    assert issued.number in page
    checked = Client().post("/verify", {"code": issued.verification_code.lower()})
    assert checked["Location"] == f"/verify/{issued.verification_code}"
    paper = Client().get(checked["Location"]).content.decode()
    assert "没有被改动" in paper
    assert "8,000元" in paper
    by_number = Client().post("/verify", {"code": issued.number}).content.decode()
    assert "确实由本站出具" in by_number
    assert "8,000元" not in by_number, "a number alone never shows the paper"
    assert issued.verification_code not in by_number
    docx = Client().get(f"/verify/{issued.verification_code}/opinion.docx")
    from docx import Document

    words = "\n".join(p.text for p in Document(io.BytesIO(docx.content)).paragraphs)
    assert "法律咨询意见书" in words
    pdf = Client().get(f"/verify/{issued.verification_code}/opinion.pdf")
    if can_print_pdf():
        assert pdf.content.startswith(b"%PDF-")
        assert pdf["Content-Disposition"].startswith("attachment")
    else:
        assert pdf.status_code == 503
    assert Client().post("/verify", {"code": "法咨意〔2026〕999999号"}).status_code == 404


def test_a_paper_that_was_changed_in_the_store_is_called_out(library: Any) -> None:  # noqa: F811
    client = Client()
    lookup = finish(client)
    client.post(f"/i/{lookup}/opinion", {"_key": factories.key()})
    issued = Opinion.objects.get()
    Opinion.objects.filter(pk=issued.pk).update(digest="0" * 64)
    assert "请勿使用" in Client().get(f"/verify/{issued.verification_code}").content.decode()


def test_no_opinion_before_the_last_answer(library: Any) -> None:  # noqa: F811
    client = Client()
    lookup = begin(client)
    assert client.post(f"/i/{lookup}/opinion", {"_key": factories.key()})["Location"] == f"/i/{lookup}"
    assert Opinion.objects.count() == 0


def test_send_this_to_a_lawyer_opens_one_consultation_with_every_answer(desk: Any, library: Any) -> None:  # noqa: F811
    client = Client()
    lookup = finish(client)
    client.post(f"/i/{lookup}/opinion", {"_key": factories.key()})
    page = client.get(f"/i/{lookup}/send").content.decode()
    form = {
        "_key": key_in(page),
        "more": "老板姓赵\r\n在蜀山区",
        "region": "340104",
        "name": "王小明",
        "phone": "13800000001",
        "priority_groups": ["migrant_worker"],
    }
    first, second = client.post(f"/i/{lookup}/send", form), client.post(f"/i/{lookup}/send", form)
    assert (first.status_code, first["Location"]) == (302, second["Location"])
    matter = Matter.objects.get()
    assert first["Location"] == f"/receipt/{matter.lookup_code}"
    assert (matter.process_code, matter.category_code, matter.region_code) == ("consultation", "labour.wages.arrears", "340104")
    for said in ("老板姓赵\n在蜀山区", "8,000元", "承认欠钱", "进城务工的农民工", Opinion.objects.get().number, Opinion.objects.get().verification_code):
        assert said in matter.title, said
    assert list(matter.priority_groups) == ["migrant_worker"]


def test_what_is_missing_for_the_lawyer_is_named_and_the_rest_kept(desk: Any, library: Any) -> None:  # noqa: F811
    client = Client()
    lookup = finish(client)
    answer = client.post(f"/i/{lookup}/send", {"_key": factories.key(), "region": "", "phone": "123", "more": "补充"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "请填写11位手机号" in page
    assert "补充" in page
    assert Matter.objects.count() == 0


def test_long_answers_are_carried_on_in_messages_and_nothing_is_cut() -> None:
    chosen = interview("unpaid_wages")
    more = "\n".join(f"第{n}行{'字' * 90}" for n in range(15))
    parts = question_parts(chosen, answers_of(chosen, ANSWERS), more * 4, None)
    assert all(len(p) <= 5000 for p in parts)
    assert "".join(p.replace("\n", "") for p in parts).count("字") == 90 * 15 * 4
    assert "8,000元" in "".join(parts)


def test_pages_with_answers_are_kept_by_nobody_and_found_by_no_engine(library: Any) -> None:  # noqa: F811
    client = Client()
    lookup = finish(client)
    for address in (f"/i/{lookup}/result", f"/i/{lookup}?q=owed", f"/i/{lookup}/send"):
        answer = client.get(address)
        assert (answer["Cache-Control"], answer["X-Robots-Tag"]) == ("no-store", "noindex"), address


def test_the_region_brings_its_own_places(desk: Any, library: Any) -> None:  # noqa: F811
    from fawang.registry.models import ServiceSite

    for region, name in (("340104", "蜀山区公共法律服务中心"), ("340500", "马鞍山公共法律服务中心")):
        ServiceSite.objects.create(organisation=desk["agency"], level="centre", name=name, folded=name, region_code=region, address="某路1号")
    client = Client()
    lookup = finish(client)
    near = client.get(f"/i/{lookup}/result?region=340104").content.decode()
    assert "蜀山区公共法律服务中心" in near
    assert "马鞍山" not in near.split("placesnear")[1].split("</ul>")[0]


def test_pages_in_english_and_for_the_elderly_open_too(library: Any) -> None:  # noqa: F811
    for cookie in ({"lang": "en"}, {"elder": "1"}):
        client = Client()
        client.cookies.load(cookie)
        lookup = finish(client)
        assert client.get(f"/i/{lookup}/result").status_code == 200
    library["advance"](timedelta(days=1))


def test_whoever_holds_a_code_reads_as_often_as_needed_and_whoever_guesses_is_stopped(library: Any) -> None:  # noqa: F811
    client = Client()
    lookup = begin(client)
    for n in range(240):
        assert client.get("/i/" + f"{n:026d}").status_code == 404
    assert client.get("/i/" + "9" * 26).status_code == 429, "a guess too many"
    assert client.get(f"/i/{lookup}").status_code == 200, "the same address, a code that exists"
    for n in range(240):
        assert give(client, lookup, "kind", "company").status_code == 302, n
    assert give(client, lookup, "kind", "company").status_code == 429, "nobody answers four questions a second"
