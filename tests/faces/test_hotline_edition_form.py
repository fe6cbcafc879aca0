"""The form of an edition: what goes in comes out, what is wrong is said at its field, and nothing typed is lost."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from fawang.console.demo_hotline import DOCUMENT as SHIPPED
from fawang.faces.desk import hotline_form as forms
from fawang.faces.desk.hotline_edition_words import WORDS
from fawang.hotline import configurations
from fawang.hotline.configuration import Document, parse
from fawang.hotline.models import ConfigVersion, SeatPool
from fawang.people.actors import SYSTEM
from tests.browser.exchange import EDITION
from tests.faces.hotline_controls import Controls
from tests.faces.test_hotline_pages import key, shown, sign_in
from tests.faces.test_hotline_planning import somebody
from tests.hotline.conftest import make_world, world  # noqa: F401 - the same hotline
from tests.hotline.world import DOCUMENT as TRIED
from tests.hotline.world import World

EDITIONS = {"demonstration": SHIPPED, "browser tests": EDITION, "hotline tests": TRIED}


def drafted(document: dict[str, Any]) -> ConfigVersion:
    """A draft of this document, its pools made first."""
    parsed, office = parse(document), SeatPool.objects.first()
    assert office is not None
    for code in {u.pool for q in parsed.queues.values() for u in q.pools}:
        SeatPool.objects.get_or_create(code=code, defaults={"name": code, "office": office.office, "region_code": "340000"})
    return configurations.draft(actor=SYSTEM, document=copy.deepcopy(document))


@pytest.fixture
def planner(world: World) -> Client:  # noqa: F811
    """Whoever draws up editions."""
    return sign_in(somebody(world, "高远", "hotline_planner"))


def opened(client: Client, row: ConfigVersion) -> tuple[str, dict[str, list[str]]]:
    """Address and controls of a draft's form."""
    at = f"/desk/hotline/plan/{row.pk}"
    return at, Controls(shown(client, at)).found


def sent(client: Client, at: str, form: dict[str, list[str]], **more: str) -> Any:
    return client.post(f"{at}/revise", {**form, **more})


# -- what goes in comes out --------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("name", EDITIONS)
def test_an_edition_saved_as_its_page_shows_it_is_the_very_same_document(world: World, planner: Client, name: str) -> None:  # noqa: F811
    row = drafted(EDITIONS[name])
    at, form = opened(planner, row)
    assert sent(planner, at, form).status_code == 302
    row.refresh_from_db()
    assert row.document == EDITIONS[name]


CODES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
WORD = st.text(st.characters(categories=["Lu", "Ll", "Lo", "Nd"]), min_size=1, max_size=8)
TAGS = st.lists(st.sampled_from(["topic:labour", "topic:family", "lang:en", "region:3401", "topic:别处"]), unique=True, max_size=3)
SPAN = st.sampled_from(["00:00-24:00", "08:30-12:00", "13:30-17:30"])


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Editions of every kind of part, all of them sound."""
    queues = draw(st.lists(CODES, min_size=1, max_size=3, unique=True))
    menus = draw(st.lists(CODES, max_size=2, unique=True))
    hours = draw(st.lists(CODES.filter(lambda c: c != "always"), max_size=2, unique=True))
    ways = st.sampled_from([*(f"queue:{q}" for q in queues), "voicemail", "callback", "goodbye"])
    when = st.sampled_from(["always", *hours])
    seconds = st.integers(1, 86_400)

    def queue() -> dict[str, Any]:
        pools = [
            {"pool": draw(CODES)},
            *draw(st.lists(st.builds(dict, pool=CODES, after=st.integers(0, 3600), when=st.sampled_from(["always", "day", "night"])), max_size=2)),
        ]
        offer = draw(st.none() | st.builds(dict, after=seconds, every=seconds, callback=st.sampled_from(["", "1", "*"])))
        return {
            "name": [draw(WORD), draw(WORD)], "pools": pools, "needs": draw(TAGS), "hours": draw(when), "ring": draw(seconds), "offer": offer,
            "order": draw(st.sampled_from(["longest_idle", "fair_share"])), "priority": draw(st.integers(0, 9)), "longest_wait": draw(seconds),
            "relax": draw(st.lists(st.builds(dict, after=seconds, drop=TAGS), max_size=2)), "at_limit": draw(st.sampled_from(["voicemail", "callback", "goodbye"])),
        }  # fmt: skip

    def menu() -> dict[str, Any]:
        option = st.builds(
            dict, to=ways, needs=TAGS, priority=st.integers(0, 9), emergency=st.booleans(), language=st.sampled_from(["", "en", "bo"]), name=WORD | st.just("")
        )
        return {
            "prompt": draw(WORD),
            "options": draw(st.dictionaries(st.sampled_from("0123456789*#"), option, max_size=3)),
            "otherwise": draw(ways),
            "tries": draw(st.integers(1, 5)),
        }

    days = st.dictionaries(st.sampled_from(["mon", "tue", "sat", "sun", "holidays"]), st.lists(SPAN, min_size=1, max_size=2), max_size=3)
    partner = st.builds(dict, name=st.tuples(WORD, WORD).map(list), target=WORD.map("trunk:".__add__), emergency=st.booleans())
    survey = st.none() | st.builds(dict, levels=st.dictionaries(st.sampled_from("123456789"), st.integers(1, 5), max_size=4), tries=st.integers(1, 3))
    return parse(
        {
            "numbers": draw(st.lists(st.builds(dict, did=WORD, to=ways, region=st.sampled_from(["", "340100", "999999"])), min_size=1, max_size=3)),
            "queues": {code: queue() for code in queues}, "menus": {code: menu() for code in menus}, "hours": {code: draw(days) for code in hours},
            "trunks": draw(st.lists(st.builds(dict, name=CODES, proxy=WORD, sources=st.lists(WORD, max_size=2), max_legs=st.integers(0, 500)), max_size=2)),
            "partners": draw(st.dictionaries(WORD, partner, max_size=2)), "dialling": draw(st.lists(st.builds(dict, pattern=WORD, roles=TAGS), max_size=2)),
            "survey": draw(survey), "callbacks": {"hours": draw(when), "automatic": draw(st.booleans()), "capacity": draw(st.integers(1, 1000))},
            "thresholds": {"service_level": draw(st.floats(0, 1)), "queue_length": draw(st.integers(0, 10**6))}, "limits": {"talk": draw(seconds)},
            "supervising": {"tell_seat": draw(st.booleans())}, "keep_recordings_days": draw(st.integers(30, 4000)), "music": draw(WORD),
        }
    )  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(documents())
def test_any_edition_comes_out_of_its_form_as_it_went_in_and_in_one_wording_only(document: Document) -> None:
    made = forms.gather(forms.spread(document))
    assert made.faults == {}
    assert parse(made.document) == document
    assert forms.gather(forms.spread(parse(made.document))).document == made.document


def test_every_declared_field_has_words_in_both_languages_and_no_words_stand_about_what_is_not_declared() -> None:
    seen: set[str] = {"Document", "Document.own"}

    def walk(model: Any) -> None:
        for name, info in model.model_fields.items():
            seen.add(f"{model.__name__}.{name}")
            for inner in re.findall(r"configuration\.(\w+)", repr(info.annotation)):
                walk(getattr(__import__("fawang.hotline.configuration", fromlist=[inner]), inner))

    walk(Document)
    assert set(WORDS) == seen
    assert [name for name, word in WORDS.items() if not (word.zh and word.en) or bool(word.help[0]) != bool(word.help[1])] == []
    assert [name for name, word in WORDS.items() if word.row[0] and not re.search("[一-鿿]", word.row[0])] == []


# -- rows --------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_without_scripts_a_button_draws_one_row_more_or_less_keeps_what_was_typed_and_saves_nothing(world: World, planner: Client) -> None:  # noqa: F811
    row = drafted(TRIED)
    at, form = opened(planner, row)
    form["queues.1.ring"] = ["二十"]
    more = sent(planner, at, form, _act="add:queues.1.pools")
    assert more.status_code == 200
    again = Controls(more.content.decode()).found
    assert again["queues.1.ring"] == ["二十"]
    assert (again["queues.1.pools.3._row"], again["queues.1.pools.3.pool"], again["queues.1.pools.3.after"]) == (["1"], [""], ["0"])
    less = Controls(sent(planner, at, again, _act="drop:queues.1.pools.1").content.decode()).found
    assert [n for n in range(5) if f"queues.1.pools.{n}._row" in less] == [0, 2, 3]
    row.refresh_from_db()
    assert row.document == TRIED
    less["queues.1.ring"], less["queues.1.pools.3.pool"], less["queues.1.pools.3.after"] = ["22"], ["wuhu"], ["75"]
    assert sent(planner, at, less).status_code == 302
    row.refresh_from_db()
    assert row.document["queues"]["general"]["pools"] == [{"pool": "hefei"}, {"pool": "night", "when": "night"}, {"pool": "wuhu", "after": 75}]
    assert row.document["queues"]["general"]["ring"] == 22
    assert planner.post(f"{at}/revise", {**form, "_act": "add:limits"}).status_code == 404
    assert planner.post(f"{at}/revise", {**form, "_act": "swap:queues"}).status_code == 404


@pytest.mark.django_db
def test_a_new_menu_can_be_made_from_nothing_and_led_to(world: World, planner: Client) -> None:  # noqa: F811
    row = drafted(EDITION)
    at, form = opened(planner, row)
    form = Controls(sent(planner, at, form, _act="add:menus").content.decode()).found
    form["menus.0._key"], form["menus.0.prompt"], form["menus.0.otherwise"] = ["main"], ["menu_main"], ["queue:general"]
    form = Controls(sent(planner, at, form, _act="add:menus.0.options").content.decode()).found
    form["menus.0.options.0._key"], form["menus.0.options.0.to"], form["numbers.0.to"] = ["1"], ["voicemail"], ["menu:main"]
    assert sent(planner, at, form).status_code == 302
    row.refresh_from_db()
    assert row.document["menus"] == {"main": {"prompt": "menu_main", "options": {"1": {"to": "voicemail"}}, "otherwise": "queue:general"}}
    assert row.document["numbers"] == [{"did": "12348", "to": "menu:main"}]


# -- faults ------------------------------------------------------------------------------------------------------------------------------

# Named parts stand in the order the database keeps them: "labour" before "general".
WRONG = [
    ({"queues.0.ring": ["很久"]}, "queues.0.ring", "请填一个整数。"),
    ({"queues.1.ring": ["0"]}, "queues.1.ring", "不能小于1。"),
    ({"queues.0.longest_wait": ["86401"]}, "queues.0.longest_wait", "不能大于86400。"),
    ({"numbers.1.to": ["queue:nowhere"]}, "numbers.1.to", "没有nowhere这个队列或菜单"),
    ({"queues.1._key": ["labour"]}, "queues.1._key", "和前面一行重复了。"),
    ({"queues.1._key": [""]}, "queues.1._key", "请填写。"),
    ({"queues.0._key": ["General 1"]}, "queues.0._key", "代码用小写字母开头"),
    ({"menus.0.options.3.to": ["menu:gone"]}, "menus.0.options.3.to", "没有gone这个队列或菜单"),
    ({"menus.0.options.2._key": ["77"]}, "menus.0.options.2._key", "按键须为0-9、*或#"),
    ({"menus.0.otherwise": ["menu:main"]}, "menus.0.otherwise", "来电人会被困住"),
    ({"hours.0.mon": ["早上"]}, "hours.0.mon", "时段写成 08:30-17:30"),
    ({"hours.0.tue": ["17:30-08:30"]}, "hours.0.tue", "时段写成 08:30-17:30"),
    ({"queues.0.hours": ["night"]}, "queues.0.hours", "没有night这个时段"),
    ({"queues.0.name": ["综合", ""]}, "queues.0.name", "名称须有中文和英文"),
    ({"queues.1.pools.1.pool": ["mars"]}, "queues.1.pools.1.pool", "系统里没有这个坐席池：mars"),
    ({"queues.0.pools.0.after": ["5"]}, "queues.0.pools", "至少有一个坐席池从零秒起接听"),
    ({"partners.0.target": ["12345"]}, "partners.0.target", "转接目标须为"),
    ({"dialling.0.pattern": ["("]}, "dialling.0.pattern", "号码规则写错了"),
    ({"thresholds.service_level": ["八成"]}, "thresholds.service_level", "请填一个数，例如0.8。"),
    ({"keep_recordings_days": ["7"]}, "keep_recordings_days", "不能小于30。"),
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize(("changed", "field", "words"), WRONG, ids=[w[1] + " " + w[2] for w in WRONG])
def test_a_fault_is_told_at_its_field_its_part_is_open_and_what_was_typed_stays(
    world: World,  # noqa: F811
    planner: Client,
    changed: dict[str, list[str]],
    field: str,
    words: str,
) -> None:
    row = drafted(TRIED)
    at, form = opened(planner, row)
    assert set(changed) <= set(form), "the form has these fields"
    form.update(changed)
    answer = sent(planner, at, form)
    page = answer.content.decode()
    assert answer.status_code == 422
    name = f"f-{field}".replace(".", "-")
    assert f'<a href="#{name}">' in page
    after = page[page.index(f'id="{name}"') - 900 :][:1800]
    assert re.search(rf'<span class="err"[^>]*>[^<]*{re.escape(words)}', after), after
    told = re.search(rf'<a href="#{name}">([^<]+)：[^<]*{re.escape(words)}', page)
    assert told, "the list at the top says where the fault is"
    assert told[1].count(" › ") >= 1
    part = "own" if "." not in field else field.partition(".")[0]
    assert re.search(rf'data-name="{part}" open', page)
    assert {k: v for k, v in Controls(page).found.items() if k in changed} == changed
    row.refresh_from_db()
    assert row.document == TRIED


@pytest.mark.django_db
def test_what_the_system_does_not_know_stays_chosen_and_says_so(world: World, planner: Client) -> None:  # noqa: F811
    document = copy.deepcopy(TRIED)
    document["numbers"][0]["region"] = "999999"
    row = drafted(document)
    at, form = opened(planner, row)
    assert form["numbers.0.region"] == ["999999"]
    assert "999999（系统里没有）" in shown(planner, at)


# -- the whole as text -------------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_whole_edition_is_copied_out_as_text_and_another_is_pasted_in(world: World, planner: Client) -> None:  # noqa: F811
    row = drafted(TRIED)
    at = f"/desk/hotline/plan/{row.pk}"
    page = shown(planner, at)
    assert page.count('<textarea id="text"') == 1
    changed = {**TRIED, "caller_id": "055112348"}
    assert planner.post(f"{at}/revise", {"_key": key(page), "_act": "text", "text": json.dumps(changed)}).status_code == 302
    row.refresh_from_db()
    assert row.document == changed
    for text, words in (("{", "这段文字不是一个版本"), ("[]", "这段文字不是一个版本"), ('{"numbers": []}', "配置有错")):
        answer = planner.post(f"{at}/revise", {"_key": key(shown(planner, at)), "_act": "text", "text": text})
        assert (answer.status_code, words in answer.content.decode()) == (422, True)
        assert text.replace('"', "&quot;") in answer.content.decode()
    row.refresh_from_db()
    assert row.document == changed
