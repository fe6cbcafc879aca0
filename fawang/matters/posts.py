"""Posts and matters: what a grant reaches, and whose posts make him a handler."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.db.models import Q

from fawang.matters.declaration import Process
from fawang.matters.models import Matter
from fawang.matters.processes import all_processes, process_version
from fawang.people.actors import Actor, Grant
from fawang.people.roles import ADMINISTRATORS
from fawang.regions.selectors import prefix_of, scope_contains
from fawang.registry.tree import descendant_ids


def covers(grant: Grant, matter: Matter) -> bool:
    """Whether a role grant's scope (office and those below it, region) contains the matter."""
    if grant.office_id is not None:
        return matter.office_id in descendant_ids(grant.office_id)
    return scope_contains(grant.region_code, matter.region_code)


def reach(grant: Grant) -> Q:
    """The matters a grant reaches, as a condition."""
    if grant.office_id is not None:
        return Q(office_id__in=descendant_ids(grant.office_id))
    return Q() if grant.region_code in {"", "000000"} else Q(region_code__startswith=prefix_of(grant.region_code))


def handles(grants: Iterable[Grant], matter: Matter) -> bool:
    """Whether somebody with these posts, once it is his, still handles the matter: a role its process names, over its office or region.

    What a process gives to named people (a statement, an order) needs no post.
    """
    roles = process_version(matter.process_code, matter.process_version).handled_by_roles
    return not roles or any(grant.role in roles and covers(grant, matter) for grant in grants)


def may_be_given(grants: Iterable[Grant], matter: Matter) -> bool:
    """Whether a person may give the matter to somebody with these posts: like :func:`handles`, and never to an administrator (三员分立)."""
    held = list(grants)
    return handles(held, matter) and not any(grant.role in ADMINISTRATORS for grant in held)


def by_post(actor: Actor, wanted: Callable[[Process, str], bool]) -> Q:
    """The matters within reach of the actor's posts, of the processes ``wanted`` names for a role."""
    found = Q(pk__in=())
    for grant in actor.grants:
        if codes := sorted({p.code for p in all_processes() if wanted(p, grant.role)}):
            found |= reach(grant) & Q(process_code__in=codes)
    return found


def in_hand(actor: Actor) -> Q:
    """The matters that are the actor's to handle, by name and by post."""
    named = Q(process_code__in=sorted({p.code for p in all_processes() if not p.handled_by_roles}))
    return Q(assignee_id=actor.staff_id) & (named | by_post(actor, lambda p, role: role in p.handled_by_roles))


def in_pool(actor: Actor) -> Q:
    """The matters nobody has that the actor may claim from the pool."""
    return Q(is_open=True, assignee=None) & by_post(actor, lambda p, role: p.pooled and role in p.handled_by_roles)
