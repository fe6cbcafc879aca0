"""Every verb of the room in one place, for the desk, the seat gateway and the commands. Each opens its own transaction and decides its own rights."""

from __future__ import annotations

from fawang.hotline.announcements import announce, withdraw
from fawang.hotline.callbacks import call_back, cancel, request_by_hand
from fawang.hotline.calling import (
    blind_transfer,
    complete_transfer,
    consult,
    dial,
    end_consult,
    hang_up,
    hang_up_with_reason,
    hold,
    make_conference,
    mute,
    pause_recording,
    refuse,
    resume,
    send_digits,
    warn,
)
from fawang.hotline.configurations import draft, let_live, revise, simulate
from fawang.hotline.conversions import convert
from fawang.hotline.recordings import hold as hold_recording
from fawang.hotline.recordings import play
from fawang.hotline.scripted.requests import call_me
from fawang.hotline.seats import beat, end_wrap_up, extend_wrap_up, set_line, set_not_ready, set_ready, sign_off, sign_on
from fawang.hotline.speech import speak_prompt, upload_prompt
from fawang.hotline.supervision import force_state, supervise, switch_pool
from fawang.hotline.supervision import stop as stop_supervising
from fawang.hotline.tickets import close, review, save_field
from fawang.hotline.transcripts import transcribe
from fawang.hotline.voicemails import finish, give_back, take

__all__ = [
    "announce",
    "beat",
    "blind_transfer",
    "call_back",
    "call_me",
    "cancel",
    "close",
    "complete_transfer",
    "consult",
    "convert",
    "dial",
    "draft",
    "end_consult",
    "end_wrap_up",
    "extend_wrap_up",
    "finish",
    "force_state",
    "give_back",
    "hang_up",
    "hang_up_with_reason",
    "hold",
    "hold_recording",
    "let_live",
    "make_conference",
    "mute",
    "pause_recording",
    "play",
    "refuse",
    "request_by_hand",
    "resume",
    "review",
    "revise",
    "save_field",
    "send_digits",
    "set_line",
    "set_not_ready",
    "set_ready",
    "sign_off",
    "sign_on",
    "simulate",
    "speak_prompt",
    "stop_supervising",
    "supervise",
    "switch_pool",
    "take",
    "transcribe",
    "upload_prompt",
    "warn",
    "withdraw",
]
