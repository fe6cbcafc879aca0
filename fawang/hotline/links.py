"""Messages with a link, so that what began on the telephone goes on online (H-06)."""

from __future__ import annotations

from django.conf import settings

from fawang.hotline.machine.turn import Turn
from fawang.hotline.models import CallTicket
from fawang.matters.models import Matter
from fawang.people.notices import notice_enqueue


def address(path: str) -> str:
    """An address of the portal as people can open it."""
    return f"{(settings.PUBLIC_URL or f'http://127.0.0.1:{settings.PORT}').rstrip('/')}{path}"


def send_portal_link(here: Turn) -> bool:
    """The portal's address to a waiting caller's mobile; ``False`` when the number takes no messages."""
    call = here.call
    if call.caller_kind != "mobile":
        return False
    notice_enqueue(
        person=call.person if call.match == "known" else None, matter_id=None, channel="sms", to=call.caller or "", template="hotline_portal",
        body=f"您可以在网上提问，不用排队：{address('/ask')}，听不清的可用文字服务：{address('/ask?text=1')}（12348公共法律服务）", dedup_key=f"portal:{call.pk}",
    )  # fmt: skip
    here.note("link_sent")
    return True


def send_matter_link(ticket: CallTicket, matter: Matter) -> bool:
    """Number and lookup code of a matter to whom it belongs; ``False`` when there is no mobile. Safe-contact people get neutral words."""
    party = matter.parties.filter(ended_at=None).exclude(phone_index=b"").order_by("pk").first()
    if party is None or not party.phone:
        return False
    notice_enqueue(
        person=party.person, matter_id=matter.pk, channel="sms", to=party.phone, template="hotline_link",
        body=f"您的事项{matter.number}可在网上继续办理：{address('/track')}，查询码{matter.lookup_code}，请勿告诉他人。（12348）",
        dedup_key=f"link:{ticket.pk}:{matter.pk}",
    )  # fmt: skip
    return True
