"""P11 for logs and failures: what a person told and what keeps others out is in no line of any handler, no traceback, no page about a fall."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client, override_settings
from granian.log import LOGGING_CONFIG as OF_GRANIAN
from uvicorn.config import LOGGING_CONFIG as OF_UVICORN

from fawang.console.postgres import OWNER, Server
from fawang.kernel.logs import masked, masked_trace, words_of

NAME, LATIN, PHONE, IDENTITY = "韩金丝雀", "Mahmut Kashgari", "13900004417", "340104198807154410"
SECRET, LOOKUP = "correct-horse-staple", "7H2K9QW3ZX8C5VB6NM1PRSTD4F"
CANARIES = {"name": NAME, "latin name": LATIN, "phone": PHONE, "document": IDENTITY, "secret": SECRET, "lookup code": LOOKUP}


def found(text: str) -> list[str]:
    """Which of the canaries can be read from a text, whichever way they are written."""
    ways = {name: {fact, json.dumps(fact)[1:-1], ascii(fact)[1:-1], repr(fact.encode())[2:-1]} for name, fact in CANARIES.items()}
    return [name for name, written in ways.items() if any(w in text for w in written)]


@contextmanager
def handlers() -> Iterator[Callable[[], list[str]]]:
    """The formatters of the house and of both servers, each on a plain handler of the root; what each wrote."""
    from django.conf import settings

    kept: list[tuple[logging.Handler, io.StringIO]] = []
    formats = [logging.Formatter(settings.LOGGING["formatters"]["line"]["format"])]
    formats += [
        logging.Formatter(f["fmt"].replace("%(levelprefix)s", "").replace("%(client_addr)s", ""))
        for f in (OF_GRANIAN["formatters"]["generic"], OF_UVICORN["formatters"]["default"])
    ]
    for style in formats:
        stream = io.StringIO()
        handler = logging.StreamHandler(stream)
        handler.setFormatter(style)
        kept.append((handler, stream))
        logging.getLogger().addHandler(handler)
    try:
        yield lambda: [stream.getvalue() for _, stream in kept]
    finally:
        for handler, _ in kept:
            logging.getLogger().removeHandler(handler)


def raise_with_everything() -> None:
    told = (NAME, LATIN, PHONE, IDENTITY, SECRET, LOOKUP)
    raise ValueError(f"cannot register {told}")


def raise_from_a_cause() -> None:
    try:
        raise KeyError(NAME, LATIN, PHONE)
    except KeyError as error:
        raise RuntimeError(f"not found: {SECRET}") from error


def raise_while_handling() -> None:
    try:
        int(NAME + PHONE)
    except ValueError:
        open(f"/nowhere/{LATIN}/{IDENTITY}")  # noqa: SIM115


def raise_a_group() -> None:
    error = ValueError(f"{LATIN} {PHONE}")
    error.add_note(f"{NAME} {SECRET}")
    raise ExceptionGroup(f"those of {NAME}", [error, OSError(f"{IDENTITY}")])


def raise_of_another_library() -> None:
    json.loads('{"name": "' + NAME + LATIN + '" ' + SECRET)


def raise_of_encoding() -> None:
    (NAME + "\ud842" + PHONE).encode()


@pytest.mark.parametrize("fall", [raise_with_everything, raise_from_a_cause, raise_while_handling, raise_a_group, raise_of_another_library, raise_of_encoding])
def test_no_handler_writes_what_an_exception_holds_but_says_where_it_fell(fall: Callable[[], None]) -> None:
    with handlers() as written:
        try:
            fall()
        except Exception as error:
            logging.getLogger("fawang").exception("task %s failed", "sweep")
            logging.getLogger("another.library").error("gave up: %s", error)
            logging.getLogger("another.library").error(error, exc_info=error)
            logging.getLogger("another.library").error(f"exception={error!r}")  # noqa: G004
    lines = written()
    assert [found(text) for text in lines] == [[], [], []]
    for text in lines:
        assert "task sweep failed" in text
        assert f"in {fall.__name__}" in text
        assert "Error" in text


def test_the_words_the_code_wrote_itself_stay() -> None:
    with pytest.raises(ValueError) as fallen:
        raise_with_everything()
    assert words_of(fallen.value) == "cannot register …"
    assert masked_trace(fallen.value).endswith("builtins.ValueError: cannot register …")


def test_a_message_is_masked_whatever_its_arguments_are() -> None:
    with handlers() as written:
        logging.getLogger("fawang").warning("call from %s, %s", PHONE, IDENTITY)
        logging.getLogger("fawang").warning("call from %(phone)s of %(name)s", {"phone": "139 0000 4417", "name": NAME})
        logging.getLogger("django.request").warning("Not Found: %s", f"/track/{LOOKUP}")
        logging.getLogger("fawang").warning("connecting to postgresql://fawang:%s@/db", SECRET)
        logging.getLogger("fawang").warning("password=%s token: %s", SECRET, SECRET)
        logging.getLogger("fawang").warning("three %s of %s", NAME)  # does not fit: said all the same
        logging.getLogger("fawang").warning("first\nsecond")
    for text in written():
        assert found(text) == []
        assert "139 0000 4417" not in text
        assert "three %s of %s" in text
        assert "first\\nsecond" in text


@pytest.mark.parametrize(
    "kept",
    [
        "0195546a-7c3e-7000-8000-2f4b1c9d0e11",
        "0012-261124-00007-3",
        "2026-03-02 09:30:00",
        "lease of embedded went to somebody else",
        "port 5060",
        "1772415000000",
        "[ENOSPC]",
    ],
)
def test_what_an_operator_needs_stays_readable(kept: str) -> None:
    assert masked(kept) == kept


@pytest.mark.parametrize(
    "written", ["１３９００００４４１７", "+86 139-0000-4417", "0551-62881234", "340104 19880715 4410", "6222 0212 3456 7890 123", "a.b@example.com"]
)
def test_numbers_are_masked_however_they_are_written(written: str) -> None:
    assert masked(f"from {written}.") == "from …."


@pytest.mark.django_db
def test_a_row_the_database_refuses_is_named_by_its_constraint_alone() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE guests (name text CONSTRAINT one_of_a_name UNIQUE)")
    with pytest.raises(IntegrityError) as fallen, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO guests VALUES (%s), (%s)", [NAME + PHONE, NAME + PHONE])
    trace = masked_trace(fallen.value)
    assert found(trace) == []
    assert "23505 guests one_of_a_name" in trace


def test_a_thread_a_forgotten_task_and_the_end_of_a_process_say_nothing_either() -> None:
    script = (
        "import sys, threading, asyncio\n"
        "from fawang.kernel.logs import mask_endings\n"
        "mask_endings()\n"
        "told = sys.argv[1:]\n"
        "def fall(): raise ValueError(f'cannot register {told}')\n"
        "thread = threading.Thread(target=fall); thread.start(); thread.join()\n"
        "async def forget():\n"
        "    async def inner(): fall()\n"
        "    task = asyncio.ensure_future(inner())\n"
        "    await asyncio.sleep(0)\n"
        "asyncio.run(forget())\n"
        "class Last:\n"
        "    def __del__(self): fall()\n"
        "Last()\n"
        "fall()\n"
    )
    done = subprocess.run([sys.executable, "-c", script, *CANARIES.values()], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert found(done.stderr + done.stdout) == []
    assert done.stderr.count("ValueError") >= 4


# -- pages about a fall ----------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("path", ["/", "/api/v1/laws"])
def test_the_page_and_the_problem_about_a_fall_hold_nothing_of_it(path: str, debug: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def fall(*arguments: Any, **more: Any) -> Any:
        raise_with_everything()

    for place in ("fawang.faces.portal.reading.interviews", "fawang.faces.api.library.find_laws"):
        monkeypatch.setattr(place, fall)
    with override_settings(DEBUG=debug), handlers() as written:
        client = Client(raise_request_exception=False)
        answer = client.get(f"{path}?name={NAME}&phone={PHONE}")
    page = answer.content.decode()
    assert answer.status_code == 500
    assert found(page) == []
    assert [found(text) for text in written()] == [[], [], []]
    assert "in raise_with_everything" in written()[0]
    if not debug:
        assert "raise_with_everything" not in page
        assert "我们的系统出了问题" in (answer.json()["detail"] if path.startswith("/api/") else page)
        if path.startswith("/api/"):
            assert (answer["Content-Type"], answer.json()["code"]) == ("application/problem+json", "broken")


# -- the database's own log ------------------------------------------------------------------------------------------------------------


def wait_for_ever(connection: psycopg.Connection[Any]) -> None:
    with contextlib.suppress(psycopg.Error):
        connection.execute(f"SELECT pg_sleep(60), '{NAME} {PHONE}'")


def test_the_private_database_writes_no_statement_into_its_log(tmp_path: Path) -> None:
    server = Server(tmp_path).start()
    try:
        with psycopg.connect(server.url(OWNER), autocommit=True) as one, psycopg.connect(server.url(OWNER), autocommit=True) as other:
            falling = threading.Thread(target=wait_for_ever, args=(one,))
            falling.start()
            ended = False
            while not ended:
                row = other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60), %' AND pid <> pg_backend_pid()"
                ).fetchone()
                ended = row is not None
            falling.join()
            with pytest.raises(psycopg.errors.InvalidTextRepresentation):
                other.execute(f"SELECT '{NAME}{PHONE}'::int")
    finally:
        server.stop()
    log = (server.socket / "log").read_text()
    assert "terminating connection due to administrator command" in log
    assert found(log) == []
