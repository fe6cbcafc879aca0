"""Whether hours named in a document are open at a moment; ``always`` is a name every document has."""

from __future__ import annotations

from datetime import datetime

from fawang.hotline.configuration import Document
from fawang.hotline.flow import IsOpen
from fawang.registry.hours import open_at


def is_open(document: Document, moment: datetime) -> IsOpen:
    """A question about hours by code, for the pure rules."""

    def answer(code: str) -> bool:
        return code == "always" or open_at(document.hours.get(code, {}), moment)

    return answer
