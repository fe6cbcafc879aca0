"""Why an Asterisk channel ended, as the port says it: Q.850 causes (ITU-T Q.850) and, where Asterisk tells it, the SIP status (RFC 3261)."""

from __future__ import annotations

from fawang.hotline.engines.commands import RejectCause
from fawang.hotline.engines.events import EndCause

REJECT: dict[RejectCause, int] = {"busy": 17, "unavailable": 20, "forbidden": 21, "not_found": 1, "declined": 21, "overloaded": 42}
"""The Q.850 cause a refusal is made with; chan_pjsip turns it into a SIP status."""
NORMAL, NO_ANSWER_Q850 = 16, 19
BY_CAUSE: dict[int, EndCause] = {
    1: "not_found", 2: "not_found", 3: "unreachable", 16: "normal", 17: "busy", 18: "no_answer", 19: "no_answer", 20: "unreachable", 21: "rejected",
    22: "not_found", 27: "unreachable", 28: "not_found", 34: "unreachable", 38: "unreachable", 41: "unreachable", 42: "unreachable", 44: "media_lost",
    102: "timeout",
}  # fmt: skip
BY_STATUS: dict[int, EndCause] = {
    404: "not_found", 410: "not_found", 484: "not_found", 604: "not_found", 486: "busy", 600: "busy", 403: "rejected", 603: "rejected", 607: "rejected",
    408: "no_answer", 480: "unreachable", 487: "cancelled", 500: "unreachable", 502: "unreachable", 503: "unreachable", 504: "unreachable",
}  # fmt: skip
STATUS_OF: dict[EndCause, int] = {"busy": 486, "not_found": 404, "rejected": 603, "unreachable": 503, "no_answer": 408}


def of_refusal(cause: int, status: int) -> tuple[EndCause, int]:
    """Why a leg we dialled was never answered, and the SIP status (from the cause where Asterisk does not tell it)."""
    if status >= 300:
        return BY_STATUS.get(status, "rejected"), status
    if cause in (0, NORMAL):
        return "unreachable", 0
    found = BY_CAUSE.get(cause, "error")
    return found, STATUS_OF.get(found, 0)


def of_end(cause: int) -> EndCause:
    """Why a leg that could speak ended from the far side."""
    return {44: "media_lost", 102: "timeout", 38: "media_lost"}.get(cause, "normal")  # type: ignore[return-value]
