"""What a waiting caller hears: place and honest wait from our own history, and what he may choose instead of waiting."""

from __future__ import annotations

from datetime import timedelta

from fawang.hotline import announcements, flow
from fawang.hotline.machine.turn import Turn, continues, say
from fawang.hotline.models import AgentState, Call, QueueEntry
from fawang.kernel import clock

HISTORY = timedelta(hours=4)
LEAST = 5
"""So many finished conversations are needed before a wait is announced at all."""


def typical_handling(queue_code: str) -> float | None:
    """Mean seconds from connection to end of the last conversations of the queue; ``None`` without enough of them."""
    since = clock.now() - HISTORY
    rows = Call.objects.filter(queue_code=queue_code, connected_at__gte=since, ended_at__isnull=False).order_by("-ended_at")
    spans = [(c.ended_at - c.connected_at).total_seconds() for c in rows.only("ended_at", "connected_at")[:50] if c.ended_at and c.connected_at]
    return sum(spans) / len(spans) if len(spans) >= LEAST else None


def expected_wait(entry: QueueEntry, place: int) -> int | None:
    """Seconds a caller at that place will likely wait: typical handling × place ÷ agents at work in his pools. ``None``: not known."""
    handling = typical_handling(entry.queue_code)
    working = AgentState.objects.filter(pool_id__in=entry.pools).exclude(state__in=("offline", "not_ready")).count()
    if handling is None or working == 0:
        return None
    return round(handling * place / working)


def announce(here: Turn, entry: QueueEntry) -> bool:
    """Say the place, and the wait in minutes where it is known; urgent announcements first."""
    from fawang.hotline.machine import waiting

    place = waiting.position(entry)
    wait = expected_wait(entry, place)
    codes = announcements.sound_codes(announcements.in_force(how="waiting", queue=entry.queue_code, region=here.call.caller_region))
    codes += ["ahead_before", *flow.spoken_number(place - 1), "ahead_after"] if place > 1 else ["you_are_next"]
    minutes = None if wait is None else max(1, -(-wait // 60))
    if minutes is not None:
        codes += ["wait_before", *flow.spoken_number(minutes), "wait_after"]
    here.note("announced", position=place, minutes=minutes)
    due = here.call.deadline_at
    say(here, codes, "waiting_on")
    here.call.deadline_at = due
    return True


def offer(here: Turn, entry: QueueEntry) -> bool:
    """Offer a call-back, voicemail and a link instead of waiting."""
    queue = here.document.queues[entry.queue_code]
    if queue.offer is None or not here.call.caller_index:
        return False
    due = here.call.deadline_at
    say(here, ["offer_instead"], "offered_instead", interruptible=True, keys=1, wait=6)
    here.call.deadline_at = due
    here.note("offered_instead")
    return True


@continues("waiting_on")
def waiting_on(here: Turn, digits: str) -> None:
    """The words are over; the music goes on by itself."""


@continues("offered_instead")
def chosen_instead(here: Turn, digits: str) -> None:
    """A key: leave the queue for what was offered. None, or another: go on waiting."""
    from fawang.hotline.machine import closing, waiting

    call = here.call
    if call.state != "queued":
        return
    choices = here.document.queues[call.queue_code].offer
    if choices is None or not digits:
        return
    if digits == choices.callback:
        waiting.leave(here, "callback")
        closing.promise(here)
    elif digits == choices.voicemail:
        waiting.leave(here, "voicemail")
        closing.voicemail(here)
    elif digits == choices.link:
        from fawang.hotline import links

        links.send_portal_link(here)
        due = call.deadline_at
        say(here, ["link_sent"], "waiting_on")
        call.deadline_at = due
