"""Log lines carry no personal data: identity numbers and phones are masked before they are written."""

from __future__ import annotations

import logging
import re

_ID = re.compile(r"(?<![0-9])([0-9]{6})[0-9]{8}([0-9]{3}[0-9Xx])(?![0-9])")
_PHONE = re.compile(r"(?<![0-9])(1[3-9][0-9])[0-9]{4}([0-9]{4})(?![0-9])")


class Masking(logging.Filter):
    """Replaces the middle of ID numbers and mobile numbers, and line breaks that could forge a line."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        masked = _PHONE.sub(r"\1****\2", _ID.sub(r"\1********\2", message)).replace("\n", "\\n").replace("\r", "\\r")
        if masked != message:
            record.msg, record.args = masked, None
        return True
