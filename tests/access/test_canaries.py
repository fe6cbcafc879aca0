"""P11: what is sealed is in no byte anybody else gets, whichever way it might be written; and a crawl over a broken house finds it."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from fawang.faces.portal import opinions
from fawang.kernel.context import acting
from fawang.kernel.printing import Block, BlockKind, Paper
from fawang.matters import conversation
from fawang.matters.models import Matter
from fawang.matters.services import take_step
from fawang.people.actors import actor_of_staff
from fawang.people.models import Notice
from fawang.registry.models import Organisation
from tests.access.canaries import CANARIES, crawl, found_in, hidden_from, sample, unpacked
from tests.access.world import COMPLAINANT, COMPLAINT_WORDS, NOTE, World
from tests.undoing import undone

LOOKERS = ("complained with the code", "dispatcher@same", "audit_admin@above", "supervisor@other", "anonymous")
SEALED_WITH_THE_COMPLAINT = [c for c in CANARIES if c.matter == "complaint"]


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """Everything the house logs, as a plain handler of any library writes it."""
    kept = io.StringIO()
    handler = logging.StreamHandler(kept)
    root = logging.getLogger()
    before, quiet = root.level, logging.getLogger("django.db.backends").level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    logging.getLogger("django.db.backends").setLevel(logging.INFO)  # what is asked of the database is no log of the house
    try:
        yield kept
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
        logging.getLogger("django.db.backends").setLevel(quiet)


def leaks(world: World, name: str, *, narrow: bool = False, route: str = "desk_matter") -> list[str]:
    """Where somebody finds what he must not know."""
    who = world.who(name)
    secret = hidden_from(who)
    with undone():
        return [f"{place}: {fact}" for place, content in crawl(world, who, narrow=narrow, route=route) for fact in found_in(content, secret)]


def test_each_of_those_who_look_has_something_he_must_not_find(world: World) -> None:
    told = {name: len(hidden_from(world.who(name))) for name in LOOKERS}
    assert told == {"complained with the code": 8, "dispatcher@same": 5, "audit_admin@above": 8, "supervisor@other": 7, "anonymous": 8}


@pytest.mark.parametrize("name", LOOKERS)
def test_no_page_file_list_search_figure_or_error_holds_what_is_sealed_nor_does_the_log(world: World, name: str) -> None:
    with logged() as lines:
        assert leaks(world, name) == []
    written = [line for line in found_in(lines.getvalue().encode(), list(CANARIES)) if "masked" not in line]
    assert written == []


def test_whoever_may_read_it_finds_every_one_of_them(world: World) -> None:
    """The crawl is no blind man: those who see a matter whole find its facts in its page."""
    with undone():
        page = unpacked(world.clients[world.who("handler")].get(f"/desk/m/{world.matters['complaint'].pk}"))
        found = {f.partition(" (")[0] for f in found_in(page, list(CANARIES))}
        assert {"complainant's name", "complainant's phone", "complainant's document", "what the complaint says"} <= found
        page = unpacked(world.clients[world.who("assignee")].get(f"/desk/m/{world.matters['consultation'].pk}"))
        found = {f.partition(" (")[0] for f in found_in(page, list(CANARIES))}
        assert {"questioner's phone", "questioner's document", "internal note"} <= found


def test_messages_to_people_name_the_complainant_to_nobody_but_himself(world: World) -> None:
    others = [n for n in Notice.objects.all() if n.to != COMPLAINANT["phone"]]
    assert len(others) >= 2
    assert [found for n in others for found in found_in(f"{n.to} {n.body}".encode(), SEALED_WITH_THE_COMPLAINT)] == []


def test_what_open_pages_are_told_holds_ids_and_kinds_and_nothing_sealed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr("fawang.kernel.work.after_commit", lambda channel, words: told.append(words))
    handler = actor_of_staff(world.staff["handler"])
    complaint: Matter = world.matters["complaint"]
    with undone(), acting(door="desk", actor=handler.ref()):
        conversation.write_note(actor=handler, matter_id=complaint.pk, body=f"{COMPLAINANT['name']}来电 {COMPLAINANT['phone']}")
        conversation.write_message(actor=handler, matter_id=complaint.pk, body="已联系您")
        take_step(actor=handler, matter_id=complaint.pk, verb="decide", data={"outcome": "unfounded", "body": "经调查，反映的情况不属实，予以说明。"})
    assert sum(str(complaint.pk) in words for words in told) >= 3
    assert found_in("\n".join(told).encode(), list(CANARIES)) == []


@pytest.mark.parametrize("kind", ["pdf", "docx"])
def test_the_words_of_a_printed_paper_are_read_whichever_way_it_is_printed(world: World, kind: str) -> None:
    typed = {**sample("labour_arbitration"), "me_name": COMPLAINANT["name"], "me_phone": COMPLAINANT["phone"], "facts": COMPLAINT_WORDS}
    with undone():
        printed = unpacked(world.clients[world.who("anonymous")].post("/papers/labour_arbitration", {**typed, "as": kind}))
    found = {f.partition(" (")[0] for f in found_in(printed, list(CANARIES))}
    assert "complainant's name" in found, "a reader of papers that is blind proves nothing"


# -- broken houses: the same crawl must find what leaks --------------------------------------------------------------------------------


def test_caught_a_policy_that_lets_everybody_see(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def everything(actor: Any, matter: Any) -> frozenset[str]:
        return frozenset({"handling", "topic", "public", "content", "identity", "internal"})

    monkeypatch.setattr("fawang.matters.policies.sight", everything)
    monkeypatch.setattr("fawang.faces.desk.matter.sight", everything)
    found = leaks(world, "complained with the code", narrow=True)
    assert "desk_matter [complaint]: complainant's name (plain)" in found
    assert "desk_matter [consultation]: internal note (plain)" in found


@pytest.mark.parametrize("file", ["opinion_pdf", "opinion_docx"])
def test_caught_a_printed_paper_that_names_the_complainant(world: World, monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    right = opinions.paper_from_json

    def naming(body: Any) -> Paper:
        paper = right(body)
        return replace(paper, blocks=(*paper.blocks, Block(BlockKind.TEXT, f"投诉人{COMPLAINANT['name']}，{COMPLAINANT['phone']}")))

    assert leaks(world, "anonymous", narrow=True, route=file) == []
    monkeypatch.setattr("fawang.faces.portal.opinions.paper_from_json", naming)
    found = leaks(world, "anonymous", narrow=True, route=file)
    assert f"{file} []: complainant's name (plain)" in found
    assert f"{file} []: complainant's phone (plain)" in found


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_caught_an_export_that_takes_the_complainant_along(world: World, monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    Organisation.objects.filter(pk=world.offices["other"].pk).update(address=f"{COMPLAINANT['name']}收")
    try:
        with undone():
            taken = unpacked(world.clients[world.who("complained with the code")].get(f"/desk/registry/export/organisations.{suffix}"))
    finally:
        Organisation.objects.filter(pk=world.offices["other"].pk).update(address="")
    assert "complainant's name (plain)" in found_in(taken, SEALED_WITH_THE_COMPLAINT)


def test_caught_a_search_that_forgets_whose_matters_they_are(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fawang.matters.selectors.visible_to", lambda actor: Matter.objects.all())
    monkeypatch.setattr("fawang.matters.selectors.sight", lambda actor, matter: frozenset({"handling", "topic", "content", "identity"}))
    assert [f for f in leaks(world, "supervisor@other", narrow=True) if f.startswith("search for") and "what the complaint says" in f]


def test_caught_an_internal_note_shown_to_whoever_took_the_matter_in(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from fawang.faces.desk import matter as page

    right = page.sight
    assert leaks(world, "first_contact", narrow=True) == []
    monkeypatch.setattr("fawang.faces.desk.matter.sight", lambda actor, matter: right(actor, matter) | {"internal"} if right(actor, matter) else frozenset())
    assert [f for f in leaks(world, "first_contact", narrow=True) if f.startswith("desk_matter [consultation]: internal note")]


def test_caught_a_log_without_its_mask(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def write() -> list[str]:
        with logged() as lines:
            logging.getLogger("fawang").warning("call from %s, %s", COMPLAINANT["phone"], COMPLAINANT["identity_number"])
        return [f for f in found_in(lines.getvalue().encode(), SEALED_WITH_THE_COMPLAINT) if "masked" not in f]

    assert write() == []
    monkeypatch.setattr("fawang.kernel.logs.masked", str)
    assert {"complainant's phone (plain)", "complainant's document (plain)"} <= set(write())
    assert NOTE not in "".join(write())
