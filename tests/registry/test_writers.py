"""Several people change the register at once, on a real PostgreSQL."""

from __future__ import annotations

import contextlib
import threading
from unittest.mock import patch

from django.db import connection

from fawang.kernel.context import acting
from fawang.people.actors import SYSTEM, Actor
from fawang.registry import services
from fawang.registry.imports import accept_import, check_import
from fawang.registry.models import ImportBatch, Organisation
from fawang.registry.services import add_organisation
from tests import factories

HEAD = "机构种类,名称,简称,行政区划代码,统一社会信用代码,上级机构,电话,地址"
PATIENCE = 2
"""Seconds a writer waits for the other to be half-way too; he is not, where they go one after the other."""


def table(registrar: Actor, phone: str, *names: str) -> ImportBatch:
    """A table that gives bodies a telephone number, read and judged."""
    content = "\n".join([HEAD, *(f"律师事务所,{name},,340100,,,{phone}," for name in names)]).encode()
    return check_import(actor=registrar, kind="organisations", file_name="a.csv", content=content)


def test_two_tables_brought_in_at_once_that_name_the_same_bodies_the_other_way_round_wait_for_each_other_and_both_go_in(committed_database: str) -> None:
    bodies = [add_organisation(actor=SYSTEM, kind="law_firm", name=f"互等律师事务所{n}", region_code="340100", parent=None) for n in (1, 2)]
    registrar = factories.actor(factories.staff("邓登记", "registrar", region="340000"))
    names = [body.name for body in bodies]
    batches = [table(registrar, "05510000001", *names), table(registrar, "05510000002", *reversed(names))]
    halfway, failures = threading.Barrier(2), []
    change = services.change_organisation

    def slowly(**words: object) -> Organisation:
        changed = change(**words)  # type: ignore[arg-type]
        with contextlib.suppress(threading.BrokenBarrierError):
            halfway.wait(PATIENCE)
        return changed

    def bring_in(batch: ImportBatch) -> None:
        try:
            with acting(door="desk"):
                accept_import(actor=registrar, batch_id=batch.pk)
        except BaseException as error:
            failures.append(str(error))
        finally:
            connection.close()

    with patch.object(services, "change_organisation", slowly):
        writers = [threading.Thread(target=bring_in, args=(batch,)) for batch in batches]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join(30)
    assert failures == []
    assert [Organisation.objects.get(pk=body.pk).version for body in bodies] == [3, 3]
    assert len({Organisation.objects.get(pk=body.pk).phone for body in bodies}) == 1
