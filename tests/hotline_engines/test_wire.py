"""Commands and events survive the wire exactly; what is not a message of the port is refused."""

from __future__ import annotations

import dataclasses
import json
import typing

import pytest

from fawang.hotline.engines import commands as cmd
from fawang.hotline.engines import wire


def example(kind: type) -> object:
    """An instance with a telling value in every field."""

    def value(hint: object) -> object:
        origin, args = typing.get_origin(hint), typing.get_args(hint)
        if origin is typing.Literal:
            return args[-1]
        if origin is tuple:
            return tuple(value(a) for a in args if a is not ...)
        if args:
            return value(args[0])
        if dataclasses.is_dataclass(hint):
            return example(typing.cast(type, hint))
        return {str: '法网"\\\n', int: 7, float: 1.5, bool: True}[typing.cast(type, hint)]

    hints = typing.get_type_hints(kind)
    return kind(**{f.name: value(hints[f.name]) for f in dataclasses.fields(kind)})


KINDS = [k for k in {**wire.COMMANDS, **wire.EVENTS}.values() if k.__name__ not in wire.ABSTRACT]


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.__name__)
def test_every_message_comes_back_as_it_went(kind: type) -> None:
    there = example(kind)
    text = json.loads(json.dumps(wire.encode(there)))
    decode = wire.decode_command if kind.__name__ in wire.COMMANDS else wire.decode_event
    assert decode(text) == there
    assert decode({**text, "unknown_in_this_version": 1}) == there


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"kind": "Command", "command_id": "1"},
        {"kind": "LegCommand", "command_id": "1", "leg_id": "x"},
        {"kind": "Answer", "command_id": "1"},
        {"kind": "Answer", "command_id": 1, "leg_id": "x"},
        {"kind": "Answer", "command_id": "1", "leg_id": None},
        {"kind": "Drain", "command_id": "1", "on": 1},
        {"kind": "Collect", "command_id": "1", "leg_id": "x", "digits_id": "d", "max_digits": True},
        {"kind": "Reject", "command_id": "1", "leg_id": "x", "cause": "whim"},
        {"kind": "Bridge", "command_id": "1", "bridge_id": "b", "leg_ids": "legs"},
        {"kind": "Originate", "command_id": "1", "leg_id": "x", "target": "t", "caller_id": "c", "headers": [["X-A"]]},
        {"kind": "Configure", "command_id": "1", "fallback": 3},
    ],
    ids=str,
)
def test_what_is_not_a_message_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(wire.BadMessage):
        wire.decode_command(bad)


def test_ears_may_be_everybody_or_nobody() -> None:
    nobody = cmd.Join(command_id="1", leg_id="l", bridge_id="b", heard_by=())
    assert wire.decode_command(json.loads(json.dumps(wire.encode(nobody)))) == nobody
    assert nobody.hears is None


def test_secrets_do_not_show_in_logs() -> None:
    order = cmd.Configure(
        command_id="1",
        phones=(cmd.Phone(account="a", ha1_md5="5ebe2294", ha1_sha256="2bb80d53"),),
        trunks=(cmd.Trunk(name="t", proxy="sip:h", secret="open sesame"),),
    )
    assert not any(word in repr(order) for word in ("5ebe2294", "2bb80d53", "sesame"))
