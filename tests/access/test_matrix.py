"""P10: every route × method × everybody, in real requests, against what the domain says. Nothing else may be seen, done, or told apart."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from fawang.kernel.policy import policies
from tests.access.expectations import ROUTES, Expect, Rule
from tests.access.probes import Route, Target, all_routes, crowd, faceless, probe, target
from tests.access.world import World

OTHER_METHODS = ("HEAD", "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


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


PASSERS = ("anonymous", "complained with the code", "supervisor@above")
"""Who tries methods a route does not have: the public, the other side, and somebody who may open much."""


def of(route: Route, expected: Expect) -> frozenset[str]:
    """The methods a route has; HEAD goes with GET."""
    if route.methods:  # operations of the API share an address
        return frozenset().union(*(r.methods for r in all_routes() if r.pattern == route.pattern))
    own = {method for method, rule in (("GET", expected.get), ("POST", expected.post)) if rule is not None}
    return frozenset(own | ({"HEAD"} if "GET" in own else set()))


@pytest.mark.parametrize("method", OTHER_METHODS)
def test_a_method_a_page_does_not_have_is_405_to_whoever_may_come_there_nothing_to_others_and_does_nothing(world: World, method: str) -> None:
    wrong, sent = [], 0
    for name, route in by_name().items():
        expected = ROUTES[name]
        if name in {"healthz", "openapi-json", "api-root"} or method in of(route, expected):
            continue
        subject = expected.subjects[0]
        to = target(world, route, subject)
        for who in [world.who(n) for n in PASSERS]:
            got, sent = probe(world.clients[who], method, to.path, to), sent + 1
            place = f"{method} {name} as {who.name}"
            if got.wrote or got.status not in {404, 405}:
                wrong.append(f"{place}: {got.status}{', written' if got.wrote else ''}")
            elif got.status == 405 and not name.startswith("api_") and set(got.allow) != of(route, expected):
                wrong.append(f"{place}: says {sorted(got.allow)}")
            elif got.status == 404 and "ok" in {rule(who, s) for rule in (expected.get, expected.post) if rule for s in expected.subjects}:
                wrong.append(f"{place}: absent, though he may come there")
            elif to.absent and faceless(got, to.path) != faceless(probe(world.clients[who], method, to.absent, to), to.absent):
                wrong.append(f"{place}: tells an object from one that does not exist")
    assert sent > 50
    assert not wrong, f"{len(wrong)} of {sent}\n" + "\n".join(wrong)


def shape(client: Client, method: str, path: str, to: Target) -> list[tuple[str, ...]]:
    """The statements a request sends to the database: what each does, to which tables. The tree of offices is the asker's own, kept for seconds."""
    with CaptureQueriesContext(connection) as asked:
        probe(client, method, path, to)
    told = [q["sql"] for q in asked.captured_queries if "SAVEPOINT" not in q["sql"] and not q["sql"].startswith("WITH RECURSIVE")]
    return [(sql.split()[0], *re.findall(r'(?:FROM|JOIN|INTO|UPDATE) "?([a-z_]+)', sql)) for sql in told]


LOOKERS = ("stranger", "complained with the code", "conflicted", "dispatcher@other", "seat@other")


@pytest.mark.parametrize("name", sorted(name for name, expected in ROUTES.items() if expected.subjects != ("",)))
def test_what_is_of_others_takes_the_same_statements_as_what_never_was(world: World, name: str) -> None:
    route, expected = by_name()[name], ROUTES[name]
    wrong, compared = [], 0
    for method, rule in (("GET", expected.get), ("POST", expected.post)):
        for subject in expected.subjects if rule else ():
            to = target(world, route, subject)
            for who in [world.who(n) for n in LOOKERS]:
                if rule is None or rule(who, subject) != "absent" or not to.absent:
                    continue
                compared += 1
                here, nowhere = (shape(world.clients[who], method, path, to) for path in (to.path, to.absent))
                if here != nowhere:
                    more = [s for s in here if s not in nowhere] or [f"{len(here)} statements, not {len(nowhere)}"]
                    wrong.append(f"{method} {name} [{subject}] as {who.name}: {more[0]}")
    assert not wrong, f"{len(wrong)} of {compared}\n" + "\n".join(wrong)
