"""The library's part of the world: a few laws, a case published and one in draft, an interview carried to its opinion."""

from __future__ import annotations

from typing import Any

from fawang.knowledge.cases.services import publish_case, write_case
from fawang.knowledge.guides.services import new_guide
from fawang.knowledge.importers.run import import_laws
from fawang.knowledge.interviews.flow import answers_of, place
from fawang.knowledge.interviews.loading import interview
from fawang.knowledge.interviews.selectors import kept_answers, run_of
from fawang.knowledge.interviews.services import give_answer, issue_opinion, start_run
from fawang.knowledge.selectors import find_law
from fawang.people.actors import SYSTEM, actor_of_staff
from tests import factories
from tests.faces.library_cast import LAWS

CASE: dict[str, Any] = {
    "kind": "typical", "field": "civil", "cause": "追索劳动报酬纠纷", "court_level": "basic", "court": "某区人民法院", "region_code": "340104", "number": "",
    "decided_on": "2025-06-01", "title": "追索劳动报酬案", "gist": "没签合同也要付工资。", "facts": "干了三个月没有领到工资。", "result": "判令支付工资。",
    "reasons": "依照劳动合同法第三十条。", "source": "演示数据，非真实案例", "norms": "劳动合同法 30",
}  # fmt: skip
GUIDE = {
    "slug": "unpaid",
    "topic": "labour",
    "title": "工资被拖欠怎么办",
    "answer": "先投诉，再仲裁。",
    "body": "可以向劳动保障监察机构投诉。",
    "norms": "劳动合同法 30",
}


def shelve(objects: dict[str, Any]) -> None:
    """Put the library's objects beside the others: ``case``, ``case_draft``, ``guide_draft``, ``interview`` (its code), ``opinion`` (its code)."""
    import_laws(actor=SYSTEM, source="jsonl", path=LAWS)
    objects["law"] = find_law("劳动合同法")
    objects["case"] = publish_case(actor=SYSTEM, case_id=write_case(actor=SYSTEM, typed=CASE)[0].pk)
    objects["case_draft"] = write_case(actor=SYSTEM, typed={**CASE, "title": "尚未发布的案例"})[0]
    writer = actor_of_staff(factories.staff("规则编辑", "rule_editor", at=factories.office()))
    objects["guide_draft"] = new_guide(actor=writer, **GUIDE)
    _, lookup = start_run("unpaid_wages")
    for _ in range(40):
        chosen = interview("unpaid_wages")
        question = place(chosen, answers_of(chosen, kept_answers(run_of(lookup)))).question
        if question is None:
            break
        give_answer(lookup=lookup, question=question.code, typed="unknown" if question.code != "owed" else "8千")
    objects |= {"interview": lookup, "opinion": issue_opinion(lookup=lookup).verification_code}
