"""A policy for the throw-away mediation: any party."""

from __future__ import annotations

from typing import Any

import pytest

from fawang.kernel.policy import Decision, allow, hidden, policy
from fawang.matters.relations import relations_of
from tests import factories


@policy("t.party", "当事人", "A party")
def party(actor: Any, matter: Any) -> Decision:
    return allow() if "party" in relations_of(actor, matter) else hidden()


@pytest.fixture
def staffed(monday: Any) -> dict[str, Any]:
    """An agency with two advisers and a dispatcher, under a bureau."""
    bureau = factories.office("justice_bureau")
    agency = factories.office("legal_aid_agency", parent=bureau)
    return {
        "bureau": bureau, "agency": agency,
        "li": factories.staff("李律师", "adviser", at=agency, is_adviser=True), "zhou": factories.staff("周律师", "adviser", at=agency, is_adviser=True),
        "dispatcher": factories.actor(factories.staff("王派单", "dispatcher", at=agency)),
    }  # fmt: skip
