"""Sample matters of the demonstration province, brought through the product's own services at earlier hours."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from fawang.kernel import clock
from fawang.kernel.context import acting
from fawang.kernel.errors import Refusal
from fawang.matters.actions import assign, claim
from fawang.matters.intake import Request, Visitor, receive
from fawang.matters.models import Matter
from fawang.matters.services import take_step
from fawang.oversight.services import rate
from fawang.people.actors import ANONYMOUS, Actor, actor_of_staff
from fawang.people.models import Staff

ANSWER = (
    "您好。{point}\n\n依据：请看下面列出的法条。\n\n下一步：先把合同、聊天记录、转账记录等证据保存好，再按答复里的途径办理。"
    "如符合经济困难条件，可以向当地法律援助机构申请免费的法律援助。（演示答复）"
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One question: working days ago, hour, who, what, and how far it has come (0 new … 3 rated)."""

    ago: int
    at: str
    name: str
    question: str
    category: str
    region: str = "340100"
    adviser: str = ""
    stage: str = "new"
    level: int = 0
    point: str = ""
    law: str = ""
    groups: tuple[str, ...] = ()
    door: str = "web"
    extra: dict[str, str] = field(default_factory=dict)


LABOUR = "用人单位应当按约定足额支付劳动报酬；拖欠的，可以向劳动保障监察投诉，也可以申请劳动仲裁。"
SAMPLES = (
    Sample(9, "09:20", "刘桂英", "我儿媳要离婚，孩子才一岁，会判给谁？", "family.children.custody", adviser="li", stage="rated", level=5,
           point="不满两周岁的子女，以由母亲直接抚养为原则。", law="民法典第一千零八十四条", groups=("elderly",)),
    Sample(8, "14:05", "张伟", "房东说墙上有划痕，两千块押金一分不退，合理吗？", "housing.tenancy.deposit", adviser="zhou", stage="rated", level=4,
           point="正常使用造成的损耗，承租人不承担损害赔偿责任。", law="民法典第七百一十条"),
    Sample(7, "10:30", "陈建军", "工地干了四个月，包工头说没结账就不给工钱，怎么办？", "labour.wages.arrears", adviser="li", stage="rated", level=2,
           point=LABOUR, law="劳动合同法第三十条", groups=("migrant_worker",)),
    Sample(6, "15:40", "吴秀兰", "邻居装修砸了墙，我家天花板漏水，他不管。", "housing.neighbours.nuisance", adviser="zhou", stage="rated", level=5,
           point="不动产的相邻各方应当正确处理相邻关系，造成损害的应当赔偿。", law="民法典第二百八十八条"),
    Sample(6, "16:10", "", "健身房关门了，年卡还剩八个月，钱能要回来吗？", "consumer.prepaid.refund", adviser="qian", stage="answered",
           point="经营者以预收款方式提供服务，未按约定提供的，应当退回预付款。", law="消费者权益保护法第五十三条"),
    Sample(5, "09:00", "马小军", "上班路上被电动车撞了，算不算工伤？", "labour.injury.recognition", adviser="li", stage="answered",
           point="上下班途中受到非本人主要责任的交通事故伤害，应当认定为工伤。", law="工伤保险条例第十四条"),
    Sample(4, "11:00", "朱玉梅", "给表弟担保借了五万，他跑了，银行让我还，我能只还一半吗？", "debt.guarantee.surety", adviser="zhou", stage="accepted"),
    Sample(3, "08:40", "胡大勇", "村里说我姐嫁出去了，征地款不给她分。", "rural.collective.share", adviser="qian", stage="facts"),
    Sample(3, "14:20", "林芳", "老公动手打了我，我想让法院不准他靠近。", "family.violence.order", adviser="li", stage="accepted", groups=("woman",)),
    Sample(2, "09:50", "高志远", "公司让我签自愿放弃社保的协议，签了还能要吗？", "labour.insurance.pension", adviser="li", stage="assigned"),
    Sample(1, "10:15", "郭婷", "网上买的手机是翻新机，商家不认，能要三倍赔偿吗？", "consumer.goods.fraud", adviser="zhou", stage="assigned"),
    Sample(1, "15:30", "何平", "厂里要裁员，说没有补偿，这样合法吗？", "labour.contract.dismissal"),
    Sample(1, "16:20", "罗秀珍", "我爸留下的房子，弟弟说女儿没份，是这样吗？", "family.inheritance.statutory", groups=("elderly",), door="window"),
    Sample(0, "00:00", "梁超", "信用卡逾期，催收天天打我同事电话，怎么办？", "debt.bank.collection"),
    Sample(0, "00:00", "", "离婚冷静期还没到，他反悔了怎么办？", "family.divorce.agreement", region="340103"),
    Sample(0, "00:00", "谢·阿不都", "楼上的狗咬了我孩子，医药费谁出？", "tort.personal.animal", region="340104", groups=("minor",)),
)  # fmt: skip


def load_samples(staff: dict[str, Staff]) -> int:
    """Bring every sample at its hour. Joins the caller's transaction; the clock is put back afterwards."""
    actors = {name: actor_of_staff(account) for name, account in staff.items()}
    real = clock.now()
    for number, sample in enumerate(sorted(SAMPLES, key=lambda s: (-s.ago, s.at)), 1):
        began = _moment(sample, real, number)
        with clock.frozen(began) as advance:
            matter = _bring(sample, actors, number)
            _handle(sample, matter, actors, advance, real)
    return len(SAMPLES)


def _moment(sample: Sample, real: datetime, number: int) -> datetime:
    if sample.ago == 0:
        return real - timedelta(minutes=3 * (20 - number))
    day = clock.beijing_date(real)
    left = sample.ago
    while left:
        day -= timedelta(days=1)
        left -= day.weekday() < 5
    return datetime.combine(day, time.fromisoformat(sample.at), clock.BEIJING)


def _bring(sample: Sample, actors: dict[str, Actor], number: int) -> Matter:
    visitor = Visitor(
        name=f"{sample.name}（演示）" if sample.name else "",
        phone=f"138{number:08d}" if sample.name else "",
        region_code=sample.region,
        priority_groups=sample.groups,
        reach_by="sms" if sample.name else "web",
    )
    actor = actors["sun"] if sample.door == "window" else ANONYMOUS
    request = Request(process="consultation", title=sample.question, region_code=sample.region, category_code=sample.category)
    with acting(door=sample.door, actor=actor.ref()):
        return receive(actor=actor, visitor=visitor, requests=[request]).matters[0]


def _handle(sample: Sample, matter: Matter, actors: dict[str, Actor], advance: object, real: datetime) -> None:
    order = ("new", "assigned", "accepted", "facts", "answered", "rated")
    stage = order.index(sample.stage)
    if not stage:
        return
    adviser = actors[sample.adviser]

    def later(minutes: int) -> None:
        if clock.now() + timedelta(minutes=minutes) < real:
            advance(timedelta(minutes=minutes))  # type: ignore[operator]

    later(20)
    try:
        if sample.ago % 2:
            with acting(door="desk", actor=adviser.ref()):
                claim(actor=adviser, matter_id=matter.pk)
        else:
            with acting(door="desk", actor=actors["wang"].ref()):
                assign(actor=actors["wang"], matter_id=matter.pk, staff_id=adviser.staff_id)
    except Refusal:
        return
    with acting(door="desk", actor=adviser.ref()):
        if stage >= 2:
            later(35)
            take_step(actor=adviser, matter_id=matter.pk, verb="accept")
        if sample.stage == "facts":
            later(15)
            take_step(actor=adviser, matter_id=matter.pk, verb="ask_facts", data={"body": "请补充：征地公告的时间、您姐姐户口是否还在村里。（演示）"})
        if stage >= 4:
            later(90)
            data = {"body": ANSWER.format(point=sample.point), "citations": sample.law, "aid_notice": "told"}
            take_step(actor=adviser, matter_id=matter.pk, verb="answer", data=data)
    if sample.stage == "rated":
        later(240)
        holder = ANONYMOUS.holding(matter.pk)
        with acting(door="web", actor=holder.ref()):
            rate(
                actor=holder,
                matter_id=matter.pk,
                level=sample.level,
                comment="讲得很清楚，谢谢。（演示）" if sample.level > 2 else "没有告诉我去哪个窗口。（演示）",
            )
