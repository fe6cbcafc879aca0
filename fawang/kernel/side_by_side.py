"""The long check of the record by several processes, each a part at a time, all of them in one snapshot of the database."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from typing import TYPE_CHECKING

from django.db import connection, transaction

if TYPE_CHECKING:  # a new process has no Django yet when it reads this file
    from fawang.kernel.anchors import Anchor
    from fawang.kernel.verification import Damage, Part

MOST = 8


def side_by_side(parts: Sequence[Part], anchors: Sequence[Anchor], limit: int) -> Iterator[Damage]:
    """The damages of all parts, in their order, at most ``limit`` of each. Call in the transaction whose snapshot all are to see, and stay in it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_export_snapshot()")
        snapshot = cursor.fetchone()[0]
    hands = min(os.cpu_count() or 1, MOST, len(parts))
    with ProcessPoolExecutor(hands, mp_context=get_context("spawn"), initializer=_begin, initargs=(connection.settings_dict["NAME"],)) as pool:
        begun = [pool.submit(_work, snapshot, part, anchors, limit) for part in parts]
        for part in begun:
            yield from part.result()


def _begin(database: str) -> None:
    """A new process: the house loaded, the same database."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    connection.settings_dict["NAME"] = database


def _work(snapshot: str, part: Part, anchors: Sequence[Anchor], limit: int) -> list[Damage]:
    from fawang.kernel.verification import damages_of

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET TRANSACTION SNAPSHOT %s", [snapshot])
        return list(islice(damages_of(part, anchors), limit))
