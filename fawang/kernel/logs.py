"""What is logged holds no personal data and no secret, whichever handler writes it: messages are masked, exceptions say no words but those of the code.

个人信息保护法 §51 (measures against leaks). A record is masked where it is made, so no handler or formatter, of ours or of a library, ever holds more.
"""

from __future__ import annotations

import errno
import logging
import logging.config
import re
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from types import CodeType, TracebackType
from typing import Any

HIDDEN = "…"
_DIGIT, _GAP = "[0-9０-９]", r"[\s\-·]?"
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<=://)[^/\s@]+@"), f"{HIDDEN}@"),
    (re.compile(r"(?i)\b(pass(?:word|wd|phrase)?|pwd|secret|token|totp|otp|code|key|cookie|session(?:id)?|authorization|sig)(['\"]?\s*[=:]\s*)(?:bearer\s+)?['\"]?[^\s'\",;&)}]+"), rf"\1\2{HIDDEN}"),
    (re.compile(rf"(?<!{_DIGIT}){_DIGIT}{{6}}{_GAP}{_DIGIT}{{8}}{_GAP}{_DIGIT}{{3}}[0-9０-９XxＸｘ](?!{_DIGIT})|(?<!{_DIGIT}){_DIGIT}{{15}}(?!{_DIGIT})"), HIDDEN),
    (re.compile(rf"(?<!{_DIGIT})(?:\+?86{_GAP})?[1１][3-9３-９]{_DIGIT}{_GAP}{_DIGIT}{{4}}{_GAP}{_DIGIT}{{4}}(?!{_DIGIT})|(?<!{_DIGIT})0{_DIGIT}{{2,3}}[\s-]?{_DIGIT}{{7,8}}(?!{_DIGIT})"), HIDDEN),
    (re.compile(rf"(?<!{_DIGIT})(?:{_DIGIT}{{4}}{_GAP}){{3}}{_DIGIT}{{4}}(?:{_GAP}{_DIGIT}{{1,3}})?(?!{_DIGIT})"), HIDDEN),
    (re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z]{2,10}"), HIDDEN),
    (re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z]{26}(?![0-9A-Za-z])"), HIDDEN),
    (re.compile(r"(?i)(?:%[0-9a-f]{2}){2,}|(?:\\u[0-9a-f]{4})+|(?:&#x?[0-9a-f]+;)+|(?:\\x[0-9a-f]{2}){2,}"), HIDDEN),
    (re.compile(r"(\w*(?:Error|Exception|Refusal|Problem|Warning))\((?:'[^']*'|\"[^\"]*\"|[^()]*)\)"), rf"\1({HIDDEN})"),
    (re.compile(rf"[^\x00-\x7f{HIDDEN}][^\x00-\x7f]*(?:[\s·•]*[^\x00-\x7f]+)*"), HIDDEN),
)  # fmt: skip
"""Credentials in addresses and after their names, ID numbers, telephones, bank cards, e-mail, lookup codes, escaped text, exceptions shown by repr, and all that
is not ASCII: the code logs English, so Chinese in a line came from somebody's data."""
_FORGED = str.maketrans({"\n": "\\n", "\r": "\\r", "\x1b": "\\x1b", "\0": "\\0", "\u2028": "\\n", "\u2029": "\\n", "\x85": "\\n"})
_SHORTEST = 4
"""Words of the code shorter than this are not told from a part of somebody's data."""


def masked(text: str) -> str:
    """A line of log without personal data, secrets, or line breaks that could forge another line."""
    text = text.translate(_FORGED)
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


def words_of(error: BaseException) -> str:
    """What an exception may say in a log: its SQLSTATE and constraint, its system error, its catalogue code; else the words that stand in the code that raised it.

    What the code filled in, and all a foreign library made up, is somebody's data until proven otherwise.
    """
    if told := _told_by_database(error):
        return told
    if isinstance(error, OSError) and error.errno:
        return f"[{errno.errorcode.get(error.errno, error.errno)}]"
    if isinstance(code := getattr(error, "code", None), str):
        return masked(code)
    try:
        said = " ".join(str(argument) for argument in error.args) or str(error)
    except Exception:
        return HIDDEN
    return masked(_words_of_the_code(said, list(_constants(error.__traceback__))))


def _told_by_database(error: BaseException) -> str:
    """SQLSTATE, table and constraint; the details it gives hold the row."""
    origin: Any = error if hasattr(error, "sqlstate") else error.__cause__
    if not getattr(origin, "sqlstate", None):
        return ""
    diagnosis = getattr(origin, "diag", None)
    return " ".join(w for w in (origin.sqlstate, getattr(diagnosis, "table_name", None), getattr(diagnosis, "constraint_name", None)) if w)


def _constants(trace: TracebackType | None) -> Iterator[str]:
    """Texts written in the function an exception came from."""
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    todo: list[Any] = list(trace.tb_frame.f_code.co_consts) if trace is not None else []
    while todo:
        constant = todo.pop()
        if isinstance(constant, str):
            yield constant
        elif isinstance(constant, tuple | frozenset):
            todo += constant
        elif isinstance(constant, CodeType):
            todo += constant.co_consts


def _words_of_the_code(said: str, constants: list[str]) -> str:
    """Of ``said`` what stands in the code; everything between is hidden."""
    known = sorted({c for c in constants if len(c.strip()) >= _SHORTEST}, key=len, reverse=True)
    if not said:
        return ""
    out, at = "", 0
    for match in re.finditer("|".join(map(re.escape, known)), said) if known else ():
        out, at = out + (HIDDEN if said[at : match.start()].strip() else "") + match[0], match.end()
    return out + (HIDDEN if said[at:].strip() else "")


def masked_trace(error: BaseException) -> str:
    """A traceback with its causes: where it happened and what class it was; no values, and no words but the code's own."""
    lines: list[str] = []
    seen: set[int] = set()
    todo: list[tuple[BaseException, str]] = [(error, "")]
    while todo:
        one, link = todo.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        lines += [link] if link else []
        lines += [line.rstrip("\n") for line in traceback.format_tb(one.__traceback__)]
        words = words_of(one)
        lines.append(f"{type(one).__module__}.{type(one).__qualname__}" + (f": {words}" if words else ""))
        if one.__cause__ is not None:
            todo.append((one.__cause__, "caused by:"))
        elif one.__context__ is not None and not one.__suppress_context__:
            todo.append((one.__context__, "while handling:"))
        todo += [(inner, "together with:") for inner in getattr(one, "exceptions", ())]
    return "\n".join(lines)


def _described(value: Any) -> Any:
    """An exception among a message's arguments says no more than in a traceback."""
    return f"{type(value).__name__}: {words_of(value)}" if isinstance(value, BaseException) else value


class MaskedRecord(logging.LogRecord):
    """A record whose message, exception and arguments are masked before anything can write it."""

    def __init__(self, name: str, level: int, pathname: str, lineno: int, msg: object, args: Any, exc_info: Any, *rest: Any, **more: Any) -> None:
        if isinstance(args, Mapping):
            args = {key: _described(value) for key, value in args.items()}
        elif args:
            args = tuple(_described(value) for value in args)
        super().__init__(name, level, pathname, lineno, _described(msg), args, None, *rest, **more)
        try:
            message = self.getMessage()
        except Exception:  # a message that does not fit its arguments is still a message
            message = str(msg)
        self.msg, self.args = masked(message), None
        if isinstance(exc_info, BaseException):
            exc_info = (type(exc_info), exc_info, exc_info.__traceback__)
        if exc_info and exc_info[1] is not None:
            self.exc_text = masked_trace(exc_info[1])


def mask_endings() -> None:
    """What ends a process or a thread is told masked, and all it logs before; for the processes of the house."""
    logging.setLogRecordFactory(MaskedRecord)
    sys.excepthook = _on_end
    threading.excepthook = lambda args: _write(args.exc_value)
    sys.unraisablehook = lambda args: _write(args.exc_value)


def configure(settings: dict[str, Any]) -> None:
    """Django's ``LOGGING_CONFIG``: the handlers of the settings, over masked records."""
    logging.setLogRecordFactory(MaskedRecord)
    logging.config.dictConfig(settings)


def _on_end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    _write(error)


def _write(error: BaseException | None) -> None:
    if error is not None and sys.stderr is not None:
        sys.stderr.write(masked_trace(error) + "\n")
