"""The hands of the Asterisk engine: what the core decides is noted for the converger; what happens once is put in the leg's order."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import Any

from fawang.hotline.engines import reports
from fawang.hotline.engines.asterisk import causes
from fawang.hotline.engines.asterisk.ari import Ari, Refused, Unreachable
from fawang.hotline.engines.asterisk.converge import Converger
from fawang.hotline.engines.asterisk.media import MediaShelf
from fawang.hotline.engines.asterisk.settings import AsteriskSettings
from fawang.hotline.engines.asterisk.switch import Channel, Switch
from fawang.hotline.engines.asterisk.tapes import Tapes
from fawang.hotline.engines.asterisk.wants import music_id
from fawang.hotline.engines.commands import Configure, Originate, RejectCause
from fawang.hotline.engines.core import Core
from fawang.hotline.engines.model import Leg, Recording, Room
from fawang.hotline.engines.port import Capabilities, PhoneView, TrunkView

OUT_CONTEXT, OUT_EXTENSION = "fawang-out", "s"
SIP_URI = re.compile(r"sip:([A-Za-z0-9_.!~*'()&=+$;?/%-]{1,64})@([0-9.]{7,15}|\[?[0-9a-fA-F:]{3,45}\]?|[A-Za-z0-9.-]{1,120})(:\d{1,5})?(;transport=(udp|tcp))?")
NUMBER = re.compile(r"[0-9*#+A-D]{1,40}")
NAME = re.compile(r"[A-Za-z0-9._-]{1,80}")


class AsteriskHands:
    """See ``driver.Driver``."""

    def __init__(self, settings: AsteriskSettings, core: Core, ari: Ari, switch: Switch, converger: Converger, shelf: MediaShelf, tapes: Tapes) -> None:
        self.settings, self.core, self.ari, self.switch, self.converger, self.shelf, self.tapes = settings, core, ari, switch, converger, shelf, tapes
        self.configuration = Configure(command_id="-")
        self.equip: Callable[[Configure], None] = lambda order: None
        """Called with every new equipment."""
        self.online: dict[str, str] = {}
        """Endpoint → contact, as far as Asterisk says it is reachable."""
        self.endpoints: dict[str, bool] = {}
        self._direct = [ipaddress.ip_network(text, strict=False) for text in settings.direct]

    def capabilities(self) -> Capabilities:
        """See ``Driver``. Events outlast the adapter in its own spool; calls outlast the adapter in Asterisk."""
        return Capabilities(kind="asterisk", resume_after_crash=True, event_spool=True, phones=True, max_legs=self.settings.max_legs)

    # -- the life of a leg -----------------------------------------------------------------------------------------

    def can_dial(self, target: str) -> str:
        """See ``Driver``: a desk phone, a number over a known trunk, or a SIP address in a network the operator has named."""
        if len(self.core.legs) >= self.settings.max_legs:
            return "full"
        found = self.endpoint(target)
        return "" if "/" in found else found

    def endpoint(self, target: str) -> str:
        """What Asterisk dials for a target; a word without a slash says why nothing."""
        kind, _, rest = target.partition(":")
        if kind == "phone":
            return self._phone(rest)
        if kind == "trunk":
            return self._over_trunk(rest)
        uri = SIP_URI.fullmatch(target)
        if uri is None:
            return "bad_value"
        try:
            inside = any(ipaddress.ip_address(uri[2].strip("[]")) in network for network in self._direct)
        except ValueError:
            inside = False
        return f"PJSIP/fawang-direct/{target}" if inside else "unreachable"

    def _phone(self, account: str) -> str:
        known = {phone.account for phone in self.configuration.phones}
        return (f"PJSIP/{account}" if account in known else "unreachable") if NAME.fullmatch(account) else "bad_value"

    def _over_trunk(self, rest: str) -> str:
        name, _, number = rest.partition("/")
        trunk = next((t for t in self.configuration.trunks if t.name == name), None)
        if trunk is None or not NUMBER.fullmatch(number):
            return "bad_value"
        if trunk.max_legs and sum(leg.trunk == name for leg in self.core.legs.values()) >= trunk.max_legs:
            return "full"
        return f"PJSIP/{number}@trunk-{name}"

    def can_play(self, medium: str) -> str:
        """See ``Driver``."""
        return self.shelf.problem(medium)

    def ring(self, leg: Leg) -> None:
        """See ``Driver``."""
        self.converger.touch(leg.leg_id)

    def answer(self, leg: Leg) -> None:
        """See ``Driver``."""
        self.converger.touch(leg.leg_id)

    def reject(self, leg: Leg, cause: RejectCause) -> None:
        """See ``Driver``."""
        self._doom(leg.leg_id, causes.REJECT[cause])

    def hang_up(self, leg: Leg, cause: str) -> None:
        """See ``Driver``."""
        self._doom(leg.leg_id, causes.NORMAL)

    def _doom(self, leg_id: str, cause: int) -> None:
        self.switch.doomed[leg_id] = cause
        self.core.spool.put("doomed", leg_id, {"cause": cause})
        self.converger.touch(leg_id)

    def originate(self, leg: Leg, order: Originate) -> None:
        """See ``Driver``. The channel goes through the dialplan, where MixMonitor starts, into the application once it is answered."""
        leg.call_ref = leg.leg_id
        if order.target.startswith("trunk:"):
            leg.trunk = order.target[6:].partition("/")[0]

        def late() -> None:
            now = self.core.legs.get(leg.leg_id)
            if now is leg and leg.state in ("dialling", "alerting"):
                self._doom(leg.leg_id, causes.NO_ANSWER_Q850)
                reports.on_ended(self.core, leg.leg_id, "no_answer", "far", code=408)

        self.core.timers.after(order.timeout_s, late)
        self.converger.once(leg.leg_id, lambda: self._dial(leg, order))

    async def _dial(self, leg: Leg, order: Originate) -> None:
        """One try. When its outcome is unknown the list of channels decides: dialling twice would ring a phone twice."""
        if self.core.legs.get(leg.leg_id) is not leg:
            return
        variables: dict[str, Any] = {f"PJSIP_HEADER(add,{name})": value for name, value in order.headers}
        channel = self.switch.channels[leg.leg_id] = Channel(leg.leg_id, created=False)
        query: dict[str, str | int] = {
            "endpoint": self.endpoint(order.target), "context": OUT_CONTEXT, "extension": OUT_EXTENSION, "priority": 1,
            "callerId": caller_id(order.caller_name, order.caller_id), "timeout": int(order.timeout_s) + 2, "formats": "alaw",
        }  # fmt: skip
        try:
            await self.ari.ask("POST", f"/channels/{leg.leg_id}", {"variables": variables}, **query)
        except Refused as error:
            if error.status != 409:
                self.switch.forget(leg.leg_id)
                reports.on_ended(self.core, leg.leg_id, "unreachable", "engine", detail=str(error))
                return
        except Unreachable as error:
            if not error.sent:
                self.switch.forget(leg.leg_id)
                reports.on_ended(self.core, leg.leg_id, "unreachable", "engine", detail=str(error))
            raise
        channel.created = True
        if self.core.legs.get(leg.leg_id) is not leg:  # given up while the request was under way
            self.switch.channels[leg.leg_id] = channel
            self._doom(leg.leg_id, causes.NORMAL)
        self.converger.touch(leg.leg_id)

    def leg_over(self, leg: Leg) -> dict[str, int]:
        """See ``Driver``: Asterisk keeps the packet counts of an ended channel to itself."""
        self.converger.touch(leg.leg_id)
        return {}

    # -- sound -----------------------------------------------------------------------------------------------------

    def play(self, leg: Leg) -> None:
        """See ``Driver``."""
        self._around(leg)

    def stop_play(self, leg: Leg) -> int:
        """See ``Driver``. The core has taken ``leg.playing`` away already."""
        channel = self.switch.channels.get(leg.leg_id)
        began = self.converger.sounding.pop(channel.playback, None) if channel else None
        self._around(leg)
        return round((self.core.timers.now() - began) * 1000) if began is not None else 0

    def music(self, leg: Leg) -> None:
        """See ``Driver``."""
        self._around(leg)

    def hearing(self, room: Room) -> None:
        """See ``Driver``."""
        self.converger.touch(*room.members)

    def alone(self, leg: Leg) -> None:
        """See ``Driver``."""
        self.converger.touch(leg.leg_id)

    def _around(self, leg: Leg) -> None:
        self.converger.touch(leg.leg_id)

    def send_digits(self, leg: Leg, digits: str) -> None:
        """See ``Driver``. ``w`` is Asterisk's half second."""

        async def press() -> None:
            try:
                await self.ari.ask("POST", f"/channels/{leg.leg_id}/dtmf", dtmf=digits.replace(",", "w"), between=100, duration=120)
            except Refused as error:
                self.converger.faults += error.status >= 500

        self.converger.once(leg.leg_id, press)

    def media_sink(self, leg: Leg, url: str) -> None:
        """See ``Driver``: not among the capabilities."""

    # -- recordings ------------------------------------------------------------------------------------------------

    def record(self, recording: Recording, leg: Leg) -> str:
        """See ``Driver``."""
        self.converger.touch(leg.leg_id)
        return self.tapes.begin(recording)

    def pause_record(self, recording: Recording) -> None:
        """See ``Driver``."""
        self.tapes.pause(recording)

    def stop_record(self, recording: Recording) -> None:
        """See ``Driver``."""
        self.tapes.end(recording)

    # -- transfer, settings, health --------------------------------------------------------------------------------

    def refer(self, leg: Leg, uri: str) -> None:
        """See ``Driver``: not among the capabilities; transfers are a new leg and a bridge."""

    def refer_answer(self, leg: Leg, refer_id: str, ok: bool) -> None:
        """See ``Driver``: the phone that pressed transfer is told."""

        async def tell() -> None:
            try:
                await self.ari.ask("POST", f"/channels/{leg.leg_id}/transfer_progress", states="channel_answered" if ok else "channel_declined")
            except Refused as error:
                self.converger.faults += error.status >= 500

        self.converger.once(leg.leg_id, tell)

    def drain(self, on: bool) -> None:
        """See ``Driver``: the listener asks the core itself."""

    def can_configure(self, order: Configure) -> str:
        """See ``Driver``."""
        try:
            for text in (*order.accept_from, *(source for trunk in order.trunks for source in trunk.sources)):
                ipaddress.ip_network(text, strict=False)
        except ValueError as error:
            return str(error)
        for trunk in order.trunks:
            if not re.fullmatch(r"sip:[A-Za-z0-9.-]{1,120}(:\d{1,5})?(;transport=(udp|tcp|tls))?", trunk.proxy):
                return f"{trunk.name}: a proxy is sip:host:port;transport=udp"
        return next((f"{medium}: {why}" for medium in order.fallback.media if (why := self.can_play(medium))), "")

    def configure(self, order: Configure) -> None:
        """See ``Driver``: the files Asterisk reads are written anew by whoever listens."""
        self.configuration = order
        self.equip(order)

    def phones(self) -> tuple[PhoneView, ...]:
        """See ``Driver``."""
        return tuple(PhoneView(account=name, contact=contact, until="") for name, contact in sorted(self.online.items()))

    def trunks(self) -> tuple[TrunkView, ...]:
        """See ``Driver``."""
        legs = [leg.trunk for leg in self.core.legs.values()]
        return tuple(TrunkView(name=t.name, up=self.endpoints.get(f"trunk-{t.name}", True), legs=legs.count(t.name)) for t in self.configuration.trunks)


def caller_id(name: str, number: str) -> str:
    """As Asterisk parses it; what would end a quoted name early is left out."""
    name = "".join(ch for ch in name if ch not in '"<>\\').strip()
    number = "".join(ch for ch in number if ch.isalnum() or ch in "+*#-._")
    return f'"{name}" <{number}>' if name else number


def again_music(core: Core, converger: Converger, leg: Leg) -> None:
    """A round of music is over: the next one begins."""
    if channel := converger.switch.channels.get(leg.leg_id):
        channel.playback = ""
        converger.touch(leg.leg_id)


def is_music(leg: Leg, playback: str) -> bool:
    """Whether a playback is the leg's music."""
    return bool(leg.music) and playback == music_id(leg)
