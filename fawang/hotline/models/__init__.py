"""Rows of the hotline: configuration, seats, calls, queue, tickets, call-backs, recordings, quality, rosters, engines."""

from fawang.hotline.models.callbacks import CallbackAttempt, CallbackRequest, CallbackSlot, Voicemail
from fawang.hotline.models.calls import Call, CallEvent, CallLeg, QueueEntry, Reservation, SupervisionAct, TransferRecord
from fawang.hotline.models.configuration import Announcement, ConfigVersion, Prompt
from fawang.hotline.models.engine import EngineCommand, EngineNode
from fawang.hotline.models.quality import Coaching, QualityAppeal, QualityDraw, QualitySample, QualitySheet
from fawang.hotline.models.recordings import Recording, RecordingPlayback
from fawang.hotline.models.rosters import Settlement, Shift
from fawang.hotline.models.seats import AgentSpell, AgentState, Alarm, Seat, SeatPool
from fawang.hotline.models.tickets import CallTicket, CallWarning, TicketConversion, TicketField

__all__ = [
    "AgentSpell",
    "AgentState",
    "Alarm",
    "Announcement",
    "Call",
    "CallEvent",
    "CallLeg",
    "CallTicket",
    "CallWarning",
    "CallbackAttempt",
    "CallbackRequest",
    "CallbackSlot",
    "Coaching",
    "ConfigVersion",
    "EngineCommand",
    "EngineNode",
    "Prompt",
    "QualityAppeal",
    "QualityDraw",
    "QualitySample",
    "QualitySheet",
    "QueueEntry",
    "Recording",
    "RecordingPlayback",
    "Reservation",
    "Seat",
    "SeatPool",
    "Settlement",
    "Shift",
    "SupervisionAct",
    "TicketConversion",
    "TicketField",
    "TransferRecord",
    "Voicemail",
]
