"""One's own list: a matter that was brought without signing in is added to it by its lookup code."""

from __future__ import annotations

import uuid

from django.db import transaction

from fawang.kernel import events
from fawang.kernel.errors import Absent
from fawang.kernel.policy import require
from fawang.matters.models import Matter
from fawang.matters.relations import proven_party
from fawang.matters.services import lock
from fawang.people.actors import Actor
from fawang.people.services import speak_neutrally_to


def add_to_own_list(*, actor: Actor, matter_id: uuid.UUID) -> Matter:
    """Make the citizen who holds the code and has proved the number given with the matter its party; done already is no fault.

    Whoever asked for messages that do not say what they are about (T36) goes on getting such. Raises ``Absent``, ``Forbidden``. Locks the matter.
    """
    with transaction.atomic():
        matter = lock(matter_id)
        require("matters.add_to_own", actor, matter)
        party = proven_party(actor, matter)
        if party is None or actor.person_id is None:
            raise Absent
        if party.person_id == actor.person_id:
            return matter
        if party.person is not None and party.person.safe_contact:
            speak_neutrally_to(person_id=actor.person_id)
        party.person_id = actor.person_id
        party.save(update_fields=["person"])
        matter.version += 1
        matter.save(update_fields=["version"])
        events.record(
            kind="matter.party_proven", stream=matter.pk, payload={"party": str(party.pk), "relation": party.relation, "person": str(actor.person_id)}
        )
    return matter
