"""What was typed, and what an interview knows already, made into a paper. Pure but for the day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from fawang.kernel.errors import Refusal
from fawang.kernel.printing import Block, BlockKind, Paper
from fawang.knowledge.documents.declaration import Template
from fawang.knowledge.documents.loading import places
from fawang.knowledge.interviews.conclusion import shown
from fawang.knowledge.interviews.conditions import holds
from fawang.knowledge.interviews.declaration import UNKNOWN, Answers, Given, Interview
from fawang.knowledge.interviews.flow import Kept, read_answer

OPEN = "＿＿＿＿＿＿"


def prefilled(template: Template, interview: Interview, kept: Kept) -> dict[str, str | Sequence[str]]:
    """What the interview's answers already fill in the form, as it was typed there."""
    found: dict[str, str | Sequence[str]] = {}
    for field in template.fields:
        source = field.fill.get(interview.code)
        if source and (typed := kept.get(source)) and typed != UNKNOWN:
            found[field.code] = typed
    return found


def read_form(template: Template, typed: Mapping[str, str | Sequence[str]]) -> dict[str, Given]:
    """The form's answers. Raises ``Refusal`` ``form.invalid`` with one refusal for each field that needs changing."""
    found: dict[str, Given] = {}
    wrong: dict[str, Refusal] = {}
    for field in template.fields:
        if not holds(field.question.when, found):
            continue
        given = typed.get(field.code, "")
        if not given or (isinstance(given, str) and not given.strip()):
            if field.required:
                wrong[field.code] = Refusal("field.required", field=field.code)
            continue
        try:
            found[field.code] = read_answer(field.question, given)
        except Refusal as refusal:
            wrong[field.code] = refusal
    if wrong:
        raise Refusal("form.invalid", fields=wrong)
    return found


def fill(template: Template, answers: Answers, *, today: date, number: str = "") -> Paper:
    """The paper; fields left open become lines to be filled by hand."""
    words = {f.code: shown(f.question, answers[f.code]).zh for f in template.fields if f.code in answers and answers[f.code] != UNKNOWN}
    words["today"] = f"{today.year}年{today.month}月{today.day}日"
    blocks = []
    for piece in template.pieces:
        named = places(piece)
        if not holds(piece.when, answers) or (piece.drop and named and not any(n in words for n in named)):
            continue
        first, *rest = _filled(piece.text, words).replace("\r\n", "\n").split("\n")
        blocks.append(Block(piece.kind, first, piece.label))
        blocks += [Block(BlockKind.TEXT if piece.kind is BlockKind.PAIR else piece.kind, line) for line in rest]
    return Paper(template.name.zh, tuple(blocks), number)


def _filled(text: str, words: Mapping[str, str]) -> str:
    out, at = [], 0
    while (start := text.find("{", at)) >= 0 and (end := text.find("}", start)) > 0:
        out += [text[at:start], words.get(text[start + 1 : end], OPEN)]
        at = end + 1
    return "".join([*out, text[at:]])
