"""Whose accounts an administrator's post reaches. The tree of offices lies in a room above; it tells this one how to ask."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from fawang.people.actors import Actor, Grant

WHOLE = {"", "000000"}
Contains = Callable[[Grant, uuid.UUID], bool]
_contains: Contains = lambda grant, office_id: grant.office_id == office_id  # noqa: E731 - replaced when the register is loaded


def ask_tree_with(contains: Contains) -> None:
    """Name the function that says whether a grant's scope contains an office."""
    global _contains
    _contains = contains


def is_whole(grant: Grant) -> bool:
    """Whether a grant reaches everything."""
    return grant.office_id is None and grant.region_code in WHOLE


def reaches(actor: Actor, role: str, office_id: uuid.UUID | None) -> bool:
    """Whether a post of the actor reaches an office; what belongs to no office only the whole house's posts reach."""
    grants = actor.scopes(role)
    return any(is_whole(g) or (office_id is not None and _contains(g, office_id)) for g in grants)
