"""The demonstration hotline: pools, seats with desk-phone accounts, people, and an edition of the configuration that is in force at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fawang.console.demo_province import MARK, Account

if TYPE_CHECKING:
    from fawang.registry.models import Organisation

ACCOUNTS = (
    Account("lin", "林静", "hotline", ("seat",), ("labour",)),
    Account("xu", "徐文", "hotline", ("seat",), ("family", "housing")),
    Account("ma", "马文清", "hotline", ("seat", "hotline_supervisor")),
    Account("gao", "高远", "hotline", ("hotline_planner",)),
    Account("jin", "金敏", "hotline", ("quality_checker",)),
)
POOLS = (("hefei", "合肥坐席", "340100"), ("wuhu", "芜湖坐席", "340200"), ("scripted", "模拟坐席", "340000"))
SEATS = (*((f"80{n:02d}", "hefei", "browser") for n in range(1, 5)), *((f"80{n:02d}", "hefei", "phone") for n in range(11, 15)), ("8021", "wuhu", "phone"))
EVERY_DAY = {day: ["08:00-21:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
USES = [{"pool": "hefei"}, {"pool": "scripted"}, {"pool": "wuhu", "after": 20}]
DOCUMENT: dict[str, Any] = {
    "numbers": [{"did": "12348", "to": "queue:general"}, {"did": "123480", "to": "menu:main"}],
    "menus": {
        "main": {
            "prompt": "menu_main",
            "options": {
                "1": {"to": "queue:general", "name": "法律咨询"},
                "2": {"to": "queue:general", "needs": ["topic:labour"], "name": "法律援助"},
                "3": {"to": "queue:general", "name": "人民调解"},
                "4": {"to": "voicemail", "name": "投诉留言"},
                "9": {"to": "queue:general", "emergency": True, "name": "紧急求助"},
            },
            "otherwise": "queue:general",
        }
    },
    "queues": {
        "general": {
            "name": ["综合法律服务", "General legal services"], "pools": USES, "relax": [{"after": 20, "drop": ["topic:"]}],
            "longest_wait": 600, "at_limit": "callback", "wrap_up": 60,
        },
    },
    "hours": {"day": EVERY_DAY},
    "partners": {
        "12345": {"name": ["12345政务服务便民热线", "12345 government hotline"], "target": "trunk:carrier/12345"},
        "110": {"name": ["公安110", "Police"], "target": "trunk:carrier/110", "emergency": True},
        "119": {"name": ["消防119", "Fire"], "target": "trunk:carrier/119", "emergency": True},
        "120": {"name": ["急救120", "Ambulance"], "target": "trunk:carrier/120", "emergency": True},
    },
    "dialling": [{"pattern": "1[3-9][0-9]{9}|0[0-9]{9,11}", "roles": ["seat"]}],
    "dial_by": "trunk:carrier/",
    "music": "tone:440/400",
}  # fmt: skip


def load_hotline() -> None:
    """Load it unless there are seats already. Joins the caller's transaction."""
    from django.conf import settings

    from fawang.hotline import configurations
    from fawang.hotline.equipment import keys_of
    from fawang.hotline.models import ConfigVersion, Seat, SeatPool
    from fawang.people.actors import SYSTEM
    from fawang.registry.models import Organisation

    office = Organisation.objects.filter(kind="hotline_platform", demo=True).first()
    if office is None or SeatPool.objects.exists():
        return
    pools = {code: SeatPool.objects.create(code=code, name=name + MARK, office=office, region_code=region, demo=True) for code, name, region in POOLS}
    for number, pool, kind in SEATS:
        keys = keys_of(number, settings.DEMO_PASSWORD) if kind == "phone" else ""
        Seat.objects.create(number=number, pool=pools[pool], kind=kind, account_keys=keys, demo=True)
    _people(office)
    if not ConfigVersion.objects.exists():
        edition = configurations.draft(actor=SYSTEM, document=DOCUMENT, note="演示配置", demo=True)
        configurations.simulate(actor=SYSTEM, version_id=edition.pk)
        configurations.let_live(actor=SYSTEM, version_id=edition.pk)


def _people(office: Organisation) -> None:
    from fawang.console.demo import make_account
    from fawang.people.models import Staff

    for account in ACCOUNTS:
        if not Staff.objects.filter(username=account.username).exists():
            make_account(account, office)


def lines() -> list[str]:
    """What the screen says about the hotline: where to dial, and how a desk phone signs in."""
    from django.conf import settings

    from fawang.hotline import speech

    if not settings.HOTLINE:
        return []
    silent = "热线提示音为单音：未安装 espeak-ng / Prompts are tones: no espeak-ng (apt-get install espeak-ng, then ./run fawang hotline prompts)"
    where = f"{settings.SIP_HOST}:{settings.SIP_PORT}"
    phones = "、".join(number for number, _, kind in SEATS if kind == "phone")
    return [
        f"热线 Hotline  拨 dial sip:12348@{where}；坐席 seats: /desk/hotline/（lin、xu、ma）",
        f"  话机账号 phone accounts {phones}，口令 secret：{settings.DEMO_PASSWORD}；模拟坐席 scripted seats: ./run fawang hotline demo-seat --number 3",
        *([] if speech.has_voice() else [silent]),
    ]
