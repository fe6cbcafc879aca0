"""Who may be calling: what a caller's number tells and what it never proves."""

from __future__ import annotations

import csv
import functools
import uuid
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from fawang.hotline.models import AgentState, Call
from fawang.kernel import clock, crypto
from fawang.kernel.text_safety import ValueProblem
from fawang.people.models import Person
from fawang.people.phones import parse_phone


@dataclass(frozen=True, slots=True)
class CallerNumber:
    """A number as the network sent it: canonical where it is one, its kind, the region an area code names."""

    shown: str
    canonical: str
    kind: str
    region: str

    @property
    def index(self) -> bytes:
        """The blind index to find the same caller by; empty for a withheld number."""
        return crypto.blind("phone", self.canonical) if self.canonical else b""


@functools.cache
def area_codes() -> dict[str, str]:
    """Area code → division of the demonstration province and whatever the operator adds."""
    with (Path(__file__).parent / "rules" / "area_codes.csv").open(encoding="utf-8", newline="") as file:
        return {row["area_code"]: row["region"] for row in csv.DictReader(file)}


def read_number(text: str) -> CallerNumber:
    """Read what the network sent; withheld and odd numbers are kept as such, never refused."""
    shown = text.strip()[:60]
    try:
        parsed = parse_phone(shown)
    except ValueProblem:
        odd = bool(shown) and shown.lower() not in {"anonymous", "unavailable", "unknown", "restricted", "private"}
        return CallerNumber(shown if odd else "", "", "odd" if odd else "withheld", "")
    region = ""
    if parsed.kind == "landline":
        region = next((r for code, r in area_codes().items() if parsed.canonical.startswith(code)), "")
    return CallerNumber(shown, parsed.canonical, parsed.kind, region)


def recognise(number: CallerNumber) -> tuple[Person | None, str]:
    """(person, ``known`` | ``maybe`` | ``none``): known when one person proved this very number, maybe when somebody gave it."""
    if not number.canonical:
        return None, "none"
    people = list(Person.objects.filter(phone_index=number.index).order_by("-phone_verified_at", "-created_at")[:5])
    proved = [p for p in people if p.phone_verified_at is not None]
    if len(proved) == 1:
        return proved[0], "known"
    return (people[0], "maybe") if people else (None, "none")


def last_adviser(index: bytes, days: int) -> uuid.UUID | None:
    """Whom this caller spoke with last in so many days, if that person is on duty now (signed on to a seat)."""
    if not index or days < 1:
        return None
    since = clock.now() - timedelta(days=days)
    last = Call.objects.filter(caller_index=index, connected_at__gte=since, agent__isnull=False).order_by("-connected_at").first()
    if last is None or last.agent_id is None:
        return None
    on_duty = AgentState.objects.filter(pk=last.agent_id).exclude(state="offline").exists()
    return last.agent_id if on_duty else None


def earlier_calls(call: Call, days: int = 30) -> list[Call]:
    """The same caller's earlier answered calls, newest first."""
    if not call.caller_index:
        return []
    since = call.arrived_at - timedelta(days=days)
    rows = Call.objects.filter(caller_index=bytes(call.caller_index), connected_at__gte=since, arrived_at__lt=call.arrived_at).exclude(pk=call.pk)
    return list(rows.select_related("agent").order_by("-arrived_at")[:20])
