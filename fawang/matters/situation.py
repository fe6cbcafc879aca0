"""What a guard sees and what an effect works on. Holds a matter and its actor; no queries of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from fawang.matters.declaration import Process, Step
    from fawang.matters.forms import StepForm
    from fawang.matters.models import Clock, Matter, MatterParty
    from fawang.matters.parties import PartyWords
    from fawang.people.actors import Actor


@dataclass(slots=True)
class Situation:
    """A matter as one actor meets it now."""

    process: Process
    matter: Matter
    actor: Actor
    relations: frozenset[str]
    party: MatterParty | None
    now: datetime


@dataclass(slots=True)
class Opened:
    """A matter that was opened in this very transaction, with its clocks and parties."""

    matter: Matter
    clocks: list[Clock]
    parties: list[MatterParty]


@dataclass(slots=True)
class Taking(Situation):
    """A step being taken: the effect may set ``to``, add ``facts`` to the event and ``places`` for tells and papers.

    For the child the step opens it may give ``child_details`` (answers to the child's form), ``child_parties`` and ``child_data`` beside what is declared.
    """

    step: Step = None  # type: ignore[assignment]
    form: StepForm | None = None
    to: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    children: list[Any] = field(default_factory=list)
    child_details: dict[str, Any] = field(default_factory=dict)
    child_parties: list[PartyWords] = field(default_factory=list)
    child_data: dict[str, Any] = field(default_factory=dict)
