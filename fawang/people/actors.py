"""Who acts: a citizen, a member of staff with grants, somebody holding a lookup code, or the system."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from django.db.models import Q

from fawang.kernel import clock
from fawang.kernel.context import ActorRef
from fawang.people.models import Person, RoleGrant, Staff


@dataclass(frozen=True, slots=True)
class Grant:
    """A role in force within a scope."""

    role: str
    office_id: uuid.UUID | None
    region_code: str


@dataclass(frozen=True, slots=True)
class Actor:
    """``kind``: anonymous, citizen, staff, system, partner. ``holds``: matters whose lookup code was shown."""

    kind: str
    name: str = ""
    staff_id: uuid.UUID | None = None
    person_id: uuid.UUID | None = None
    office_id: uuid.UUID | None = None
    grants: tuple[Grant, ...] = ()
    holds: frozenset[uuid.UUID] = field(default_factory=frozenset)

    @property
    def roles(self) -> frozenset[str]:
        """All roles held anywhere."""
        return frozenset(g.role for g in self.grants)

    def has(self, role: str) -> bool:
        """Whether the role is held anywhere."""
        return role in self.roles

    def scopes(self, role: str) -> list[Grant]:
        """Grants of that role."""
        return [g for g in self.grants if g.role == role]

    def staff(self) -> Staff | None:
        """The account behind a staff actor (one query)."""
        return Staff.objects.filter(pk=self.staff_id).first() if self.staff_id else None

    @property
    def account(self) -> uuid.UUID:
        """The id of a staff actor's account. Raises ``LookupError`` for anybody else."""
        if self.staff_id is None:
            raise LookupError("not a staff actor")
        return self.staff_id

    def ref(self) -> ActorRef:
        """What events keep of the actor."""
        return ActorRef(self.kind, str(self.staff_id or self.person_id or ""), str(self.office_id or ""))

    def holding(self, matter_id: uuid.UUID) -> Actor:
        """The same actor, who has shown the lookup code of a matter."""
        return Actor(
            self.kind if self.kind != "anonymous" else "citizen", self.name, self.staff_id, self.person_id,
            self.office_id, self.grants, self.holds | {matter_id},
        )  # fmt: skip


ANONYMOUS = Actor("anonymous")
SYSTEM = Actor("system", "系统")


def live_grants(staff: Staff) -> list[RoleGrant]:
    """Grants in force now."""
    now = clock.now()
    return list(staff.grants.filter(Q(valid_to=None) | Q(valid_to__gt=now), revoked_at=None, valid_from__lte=now))


def actor_of_staff(staff: Staff) -> Actor:
    """The actor of an active account; a disabled one is anonymous. One query."""
    if staff.state != "active":
        return ANONYMOUS
    grants = tuple(Grant(g.role, g.office_id, g.region_code) for g in live_grants(staff))
    return Actor("staff", staff.name, staff_id=staff.pk, office_id=staff.office_id, grants=grants)


def actor_of_person(person: Person) -> Actor:
    """The actor of a citizen who has proved his phone."""
    return Actor("citizen", person.name or "", person_id=person.pk)
