"""B3: a form that comes twice (a double click, a line that broke, a page gone back to) does its work once and answers the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponseBase

from tests.access.world import World
from tests.fuzz.test_every_form import Form, fields_of, filled, forms, posts
from tests.undoing import undone

REMEMBERED = {
    "kernel_throttle", "kernel_idempotencykey", "django_session", "kernel_readlog", "kernel_unsealedread", "people_signinattempt", "people_onetimecode", "hotline_recordingplayback",
}  # fmt: skip
"""What every request may write, also the second: attempts counted, reading written down, the session, a key that goes with its refusal."""
SAME_STATE = {
    "desk_sign_in": "signs in again",
    "desk_device": "each code is taken once by itself",
    "me_sign_in": "each code is taken once by itself",
    "interview_answer": "the same answer to the same question stands once",
    "interview_back": "the question before, whatever has been answered since",
    "desk_password": "the password is set, and set again",
    "desk_seat_beat": "it says that the seat lives, and says so again",
    "desk_hotline_listen": "each listening is written down",
    "desk_hotline_sound": "each listening is written down",
}
"""Forms without a key of their own, each with the reason why coming twice does no harm."""

DONE = {
    "ask", "complain", "desk_account_change", "desk_account_new", "desk_act", "desk_bank", "desk_bulk", "desk_calendar", "desk_case", "desk_categories_next", "desk_guide", "desk_guide_new", "desk_hotline_draft",
    "desk_hotline_simulate", "desk_local_figure", "desk_me_change", "desk_organisation", "desk_organisation_new", "desk_question", "desk_review", "desk_seat_do", "desk_snippet", "desk_snippets",
    "desk_step", "desk_tickets", "desk_views", "desk_window", "interview", "interview_opinion", "interview_send", "track_message", "track_step",
}  # fmt: skip
"""Forms whose first sending must have done its work here, so that the second has something to repeat."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one sending; ``written``: the tables with rows put in, changed or taken out."""

    status: int
    to: str
    written: frozenset[str]


def counted() -> dict[str, int]:
    """Rows written in this transaction, by table, however the statement was worded."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables")
        return dict(cursor.fetchall())


def send(world: World, form: Form, data: dict[str, Any]) -> Reply:
    """Send it for good."""
    before = counted()
    answer: HttpResponseBase = world.clients[form.who].post(form.path, data)
    if answer.streaming:
        b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    written = {table for table, rows in counted().items() if rows > before.get(table, 0)} - REMEMBERED
    return Reply(answer.status_code, answer.headers.get("Location", ""), frozenset(written))


@pytest.mark.parametrize("name", sorted(set(posts()) - set(SAME_STATE)))
def test_a_form_that_comes_twice_writes_once_and_answers_the_same(world: World, name: str) -> None:
    wrong, done = [], 0
    for form in forms(world, name):
        data = filled(form, fields_of(world, form))
        client = world.clients[form.who]
        cookies = dict(client.cookies)
        try:
            with undone():
                first = send(world, form, data)
                if first.status >= 400 or not first.written:
                    continue
                done += 1
                second = send(world, form, data)
        finally:
            client.cookies.clear()
            client.cookies.update(cookies)
        if (second.status, second.to) != (first.status, first.to):
            wrong.append(f"{form.at} {form.given.get('verb', '')}: {first.status} {first.to}, then {second.status} {second.to}")
        if second.written:
            wrong.append(f"{form.at} {form.given.get('verb', '')}: the second wrote {sorted(second.written)}")
    assert done or name not in DONE
    assert not wrong, "\n".join(wrong)
