"""A policy for the throw-away mediation: any party."""

from __future__ import annotations

from typing import Any

from fawang.kernel.policy import Decision, allow, hidden, policy
from fawang.matters.relations import relations_of


@policy("t.party", "当事人", "A party")
def party(actor: Any, matter: Any) -> Decision:
    return allow() if "party" in relations_of(actor, matter) else hidden()
