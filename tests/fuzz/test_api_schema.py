"""P22, short form: whatever the published description allows and much that it does not; never a 5xx, answers as described, errors from the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.test import Client
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from config.wsgi import application
from fawang.faces.api.urls import api
from fawang.kernel.errors import registered
from fawang.kernel.models import Event
from tests import factories
from tests.undoing import undone

EXAMPLES = 25


def as_served(environ: dict[str, Any], start_response: Any) -> Any:
    """The application; only the database connection stays open after the answer, for all is undone."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        return application(environ, start_response)
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


schema = schemathesis.openapi.from_dict(api.get_openapi_schema())
schema.app = as_served
schema.config.phases.coverage.enabled = False
CHECKS = [not_a_server_error, response_schema_conformance, content_type_conformance, status_code_conformance]


@pytest.fixture(scope="module")
def code(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """The lookup code of a matter, in a transaction that is never committed."""
    from fawang.kernel import clock
    from tests.conftest import MONDAY

    with django_db_blocker.unblock(), clock.frozen(MONDAY), transaction.atomic():
        factories.taxonomy()
        yield factories.matter("consultation", factories.office("legal_aid_agency", "340100")).lookup_code
        transaction.set_rollback(True)


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_an_operation_never_breaks_answers_as_described_and_refuses_in_catalogued_words(case: Any, code: str) -> None:
    if "lookup_code" in case.path_parameters and len(str(case.body)) % 3:
        case.path_parameters["lookup_code"] = code  # two thirds go beyond the door
    before = Event.objects.count()
    with undone():
        response = case.call()
        case.validate_response(response, checks=CHECKS)
        if response.status_code >= 400:
            said = response.json()
            assert response.headers["content-type"] == ["application/problem+json"]
            assert said["code"] in registered()
            assert {e["code"] for e in said["errors"].values()} <= set(registered())
            assert said["status"] == response.status_code
            assert said["detail"].strip()
            assert Event.objects.count() == before, "refused, and yet something was written"


def test_the_description_is_served_and_names_the_key_of_every_write(db: None, monday: Callable[[timedelta], None]) -> None:
    served = Client().get("/api/v1/openapi.json").json()
    writes = [(path, o) for path, found in served["paths"].items() for method, o in found.items() if method == "post" and "201" in o["responses"]]
    assert len(writes) >= 5
    assert [path for path, o in writes if "Idempotency-Key" not in [p["name"] for p in o["parameters"] if p["required"]]] == []
    problems = [a["content"] for _, o in writes for status, a in o["responses"].items() if status.startswith("4")]
    assert {kind for content in problems for kind in content} == {"application/problem+json"}
