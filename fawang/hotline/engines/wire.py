"""Commands, events and views as JSON: for the control socket, the event spool, and the room's outbox.

Decoding ignores keys it does not know, so that an engine and a controller one version apart understand each other.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from typing import Any, TypeVar, Union

from fawang.hotline.engines import commands, events, port
from fawang.hotline.engines.commands import Command
from fawang.hotline.engines.events import Event

T = TypeVar("T")


def _kinds(module: types.ModuleType, base: type) -> dict[str, type]:
    return {name: kind for name, kind in vars(module).items() if isinstance(kind, type) and issubclass(kind, base) and kind is not base}


COMMANDS = _kinds(commands, Command)
EVENTS = _kinds(events, Event)
ABSTRACT = {"LegCommand", "LegEvent"}


class BadMessage(ValueError):
    """The JSON is not a message of this port."""


def encode(thing: Any) -> dict[str, Any]:
    """A command or event as a JSON object; its class is the member ``kind``."""
    return {"kind": type(thing).__name__, **plain(thing)}


def plain(thing: Any) -> dict[str, Any]:
    """A dataclass as plain JSON data. Unlike ``dataclasses.asdict`` it copies nothing that cannot change: it is on the way of every event."""
    return {name: _plain(getattr(thing, name)) for name in _names(typing.cast(typing.Hashable, type(thing)))}


@functools.cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(f.name for f in dataclasses.fields(kind))


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return plain(value)


def decode_command(data: dict[str, Any]) -> Command:
    """The command an object stands for; raises :class:`BadMessage`."""
    return typing.cast(Command, _decode_kind(COMMANDS, data))


def decode_event(data: dict[str, Any]) -> Event:
    """The event an object stands for; raises :class:`BadMessage`."""
    return typing.cast(Event, _decode_kind(EVENTS, data))


def decode_snapshot(data: dict[str, Any]) -> port.Snapshot:
    """A snapshot from its object; raises :class:`BadMessage`."""
    return build(port.Snapshot, data)


def _decode_kind(kinds: dict[str, type], data: dict[str, Any]) -> Any:
    kind = kinds.get(str(data.get("kind"))) if isinstance(data, dict) else None
    if kind is None or kind.__name__ in ABSTRACT:
        raise BadMessage(f"no message of the port: {str(data)[:80]!r}")
    return build(kind, data)


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def build(kind: type[T], data: dict[str, Any]) -> T:
    """An instance of a port dataclass from plain JSON; every value is checked against its type. Raises :class:`BadMessage`."""
    if not isinstance(data, dict):
        raise BadMessage(f"{kind.__name__}: an object is needed")
    hints = _hints(typing.cast(typing.Hashable, kind))
    values = {
        f.name: _value(hints[f.name], data[f.name], f"{kind.__name__}.{f.name}")
        for f in dataclasses.fields(kind)  # type: ignore[arg-type]
        if f.name in data
    }
    try:
        return kind(**values)
    except TypeError as error:
        raise BadMessage(str(error)) from None


def _value(hint: Any, value: Any, where: str) -> Any:
    origin = typing.get_origin(hint)
    if origin is typing.Literal:
        if value not in typing.get_args(hint):
            raise BadMessage(f"{where}: {value!r} is not one of {typing.get_args(hint)}")
        return value
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        return _value(next(a for a in typing.get_args(hint) if a is not type(None)), value, where)
    if origin is tuple:
        return _tuple(typing.get_args(hint), value, where)
    if dataclasses.is_dataclass(hint):
        return build(typing.cast(type, hint), value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise BadMessage(f"{where}: {value!r} is not {hint.__name__}")
    return value


def _tuple(args: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise BadMessage(f"{where}: a list is needed")
    if len(args) == 2 and args[1] is ...:
        return tuple(_value(args[0], v, where) for v in value)
    if len(args) != len(value):
        raise BadMessage(f"{where}: {len(args)} values are needed")
    return tuple(_value(a, v, where) for a, v in zip(args, value, strict=True))
