"""Start-up settings of the seat gateway: from the environment, with the defaults of a first start on one's own machine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class GatewaySettings:
    """Where the gateway listens, whom it speaks to, and how long it waits for a page that is away. Times in seconds."""

    state: Path
    """Folder of the calls under way (one small file a call)."""
    web_host: str = "127.0.0.1"
    web_port: int = 8002
    """The WebSocket of the seat pages; nginx leads ``/seat`` here."""
    origins: tuple[str, ...] = ()
    """Host names pages may come from; empty: the one they ask for."""
    sip_host: str = "127.0.0.1"
    sip_port: int = 5070
    engine: tuple[str, int] = ("127.0.0.1", 5060)
    """The engine's registrar."""
    realm: str = "fawang"
    rtp_low: int = 24100
    rtp_high: int = 25099
    """Sound between gateway and engine."""
    media_hosts: tuple[str, ...] = ()
    """Addresses offered to browsers; empty: those of this machine's networks."""
    public_host: str = ""
    """Address to tell browsers instead (behind a translation of addresses)."""
    media_low: int = 0
    media_high: int = 0
    """Ports of the sound between browsers and gateway; 0 = whichever are free."""
    grace_s: float = 12.0
    """How long a seat without its page stays on: a reload, a gateway started again."""
    frames: bool = False
    """Decode and encode every frame, as where packets cannot be passed on as they are."""


def _address(text: str, port: int) -> tuple[str, int]:
    host, _, given = text.partition(":")
    return host, int(given or port)


def _range(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    return int(low or 0), int(high or low or 0)


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def settings_from_environment(state: Path) -> GatewaySettings:
    """Read ``FAWANG_SEAT_…``; ``state`` is the house's state folder. Raises ValueError for what is no number."""
    env = os.environ.get
    sip_port = int(env("FAWANG_SIP_PORT", "5060"))
    own_host, own_port = _address(env("FAWANG_SEAT_GATEWAY", "127.0.0.1"), sip_port + 10)
    engine_host = env("FAWANG_SIP_HOST", "127.0.0.1")
    engine = env("FAWANG_SEAT_ENGINE") or ("127.0.0.1" if engine_host == "0.0.0.0" else engine_host)  # noqa: S104 (compared, not bound)
    rtp_low, rtp_high = _range(env("FAWANG_SEAT_RTP_PORTS", "24100-25099"))
    media_low, media_high = _range(env("FAWANG_SEAT_MEDIA_PORTS", "0"))
    return GatewaySettings(
        state=state / "seats",
        web_host=env("FAWANG_SEAT_HOST", "127.0.0.1"),
        web_port=int(env("FAWANG_SEAT_PORT") or int(env("FAWANG_PORT", "8000")) + 2),
        origins=_list(env("FAWANG_SEAT_ORIGINS", "")),
        sip_host=own_host,
        sip_port=own_port,
        engine=_address(engine, sip_port),
        realm=env("FAWANG_SIP_REALM", "fawang"),
        rtp_low=rtp_low,
        rtp_high=rtp_high,
        media_hosts=_list(env("FAWANG_SEAT_MEDIA_HOSTS", "")),
        public_host=env("FAWANG_SEAT_PUBLIC_HOST", ""),
        media_low=media_low,
        media_high=media_high,
        grace_s=float(env("FAWANG_SEAT_GRACE_S", "12")),
        frames=env("FAWANG_SEAT_FRAMES", "0") == "1",
    )
