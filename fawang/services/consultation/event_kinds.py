"""The events a consultation writes beside those of its steps."""

from __future__ import annotations

from fawang.kernel.events import event_kind

event_kind("consultation.draft_asked", "请机器起草", "Draft asked of a machine", keys=("asked_digest", "model", "outcome", "citations", "struck"))
