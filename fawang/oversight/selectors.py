"""Readings of what oversight opened beside a matter."""

from __future__ import annotations

from fawang.matters.models import Matter, MatterLink

FOLLOWS = ("calls_back", "rectifies")
"""What a bad rating sets going, in the order in which the rater meets it."""


def what_follows(matter: Matter) -> list[Matter]:
    """The return visit and the rectification of a bad rating (国办发〔2019〕51号): the rater is told their state and due times,
    never their notes. One query; none for a matter still unrated is the caller's to save.
    """
    links = MatterLink.objects.filter(parent=matter, relation__in=FOLLOWS).select_related("child")
    return [link.child for link in sorted(links, key=lambda link: FOLLOWS.index(link.relation))]
