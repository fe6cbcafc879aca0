"""The library, the sums and the interviews as others call them: law as of a day, working with norms, a run by its code alone."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from fawang.knowledge.interviews.loading import interview
from tests import factories
from tests.faces.library_cast import law, library  # noqa: F401 - the fixture
from tests.faces.test_api import post

pytestmark = pytest.mark.django_db


def get(path: str, **params: str) -> Any:
    return Client().get(f"/api/v1/{path}", params)


def test_laws_are_listed_with_their_state_on_the_day(library: Any) -> None:  # noqa: F811
    body = get("laws").json()
    assert body["count"] == 6
    assert {row["short"]: row["state"] for row in body["results"]}["仲裁法"] == "in_force"
    (row,) = get("laws", q="仲裁法").json()["results"][:1]
    named = {r["short"]: r["version_date"] for r in get("laws", q="仲裁法").json()["results"]}
    assert named["仲裁法"] == "2025-09-12"
    assert {r["short"]: r["version_date"] for r in get("laws", q="仲裁法", as_of="2025-12-31").json()["results"]}["仲裁法"] == "2017-09-01"
    assert row["address"] == f"/law/{row['id']}"
    assert get("laws", in_force="true", as_of="1990-01-01").json() == {"count": 0, "results": []}


def test_an_article_reads_as_the_law_of_the_day_says_and_shows_its_history(library: Any) -> None:  # noqa: F811
    slug = law("仲裁法").slug
    old = get(f"laws/{slug}/articles/59", as_of="2025-12-31").json()
    assert ("六个月内提出" in old["text"], old["state"], old["in_force_until"]) == (True, "in_force", "2026-03-01")
    assert [h["version_date"] for h in old["history"]] == ["2025-09-12", "2017-09-01"][-len(old["history"]) :]
    new = get("laws/仲裁法/articles/72").json()
    assert ("三个月内提出" in new["text"], new["as_of"]) == (True, "2026-03-02")
    assert get(f"laws/{slug}/articles/72", as_of="2025-12-31").status_code == 404
    for nothing in ("9000", "x", "0", "-1", "47.5"):
        assert get(f"laws/{slug}/articles/{nothing}").json()["code"] == "absent"
    assert get("laws/没有这部法").status_code == 404
    detail = get(f"laws/{slug}").json()
    assert [(v["version_date"], v["state"]) for v in detail["versions"]] == [("2025-09-12", "in_force"), ("2017-09-01", "superseded")]
    assert {"number": 72, "sub": 0, "label": "第七十二条", "chapter": "第五章 申请撤销裁决"} in detail["articles"]


def test_a_sum_is_worked_out_with_its_norms_and_nothing_is_guessed(library: Any) -> None:  # noqa: F811
    """诉讼费用交纳办法 §13: 50 yuan up to 10,000, then 2.5 % of what is above, up to 100,000."""
    listed = {c["code"]: c for c in get("calculators").json()}
    assert len(listed) == 15
    assert listed["litigation_fee"] == get("calculators/litigation_fee").json()
    inputs = {i["code"]: i for i in listed["litigation_fee"]["inputs"]}
    kind = next(i for i in inputs.values() if i["kind"] == "choice")
    money = next(i for i in inputs.values() if i["kind"] == "money")
    done = post("calculators/litigation_fee", {"inputs": {kind["code"]: kind["choices"][0]["code"], money["code"]: "20000", "on": "2026-03-02"}}).json()
    assert "300" in done["headline"]
    assert any("诉讼费用交纳办法" in n for line in done["lines"] for n in line["norms"])
    wrong = post("calculators/litigation_fee", {"inputs": {money["code"]: "很多", "nothing": "1"}})
    assert (wrong.status_code, list(wrong.json()["errors"])) == (422, ["nothing"])
    assert post("calculators/litigation_fee", {"inputs": {}}).status_code == 422
    assert post("calculators/none", {"inputs": {}}).status_code == 404
    missing = post("calculators/loan_interest", {"inputs": {"principal": "10000", "rate": "12", "from": "2035-01-01", "to": "2035-06-01"}})
    assert (missing.status_code, missing.json()["code"]) == (409, "calculator.table_missing")


def test_an_interview_is_begun_answered_resumed_and_concluded_by_its_code_alone(library: Any) -> None:  # noqa: F811
    listed = get("interviews").json()
    assert len(listed) >= 15
    assert post("interview-runs", {"interview": "unpaid_wages"}).json()["code"] == "key.missing"
    key = factories.key()
    run = post("interview-runs", {"interview": "unpaid_wages"}, key)
    assert run.status_code == 201
    assert run.json() == post("interview-runs", {"interview": "unpaid_wages"}, key).json()
    code, first = run.json()["code"], run.json()["question"]["code"]
    assert first == interview("unpaid_wages").questions[0].code
    assert get(f"interview-runs/{code}/result").json()["code"] == "interview.unfinished"
    bad = post(f"interview-runs/{code}/answers", {"question": first, "answer": "no such choice"})
    assert (bad.status_code, list(bad.json()["errors"])) == (422, ["answer"])
    assert post(f"interview-runs/{code}/answers", {"question": "nothing", "answer": "x"}).json()["code"] == "interview.question"
    for _ in range(60):
        state = get(f"interview-runs/{code}").json()
        if state["finished"]:
            break
        answered = post(f"interview-runs/{code}/answers", {"question": state["question"]["code"], "answer": "unknown"})
        assert answered.status_code == 200
    assert state["finished"]
    assert state["said"][0]["answer"] == "不清楚"
    result = get(f"interview-runs/{code}/result").json()
    assert {"stand", "law", "step", "evidence", "office"} <= {item["section"] for item in result["items"]}
    assert any("劳动合同法 30" in item["norms"] for item in result["items"])
    assert get(f"interview-runs/{code[::-1]}").content == get(f"interview-runs/{'0' * 26}").content


def test_every_operation_stands_in_the_published_contract(library: Any) -> None:  # noqa: F811
    paths = get("openapi.json").json()["paths"]
    for path in ("laws", "laws/{law_id}", "laws/{law_id}/articles/{number}", "calculators", "calculators/{code}", "interviews", "interview-runs",
                 "interview-runs/{code}", "interview-runs/{code}/answers", "interview-runs/{code}/result"):  # fmt: skip
        operation = next(iter(paths[f"/api/v1/{path}"].values()))
        assert operation["summary"]
        assert "422" in operation["responses"]
