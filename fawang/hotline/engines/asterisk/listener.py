"""From Asterisk's events to what the core is told. Events may come twice, late, out of order or about strangers; none may stop the adapter."""

from __future__ import annotations

import logging
import unicodedata
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from fawang.hotline.engines import events as ev
from fawang.hotline.engines import reports
from fawang.hotline.engines.acts import ID
from fawang.hotline.engines.asterisk import causes, wants
from fawang.hotline.engines.asterisk.converge import is_helper
from fawang.hotline.engines.asterisk.hands import AsteriskHands
from fawang.hotline.engines.asterisk.switch import Channel, helper_id
from fawang.hotline.engines.core import now_text
from fawang.hotline.engines.model import SPEAKABLE, Leg

log = logging.getLogger(__name__)
Json = dict[str, Any]
STRAY_S = 2.0
ENDED_KEPT = 20_000
HEADERS = {"FAWANG_DIVERSION": "Diversion", "FAWANG_HISTORY": "History-Info", "FAWANG_AGENT": "User-Agent", "FAWANG_CALL": "X-Fawang-Call"}
"""Channel variables the dialplan fills, and the header each came from."""
VARIABLES = ("FAWANG_REF", "FAWANG_PAI", "FAWANG_SOURCE", *HEADERS)


class Listener:
    """Takes one event at a time."""

    def __init__(self, hands: AsteriskHands) -> None:
        self.hands = hands
        self.core, self.switch, self.converger = hands.core, hands.switch, hands.converger
        self.faults = 0
        self._ended: OrderedDict[str, None] = OrderedDict()
        """Channels that are gone: a late word about them is no new call."""
        self._takers: dict[str, Callable[[Json, Json], None]] = {
            "StasisStart": self._start, "StasisEnd": self._left, "ChannelDestroyed": self._destroyed, "ChannelStateChange": self._state,
            "ChannelDtmfReceived": self._digit, "ChannelHold": self._hold, "ChannelUnhold": self._hold, "ChannelTransfer": self._transfer,
            "PlaybackStarted": self._playing, "PlaybackFinished": self._played, "BridgeDestroyed": self._bridge,
            "ContactStatusChange": self._contact, "PeerStatusChange": self._peer,
        }  # fmt: skip

    def take(self, event: Json) -> None:
        """One event, in one turn of the core. What is wrong with it is logged and counted."""
        taker = self._takers.get(event["type"])
        if taker is None or event.get("application", self.hands.settings.app) != self.hands.settings.app:
            return
        channel = event.get("channel")
        try:
            with self.core.turn():
                taker(event, channel if isinstance(channel, dict) else {})
        except Exception:
            self.faults += 1
            log.exception("an event of Asterisk could not be taken: %s", event["type"])

    # -- channels --------------------------------------------------------------------------------------------------

    def _start(self, event: Json, channel: Json) -> None:
        channel_id = str(channel["id"])
        if is_helper(channel_id):
            if there := self.converger.arrived.get(channel_id):
                there.set()
            return
        args = [str(arg) for arg in event.get("args") or ()]
        self.offer_or_answer(channel, args[0] if args else "", args[1] if len(args) > 1 else "")

    def offer_or_answer(self, channel: Json, way: str, trunk: str) -> None:
        """A channel stands in the application: a call to be offered, or one of ours that was answered."""
        channel_id = str(channel["id"])
        if channel_id in self._ended:
            return
        known = self.switch.channels.get(channel_id)
        if known is None:
            known = self.switch.channels[channel_id] = Channel(channel_id, muted_in=None, muted_out=None)
            if channel_id not in self.core.legs:
                known.muted_in = known.muted_out = False
        known.created = known.in_app = True
        known.state = str(channel.get("state", known.state))
        if channel_id in self.core.legs:
            self._named(self.core.legs[channel_id], channel)
            self._as_listed(self.core.legs[channel_id], known)
        elif channel_id not in self.switch.doomed:
            self._offer(channel_id, channel, way, trunk)
        self.converger.touch(channel_id)

    def _named(self, leg: Leg, channel: Json) -> None:
        """A leg of ours is known to the far side by its Call-ID."""
        if leg.direction == "out" and leg.call_ref == leg.leg_id and (ref := plain(channel.get("protocol_id"), 200)):
            leg.call_ref = ref
            self.core.keep(leg)

    def _as_listed(self, leg: Leg, channel: Channel) -> None:
        if channel.state == "Up" and leg.state in ("dialling", "alerting", "answering", "offered", "ringing"):
            if leg.direction == "out":
                reports.on_ringing(self.core, leg.leg_id)
            reports.on_answered(self.core, leg.leg_id)

    def _offer(self, channel_id: str, channel: Json, way: str, trunk: str) -> None:
        if way != "in" or not ID.fullmatch(channel_id):
            self.switch.doomed[channel_id] = causes.NORMAL
            return
        if self.core.draining or len(self.core.legs) >= self.hands.settings.max_legs:
            self.switch.doomed[channel_id] = causes.REJECT["overloaded"]
            return
        caller, extra = channel.get("caller") or {}, channel.get("channelvars") or {}
        variables = {name: plain(extra.get(name), 300) for name in VARIABLES}
        leg = Leg(
            channel_id,
            "in",
            "offered",
            plain((channel.get("dialplan") or {}).get("exten"), 64),
            plain(caller.get("number"), 64),
            variables["FAWANG_REF"] or plain(channel.get("protocol_id"), 200) or channel_id,
            now_text(),
            trunk=plain(trunk, 80).removeprefix("trunk-"),
        )
        headers = tuple((header, variables[name]) for name, header in HEADERS.items() if variables[name])
        offer: dict[str, object] = {"from_name": plain(caller.get("name"), 120), "source": variables["FAWANG_SOURCE"], "headers": headers}
        if leg.trunk.startswith("phone-"):
            leg.trunk, offer["account"] = "", leg.trunk[6:]
        elif leg.trunk == "fawang-guest":
            leg.trunk = ""
        offer["asserted"] = variables["FAWANG_PAI"] if leg.trunk else ""
        reports.on_offered(self.core, leg, offer)

    def _state(self, event: Json, channel: Json) -> None:
        channel_id, state = str(channel["id"]), str(channel.get("state", ""))
        known, leg = self.switch.channels.get(channel_id), self.core.legs.get(channel_id)
        if known is not None and known.state != "Up":
            known.state = state
        if leg is None:
            return
        self._named(leg, channel)
        if leg.direction == "out" and state in ("Ringing", "Ring"):
            reports.on_ringing(self.core, channel_id)
        elif leg.direction == "in" and state == "Up":
            reports.on_answered(self.core, channel_id)
        self.converger.touch(channel_id)

    def _left(self, event: Json, channel: Json) -> None:
        """Out of the application: as a rule its end follows at once. If not, somebody took it away and it is ended."""
        channel_id = str(channel["id"])
        known, leg = self.switch.channels.get(channel_id), self.core.legs.get(channel_id)
        if known is not None:
            known.in_app, known.bridge = False, ""
        if leg is None:
            return

        def stray() -> None:
            if self.core.legs.get(channel_id) is leg and (now := self.switch.channels.get(channel_id)) is not None and not now.in_app:
                self.hands.hang_up(leg, "stray")
                reports.on_ended(self.core, channel_id, "error", "engine", detail="taken out of the application")

        self.core.timers.after(STRAY_S, stray)

    def _destroyed(self, event: Json, channel: Json) -> None:
        cause, status = _number(event.get("cause")), _number(event.get("tech_cause"))
        self.gone(str(channel["id"]), cause, status)

    def gone(self, channel_id: str, cause: int, status: int = 0, *, detail: str = "") -> None:
        """A channel is over."""
        self._ended[channel_id] = None
        if len(self._ended) > ENDED_KEPT:
            self._ended.popitem(last=False)
        if channel_id in self.switch.doomed:
            self.core.spool.drop("doomed", channel_id)
        near = self.switch.neighbours(channel_id)
        self.switch.forget(channel_id)
        leg = self.core.legs.get(channel_id)
        if leg is not None:
            if leg.state in ("dialling", "alerting"):
                found, code = causes.of_refusal(cause, status)
                reports.on_ended(self.core, channel_id, found, "far", code=code, detail=detail)
            elif leg.state in SPEAKABLE:
                found = causes.of_end(cause)
                reports.on_ended(self.core, channel_id, found, "far" if found == "normal" else "engine", code=cause, detail=detail)
            else:
                reports.on_ended(self.core, channel_id, "cancelled", "far", code=cause, detail=detail)
        self.converger.touch(*near)

    # -- in a call -------------------------------------------------------------------------------------------------

    def _digit(self, event: Json, channel: Json) -> None:
        digit = str(event.get("digit", "")).upper()
        if len(digit) == 1:
            reports.on_digit(self.core, str(channel["id"]), digit, _number(event.get("duration_ms")))

    def _hold(self, event: Json, channel: Json) -> None:
        reports.on_held(self.core, str(channel["id"]), event["type"] == "ChannelHold")

    def _transfer(self, event: Json, channel: Json) -> None:
        """A phone pressed transfer; Asterisk leaves it to us."""
        wish, by = event.get("refer_to") or {}, event.get("referred_by") or {}
        asked = wish.get("requested_destination") or {}
        leg_id = str((by.get("source_channel") or {}).get("id", ""))
        if event.get("state", "invite") != "invite" and event.get("state"):
            return
        target = plain(asked.get("destination") or asked.get("protocol_id"), 200)
        replaced = str((wish.get("destination_channel") or {}).get("id", ""))
        reports.on_refer_requested(self.core, leg_id, helper_id("r", leg_id, now_text()), target, replaced if replaced in self.core.legs else "")

    def _playing(self, event: Json, channel: Json) -> None:
        playback = str((event.get("playback") or {}).get("id", ""))
        if playback in self.converger.sounding:
            self.converger.sounding[playback] = self.core.timers.now()

    def _played(self, event: Json, channel: Json) -> None:
        playback = event.get("playback") or {}
        self.played(str(playback.get("id", "")), str(playback.get("target_uri", "")).removeprefix("channel:"), failed=playback.get("state") == "failed")

    def played(self, playback: str, leg_id: str, *, failed: bool) -> None:
        """A playback came to its end by itself, or could not go on."""
        self.converger.sounding.pop(playback, None)
        leg, channel = self.core.legs.get(leg_id), self.switch.channels.get(leg_id)
        if leg is None or channel is None or channel.playback != playback:
            return
        channel.playback = ""
        if leg.playing and playback == wants.prompt_id(leg):
            _, ms = self.hands.shelf.prompt(leg.playing.media)
            reports.on_play_over(self.core, leg_id, leg.playing.play_id, "failed" if failed else "finished", 0 if failed else ms)
        if failed and playback == wants.music_id(leg):
            log.warning("music of %s could not be played", leg_id)
            self.core.timers.after(STRAY_S, lambda: self.converger.touch(leg_id))
        else:
            self.converger.touch(*self.converger.group(leg_id))

    def _bridge(self, event: Json, channel: Json) -> None:
        bridge_id = str((event.get("bridge") or {}).get("id", ""))
        legs = self.switch.bridges.pop(bridge_id, None)
        for one in self.switch.channels.values():
            if one.bridge == bridge_id:
                one.bridge = ""
        if legs:
            self.converger.touch(*legs)

    # -- phones and trunks -----------------------------------------------------------------------------------------

    def _contact(self, event: Json, channel: Json) -> None:
        endpoint = str((event.get("endpoint") or {}).get("resource", ""))
        info = event.get("contact_info") or {}
        self.reachable(endpoint, str(info.get("contact_status", "")) in ("Reachable", "NonQualified", "Created", "Updated"), plain(info.get("uri"), 200))

    def _peer(self, event: Json, channel: Json) -> None:
        endpoint, peer = str((event.get("endpoint") or {}).get("resource", "")), event.get("peer") or {}
        if endpoint.startswith("trunk-"):
            self.reachable(endpoint, str(peer.get("peer_status", "")) in ("Registered", "Reachable"), "")

    def reachable(self, endpoint: str, up: bool, contact: str) -> None:
        """A desk phone or a trunk came or went."""
        if any(phone.account == endpoint for phone in self.hands.configuration.phones):
            if up and self.hands.online.get(endpoint) != contact:
                self.hands.online[endpoint] = contact
                self.core.tell(ev.PhoneRegistered, account=endpoint, contact=contact, until="")
            elif not up and self.hands.online.pop(endpoint, None) is not None:
                self.core.tell(ev.PhoneGone, account=endpoint)
        elif endpoint.startswith("trunk-") and self.hands.endpoints.get(endpoint, True) != up:
            self.hands.endpoints[endpoint] = up
            self.core.tell(ev.TrunkState, trunk=endpoint[6:], up=up)


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def plain(value: object, most: int) -> str:
    """Text of the network without control characters, halves of characters or direction marks, and no longer than ``most``."""
    text = str(value or "")[: most * 2]
    return "".join(ch for ch in text if unicodedata.category(ch) not in ("Cc", "Cf", "Cs", "Co", "Cn"))[:most]
