"""A small province, a strange one beside it, one matter of each sort, and everybody who might want to look at them.

Whoever acts is named by his *post* (a role at a place) or by his *relation* to the matters. Places, seen from the legal
aid agency that has the consultation: ``same`` office, ``above`` (the city's justice bureau), ``other`` (an office of
another city), ``beyond`` (another province).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from fawang.kernel import clock, crypto
from fawang.kernel.context import acting
from fawang.matters import actions, conversation
from fawang.matters.attachments import add_attachment, scan_waiting
from fawang.matters.intake import Request, Visitor, receive
from fawang.matters.models import Matter
from fawang.matters.parties import PartyWords
from fawang.matters.services import lock, take_step
from fawang.people.actors import ANONYMOUS, Actor, actor_of_staff
from fawang.people.models import Person, Staff
from fawang.people.roles import ROLES
from fawang.registry.imports import check_import
from fawang.registry.models import Organisation
from tests import factories
from tests.access.reading import shelve
from tests.access.telephone import connect

COMPLAINANT = {"name": "韩金丝雀", "phone": "13900004417", "identity_number": "340104198807154410"}
QUESTIONER = {"name": "卫当事", "phone": "13900005523", "identity_number": "340104197912035523"}
COMPLAINT_WORDS = "金丝雀原话：律师态度恶劣还要加钱"
NOTE = "内部金丝雀备注：对方是熟人，注意回避"
FAR_WORDS = "外市金丝雀事项：邻居装修漏水到我家"
PLACES = ("same", "above", "other", "beyond")
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody at a browser. ``role``/``place`` of a post; ``relation`` of those who stand in one to the matters."""

    name: str
    kind: str
    role: str = ""
    place: str = ""
    relation: str = ""


@dataclass
class World:
    """What there is, and a client for everybody."""

    offices: dict[str, Organisation] = field(default_factory=dict)
    matters: dict[str, Matter] = field(default_factory=dict)
    objects: dict[str, Any] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    staff: dict[str, Staff] = field(default_factory=dict)
    clients: dict[Who, Client] = field(default_factory=dict)

    def who(self, name: str) -> Who:
        """Somebody by name."""
        return next(w for w in self.clients if w.name == name)


def staff_client(account: Staff, *holds: Matter, stage: str = "") -> Client:
    """A client whose session is this account's, as the sign-in leaves it."""
    client = Client()
    session = client.session
    session["staff_id"], session["epoch"] = str(account.pk), account.session_epoch
    if stage:
        session["stage"] = stage
    if holds:
        session["holds"] = [str(m.pk) for m in holds]
    session.save()
    return client


def public_client(person: Person | None = None, *holds: Matter) -> Client:
    """A client of the public: nobody, a proven phone, or the holder of codes."""
    client = Client()
    if person or holds:
        session = client.session
        if person:
            session["person_id"] = str(person.pk)
        if holds:
            session["holds"] = [str(m.pk) for m in holds]
        session.save()
    return client


def build(move: Callable[[timedelta], None], folder: Path) -> World:
    """Make it all, through the product's own services. ``move`` advances the stopped clock, ``folder`` takes the hotline's sound."""
    factories.taxonomy()
    world = World()
    _offices(world)
    _cast(world)
    _consultation(world)
    _complaint(world)
    _rest(world)
    shelve(world.objects)
    _posts(world)
    _hotline(world, move, folder)
    return world


def _offices(world: World) -> None:
    place = world.offices
    place["department"] = factories.office("provincial_justice_department", "340000", "甲省司法厅")
    place["above"] = factories.office("justice_bureau", "340100", "甲市司法局", place["department"])
    place["same"] = factories.office("legal_aid_agency", "340100", "甲市法律援助中心", place["above"])
    place["centre"] = factories.office("service_center", "340100", "甲市公共法律服务中心", place["above"])
    place["other_above"] = factories.office("justice_bureau", "340200", "乙市司法局", place["department"])
    place["other"] = factories.office("legal_aid_agency", "340200", "乙市法律援助中心", place["other_above"])
    place["beyond"] = factories.office("justice_bureau", "350100", "外省司法局")


def _cast(world: World) -> None:
    at, made = world.offices, world.staff
    made["assignee"] = factories.staff("李承办", "adviser", at=at["same"], is_adviser=True)
    made["former"] = factories.staff("钱前任", "adviser", at=at["same"], is_adviser=True)
    made["conflicted"] = factories.staff("孙对方", "adviser", at=at["same"], is_adviser=True, phone="13700000077")
    made["complained"] = factories.staff("周被诉", "adviser", at=at["same"], is_adviser=True)
    made["first_contact"] = factories.staff("吴首问", "window_clerk", at=at["centre"])
    made["dispatcher"] = factories.staff("王派单", "dispatcher", at=at["same"])
    made["handler"] = factories.staff("郑投诉", "complaint_handler", at=at["above"])
    made["idle"] = factories.staff("冯无岗", at=at["same"])
    made["left"] = factories.staff("陈离任", "supervisor", at=at["above"])
    made["fresh"] = factories.staff("褚新人", "supervisor", at=at["above"])
    world.people["owner"] = factories.citizen(QUESTIONER["name"], QUESTIONER["phone"])
    world.people["stranger"] = factories.citizen("蒋路人", "13900000002")
    for person in world.people.values():
        person.phone_index, person.phone_verified_at = crypto.blind("phone", person.phone), clock.now()
        person.save()


def _consultation(world: World) -> None:
    """Taken in at the window, handled by one lawyer, handed to another, answered and asked back; a pool matter beside it."""
    at, cast = world.offices, world.staff
    clerk, dispatcher, lawyer = (actor_of_staff(cast[n]) for n in ("first_contact", "dispatcher", "assignee"))
    visitor = Visitor(**QUESTIONER, region_code="340100")
    with acting(door="window", actor=clerk.ref()):
        received = receive(
            actor=clerk, visitor=visitor, office=at["same"],
            requests=[Request(process="consultation", title="房东扣押金两千元不退怎么办", region_code="340100", category_code="labour.wages", form={"opponent": "孙对方"})],
        )  # fmt: skip
    matter = received.matters[0]
    matter.parties.filter(relation="applicant").update(person=world.people["owner"])
    with acting(door="desk", actor=dispatcher.ref()):
        actions.add_matter_party(actor=dispatcher, matter_id=matter.pk, words=PartyWords("opponent", "孙对方", staff_id=cast["conflicted"].pk))
        actions.assign(actor=dispatcher, matter_id=matter.pk, staff_id=cast["former"].pk)
        actions.assign(actor=dispatcher, matter_id=matter.pk, staff_id=cast["assignee"].pk)
    with acting(door="desk", actor=lawyer.ref()):
        take_step(actor=lawyer, matter_id=matter.pk, verb="answer", data={"body": "押金应当退还，可以起诉。", "citations": "《民法典》第七百一十条"})
        conversation.write_note(actor=lawyer, matter_id=matter.pk, body=NOTE)
        for name, audience in (("public", "public"), ("internal", "internal")):
            upload = SimpleUploadedFile(f"{name}.pdf", PDF + name.encode())
            world.objects[f"file_{name}"] = add_attachment(actor=lawyer, matter=lock(matter.pk), upload=upload, name=f"{name}.pdf", audience=audience)  # type: ignore[arg-type]
        scan_waiting()
    holder = ANONYMOUS.holding(matter.pk)
    with acting(door="web", actor=holder.ref()):
        take_step(actor=holder, matter_id=matter.pk, verb="follow_up", data={"body": "起诉要准备什么？"})
    matter.refresh_from_db()
    world.matters["consultation"] = matter
    world.objects |= {"paper": matter.documents.get(), "intake": received.intake}
    with acting(door="web"):
        pool = receive(
            actor=ANONYMOUS, visitor=Visitor(name="沈待派", phone="13900000003"), office=at["same"],
            requests=[Request(process="consultation", title="公司不签劳动合同能要双倍工资吗", region_code="340100", form={})],
        )  # fmt: skip
        far = receive(
            actor=ANONYMOUS, visitor=Visitor(name="许外市", phone="13900006631"), office=at["other"],
            requests=[Request(process="consultation", title=FAR_WORDS, region_code="340200", form={})],
        )  # fmt: skip
    world.matters |= {"pool": pool.matters[0], "far": far.matters[0]}


def _complaint(world: World) -> None:
    """About a named lawyer; it has a handler at the bureau."""
    form = {"target": "lawyer", "respondent": "周被诉", "conduct": "attitude"}
    with acting(door="web"):
        received = receive(
            actor=ANONYMOUS, visitor=Visitor(**COMPLAINANT), office=world.offices["above"],
            requests=[Request(process="complaint", title=COMPLAINT_WORDS, region_code="340100", form=form)],
        )  # fmt: skip
    matter = received.matters[0]
    boss = Actor("staff", "", staff_id=world.staff["handler"].pk, office_id=world.offices["above"].pk, grants=actor_of_staff(world.staff["handler"]).grants)
    with acting(door="desk", actor=boss.ref()):
        actions.assign(actor=boss, matter_id=matter.pk, staff_id=world.staff["handler"].pk)
        take_step(actor=boss, matter_id=matter.pk, verb="accept", data={})
        take_step(actor=boss, matter_id=matter.pk, verb="ask_statement", data={"question": "请说明当天的接待经过。"})
    matter.refresh_from_db()
    world.matters["complaint"] = matter
    world.matters["statement"] = Matter.objects.get(process_code="statement")


def _rest(world: World) -> None:
    registrar = factories.staff("杨登记", "registrar", at=world.offices["above"])
    world.staff["registrar"] = registrar
    with acting(door="desk", actor=actor_of_staff(registrar).ref()):
        table = "机构种类,名称,行政区划代码\n不知道,没有种类的机构,999999\n".encode()
        world.objects["batch"] = check_import(actor=actor_of_staff(registrar), kind="organisations", file_name="机构.csv", content=table)


def _posts(world: World) -> None:
    made = world.clients
    for role in ROLES:
        for place in PLACES:
            account = factories.staff(f"{role}在{place}", role, at=world.offices[place], is_adviser=role == "adviser")
            world.staff[f"{role}@{place}"] = account
            made[Who(f"{role}@{place}", "staff", role, place)] = staff_client(account)
    consultation, pool = world.matters["consultation"], world.matters["pool"]
    for name, role in (
        ("assignee", "adviser"), ("former", "adviser"), ("conflicted", "adviser"), ("complained", "adviser"), ("dispatcher", "dispatcher"),
        ("idle", ""),
    ):  # fmt: skip
        made[Who(name, "staff", role, "same", name)] = staff_client(world.staff[name])
    made[Who("first_contact", "staff", "window_clerk", "centre", "first_contact")] = staff_client(world.staff["first_contact"])
    made[Who("handler", "staff", "complaint_handler", "above", "handler")] = staff_client(world.staff["handler"])
    made[Who("registrar", "staff", "registrar", "above", "registrar")] = staff_client(world.staff["registrar"])
    made[Who("conflicted with the code", "staff", "adviser", "same", "conflicted")] = staff_client(world.staff["conflicted"], consultation)
    made[Who("complained with the code", "staff", "adviser", "same", "complained")] = staff_client(world.staff["complained"], world.matters["complaint"])
    made[Who("left", "nobody")] = staff_client(world.staff["left"])
    Staff.objects.filter(pk=world.staff["left"].pk).update(state="left")
    made[Who("without a device", "halfway")] = staff_client(world.staff["fresh"], stage="totp")
    made[Who("anonymous", "nobody")] = public_client()
    made[Who("holder", "nobody", relation="holder")] = public_client(None, consultation, pool)
    made[Who("owner", "citizen", relation="owner")] = public_client(world.people["owner"])
    made[Who("stranger", "citizen")] = public_client(world.people["stranger"])


def _hotline(world: World, move: Callable[[timedelta], None], folder: Path) -> None:
    line = connect(move, folder)
    world.objects |= {"ticket": line.ticket, "ticket_about": line.about, "sound": line.recording, "sound_about": line.recording_about}
    from fawang.hotline.models import ConfigVersion

    world.objects["edition"] = ConfigVersion.objects.get(state="live")
    world.staff |= line.staff
    roles = {"call_author": "seat", "call_second": "seat", "call_other": "seat", "call_boss": "hotline_supervisor", "call_checker": "quality_checker"}
    for name, account in line.staff.items():
        world.clients[Who(name, "staff", roles[name], "platform", name)] = staff_client(account)
