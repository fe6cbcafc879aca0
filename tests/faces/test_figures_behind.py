"""Behind a number stand the matters it counts: every cell of every grouping, and to each reader what his posts give him."""

from __future__ import annotations

import html
import random
import re
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.test import Client

from fawang.faces.desk.figures import PAGE, PARTS, offices_of
from fawang.kernel import clock
from fawang.matters.models import Clock, Matter, Message
from fawang.matters.parties import PartyWords
from fawang.matters.taxonomy import publish_edition
from fawang.oversight.figures import FIGURES, by, compute
from fawang.oversight.models import Rating
from fawang.people.actors import SYSTEM
from fawang.registry.models import Organisation
from tests import factories
from tests.conftest import BEIJING
from tests.faces.test_hotline_pages import sign_in

pytestmark = pytest.mark.django_db
CATEGORIES = ("", "labour.wages", "family.divorce", "family.parting")
DAYS = 5


@dataclass
class Province:
    """A bureau with two offices below it, an office elsewhere, and matters of every sort in all of them."""

    bureau: Organisation
    away: Organisation
    first: date
    last: date
    matters: list[Matter] = field(default_factory=list)


def at_some_moment(chance: random.Random, first: date) -> datetime:
    """Of one of the days, the first and the last second of one more often than not."""
    moment = chance.choice([time(0, 0), time(23, 59, 59), time(0, 30), time(12, 0), time(7, 59)])
    return datetime.combine(first + timedelta(days=chance.randrange(DAYS)), moment, BEIJING)


@pytest.fixture
def province(monday: Any) -> Province:
    factories.taxonomy()
    rows = [{"code": c, "name": n, "name_en": n, "words": ""} for c, n in (("labour", "劳动"), ("labour.wages", "工资"), ("labour.wages.arrears", "拖欠"), ("family", "家庭"), ("family.parting", "离婚和分居"))]  # fmt: skip
    tomorrow = clock.today() + timedelta(days=1)
    publish_edition(actor=SYSTEM, rows=rows, effective_from=tomorrow, source="演示", mapping=[("family.divorce", "family.parting")])
    monday(timedelta(days=DAYS))
    bureau = factories.office("justice_bureau", "340100", "甲市司法局")
    offices = [factories.office("service_center", "340104", parent=bureau), factories.office("legal_aid_agency", "340100", parent=bureau)]
    away = factories.office("service_center", "341100", "外市中心")
    first = clock.today() - timedelta(days=DAYS - 1)
    made, chance = Province(bureau, away, first, clock.today()), random.Random(20171)
    for n in range(48):
        category = chance.choice(CATEGORIES)
        edition = {"category_code": category, "category_version": 1 if category == "family.divorce" else 2} if category else {}
        matter = factories.matter(
            chance.choice(["consultation", "consultation", "complaint"]), chance.choice([*offices, away]), title=f"秘密的事{n}", **edition
        )
        Matter.objects.filter(pk=matter.pk).update(opened_at=at_some_moment(chance, first))
        for _ in range(chance.choice([0, 1, 1, 3])):
            Message.objects.create(matter=matter, kind="answer", audience="public", author_kind="staff", body="答", created_at=at_some_moment(chance, first))
        for rule in chance.sample(["A", "B", "C"], chance.randrange(3)):
            moment = at_some_moment(chance, first)
            late = chance.random() < 0.4
            state = chance.choice(["met", "cancelled"])
            Clock.objects.create(
                matter=matter, rule_code=rule, rule_version="1", started_at=moment, statutory_due_at=moment, ended_at=moment, state=state, on_time=not late, light="overdue" if late else "green"
            )  # fmt: skip
        if chance.random() < 0.5:
            Rating.objects.create(matter=matter, level=chance.randrange(1, 6), office=matter.office, door="web", rated_at=at_some_moment(chance, first))
        made.matters.append(matter)
    return made


def shown(page: str) -> tuple[int, dict[str, int], int]:
    """The number of the heading; the matters listed by number, with how often each counts; how many more are told of."""
    number = re.search(r'<h1>[^<]*<span class="num">(\d+)</span>', page)
    hidden = re.search(r'<p class="note">.*?<strong class="num">(\d+)</strong>', page)
    rows = {}
    for row in re.findall(r'<div class="what">.*?</div>', page, re.DOTALL):
        times = re.search(r'<span class="num">× (\d+)</span>', row)
        rows[re.search(r'<span class="num">(\d{4}-\d{6}-\d+-\d)</span>', row)[1]] = int(times[1]) if times else 1  # type: ignore[index]
    assert number
    return int(number[1]), rows, int(hidden[1]) if hidden else 0


def cells(client: Client, part: str, first: date, last: date) -> list[tuple[str, int]]:
    """Address and number of every cell of the table of a grouping, as the page has them."""
    page = client.get(f"/desk/figures?by={part}&from={first}&to={last}").content.decode()
    table = page[page.index('<table class="sheet">') : page.index("</table>")]
    return [(html.unescape(address), int(n)) for address, n in re.findall(r'<td class="num"><a href="([^"]+)">(\d+)</a>', table)]


def counted_here(code: str, province: Province, *, office: str = "", process: str = "", category: str | None = None, day: date | None = None) -> dict[str, int]:
    """The matters a cell counts, counted one by one from the rows alone."""
    became = {"family.divorce": "family.parting"}
    found: dict[str, int] = {}
    for matter in Matter.objects.filter(pk__in=[m.pk for m in province.matters]).select_related("office"):
        if matter.office_id == province.away.pk or (office and str(matter.office_id) != office) or (process and matter.process_code != process):
            continue
        if category is not None and became.get(matter.category_code, matter.category_code) != category:
            continue
        clocks = list(matter.clocks.all())
        rating = Rating.objects.filter(matter=matter).first()
        moments = {
            "received": [matter.opened_at], "answers": [m.created_at for m in matter.messages.filter(kind="answer")], "limits_met": [c.ended_at for c in clocks if c.state == "met"],
            "on_time": [c.ended_at for c in clocks if c.state == "met" and c.on_time], "overdue": [c.statutory_due_at for c in clocks if c.light == "overdue"],
            "rated": [rating.rated_at] if rating else [], "satisfied": [rating.rated_at] if rating and rating.level >= 3 else [],
        }[code]  # fmt: skip
        days = [m.astimezone(BEIJING).date() for m in moments if m]
        if times := sum(province.first <= d <= province.last and (day is None or d == day) for d in days):
            found[matter.number] = times
    return found


@pytest.mark.parametrize("part", [p[0] for p in PARTS])
def test_behind_every_cell_stand_the_matters_it_counts(province: Province, part: str) -> None:
    head = factories.staff("何主任", "office_head", "complaint_handler", at=province.bureau)
    client = sign_in(factories.actor(head))
    looked = 0
    found = cells(client, part, province.first, province.last)
    assert len(found) >= 2 * len(FIGURES)
    keys = set()
    for address, number in found:
        said = dict(re.findall(r"[?&](\w+)=([^&]*)", address))
        keys.add(said[part])
        narrowed: dict[str, Any] = {part: date.fromisoformat(said["day"]) if part == "day" else said[part]}
        expected = counted_here(said["figure"], province, **narrowed)
        total, rows, hidden = shown(client.get(address).content.decode())
        assert (total, rows, hidden) == (number, expected, 0), address
        assert sum(rows.values()) == number
        looked += number
    assert looked > 50, "the cells are not empty"
    if part == "category":
        assert keys == {"", "labour.wages", "family.parting"}, "also those without, and the former code under what it became"


def test_behind_a_total_stand_all_of_it_page_by_page(province: Province) -> None:
    client = sign_in(factories.actor(factories.staff("何主任", "office_head", at=province.bureau)))
    office = Organisation.objects.filter(parent=province.bureau).first()
    assert office is not None
    for n in range(PAGE + 5):
        factories.matter("consultation", office, title=f"多出来的{n}")
    page = client.get(f"/desk/figures?from={province.first}&to={province.last}").content.decode()
    address, number = re.findall(r'<a class="tile" href="([^"]*figure=received[^"]*)"><span>[^<]*</span><b>(\d+)</b>', page)[0]
    seen: list[str] = []
    while address:
        page = client.get(html.unescape(address)).content.decode()
        total, rows, hidden = shown(page)
        assert total == int(number)
        assert len(rows) + hidden <= PAGE
        seen += [*rows, *["hidden"] * hidden]
        following = re.findall(r'<a class="btn" href="(\?[^"]+)">下一页', page)
        address = f"/desk/figures/behind{following[0]}" if following else ""
    assert len(seen) == int(number) > PAGE
    consultations = Matter.objects.filter(office__parent=province.bureau, process_code="consultation")
    assert set(seen) - {"hidden"} == set(consultations.values_list("number", flat=True)), "and of complaints the head is told how many, not which"


@pytest.mark.parametrize("role", ["statistician", "audit_admin"])
def test_whose_post_gives_him_the_handling_alone_finds_the_matters_without_their_words(province: Province, role: str) -> None:
    client = sign_in(factories.actor(factories.staff("童统计", role, at=province.bureau)))
    for part in ("category", "process"):
        for address, number in cells(client, part, province.first, province.last):
            page = client.get(address).content.decode()
            total, rows, hidden = shown(page)
            assert (total, sum(rows.values()), hidden) == (number, number, 0)
            assert not re.search("秘密的事|王小明|13800000001", page)
    page = client.get(f"/desk/figures/behind?figure=received&from={province.first}&to={province.last}").content.decode()
    links = re.findall(r'href="(/desk/m/[^"]+)"', page)
    assert links
    opened = client.get(links[0])
    assert (opened.status_code, "秘密的事" in opened.content.decode()) == (200, False), "the same as on the matter's page"


def test_who_is_a_party_is_told_of_the_number_and_not_of_the_matter(province: Province) -> None:
    statistician = factories.staff("童统计", "statistician", at=province.bureau)
    office = Organisation.objects.filter(parent=province.bureau).first()
    assert office is not None
    own = factories.matter("consultation", office, parties=(PartyWords("opponent", "童统计", staff_id=statistician.pk),))
    total, rows, hidden = shown(sign_in(factories.actor(statistician)).get("/desk/figures/behind?figure=received&by=process").content.decode())
    assert own.number not in rows
    assert (total, hidden) == (len(rows) + 1, 1)


def test_a_region_whose_code_ends_in_nought_reaches_no_further_than_itself(province: Province) -> None:
    own = factories.office("service_center", "341002", "黄山中心")
    for_the_city = factories.actor(factories.staff("统计", "statistician", region="341000"))
    assert offices_of(for_the_city) == {str(own.pk)}, "341100 begins with 341 and lies elsewhere"
    of_the_province = factories.actor(factories.staff("统计二", "statistician", region="340000"))
    assert offices_of(of_the_province) >= {str(own.pk), str(province.away.pk), str(province.bureau.pk)}


@pytest.mark.parametrize("query", ["", "?figure=none", "?figure=received&day=xyz", "?figure=received&day=", "?figure=received&day=2026-02-30"])
def test_an_address_that_means_nothing_is_not_found(province: Province, query: str) -> None:
    client = sign_in(factories.actor(factories.staff("何主任", "office_head", at=province.bureau)))
    assert client.get(f"/desk/figures/behind{query}").status_code == 404


@pytest.mark.parametrize("query", ["office=xyz", "office=00000000-0000-0000-0000-000000000000", "process=no_such", "category=no.such", "office={away}"])
def test_a_group_that_is_none_or_out_of_reach_has_nothing_behind_it(province: Province, query: str) -> None:
    client = sign_in(factories.actor(factories.staff("何主任", "office_head", at=province.bureau)))
    address = f"/desk/figures/behind?figure=received&{query.format(away=province.away.pk)}"
    assert shown(client.get(address).content.decode()) == (0, {}, 0)
    assert client.get(f"{address}&start=99999&from=xyz").status_code == 200


def test_the_figures_of_the_table_are_those_that_are_published(province: Province) -> None:
    client = sign_in(factories.actor(factories.staff("何主任", "office_head", at=province.bureau)))
    below = {str(o) for o in Organisation.objects.filter(parent=province.bureau).values_list("pk", flat=True)}
    for code, _, _, at in PARTS:
        rows = by(compute(province.first, province.last), at, below)
        assert [n for _, n in cells(client, code, province.first, province.last)] == [r[f.code] for r in rows for f in FIGURES]
