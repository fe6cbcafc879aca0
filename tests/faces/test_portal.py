"""The public site, without JavaScript: ask, keep the slip, follow, write, rate."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from fawang.matters import actions, conversation
from fawang.matters.models import Matter
from fawang.matters.services import take_step
from fawang.oversight.models import Rating
from tests import factories
from tests.faces.test_api import desk  # noqa: F401 - the same cast
from tests.faces.test_hotline_pages import sign_in

pytestmark = pytest.mark.django_db
PAGES = [
    "/",
    "/ask",
    "/complain",
    "/track",
    "/guides",
    "/guides/consultation",
    "/guides/complaint",
    "/sites",
    "/accessibility",
    "/privacy",
    "/me/sign-in",
    "/outbox",
]


def key_in(html: str) -> str:
    found = re.search(r'name="_key" value="([^"]+)"', html)
    assert found
    return found[1]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_public_page_opens_without_signing_in(desk: Any, page: str, language: str) -> None:  # noqa: F811
    client = Client()
    client.cookies["lang"] = language
    answer = client.get(page)
    assert answer.status_code == 200
    assert "<h1" in answer.content.decode()


def test_a_question_travels_from_the_form_to_the_rating(desk: Any) -> None:  # noqa: F811
    client = Client(enforce_csrf_checks=False)
    page = client.get("/ask").content.decode()
    form = {
        "_key": key_in(page),
        "question": "厂里拖了我三个月工资\r\n老板跑了",
        "region": "340104",
        "name": "王·小明",
        "phone": "138 0000 0001",
        "priority_groups": ["migrant_worker"],
    }
    first, second = client.post("/ask", form), client.post("/ask", form)
    assert (first.status_code, first["Location"]) == (302, second["Location"])
    matter = Matter.objects.get()
    assert matter.title == "厂里拖了我三个月工资\n老板跑了"
    assert matter.parties.get(relation="applicant").name == "王·小明"
    slip = client.get(first["Location"]).content.decode()
    assert matter.number in slip
    assert "3月3日" in slip or "明天" in slip
    actions.assign(actor=desk["dispatcher"], matter_id=matter.pk, staff_id=desk["adviser"].pk)
    take_step(
        actor=factories.actor(desk["adviser"]),
        matter_id=matter.pk,
        verb="answer",
        data={"body": "可以向劳动监察投诉，也可以申请仲裁。", "citations": "《劳动法》第五十条"},
    )
    code = matter.lookup_code
    page = client.get(f"/track/{code}").content.decode()
    assert "《劳动法》第五十条" in page
    assert 0 < page.index("可以向劳动监察投诉，也可以申请仲裁。") < page.index("这次服务怎么样")  # first what was answered, then how it was
    done = client.post(f"/track/{code}/rating", {"_key": key_in(page), "level": "1", "comment": "没说清楚"})
    assert done.status_code == 302
    assert Rating.objects.get().level == 1
    assert set(Matter.objects.exclude(pk=matter.pk).values_list("process_code", flat=True)) == {"return_visit", "rectification"}
    after = client.get(f"/track/{code}").content.decode()
    follows = after[after.index("您的评价之后") : after.index("办理经过")]
    assert follows.index("我们会给您回电。") < follows.index("正在核实您的评价。")
    assert follows.count('class="tag light') == 2, "each by when"


def test_a_search_that_finds_nothing_says_why_it_may_be_so(desk: Any) -> None:  # noqa: F811
    client = Client()
    client.post("/ask", {"_key": key_in(client.get("/ask").content.decode()), "question": "厂里拖了我三个月工资", "region": "340104", "phone": "13800000001"})
    lawyer = sign_in(factories.actor(desk["adviser"]))
    by_phone = lawyer.post("/desk/search", {"q": "13800000001"}).content.decode()
    assert Matter.objects.get().number not in by_phone, "not his: nobody is found by his phone"
    assert "没有查到，或者不在您能看的范围内。" in by_phone


def test_the_outbox_of_the_demonstration_says_in_words_what_became_of_a_message(desk: Any) -> None:  # noqa: F811
    client = Client()
    client.post("/ask", {"_key": key_in(client.get("/ask").content.decode()), "question": "厂里拖了我三个月工资", "region": "340104", "phone": "13800000001"})
    page = client.get("/outbox").content.decode()
    assert "138****0001" in page
    assert re.search("已发出|待发", page)
    assert not re.search(r"· (sent|waiting|pending|queued)", page)


def test_who_left_no_number_is_promised_no_call_after_a_bad_rating(desk: Any) -> None:  # noqa: F811
    client = Client()
    client.post("/ask", {"_key": key_in(client.get("/ask").content.decode()), "question": "厂里拖了我三个月工资", "region": "340104"})
    matter = Matter.objects.get()
    actions.assign(actor=desk["dispatcher"], matter_id=matter.pk, staff_id=desk["adviser"].pk)
    said = {"body": "可以向劳动监察投诉，也可以申请仲裁。", "citations": "《劳动法》第五十条"}
    take_step(actor=factories.actor(desk["adviser"]), matter_id=matter.pk, verb="answer", data=said)
    track = f"/track/{matter.lookup_code}"
    client.post(f"{track}/rating", {"_key": key_in(client.get(track).content.decode()), "level": "2"})
    after = client.get(track).content.decode()
    assert "您没有留电话，没法给您回电" in after
    assert "我们会给您回电" not in after
    assert "正在核实您的评价。" in after


def test_who_cannot_hear_asks_by_text_comes_first_and_talks_to_and_fro_in_writing(desk: Any) -> None:  # noqa: F811
    client = Client()
    assert 'href="/ask?text=1"' in client.get("/ask").content.decode()
    page = client.get("/ask?text=1").content.decode()
    main = page[page.index("<main") : page.index("</main>")]
    assert "<h1>文字服务</h1>" in main
    assert "tel:12348" not in main, "nobody is sent to the telephone"
    assert re.search(r'name="priority_groups" value="disabled" checked', main)
    data = {"_key": key_in(page), "question": "我听不见，厂里拖了我三个月工资", "region": "340104", "priority_groups": ["disabled"]}
    assert client.post("/ask?text=1", data).status_code == 302
    matter = Matter.objects.get()
    assert (matter.process_code, matter.priority, matter.priority_groups) == ("consultation", 1, ["disabled"])
    actions.assign(actor=desk["dispatcher"], matter_id=matter.pk, staff_id=desk["adviser"].pk)
    conversation.write_message(actor=factories.actor(desk["adviser"]), matter_id=matter.pk, body="有没有工资条？")
    track = f"/track/{matter.lookup_code}"
    told = client.get(track).content.decode()
    assert "有没有工资条？" in told
    assert client.post(f"{track}/message", {"_key": key_in(told), "body": "有，在手机里。"}).status_code == 302
    assert "有，在手机里。" in client.get(track).content.decode()


def test_the_audit_says_who_and_from_where_in_words(desk: Any) -> None:  # noqa: F811
    client = Client()
    client.post("/ask", {"_key": key_in(client.get("/ask").content.decode()), "question": "邻居装修天天吵怎么办", "region": "340104", "phone": "13800000001"})
    auditor = sign_in(factories.actor(factories.staff("审计员", "audit_admin")))
    rows = re.findall(r"<tr><td class=\"num\">.*?</tr>", auditor.post("/desk/trail", {"number": Matter.objects.get().number}).content.decode())
    assert rows
    told = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in rows]
    assert {(who, door) for _, who, _, door, _ in told} == {("未登录的群众", "网站")}


def test_errors_stand_beside_the_fields_and_what_was_typed_comes_back(desk: Any) -> None:  # noqa: F811
    client = Client()
    answer = client.post("/ask", {"_key": factories.key(), "question": "工", "region": "", "name": "张三", "phone": "abc"})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "请再多写几个字" in text
    assert "请填写11位手机号" in text
    assert 'value="张三"' in text
    assert Matter.objects.count() == 0


def test_a_wrong_code_is_not_found_in_plain_words(desk: Any) -> None:  # noqa: F811
    answer = Client().post("/track", {"code": "A" * 26})
    assert answer.status_code == 404
    assert "没有找到" in answer.content.decode()


def test_a_complaint_named_after_staff_hides_itself_from_them(desk: Any) -> None:  # noqa: F811
    client = Client()
    page = client.get("/complain").content.decode()
    form = {
        "_key": key_in(page),
        "question": "李律师态度恶劣还要我加钱",
        "region": "340100",
        "target": "lawyer",
        "respondent": "李律师",
        "conduct": "charge",
        "name": "证人甲",
        "phone": "13800000099",
    }
    assert client.post("/complain", form).status_code == 302
    complaint = Matter.objects.get(process_code="complaint")
    from fawang.matters.policies import sight, visible_to

    accused = factories.actor(desk["adviser"])
    assert sight(accused, complaint) == frozenset()
    assert not visible_to(accused).filter(pk=complaint.pk).exists()
