"""好差评 by telephone: the key pressed after a call becomes the rating of the matter that call became."""

from __future__ import annotations

from fawang.hotline.callbacks import owe
from fawang.hotline.models import Call
from fawang.kernel.context import acting
from fawang.kernel.errors import Refusal
from fawang.oversight.models import Rating
from fawang.oversight.services import BAD, rate
from fawang.people.actors import ANONYMOUS


def rate_call(call_id: str) -> Rating | None:
    """Rate the matter of a call's ticket with the key pressed, once. ``None`` while key, ticket or matter is missing. Call inside a transaction.

    A matter that cannot be rated yet (a complaint just begun) keeps no rating; a bad key is then owed a call back by somebody else.
    """
    call = Call.objects.filter(pk=call_id).select_related("ticket", "ticket__matter").first()
    ticket = getattr(call, "ticket", None) if call is not None else None
    if call is None or call.survey_level is None or ticket is None or ticket.matter is None:
        return None
    matter = ticket.matter
    if Rating.objects.filter(matter=matter).exists():
        return None
    actor = ANONYMOUS.holding(matter.pk)
    try:
        with acting(actor=actor.ref(), door="hotline"):
            return rate(actor=actor, matter_id=matter.pk, level=call.survey_level)
    except Refusal:
        if call.survey_level <= BAD and call.caller_index:
            owe(
                reason="rating", phone=call.caller or "", queue_code=call.queue_code, source_call=call, ticket=ticket, not_by=call.agent_id,
            )  # fmt: skip
        return None
