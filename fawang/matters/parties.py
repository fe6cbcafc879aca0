"""Parties of a matter: what was stated, sealed, with blind indexes for finding and for the conflict check."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from fawang.kernel import clock, crypto, events, rows
from fawang.kernel.folding import fold_name, pinyin_initials, pinyin_key
from fawang.matters.models import Matter, MatterParty
from fawang.people.identity import IdentityKind, parse_identity
from fawang.people.phones import parse_phone


@dataclass(frozen=True, slots=True)
class PartyWords:
    """A party as stated. Nothing is obligatory: a refusal to give a name is a fact that is kept (identity ``refused``)."""

    relation: str
    name: str = ""
    phone: str = ""
    identity_kind: str = "resident_id"
    identity_number: str = ""
    identity_state: str = "refused"
    person_id: uuid.UUID | None = None
    staff_id: uuid.UUID | None = None
    organisation_id: uuid.UUID | None = None
    reach_by: str = "web"


def add_party(*, matter: Matter, words: PartyWords, quietly: bool = False) -> MatterParty:
    """Add a party; unless ``quietly`` (the matter is only just opening) the event says so. Call inside a transaction."""
    party = party_of(matter, words)
    rows.insert(party)
    if not quietly:
        events.record(
            kind="matter.party_added",
            stream=matter.pk,
            payload={
                "party": str(party.pk),
                "relation": words.relation,
                "person": str(words.person_id or ""),
                "staff": str(words.staff_id or ""),
                "organisation": str(words.organisation_id or ""),
            },
        )
    return party


def party_of(matter: Matter, words: PartyWords) -> MatterParty:
    """A party as stated, not yet written. Raises ``ValueProblem`` for an ID or phone that cannot be."""
    state = words.identity_state
    if state == "refused" and (words.name or words.identity_number):
        state = "self_stated"
    return MatterParty(
        matter=matter,
        relation=words.relation,
        person_id=words.person_id,
        staff_id=words.staff_id,
        organisation_id=words.organisation_id,
        name=words.name,
        phone=words.phone,
        identity_number=words.identity_number,
        identity_state=state,
        reach_by=words.reach_by,
        **indexes_of(words),
    )


def indexes_of(words: PartyWords) -> dict[str, bytes]:
    """Blind indexes of what was stated. Raises ``ValueProblem`` for an ID or phone that cannot be."""
    indexes = {}
    if words.name:
        indexes["name_index"] = crypto.blind("name", fold_name(words.name))
        indexes["pinyin_index"] = crypto.blind("pinyin", pinyin_key(words.name))
        indexes["initials_index"] = crypto.blind("initials", pinyin_initials(words.name))
    if words.phone:
        indexes["phone_index"] = crypto.blind("phone", parse_phone(words.phone).canonical)
    if words.identity_number:
        parsed = parse_identity(IdentityKind(words.identity_kind), words.identity_number)
        indexes["identity_index"] = crypto.blind("identity", parsed.canonical)
    return indexes


def same_person(one: MatterParty, other: MatterParty) -> bool:
    """Whether two parties are surely one person: the same document, or else the same phone under the same name. A name alone proves nothing."""
    documents = bytes(one.identity_index), bytes(other.identity_index)
    if all(documents):
        return documents[0] == documents[1]
    return bool(one.phone_index) and bytes(one.phone_index) == bytes(other.phone_index) and bytes(one.name_index) == bytes(other.name_index)


def end_party(*, party: MatterParty) -> None:
    """End a party's relation; its access ends with the commit. Call inside a transaction."""
    party.ended_at = clock.now()
    party.save(update_fields=["ended_at"])
    events.record(kind="matter.party_ended", stream=party.matter_id, payload={"party": str(party.pk), "relation": party.relation})
