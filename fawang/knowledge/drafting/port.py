"""The port to a language model: words in, words out, or one of a few failures. Nothing of it is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from fawang.kernel.errors import Refusal, catalogue

MARK = "【机器草稿"
"""Stands before every draft and every struck citation in an answer's text; an answer that still holds it is not sent."""
LABEL = f"{MARK}，未经律师核对，核对后请删去这一行】"

catalogue(
    {
        "draft.off": ("没有接入起草辅助。", "No drafting helper is connected."),
        "draft.unreachable": ("起草辅助连不上，您写的内容都还在。", "The drafting helper cannot be reached; what you wrote is kept."),
        "draft.slow": ("起草辅助太慢，已经停止等待，您写的内容都还在。", "The drafting helper was too slow; what you wrote is kept."),
        "draft.big": ("起草辅助给的内容过长，没有采用。", "The drafting helper sent too much; nothing was taken."),
        "draft.cut": ("起草辅助的回答中断了，没有采用。", "The drafting helper's answer broke off; nothing was taken."),
        "draft.nonsense": ("起草辅助的回答读不出来，没有采用。", "The drafting helper's answer could not be read; nothing was taken."),
        "draft.label": (
            "答复里还有机器草稿的标记（{mark}……），请核对后删去，再答复。",
            "The answer still holds marks of a machine's draft ({mark}…): check it and delete them first.",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Ask:
    """What a model is told: how to write, and the facts as data."""

    rules: str
    facts: str


class Drafter(Protocol):
    """Answers with plain text. Raises ``DraftFailed``."""

    def __call__(self, ask: Ask) -> str: ...


class DraftFailed(Refusal):
    """No draft, and why. Nothing has changed."""

    def __init__(self, code: str) -> None:
        super().__init__(code, status=502 if code != "draft.off" else 409)
