"""The first page: small enough for a bad line, and every door leads somewhere."""

from __future__ import annotations

import gzip
import re
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from fawang.faces.portal import reading
from fawang.faces.portal.interviews import CATEGORIES
from fawang.faces.portal.reading import EVENTS
from fawang.knowledge.interviews.loading import interviews
from fawang.matters.models import Category
from fawang.matters.taxonomy import load_shipped_taxonomy
from tests.faces.test_api import desk  # noqa: F401 - the same cast

pytestmark = pytest.mark.django_db
LIMIT = 60 * 1024


def test_the_home_page_and_all_it_loads_weigh_at_most_60_kilobytes_compressed() -> None:
    html = Client().get("/").content
    loads = set(re.findall(rb"""(?:src|href)=["'](/static/[^"']+)""", html))
    assert len(loads) >= 4
    weights = {"/": len(gzip.compress(html))}
    for address in loads:
        path = finders.find(address.decode().removeprefix("/static/"))
        assert path, address
        with open(path, "rb") as file:
            weights[address.decode()] = len(gzip.compress(file.read()))
    assert re.findall(rb"""(?:src|href)=["'](?:https?:)?//""", html) == [], "nothing comes from another host"
    assert sum(weights.values()) <= LIMIT, weights


def test_every_life_event_leads_to_its_guided_interview_and_from_there_to_a_lawyer(monday: Any) -> None:
    load_shipped_taxonomy()
    page = Client().get("/").content.decode()
    led = re.findall(r'href="(/interviews/\w+)"', page)
    assert len(led) == len(set(led)) == len(EVENTS) == 8
    for address in led:
        asking = re.search(r'href="/ask\?category=([\w.]+)"', Client().get(address).content.decode())
        assert asking, address
        form = Client().get(f"/ask?category={asking[1]}").content.decode()
        assert re.search(rf'<option value="{re.escape(asking[1])}" selected', form), asking[1]


def test_a_life_event_without_an_interview_leads_to_the_form_with_its_category_chosen(monday: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    load_shipped_taxonomy()
    monkeypatch.setattr(reading, "interviews", tuple)
    asked = re.findall(r'href="/ask\?category=([\w.]+)"', Client().get("/").content.decode())
    assert len(asked) == len(set(asked)) == 8
    for category in asked:
        form = Client().get(f"/ask?category={category}").content.decode()
        assert re.search(rf'<option value="{re.escape(category)}" selected', form), category


def test_every_interview_reaches_a_lawyer_under_a_category_that_exists(monday: Any) -> None:
    load_shipped_taxonomy()
    assert set(CATEGORIES) == {i.code for i in interviews()}
    assert Category.objects.filter(code__in=set(CATEGORIES.values())).values("code").distinct().count() == len(set(CATEGORIES.values()))


def test_pages_about_violence_carry_the_button_that_leaves_and_others_do_not() -> None:
    assert 'data-do="exit"' in Client().get("/ask?category=family.violence").content.decode()
    assert 'data-do="exit"' in Client().get("/ask?category=family.violence.order").content.decode()
    assert 'data-do="exit"' not in Client().get("/ask?category=labour.wages").content.decode()


def test_leaving_forgets_the_matters_shown_and_lands_on_a_page_that_names_no_service(desk: Any) -> None:  # noqa: F811
    client = Client()
    form = {"_key": "leaving-test-key", "question": "他又打人，我想离开这个家", "region": "340100", "category": ""}
    code = client.post("/ask", form)["Location"].rsplit("/", 1)[1]
    assert client.get(f"/track/{code}").status_code == 200
    assert len(client.session["holds"]) == 1
    answer = client.get("/leave")
    assert (answer.status_code, answer["Location"], answer["Clear-Site-Data"]) == (302, "/calendar", '"cache", "storage"')
    assert "holds" not in client.session
    neutral = client.get("/calendar").content.decode()
    assert not re.search("12348|法律|法网|Legal|Fawang", neutral)
    assert "2026年3月2日" in neutral
