"""P10: every route × method × everybody, in real requests, against what the domain says. Nothing else may be seen, done, or told apart."""

from __future__ import annotations

import pytest

from fawang.kernel.policy import policies
from tests.access.expectations import ROUTES, Rule
from tests.access.probes import Route, all_routes, crowd, faceless, probe, target
from tests.access.world import World

OTHER_METHODS = ("PUT", "DELETE")


def by_name() -> dict[str, Route]:
    return {route.name: route for route in all_routes()}


def test_every_route_declares_a_policy_and_every_route_has_expectations() -> None:
    found = by_name()
    bare = {"openapi-json", "api-root"}
    assert len(found) > 90
    assert sorted(name for name, route in found.items() if route.policy not in policies() and name not in bare) == []
    assert sorted(set(found) - set(ROUTES)) == [], "a new page says in expectations.py who may open it"
    assert sorted(set(ROUTES) - set(found)) == []


def disagreements(world: World, route: Route, method: str, rule: Rule, subjects: tuple[str, ...]) -> tuple[list[str], int]:
    """All probes of one route and method; what did not come out as expected, and how many were sent."""
    wrong, sent = [], 0
    nothing: dict[str, object] = {}
    for subject in subjects:
        to = target(world, route, subject)
        for who in crowd(world, rule, subject):
            client = world.clients[who]
            got, sent = probe(client, method, to.path, to), sent + 1
            wanted = rule(who, subject)
            place = f"{method} {route.name} [{subject}] as {who.name}"
            if got.meaning != wanted and (wanted, got.meaning) != ("no", "absent"):
                wrong.append(f"{place}: {got.meaning} ({got.status}), not {wanted}")
            elif wanted != "ok" and got.wrote:
                wrong.append(f"{place}: refused, and yet something was written")
            elif wanted == "absent" and to.absent:
                if who.name not in nothing:
                    nothing[who.name], sent = faceless(probe(client, method, to.absent, to), to.absent), sent + 1
                if faceless(got, to.path) != nothing[who.name]:
                    wrong.append(f"{place}: tells a foreign object from one that does not exist")
    return wrong, sent


@pytest.mark.parametrize("name", sorted(ROUTES))
def test_everybody_meets_what_the_domain_gives_him_and_nothing_else(world: World, name: str) -> None:
    route, expected = by_name()[name], ROUTES[name]
    wrong: list[str] = []
    total = 0
    for method, rule in (("GET", expected.get), ("POST", expected.post)):
        if rule is not None:
            found, sent = disagreements(world, route, method, rule, expected.subjects)
            wrong, total = wrong + found, total + sent
    assert total > 0
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("method", OTHER_METHODS)
def test_a_method_no_page_speaks_of_does_nothing_anywhere(world: World, method: str) -> None:
    wrong = []
    for name, route in by_name().items():
        if name == "healthz" or method in route.methods:
            continue
        subject = ROUTES[name].subjects[0]
        to = target(world, route, subject)
        got = probe(world.clients[world.who("complained with the code")], method, to.path, to)
        if got.meaning == "broken" or got.wrote:
            wrong.append(f"{method} {name}: {got.status}")
    assert not wrong, "\n".join(wrong)
