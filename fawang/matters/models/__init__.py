"""Rows of the one desk: matters, their parties, clocks, assignments, messages, papers."""

from fawang.matters.models.assignment import Assignment
from fawang.matters.models.category import Category, CategoryMapping, CategoryVersion
from fawang.matters.models.clock import Clock, ClockExtension, ClockPause
from fawang.matters.models.matter import ExternalReference, Intake, Matter, MatterLink, MatterParty
from fawang.matters.models.paper import Attachment, Document, Message, QueueTicket, SavedView

__all__ = [
    "Assignment",
    "Attachment",
    "Category",
    "CategoryMapping",
    "CategoryVersion",
    "Clock",
    "ClockExtension",
    "ClockPause",
    "Document",
    "ExternalReference",
    "Intake",
    "Matter",
    "MatterLink",
    "MatterParty",
    "Message",
    "QueueTicket",
    "SavedView",
]
