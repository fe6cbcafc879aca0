"""B1–B3 over every form there is: whatever is typed, sent twice or made up, the answer is a clear one and nothing is half stored.

Addresses and who may use them come from the access matrix; the fields of a form are those its page asks for.
"""

from __future__ import annotations

import html
import itertools
import json
import os
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

import pytest
from django.http import HttpResponseBase

from fawang.matters.taxonomy import table_of_edition
from tests.access.expectations import ROUTES
from tests.access.probes import NOBODYS, Route, all_routes, target
from tests.access.world import Who, World
from tests.fuzz.watching import Seen, watched
from tests.undoing import undone

WHOLE = os.environ.get("FORMS") == "whole"
"""The whole form tries every value in every field; the short one, at every build, two or three in each, others in the next field and the next form."""
VALUES: dict[str, str] = {
    "empty": "", "spaces": "   ", "100,000 characters": "长" * 100_000, "NUL": "张\x00三", "control": "响\x07铃", "lost": "张\ufffd三", "bidi": "\u202efdp.exe", "marks": "a" + "\u0301" * 12,
    "emoji": "👨‍👩‍👧🙏", "rare": "𠮷𬭚𰻝\U00031350\U0002ebf0", "full-width digits": "１２３", "superscript": "²", "not a number": "NaN", "infinite": "Infinity", "beyond": "1e999", "negative": "-1",
    "long number": "9" * 5000, "eleven nines": "9" * 11, "no day": "0000-00-00", "first day": "0001-01-01", "last day": "9999-12-31", "last moment": "9999-12-31T23:59", "30 February": "2026-02-30",
    "nobody's id": str(NOBODYS), "no id": "zzzzzzzz-zzzz", "path": "../../etc/passwd", "markup": "<script>alert(1)</script>", "formula": "=cmd|' /C calc'!A0", "quotes": "'\"%_\\", "lines": "一\r\n二",
    "unknown word": "no_such_choice", "braces": '{"a": [1, NaN]}', "deep": "[" * 5000,
}  # fmt: skip
GOOD: dict[str, str] = {
    "name": "张三丰", "username": "zhangsanfeng", "phone": "13800000001", "question": "厂里拖了我三个月工资怎么办", "region": "340100", "body": "已经了解您的情况。", "reason": "工作需要",
    "note": "请尽快办理", "level": "5", "comment": "很好", "text": "单位拖欠工资半年了怎么要回来", "norms": "劳动合同法 30", "title": "工资被拖欠怎么办", "answer": "先投诉，再仲裁。", "slug": "unpaid-again",
    "source": "甲市统计公报", "value": "90000", "since": "2026-01-01", "until": "2026-12-31", "table": "labour.average_wage", "day": "2026-03-10", "kind": "holiday", "from": "2026-03-10",
    "to": "2026-03-12", "review_due": "2027-01-01", "purpose": "quality", "state": "ready", "remark": "规范", "hours": "2", "starts_at": "2026-03-10T09:00", "ends_at": "2026-03-10T17:00",
    "target": "lawyer", "respondent": "周某", "conduct": "attitude", "topic": "labour", "number": "", "q": "工资", "outcome": "kept", "year": "2030", "days": "2030-01-01 放假 元旦",
    "password": "another-horse-10", "again": "another-horse-10", "code": "000000", "version": "1", "_version": "", "available": "1", "process": "complaint", "relation": "opponent", "role": "adviser",
    "_question": "owed", "citations": "《劳动合同法》第三十条", "how": "notice", "open": "1", "facts": "来电人说工资没有发", "field": "", "how_to": "", "drop": "", "new_anyway": "", "unknown": "",
}  # fmt: skip
"""What fields are filled with that are not the one tried; others get nothing."""
OWN_GOOD: dict[str, dict[str, str]] = {
    "desk_calendar": {"verb": "day"}, "desk_categories_next": {"verb": "check"}, "desk_organisation_new": {"kind": "law_firm"}, "desk_import": {"kind": "organisations"}, "desk_question": {"verb": "save"}, "desk_guide": {"verb": "save"},
    "desk_case": {"verb": "save"}, "desk_snippet": {"verb": "save"}, "desk_bulk": {"verb": "assign"}, "desk_organisation": {"state": "active"}, "interview_answer": {"answer": "8千"},
    "desk_hotline_announce": {"kind": "notice", "how": "play"}, "desk_hotline_roster_do": {"kind": "day"},
}  # fmt: skip
CHOOSING = {"verb", "_key", "csrfmiddlewaretoken", "process", "nature"}
"""Fields that say which form it is, with the values that lead into another branch of the same page."""
BRANCHES: dict[str, list[dict[str, str]]] = {
    "desk_calendar": [{"verb": "year"}], "desk_categories_next": [{"verb": "publish"}], "desk_question": [{"verb": "retire"}, {"verb": "review"}], "desk_guide": [{"verb": "publish"}, {"verb": "withdraw"}],
    "desk_case": [{"verb": "publish"}, {"verb": "withdraw"}], "desk_snippet": [{"verb": "retire"}, {"verb": "review"}], "desk_bulk": [{"verb": "reject"}, {"verb": "join"}, {"verb": "claim"}],
    "desk_window": [{"process": "complaint"}], "desk_tickets": [{"verb": "issue"}, {"verb": "call"}, {"verb": "absent"}], "desk_call_ticket_save": [{"field": "facts"}, {"verb": "to:consultation"}],
    "desk_answer_library": [{"do": "find"}, {"do": "cite|《劳动合同法》第三十条"}, {"do": "passage|x"}, {"do": "similar"}, {"do": "take"}, {"do": "draft"}], "desk_review": [{"outcome": "withdrawn"}, {"outcome": "changed"}],
    "desk_trail": [{"table": "reads"}], "desk_hotline_listen": [{"export": "1"}],
}  # fmt: skip
VERBS: dict[str, tuple[str, ...]] = {
    "desk_seat_do": ("sign_in", "ready", "not_ready", "dial", "transfer", "consult", "answer", "note", "offline"), "desk_hotline_supervise": ("listen", "force", "pool", "stop"),
    "desk_hotline_announce": ("make", "withdraw"), "desk_hotline_roster_do": ("plan", "cancel"), "desk_me_change": ("available", "leave"),
}  # fmt: skip
REFUSED_WRITES = {
    "kernel_throttle",
    "django_session",
    "kernel_readlog",
    "kernel_unsealedread",
    "people_signinattempt",
    "people_staff",
    "people_onetimecode",
    "hotline_recordingplayback",
}
"""What a refusal may leave behind: attempts counted, reading written down, the session."""
KEPT_SHORT = 1000
SECRETS = {"code", "password", "again"}
"""What no page gives back: one-time codes and passwords."""
MANY = 5
"""A route with so many forms (steps, acts) tries one value in each field of each; the values go round."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form somebody may send: its route, the object, who sends it, where to, and what else it holds. ``whole``: its own form, no button beside it."""

    name: str
    who: Who
    path: str
    given: dict[str, Any]
    whole: bool = True

    @property
    def at(self) -> str:
        return f"{self.name} {self.path}"


def posts() -> list[str]:
    """The forms that are tried: all there are."""
    return sorted(name for name, expected in ROUTES.items() if expected.post is not None)


def by_name() -> dict[str, Route]:
    return {route.name: route for route in all_routes()}


KEPT = {"question_id": "question", "snippet_id": "snippet", "figure_id": "figure", "flag_id": "flag", "sample_id": "sample"}
SENDERS = {
    "desk_review": "adviser@same", "desk_question": "rule_editor@above", "desk_snippet": "rule_editor@above", "desk_local_figure": "rule_editor@above", "desk_case": "rule_editor@above", "desk_hotline_score": "call_checker",
    "desk_hotline_appeal": "call_author", "desk_hotline_listen": "call_checker", "desk_window": "first_contact", "desk_tickets": "first_contact", "desk_seat_do": "call_author", "desk_guide": "rule_editor@above",
    "desk_hotline_edition": "hotline_planner@same", "desk_hotline_roster_do": "hotline_planner@same", "desk_calendar": "rule_editor@above", "desk_categories_next": "rule_editor@above",
    "desk_password": "idle", "desk_me_change": "assignee", "desk_bulk": "dispatcher@same",
}  # fmt: skip


def forms(world: World, name: str) -> Iterator[Form]:
    """A route's forms, on every object and in every branch."""
    route, expected = by_name()[name], ROUTES[name]
    assert expected.post is not None
    for subject in expected.subjects:
        able = [w for w in world.clients if expected.post(w, subject) in {"ok"}]
        who = world.who(SENDERS[name]) if name in SENDERS else able[0] if able else world.who("anonymous")
        to = target(world, route, subject)
        path = to.path
        for argument, thing in KEPT.items():
            if f":{argument}>" in route.pattern:
                path = path.replace(str(NOBODYS), str(world.objects[thing].pk))
        if name in {"desk_hotline_revise", "desk_hotline_simulate"}:
            path = path.replace(str(world.objects["edition"].pk), str(world.objects["edition_draft"].pk))
        if name == "desk_guide":
            path = "/desk/library/guides/unpaid"
        paths = [path] if name not in VERBS else [f"{path.rpartition('/')[0]}/{verb}" for verb in VERBS[name]]
        for at, (nth, branch) in itertools.product(paths, enumerate([OWN_GOOD.get(name, {}), *BRANCHES.get(name, [])])):
            yield Form(name, who, at, {**_own(world, name), **branch}, nth == 0)


def _own(world: World, name: str) -> dict[str, Any]:
    """Ids of this province a form asks for."""
    found: dict[str, Any] = {
        "office": str(world.offices["same"].pk), "grant": str(world.staff["former"].grants.values_list("pk", flat=True).first() or ""), "ids": [str(world.matters["pool"].pk), str(world.matters["far"].pk)],
        "other": world.matters["pool"].number, "answer": "8千" if name == "interview_answer" else GOOD["answer"], "staff": str(world.staff["assignee"].pk), "agent": str(world.staff["call_author"].pk),
    }  # fmt: skip
    if name == "desk_categories_next":
        found |= {"table": table_of_edition(1), "mapping": ""}
    return found


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one sending."""

    status: int
    kind: str
    page: str
    seen: Seen
    fell: str = ""
    location: str = ""


def send(world: World, form: Form, data: Any) -> Reply:
    """Send it, watch, undo it."""
    client = world.clients[form.who]
    cookies = dict(client.cookies)
    try:
        with undone(), watched() as seen:
            try:
                answer: HttpResponseBase = client.post(form.path, data)
                content = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
            except Exception as error:
                return Reply(500, "", "", seen, f"{type(error).__name__}: {str(error)[:160]}")
    finally:
        client.cookies.clear()
        client.cookies.update(cookies)
    return Reply(answer.status_code, answer.headers.get("Content-Type", ""), content.decode(errors="replace"), seen, "", answer.headers.get("Location", ""))


def filled(form: Form, names: list[str]) -> dict[str, Any]:
    """The form with everything filled that is known."""
    return {"_key": uuid.uuid4().hex, **{name: GOOD[name] for name in names if GOOD.get(name)}, **form.given}


def fields_of(world: World, form: Form) -> list[str]:
    """The fields the page asks for, found by sending it what is known until it asks for nothing new."""
    names: list[str] = []
    for _ in range(4):
        reply = send(world, form, filled(form, names))
        new = [n for n in reply.seen.asked if n not in names]
        if not new:
            break
        names += new
    return [n for n in names if n not in CHOOSING]


class Controls(HTMLParser):
    """Text fields of a page and what stands in them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: dict[str, list[str]] = {}
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {k: v or "" for k, v in attributes}
        if tag == "textarea" and given.get("name"):
            self._inside = given["name"]
            self.texts.setdefault(self._inside, []).append("")
        elif tag == "input" and given.get("type", "text") in {"text", "tel", "search", "number", "date"} and given.get("name"):
            self.texts.setdefault(given["name"], []).append(given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.texts[self._inside][-1] += data


def wrong_with(reply: Reply, field: str, value: str) -> str:
    """What is not as it should be about an answer; '' when it is."""
    if reply.fell or reply.status >= 500:
        return f"fell ({reply.status}) {reply.fell}"
    if reply.status < 400:
        return ""
    if left := set(reply.seen.written) - REFUSED_WRITES:
        return f"refused ({reply.status}), and yet written: {sorted(left)}"
    said = str(json.loads(reply.page)) if "json" in reply.kind else html.unescape(re.sub(r"<[^>]+>", "", reply.page))
    if reply.status != 405 and not re.search("[\u4e00-\u9fff]{2}", said):
        return f"refused ({reply.status}) without a word of Chinese"
    if "text/html" not in reply.kind or reply.status in {403, 404, 405} or not field or field in SECRETS:
        return ""
    texts = Controls(reply.page).texts
    if field in texts and len(value) < KEPT_SHORT and "\r" not in value:
        shown = [html.unescape(t).removeprefix("\n") for t in texts[field]]
        if value not in shown:
            return f"refused ({reply.status}), and what was typed did not come back"
        if not re.search(r'class="(?:[^"]* )?(?:err|bad|refusal|alert|note red)\b', reply.page):
            return f"refused ({reply.status}) without a mark where"
    return ""


@pytest.mark.parametrize("name", posts())
def test_whatever_is_typed_the_answer_is_clear_and_nothing_is_half_stored(world: World, name: str) -> None:
    wrong: list[str] = []
    sent = 0
    turn = sum(name.encode())
    tried = list(forms(world, name))
    each = 1 if WHOLE else 16 if len(tried) < MANY else len(VALUES)
    for form in tried:
        names = fields_of(world, form)
        good = filled(form, names)
        reply, sent = send(world, form, {}), sent + 1
        if found := wrong_with(reply, "", ""):
            wrong.append(f"{form.at} nothing at all: {found}")
        for field in names:
            chosen, turn = list(VALUES.items()), turn + 1
            for kind, value in chosen[turn % each :: each]:
                reply = send(world, form, {**good, "_key": uuid.uuid4().hex, field: value})
                sent += 1
                if found := wrong_with(reply, field if form.whole else "", value):
                    wrong.append(f"{form.at} {form.given.get('verb', '')} {field} = {kind}: {found}")
            otherwise = (("missing", None), ("twice", [value_of(good, field), "第二个"]))
            for kind, several in otherwise if WHOLE else otherwise[1:] if each == 16 else ():
                data = {k: v for k, v in {**good, "_key": uuid.uuid4().hex, field: several}.items() if v is not None}
                reply, sent = send(world, form, data), sent + 1
                if found := wrong_with(reply, "", ""):
                    wrong.append(f"{form.at} {field} {kind}: {found}")
    assert sent
    assert not wrong, f"{len(wrong)} of {sent}:\n" + "\n".join(wrong)


def value_of(data: dict[str, Any], field: str) -> str:
    value = data.get(field, "")
    return str(value[0]) if isinstance(value, list) and value else str(value)
