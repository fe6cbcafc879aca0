"""Every interview is sound, and concludes as worked out by hand from the statutes in ``examples/*.toml``."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from fawang.knowledge.calculators.tables import Tables
from fawang.knowledge.interviews.conclusion import Conclusion, conclude
from fawang.knowledge.interviews.conditions import holds
from fawang.knowledge.interviews.declaration import Given
from fawang.knowledge.interviews.flow import answers_of, asked, before, place, read_answer
from fawang.knowledge.interviews.loading import BadInterview, interview, interviews, read_interview
from fawang.knowledge.interviews.soundness import problems_of

EXAMPLES = Path(__file__).parent / "examples"
ALL = [(path.stem, example) for path in sorted(EXAMPLES.glob("*.toml")) for example in tomllib.loads(path.read_text())["example"]]


@pytest.mark.parametrize("code", [i.code for i in interviews()])
def test_the_interview_is_sound_on_every_path(code: str) -> None:
    assert problems_of(interview(code)) == []


@pytest.mark.parametrize("code", [i.code for i in interviews()])
def test_the_interview_has_eight_worked_examples_or_more(code: str) -> None:
    assert len([1 for stem, _ in ALL if stem == code]) >= 8


def worked(outcome: Conclusion, wanted: dict[str, Any]) -> dict[str, Any]:
    """The sums as an example states them: the first figure, or those it names."""
    found: dict[str, Any] = {}
    for each in outcome.sums:
        if each.answer:
            figures = {name: str(value).removesuffix(".00") for name, value in each.answer.figures.items()}
            named = wanted.get(each.calculator)
            found[each.calculator] = {n: figures[n] for n in named} if isinstance(named, dict) else next(iter(figures.values()))
    return found


@pytest.mark.parametrize(("code", "example"), ALL, ids=[f"{c}: {e['name']}" for c, e in ALL])
def test_it_concludes_as_worked_by_hand(code: str, example: dict[str, Any]) -> None:
    found = interview(code)
    answers = answers_of(found, example["answers"])
    assert set(answers) == set(example["answers"]), "every answer of the example is asked on its path"
    assert place(found, answers).question is None, "the example answers the whole path"
    outcome = conclude(found, answers, today=example["today"], tables=Tables())
    assert set(example["has"]) - set(outcome.norms) == set()
    assert set(example["lacks"]) & set(outcome.norms) == set()
    names = {d.name.zh: d.period for d in found.deadlines}
    assert {names[d.name.zh]: d.by for d in outcome.dues} == example["due"]
    assert worked(outcome, example["sum"]) == example["sum"]
    shown = "\n".join(item.text.zh for items in outcome.items.values() for item in items)
    assert [words for words in example.get("says", ()) if words not in shown] == []
    assert [words for words in example.get("omits", ()) if words in shown] == []
    if "aid" in example:
        assert outcome.aid is not None
        assert outcome.aid.figures["likely"] == example["aid"]


GOOD = """
code = "x"
version = 1
name = ["x", "x"]
about = ["x", "x"]
topic = "labour"
effective_from = 2026-01-01
[aid]
scope = "=labour"
[[question]]
code = "a"
kind = "choice"
ask = ["a", "a"]
choices = [["y", "y", "y"], ["n", "n", "n"]]
[[question]]
code = "b"
kind = "count"
ask = ["b", "b"]
when = { a = "y" }
"""
ITEMS = "".join(f'\n[[item]]\nsection = "{s}"\ntext = ["t", "t"]\nnorms = ["民法典 188"]\n' for s in ("stand", "law", "step", "evidence", "office"))
MORE = """
[[question]]
code = "c"
kind = "many"
ask = ["c", "c"]
choices = [["p", "p", "p"], ["q", "q", "q"]]
[[question]]
code = "d"
kind = "date"
ask = ["d", "d"]
"""


def test_a_sound_interview_has_no_problems() -> None:
    assert problems_of(read_interview(GOOD + ITEMS, "x")) == []
    either = '\nwhen = [{ d = ">=12 months" }, { d = "<12 months" }, { d = "unknown" }]'
    ticked = '\nwhen = [{ c = "any" }, { c = "none" }, { c = "unknown" }]'
    items = ITEMS.replace('section = "office"', f'section = "office"{either}').replace('section = "law"', f'section = "law"{ticked}')
    assert problems_of(read_interview(GOOD + MORE + items, "x")) == []


@pytest.mark.parametrize(
    ("wanted", "given", "holds_"),
    [
        (">=12 months", date(2025, 3, 2), True), (">=12 months", date(2025, 3, 3), False), ("<12 months", date(2025, 3, 3), True),
        ("<12 months", date(2025, 3, 2), False), (">=24 months", "unknown", False), ("<24 months", "unknown", False),
        ("<6 months", date(2027, 1, 1), True), (">=6 months", date(2025, 8, 31), True),
        ("any", ("p",), True), ("any", (), False), ("any", "unknown", False), ("none", (), True), ("none", ("p",), False), ("none", "unknown", False),
        ("none", "none", True), ("lacks:p", ("q",), True), ("lacks:p", (), True), ("lacks:p", ("p", "q"), False), ("lacks:p", "unknown", False),
        ("only:p", ("p",), True), ("only:p", ("p", "q"), False), ("only:p", (), False), ("only:p", "unknown", False),
        ("has:p", ("p", "q"), True), ("has:p", "unknown", False), ("unknown", "unknown", True),
    ],
)  # fmt: skip
def test_a_condition_counts_whole_months_and_what_is_ticked(wanted: str, given: Given, holds_: bool) -> None:
    assert holds(({"x": wanted},), {"x": given}, date(2026, 3, 2)) is holds_


def test_months_that_passed_cannot_be_told_without_today() -> None:
    assert not holds(({"x": ">=12 months"},), {"x": date(2000, 1, 1)})
    assert not holds(({"x": "<12 months"},), {"x": date(2026, 1, 1)})


def test_the_first_kind_of_legal_aid_that_applies_is_asked_about() -> None:
    kinds = '[[aid]]\nscope = "=no_limit"\nstatus = "=none"\nwhen = { a = "y" }\n[[aid]]\nscope = "=other"\nstatus = "=none"\nwhen = { a = "n" }\n'
    found = read_interview(GOOD.replace('[aid]\nscope = "=labour"\n', kinds) + ITEMS, "x")
    assert problems_of(found) == []

    def likely(**answers: Given) -> object:
        aid = conclude(found, answers, today=date(2026, 3, 2), tables=Tables()).aid
        return aid and aid.figures["likely"]

    assert (likely(a="y"), likely(a="n"), likely(a="unknown")) == (2, 0, None)


def test_who_does_not_know_his_status_is_told_to_ask_about_legal_aid() -> None:
    outcome = conclude(read_interview(GOOD.replace("[aid]", '[aid]\nstatus = "a"') + ITEMS, "x"), {"a": "unknown"}, today=date(2026, 3, 2), tables=Tables())
    assert outcome.aid is not None
    assert outcome.aid.figures["likely"] == 1


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (GOOD + ITEMS.replace('section = "step"', 'section = "step"\nwhen = { a = "y" }'), "nothing in ['step']"),
        (GOOD + ITEMS.replace('section = "office"', 'section = "office"\nwhen = { b = "<5" }'), "nothing in ['office']"),
        (GOOD + ITEMS + '\n[[item]]\nsection = "law"\ntext = ["没有依据", "none"]\n', "no norm"),
        (GOOD + ITEMS + '\n[[item]]\nsection = "step"\ntext = ["三十日内去办", "in thirty days"]\n', "no norm"),
        (GOOD + ITEMS + '\n[[item]]\nsection = "step"\ntext = ["x", "x"]\nwhen = { c = "y" }\n', "not asked before"),
        (GOOD + ITEMS + '\n[[item]]\nsection = "step"\ntext = ["x", "x"]\nwhen = { a = "z" }\n', "no choice z"),
        (GOOD + ITEMS + '\n[[deadline]]\nname = ["x", "x"]\nperiod = "never"\nstart = "a"\n', "no period never"),
        (GOOD + ITEMS + '\n[[sum]]\ncalculator = "dismissal"\ninputs = { wages = "b" }\n', "has no input wages"),
        (GOOD + ITEMS.replace("民法典 188", "民法典第188条"), "not an article"),
        (GOOD + ITEMS + '\n[[item]]\nsection = "step"\ntext = ["x", "x"]\nwhen = { b = ">=12 months" }\n', "b is no day"),
        (GOOD + MORE + ITEMS + '\n[[item]]\nsection = "step"\ntext = ["x", "x"]\nwhen = { c = "p" }\n', "c has no p"),
        (GOOD + MORE + ITEMS + '\n[[item]]\nsection = "step"\ntext = ["x", "x"]\nwhen = { c = "lacks:z" }\n', "c has no lacks:z"),
        (GOOD + MORE.replace('"p"', '"none"') + ITEMS, "any and none say how many"),
        (GOOD + MORE + ITEMS + '\n[[question]]\ncode = "e"\nkind = "text"\nask = ["e", "e"]\nwhen = { d = ">=12 months" }\n', "months that have passed"),
        (GOOD + MORE + ITEMS.replace('section = "office"', 'section = "office"\nwhen = [{ d = ">=12 months" }, { d = "unknown" }]'), "nothing in ['office']"),
        (GOOD + MORE + ITEMS.replace('section = "law"', 'section = "law"\nwhen = [{ c = "any" }, { c = "unknown" }]'), "nothing in ['law']"),
        (GOOD.replace('scope = "=labour"', 'scope = "=labour"\nwhen = { a = "z" }') + ITEMS, "a has no choice z"),
    ],
)
def test_an_unsound_interview_is_named_and_its_fault_said(broken: str, said: str) -> None:
    assert any(said in problem for problem in problems_of(read_interview(broken, "x")))


def test_a_file_with_an_unknown_word_is_refused() -> None:
    with pytest.raises(BadInterview, match=r"x\.toml"):
        read_interview(GOOD + ITEMS + "\n[[item]]\nsection = 'law'\ntext = ['x', 'x']\nlaw = 'x'\n", "x.toml")


def test_changing_an_early_answer_keeps_the_later_ones_that_are_still_asked() -> None:
    found = interview("unpaid_wages")
    kept = {"kind": "site", "still": "no", "left_on": "2026-01-05", "owed": "1万"}
    assert set(answers_of(found, kept)) == {"kind", "still", "left_on", "owed"}
    assert set(answers_of(found, {**kept, "still": "yes"})) == {"kind", "still", "owed"}
    again = answers_of(found, {**kept, "still": "no"})
    assert again["left_on"].isoformat() == "2026-01-05"  # type: ignore[union-attr]


def test_going_back_leads_to_the_question_before_on_this_path() -> None:
    found = interview("unpaid_wages")
    answers = answers_of(found, {"kind": "company", "still": "yes"})
    here = place(found, answers)
    assert here.question is not None
    assert here.question.code == "owed"
    back = before(found, answers, "owed")
    assert back is not None
    assert back.code == "still"
    assert before(found, answers, "kind") is None
    assert here.done == 2
    assert here.about == len(asked(found, answers))


def test_i_do_not_know_is_an_answer_to_every_question() -> None:
    for found in interviews():
        for question in found.questions:
            assert read_answer(question, "unknown") == "unknown"


def test_whoever_suffers_violence_reads_first_how_to_be_safe_whatever_was_answered() -> None:
    found = interview("domestic_violence")
    assert found.sensitive
    for answers in ({}, {"now": "away"}, {"now": "unknown", "order": "broken"}):
        first = conclude(found, answers, today=date(2026, 11, 24), tables=Tables()).items["step"][0].text.zh
        assert [words for words in ("110", "12338", "庇护所") if words not in first] == []
