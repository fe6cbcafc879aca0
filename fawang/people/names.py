"""Names of people: whoever has one keeps it, whatever its characters."""

from __future__ import annotations

from fawang.kernel.text_safety import ValueProblem, check_text

PROBLEMS: dict[str, tuple[str, str]] = {"name.empty": ("请填写姓名。", "Please give a name.")}
_DOTS = "•・･‧∙⋅"


def check_name(text: str) -> str:
    """The name unchanged. Raises ``ValueProblem`` when empty, too long (100) or unsafe."""
    if not text.strip():
        raise ValueProblem("name.empty")
    return check_text(text, max_length=100, single_line=True)


def suggested_form(text: str) -> str:
    """The form with the standard middle dot U+00B7, to offer, never to impose."""
    return "".join("·" if ch in _DOTS else ch for ch in text)
