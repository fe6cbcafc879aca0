"""Telling people what happened, on the door they chose, in the declared words."""

from __future__ import annotations

from collections.abc import Sequence

from fawang.matters.declaration import Tell
from fawang.matters.models import Matter, MatterParty
from fawang.matters.situation import Taking
from fawang.matters.time_limits import due_words
from fawang.people.services import notice_enqueue


def send_tells(taking: Taking) -> None:
    """Queue every tell of the step in the step's transaction; sending happens after commit."""
    version = taking.matter.version
    for tell in taking.step.tells:
        if tell.only_to and taking.to not in tell.only_to:
            continue
        parties = list(taking.matter.parties.filter(relation=tell.to, ended_at=None).select_related("person"))
        tell_parties(
            taking.matter,
            tell,
            parties,
            state=taking.process.state(taking.to).name,
            places=taking.places,
            stamp=f"{taking.step.verb}:{version}",
            now=taking.now,
        )


def tell_parties(matter: Matter, tell: Tell, parties: Sequence[MatterParty], *, state: object, places: dict[str, str], stamp: str, now: object) -> None:
    """Queue one tell to each of these parties that is of its relation. One without a reachable address is told on the track page alone."""
    for party in parties:
        if party.relation != tell.to or not _address(party)[1]:
            continue
        language = matter.language or "zh-hans"
        body = tell.words.in_language(language).format_map(_Places(_facts(matter, state, language, now), places))
        _enqueue(matter, party, tell, body, stamp)


def _facts(matter: Matter, state: object, language: str, now: object) -> dict[str, str]:
    due = due_words(matter.next_due_at, now, language) if matter.next_due_at else ""  # type: ignore[arg-type]
    name = state.in_language(language) if hasattr(state, "in_language") else str(state)
    return {"number": matter.number, "state": name, "due": due, "title": matter.title or ""}


class _Places(dict[str, str]):
    def __init__(self, *parts: dict[str, str]) -> None:
        super().__init__()
        for part in parts:
            self.update(part)

    def __missing__(self, key: str) -> str:
        return ""


def _address(party: MatterParty) -> tuple[str, str]:
    """The channel and the address a party is reached under; an empty address: none."""
    if party.relation == "partner" and party.organisation_id:
        return "partner", str(party.organisation_id)
    return "sms", party.phone or ""


def _enqueue(matter: Matter, party: MatterParty, tell: Tell, body: str, stamp: str) -> None:
    channel, to = _address(party)
    notice_enqueue(
        person=party.person,
        matter_id=matter.pk,
        channel=channel,
        to=to,
        template=tell.template,
        body=body,
        dedup_key=f"{matter.pk}:{party.pk}:{tell.template}:{stamp}",
    )
