"""Rows that events vouch for: a message's digest, a rating's level, a recording's fingerprint stand in the event that told of them.

The application may change most rows; a change behind the events' back shows when both are compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, models

from fawang.kernel.errors import Refusal


@dataclass(frozen=True, slots=True)
class Vouched:
    """``payload[key]`` of events of ``kinds`` names a row of ``model``; ``claims(row)`` says what the payload must then say.

    ``told``: the rows that must have such an event (a lookup; all by default).
    """

    kinds: tuple[str, ...]
    key: str
    model: type[models.Model]
    claims: Callable[[Any, Any], Mapping[str, Any]]
    told: Mapping[str, Any] = field(default_factory=dict)

    def name(self, pk: Any) -> str:
        """The row as damages call it."""
        return f"{self.model._meta.model_name} {pk}"

    def compare(self, batch: Sequence[Any]) -> Iterator[tuple[Any, str]]:
        """Events whose row is gone, cannot be opened, or says something else."""
        rows = self._rows([event.payload[self.key] for event in batch if self.key in event.payload])
        for event in batch:
            row = rows.get(str(event.payload.get(self.key)))
            if row is None:
                yield event, "row is missing"
            elif isinstance(row, Refusal):
                yield event, "row cannot be opened"
            else:
                wrong = [k for k, v in self.claims(row, event).items() if event.payload.get(k) != v]
                if wrong:
                    yield event, f"row differs from its event in {', '.join(wrong)}"

    def strangers(self) -> Iterator[str]:
        """Rows that no event tells of."""
        known = {str(pk) for pk in self.model._default_manager.filter(**self.told).values_list("pk", flat=True)}
        with connection.cursor() as cursor:
            cursor.execute("SELECT payload->>%s FROM kernel_event WHERE kind = ANY(%s)", [self.key, list(self.kinds)])
            known.difference_update(row[0] for row in cursor.fetchall())
        yield from sorted(known)

    def _rows(self, pks: list[Any]) -> dict[str, Any]:
        manager = self.model._default_manager
        try:
            return {str(pk): row for pk, row in manager.in_bulk(pks).items()}
        except Refusal:  # one of them does not open: which?
            found: dict[str, Any] = {}
            for pk in pks:
                try:
                    found[str(pk)] = manager.filter(pk=pk).first()
                except Refusal as refusal:
                    found[str(pk)] = refusal
            return found


_VOUCHED: dict[tuple[str, ...], Vouched] = {}


def vouch(vouched: Vouched) -> None:
    """A room registers what its events vouch for."""
    _VOUCHED[vouched.kinds] = vouched


def all_vouched() -> list[Vouched]:
    """All that is registered."""
    return [_VOUCHED[kinds] for kinds in sorted(_VOUCHED)]
