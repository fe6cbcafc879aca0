"""Hints go out soon after the commit, each once a moment, and nobody's answer waits for them."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection, transaction

from fawang.kernel import hints
from fawang.kernel.work import after_commit

pytestmark = pytest.mark.usefixtures("committed_database")
CHANNEL = "hints_are_tried"


@pytest.fixture
def ear() -> Iterator[psycopg.Connection]:
    """Somebody who listens."""
    named = {k: v for k, v in connection.get_connection_params().items() if k not in {"cursor_factory", "context"}}
    with psycopg.connect(**named, autocommit=True) as made:
        made.execute(f"LISTEN {CHANNEL}")
        yield made


def heard(ear: psycopg.Connection, until: str) -> list[str]:
    found: list[str] = []
    for told in ear.notifies(timeout=10):
        found.append(told.payload)
        if told.payload == until:
            break
    return found


def test_what_is_committed_is_told_in_its_order_and_each_once(ear: psycopg.Connection) -> None:
    with transaction.atomic():
        for words in ("b", "a", "b"):
            after_commit(CHANNEL, words)
    with transaction.atomic():
        after_commit(CHANNEL, "end")
    assert heard(ear, "end") == ["b", "a", "end"]


def test_what_is_undone_is_told_to_nobody(ear: psycopg.Connection) -> None:
    with transaction.atomic():
        after_commit(CHANNEL, "never")
        transaction.set_rollback(True)
    with transaction.atomic():
        after_commit(CHANNEL, "end")
    assert heard(ear, "end") == ["end"]


def test_an_ending_process_waits_for_its_last_hints(ear: psycopg.Connection) -> None:
    words = uuid.uuid4().hex
    hints.send([(CHANNEL, words)])
    assert hints.sent(10.0)
    assert heard(ear, words) == [words]


def test_a_forked_child_tells_its_own_and_none_of_its_parents(ear: psycopg.Connection) -> None:
    hints.send([(CHANNEL, "parent's")])
    child = os.fork()
    if not child:
        connection.connection = None  # the parent's wire is not ours to close
        told = hints.sent(0.0)
        hints.send([(CHANNEL, "child's")])
        os._exit(0 if told and hints.sent(10.0) else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert hints.sent(10.0)
    hints.send([(CHANNEL, "end")])
    assert sorted(heard(ear, "end")) == ["child's", "end", "parent's"]


def test_hints_that_cannot_be_sent_disturb_nobody_and_later_ones_go_out(ear: psycopg.Connection, caplog: pytest.LogCaptureFixture) -> None:
    hints.send([(CHANNEL, "x" * 9000)])  # longer than a payload may be
    assert hints.sent(10.0)
    assert "hints were lost" in caplog.text
    hints.send([(CHANNEL, "end")])
    assert heard(ear, "end") == ["end"]
