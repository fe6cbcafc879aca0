"""Papers as PDF and DOCX from one list of blocks: 公文 habits, A4, page foot with number and verification code.

Knows no domain: a paper is a title, blocks of text, and what stands at its foot. The PDF is PDF/A-2b so that an archive
keeps it; without a Chinese font on the machine it is refused rather than printed with holes.
"""

from __future__ import annotations

import functools
import io
import json
import shutil
import subprocess
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import typst
from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Pt

from fawang.kernel.errors import Refusal, catalogue

catalogue(
    {
        "printing.font": (
            "这台服务器没有中文字体，暂时不能生成PDF，请先用网页打印（管理员：安装 fonts-noto-cjk）。",
            "No Chinese font is installed on this server, so no PDF can be made; please print the page.",
        )
    }
)
_TEMPLATE = (Path(__file__).parent / "paper.typ").read_bytes()
_SERIF = ("FangSong", "FZFangSong-Z02", "Noto Serif CJK SC", "Source Han Serif SC", "SimSun")


class BlockKind(StrEnum):
    """What a block of a paper looks like."""

    HEADING = "heading"
    TEXT = "text"
    ITEM = "item"
    QUOTE = "quote"
    RIGHT = "right"
    PAIR = "pair"
    BLANK = "blank"


@dataclass(frozen=True, slots=True)
class Block:
    """One block. ``label`` stands before the text of a ``pair`` and after the quotation of a ``quote``."""

    kind: BlockKind
    text: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper ready to be printed."""

    title: str
    blocks: tuple[Block, ...]
    number: str = ""
    foot: str = ""
    language: str = "zh"


@functools.cache
def _fonts() -> tuple[str, ...]:
    lister = shutil.which("fc-list")
    if lister is None:
        return ()
    listed = subprocess.run([lister, ":lang=zh", "family"], capture_output=True, text=True, timeout=20, check=False).stdout  # noqa: S603
    return tuple(name for name in _SERIF if name in listed)


def can_print_pdf() -> bool:
    """Whether a Chinese font is there."""
    return bool(_fonts())


def to_pdf(paper: Paper, *, at: datetime) -> bytes:
    """The paper as PDF/A-2b. Raises ``Refusal`` ``printing.font`` where no Chinese font is installed."""
    if not can_print_pdf():
        raise Refusal("printing.font", status=503)
    made = typst.compile(
        _TEMPLATE,
        format="pdf",
        pdf_standards="a-2b",
        timestamp=at.astimezone(UTC).replace(microsecond=0),
        sys_inputs={"paper": json.dumps(asdict(paper)), "fonts": json.dumps(list(_fonts()))},
    )
    if not isinstance(made, bytes):
        raise TypeError("one document was asked for")
    return made


def to_docx(paper: Paper) -> bytes:
    """The paper as an editable DOCX, in 仿宋 where the reader's machine has it."""
    document = Document()
    style = document.styles["Normal"]
    style.font.name, style.font.size = "FangSong", Pt(16)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), "仿宋")
    title = document.add_paragraph()
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    run = title.add_run(paper.title)
    run.bold, run.font.size = True, Pt(22)
    if paper.number:
        document.add_paragraph(paper.number).alignment = WD_ALIGN_PARAGRAPH.CENTER
    for block in paper.blocks:
        _add(document, block)
    if paper.foot:
        document.sections[0].footer.paragraphs[0].text = paper.foot
    document.core_properties.title = paper.title
    document.core_properties.author = ""
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _add(document: Document, block: Block) -> None:  # type: ignore[valid-type]
    text = f"{block.label}：{block.text}" if block.kind is BlockKind.PAIR else block.text
    if block.kind is BlockKind.QUOTE and block.label:
        text = f"{block.text}（{block.label}）"
    paragraph = document.add_paragraph()  # type: ignore[attr-defined]
    run = paragraph.add_run(text)
    if block.kind is BlockKind.HEADING:
        run.bold = True
    elif block.kind is BlockKind.RIGHT:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    elif block.kind in {BlockKind.TEXT, BlockKind.ITEM, BlockKind.QUOTE}:
        paragraph.paragraph_format.first_line_indent = Pt(32)
