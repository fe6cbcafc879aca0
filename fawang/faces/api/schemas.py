"""What the API takes and gives."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Schema
from pydantic import ConfigDict


class Strict(Schema):
    """Input: nothing unknown."""

    model_config = ConfigDict(extra="forbid")


class ContactIn(Strict):
    name: str | None = None
    phone: str | None = None


class ConsultationIn(Strict):
    question: str
    category: str | None = None
    region: str
    contact: ContactIn = ContactIn()
    priority_groups: list[str] = []


class ConsultationOut(Schema):
    number: str
    lookup_code: str
    state: str
    due_at: datetime | None
    promised_due_at: datetime | None
    track_url: str


class EntryOut(Schema):
    at: datetime
    kind: str
    text: str
    body: str = ""
    citations: list[str] = []
    articles: list[str] = []


class MatterOut(Schema):
    number: str
    process: str
    state: str
    state_name: str
    told: str
    due_at: datetime | None
    promised_due_at: datetime | None
    opened_at: datetime
    closed_at: datetime | None
    rated: bool
    steps: list[str]
    timeline: list[EntryOut]
    messages: list[EntryOut]


class MessageIn(Strict):
    body: str


class MessageOut(Schema):
    id: str
    at: datetime


class RatingIn(Strict):
    level: int
    comment: str = ""


class RatingOut(Schema):
    level: int
    state: str


class AttachmentOut(Schema):
    id: str
    name: str
    state: str


class StepIn(Strict):
    data: dict[str, Any] = {}


class OpenedOut(Schema):
    number: str
    process: str
    lookup_code: str
    track_url: str


class StepOut(Schema):
    """``opened``: matters the step opened (a complaint), each with the code it is followed by; given here once."""

    state: str
    opened: list[OpenedOut] | None = None


class ProblemOut(Schema):
    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: dict[str, Any] = {}
