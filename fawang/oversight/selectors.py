"""Readings of what oversight opened beside a matter."""

from __future__ import annotations

from fawang.matters.models import Matter, MatterLink
from fawang.matters.processes import process_version

FOLLOWS = ("calls_back", "rectifies")
"""What a bad rating sets going, in the order in which the rater meets it."""


def may_be_rated(matter: Matter) -> bool:
    """Whether the matter stands where its service was given, by its declaration: not what was withdrawn, merged, refused or left unanswered."""
    return process_version(matter.process_code, matter.process_version).state(matter.state).served


def words_to_rater(child: Matter) -> list[str]:
    """What the house wrote to the rater in a return visit or rectification; internal notes are never among it."""
    return [message.body for message in child.messages.filter(audience="public", kind="notice").order_by("created_at")]


def what_follows(matter: Matter) -> list[Matter]:
    """The return visit and the rectification of a bad rating (国办发〔2019〕51号): the rater is told their state and due times,
    never their notes. One query.
    """
    links = MatterLink.objects.filter(parent=matter, relation__in=FOLLOWS).select_related("child")
    return [link.child for link in sorted(links, key=lambda link: FOLLOWS.index(link.relation))]


def can_be_called(child: Matter) -> bool:
    """Whether the served left a number to call; who asked without one is told so instead of being promised a call."""
    return any(party.phone for party in child.parties.filter(relation="applicant", ended_at=None))
