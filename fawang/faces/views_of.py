"""Readings of a matter: the citizen's and the handler's timeline, its lights and words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fawang.faces.law_links import address_of
from fawang.kernel import clock as time
from fawang.kernel.events import kinds
from fawang.kernel.models import Event
from fawang.matters.clock_rules import rule_version
from fawang.matters.declaration import Process
from fawang.matters.models import Clock, Matter
from fawang.matters.processes import process_version
from fawang.matters.selectors import related
from fawang.matters.time_limits import due_words, remaining_words
from fawang.people.actors import Actor
from fawang.people.models import Staff


@dataclass(frozen=True, slots=True)
class CitedArticle:
    """An article an answer rests on, and its address in the library; empty where the library does not hold it."""

    name: str
    url: str

    def __str__(self) -> str:
        return self.name


@dataclass(slots=True)
class Entry:
    """One line of a timeline."""

    at: datetime
    kind: str
    text: str
    who: str = ""
    body: str = ""
    internal: bool = False
    sort: str = "other"
    attachments: list[Any] = field(default_factory=list)
    citations: list[CitedArticle] = field(default_factory=list)
    mine: bool = False


SORTS = {
    "matter.message_added": "talk", "matter.note_added": "note", "matter.step_taken": "step", "matter.clock_lit": "clock", "matter.clock_moved": "clock",
    "matter.document_issued": "paper", "matter.attachment_added": "paper",
}  # fmt: skip
"""What a timeline is filtered by; whatever is not named here is ``other``."""

PURPOSES = {
    "handling": ("承办", "Handling it"), "first_contact": ("首问登记", "First contact"), "supervision": ("督办", "Supervision"), "dispatching": ("派单", "Assigning it"),
    "receipt": ("打印受理单", "Printing the slip"), "search": ("查找", "Search"), "similar": ("答复类似咨询时参考", "For a similar answer"),
    "answering": ("接听来电", "Answering a call"), "audit": ("审计", "Audit"), "outbox": ("看发件箱", "Looking at the outbox"), "quality": ("质检", "Quality check"),
}  # fmt: skip
DOORS = {
    "web": ("网站", "Web"), "api": ("接口", "API"), "desk": ("工作台", "Desk"), "window": ("窗口、工作台", "Window, desk"), "hotline": ("12348热线", "12348 hotline"),
    "wechat": ("微信", "WeChat"), "letter": ("来信", "Letter"), "system": ("系统", "System"),
}  # fmt: skip
"""Where a change or a look came from, in words."""
ACTORS = {
    "anonymous": ("未登录的群众", "Somebody not signed in"), "citizen": ("群众", "A citizen"), "staff": ("工作人员", "Staff"), "system": ("系统", "The system"), "partner": ("对接单位", "A partner"),
}  # fmt: skip
SUBJECTS = {
    "matter": ("事项", "matter"), "document": ("文书", "document"), "call": ("来电", "call"), "ticket": ("来电工单", "call ticket"), "recording": ("录音", "recording"),
    "search": ("查找结果", "search results"), "outbox": ("发件箱", "outbox"), "audit": ("审计记录", "audit records"), "question": ("题库问题", "bank question"),
}  # fmt: skip


def word(table: Mapping[str, tuple[str, str]], code: str, language: str) -> str:
    """A code in words; one the table has not stays as it is."""
    return table.get(code, (code, code))[1 if language.startswith("en") else 0]


def purpose_words(purpose: str, language: str) -> str:
    """Why somebody looked, in words; a typed reason stays as typed."""
    return word(PURPOSES, purpose, language)


def timeline(actor: Actor, matter: Matter, *, aspects: frozenset[str], language: str) -> list[Entry]:
    """All that happened and may be seen, oldest first, messages in full. Two queries and one for names.

    A line that leads to another matter is shown to staff only where they may see that one too: whoever is complained about
    must not read on his own matter that a complaint grew from it (信访工作条例 §30).
    """
    internal, content = "internal" in aspects, "content" in aspects
    messages = {str(m.pk): m for m in matter.messages.prefetch_related("attachments")} if content else {}
    cited: dict[str, list[CitedArticle]] = {}
    if content and hasattr(matter, "citations"):
        for c in matter.citations.all():
            url = address_of(c.slug, c.number, c.sub, c.as_of) if c.slug else ""
            cited.setdefault(str(c.message_id), []).append(CitedArticle(str(c), url))
    names: dict[str, str] = {}
    if internal:
        names = {
            str(k): v for k, v in Staff.objects.filter(pk__in=[m.author_staff_id for m in messages.values() if m.author_staff_id]).values_list("pk", "name")
        }
    met = {str(other.pk) for _, other in related(actor, matter)} if actor.kind == "staff" else None
    entries = []
    for event in Event.objects.filter(stream=matter.pk).order_by("seq"):
        kind = kinds().get(event.kind)
        if kind is None or not (kind.public or internal) or (met is not None and not _met(event.payload, met)):
            continue
        entry = Entry(event.occurred_at, event.kind, kind.name.in_language(language), internal=not kind.public, sort=SORTS.get(event.kind, "other"))
        if not _fill(entry, event, matter, messages, cited, names, language, internal):
            continue
        entries.append(entry)
    return entries


def _met(payload: dict[str, Any], met: set[str]) -> bool:
    """Whether all matters an event leads to are among those met; an event that leads nowhere is."""
    led = {*payload.get("children", ()), *([payload["other"]] if payload.get("other") else [])}
    return led <= met


def _fill(
    entry: Entry,
    event: Event,
    matter: Matter,
    messages: dict[str, Any],
    cited: dict[str, list[CitedArticle]],
    names: dict[str, str],
    language: str,
    internal: bool,
) -> bool:
    payload = event.payload
    if event.kind in {"matter.message_added", "matter.note_added"}:
        message = messages.get(payload["message"])
        if message is None:
            return False
        words = {
            "question": ("提问", "Question"),
            "answer": ("律师答复", "Answer"),
            "message": ("留言", "Message"),
            "note": ("内部备注", "Internal note"),
            "notice": ("通知", "Notice"),
        }
        entry.text = words[message.kind][1 if language == "en" else 0]
        entry.body, entry.mine = message.body, message.author_kind == "citizen"
        entry.who = names.get(str(message.author_staff_id), "") if internal else ""
        entry.attachments = [a for a in message.attachments.all() if internal or a.audience == "public"]
        entry.citations = cited.get(payload["message"], [])
        entry.internal = message.audience == "internal"
    elif event.kind == "matter.step_taken":
        step = process_version(payload["process"], payload["version"]).step(payload["verb"])
        if step.public is None and not internal:
            return False
        entry.text = (step.name if internal or step.public is None else step.public).in_language(language)
    elif event.kind == "rating.given" and not internal:
        entry.text = "您已评价" if language != "en" else "You rated it"
    elif event.kind in {"matter.attachment_added", "matter.assigned"} and not internal and event.kind == "matter.attachment_added":
        return False
    return True


def lights(matter: Matter, language: str) -> list[dict[str, Any]]:
    """The open clocks in words."""
    now, found = time.now(), []
    for clock in matter.clocks.filter(state__in=("running", "paused")).order_by("statutory_due_at"):
        found.append(light_of(clock, now, language))
    return found


def light_of(clock: Clock, now: datetime, language: str) -> dict[str, Any]:
    """One clock in words: paused ones say why."""
    rule = rule_version(clock.rule_code, clock.rule_version, clock.rule_region)
    row: dict[str, Any] = {"name": rule.name.in_language(language), "norm": rule.norm, "light": clock.light, "code": clock.rule_code}
    if clock.state == "paused":
        pause = clock.pauses.filter(ended_at=None).first()
        why = rule.pause_reasons[pause.reason].in_language(language) if pause else ""
        return {**row, "light": "paused", "words": f"暂停计时：{why}" if language != "en" else f"paused: {why}"}
    due = clock.statutory_due_at
    assert due is not None
    return {**row, "words": remaining_words(due, now, language), "due": due, "due_words": due_words(due, now, language)}


def told(matter: Matter, language: str) -> dict[str, str]:
    """State's name and what the citizen is told in it."""
    state = process_version(matter.process_code, matter.process_version).state(matter.state)
    return {"name": state.name.in_language(language), "told": state.told.in_language(language), "kind": state.kind}


def details_of(matter: Matter) -> dict[str, Any]:
    """The intake form's answers."""
    return dict(json.loads(matter.details or "{}"))


def main_way(process: Process, state: str) -> list[str]:
    """The states one passes when at every turn the main step is taken: the way a service goes when nothing comes between."""
    way = [state]
    while True:
        step = next((s for s in process.steps_from(way[-1]) if s.main and s.to and not s.by_citizen), None)
        if step is None or step.to[0] in way:
            return way
        way.append(step.to[0])
