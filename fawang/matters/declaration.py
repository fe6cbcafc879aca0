"""业务规范: the words in which a service declares itself. Pure: knows no Django, no database.

A service is one :class:`Process` value. The engine, the desk's buttons and forms, permissions, clocks, timeline, printed
documents, the public guide with its picture, the API and the property tests all read it. See docs/howto/add-a-service.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from fawang.kernel.texts import Text

if TYPE_CHECKING:
    from fawang.matters.forms import StepForm
    from fawang.matters.situation import Opened, Situation, Taking


class StateKind(StrEnum):
    """What a state means to everyone who does not know the service."""

    OPEN = "open"
    WAITING_CITIZEN = "waiting_citizen"
    WAITING_PARTNER = "waiting_partner"
    DONE = "done"
    REFUSED = "refused"
    VOID = "void"

    @property
    def is_final(self) -> bool:
        """Done, refused and void matters are closed."""
        return self in {StateKind.DONE, StateKind.REFUSED, StateKind.VOID}


@dataclass(frozen=True, slots=True)
class State:
    """A state, and what the citizen is told in plain words while the matter is in it.

    ``untimed``: why nothing limits an open state in which no clock runs; without it such a state is refused.
    ``served``: here the service was given on its merits, so that it may be rated (好差评: 一事一评).
    """

    code: str
    name: Text
    kind: StateKind
    told: Text
    untimed: Text | None = None
    served: bool = False


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition of a step, with the reason shown when it refuses; ``places`` fills the reason's places (a number)."""

    code: str
    holds: Callable[[Situation], bool]
    reason: Text
    places: Callable[[Situation], dict[str, Any]] | None = None


class ClockVerb(StrEnum):
    """What a step does to a clock."""

    STARTS = "starts"
    MEETS = "meets"
    PAUSES = "pauses"
    RESUMES = "resumes"
    CANCELS = "cancels"
    EXTENDS = "extends"


@dataclass(frozen=True, slots=True)
class ClockUse:
    """One effect of a step on the clock of a rule. ``only_to``: only when the step ends in one of these states.

    ``promised``: the field of the step's form with the day given to the person; the clock that starts ends with it.
    """

    verb: ClockVerb
    rule: str
    reason: str = ""
    only_to: tuple[str, ...] = ()
    promised: str = ""


def starts(rule: str, *, only_to: tuple[str, ...] = (), promised: str = "") -> ClockUse:
    """The step starts the rule's clock."""
    return ClockUse(ClockVerb.STARTS, rule, only_to=only_to, promised=promised)


def meets(rule: str, *, only_to: tuple[str, ...] = ()) -> ClockUse:
    """The step meets the rule's clock (if it runs)."""
    return ClockUse(ClockVerb.MEETS, rule, only_to=only_to)


def pauses(rule: str, reason: str, *, only_to: tuple[str, ...] = ()) -> ClockUse:
    """The step pauses the clock for a reason the rule lists."""
    return ClockUse(ClockVerb.PAUSES, rule, reason, only_to)


def resumes(rule: str, *, only_to: tuple[str, ...] = ()) -> ClockUse:
    """The step lets the clock run again."""
    return ClockUse(ClockVerb.RESUMES, rule, only_to=only_to)


def cancels(rule: str, *, only_to: tuple[str, ...] = ()) -> ClockUse:
    """The step ends the clock without meeting it."""
    return ClockUse(ClockVerb.CANCELS, rule, only_to=only_to)


def extends(rule: str) -> ClockUse:
    """The step extends the clock by the form's ``days``; cap and approver are the rule's."""
    return ClockUse(ClockVerb.EXTENDS, rule)


@dataclass(frozen=True, slots=True)
class Tell:
    """Who hears what when the step is done. ``words`` may use {number}, {state}, {due}, {title} and the effect's facts."""

    to: str
    template: str
    words: Text
    only_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Paper:
    """A document a step prints: numbered, kept, with a delivery receipt. ``body`` makes its text."""

    template: str
    name: Text
    body: Callable[[Taking], str]
    only_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Opens:
    """A child matter the step opens; ``relation`` is the child's to this matter; ``office`` who handles it."""

    process: str
    relation: str
    office: str = "same"  # same | supervising | first_of:<organisation kind>
    only_to: tuple[str, ...] = ()
    parties: tuple[tuple[str, str], ...] = ()  # (relation here, relation there)


@dataclass(frozen=True, slots=True)
class Step:
    """A verb: from which states, to which, by whom, asking what, with which effects.

    ``by`` is a policy code. ``effect`` is the service's one special function; it may pick the to-state (``taking.to``)
    and add facts to the event (``taking.facts``). A step that ``stays`` leaves the state as it is and names no to-states. ``unattended`` steps are taken by the system only (sweeper, child).
    """

    verb: str
    name: Text
    from_: tuple[str, ...]
    to: tuple[str, ...]
    by: str
    form: type[StepForm] | None = None
    guards: tuple[Guard, ...] = ()
    clocks: tuple[ClockUse, ...] = ()
    papers: tuple[Paper, ...] = ()
    tells: tuple[Tell, ...] = ()
    opens: tuple[Opens, ...] = ()
    effect: Callable[[Taking], None] | None = None
    bulk: bool = False
    main: bool = False
    unattended: bool = False
    spreads: bool = False
    ends_assignment: bool = False
    stays: bool = False
    by_citizen: bool = False
    fact_keys: tuple[str, ...] = ()
    public: Text | None = None
    help: Text | None = None


@dataclass(frozen=True, slots=True)
class Relation:
    """Somebody's relation to the matter and what it may see: ``all``, ``public`` (own conversation), ``duty`` or nothing."""

    code: str
    name: Text
    sees: frozenset[str]
    many: bool = False
    citizen: bool = True
    by_hand: bool = True  # staff may name somebody as this; others come of themselves


@dataclass(frozen=True, slots=True)
class Material:
    """A paper asked for: lowest trust grade accepted, and whether it may be promised for later."""

    code: str
    name: Text
    required: bool = True
    grade: str = "C"
    promise_later: bool = False


@dataclass(frozen=True, slots=True)
class Shield:
    """The identity of ``relation`` is sealed from these relations and roles in every output.

    ``unsettled``: while the matter's data hold this flag (nobody has said who must not know), it is sealed from all of the staff but the
    handler and those who hold one of ``known_to`` over the matter.
    """

    relation: str
    from_relations: tuple[str, ...] = ()
    from_roles: tuple[str, ...] = ()
    norm: str = ""
    unsettled: str = ""
    known_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Measure:
    """A fact that statistics count when ``verb`` is done; ``layer``: raw, claimed or counted."""

    code: str
    name: Text
    verb: str
    layer: str = "counted"
    per_member: bool = True


@dataclass(frozen=True, slots=True)
class Timeout:
    """When the rule's clock runs out, the system takes this step by itself (deemed withdrawal and the like)."""

    rule: str
    verb: str


@dataclass(frozen=True, slots=True)
class Concludes:
    """When this (child) process enters ``state``, the parent's declared step is taken."""

    relation: str
    state: str
    parent_verb: str


@dataclass(frozen=True, slots=True)
class Process:
    """A legal service's whole declaration. Versioned: a matter keeps the version it began under.

    ``handled_by_roles``: the posts of which a handler holds one; empty where the process itself names who has to act.
    ``first_words``: the kind of message that becomes of what the person said; empty, and nothing is said at the beginning.
    """

    code: str
    version: int
    name: Text
    about: Text
    norm: Text
    effective_from: date
    states: tuple[State, ...]
    steps: tuple[Step, ...]
    relations: tuple[Relation, ...]
    start: str
    start_clocks: tuple[ClockUse, ...] = ()
    start_tells: tuple[Tell, ...] = ()
    intake: type[StepForm] | None = None
    effective_to: date | None = None
    region: str = "*"
    doors: tuple[str, ...] = ("web", "api", "window")
    materials: tuple[Material, ...] = ()
    shields: tuple[Shield, ...] = ()
    measures: tuple[Measure, ...] = ()
    timeouts: tuple[Timeout, ...] = ()
    concludes: tuple[Concludes, ...] = ()
    rests_for: tuple[str, ...] = ()
    conflict_relations: tuple[tuple[str, str], ...] = ()
    first_words: str = ""
    on_start: Callable[[Opened], None] | None = None
    public: bool = True
    pooled: bool = False
    handled_by_roles: tuple[str, ...] = ("adviser",)
    seen_by_roles: tuple[str, ...] = ("dispatcher", "supervisor", "office_head", "return_visitor", "window_clerk")
    skills: bool = True
    fee: Text = field(default_factory=lambda: Text("免费", "Free of charge"))

    def state(self, code: str) -> State:
        """The state of that code. Raises ``KeyError``."""
        for state in self.states:
            if state.code == code:
                return state
        raise KeyError(code)

    def step(self, verb: str) -> Step:
        """The step of that verb. Raises ``KeyError``."""
        for step in self.steps:
            if step.verb == verb:
                return step
        raise KeyError(verb)

    def relation(self, code: str) -> Relation:
        """The relation of that code. Raises ``KeyError``."""
        for relation in self.relations:
            if relation.code == code:
                return relation
        raise KeyError(code)

    def targets(self, step: Step, state: str) -> tuple[str, ...]:
        """Where a step taken in ``state`` may lead."""
        return (state,) if step.stays else step.to

    def steps_from(self, state: str) -> tuple[Step, ...]:
        """Steps that may be taken in ``state``."""
        return tuple(step for step in self.steps if state in step.from_)
