"""Start-up settings of the embedded engine: from the environment, with the defaults of a first start on one's own machine."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineSettings:
    """What must be known before the first packet; everything else comes by ``Configure``."""

    state: Path
    """Folder of the engine's file, control socket and recordings."""
    engine_id: str = "embedded"
    host: str = "127.0.0.1"
    """Address to listen on, for SIP and sound."""
    port: int = 5060
    tls_port: int = 0
    tls_certificate: str = ""
    tls_key: str = ""
    public_host: str = ""
    """Address to tell others, if it is not the one listened on (behind a translation of addresses)."""
    realm: str = "fawang"
    rtp_low: int = 20000
    rtp_high: int = 24000
    max_legs: int = 1000
    accept_from: tuple[str, ...] = ("127.0.0.0/8",)
    """Networks that may call in though they are no trunk and no registered phone."""
    flood_rate: float = 100.0
    flood_burst: float = 300.0
    flood_free: tuple[str, ...] = ("127.0.0.1",)
    media_lost_s: float = 15.0
    session_s: int = 1800
    """Session timer asked for (RFC 4028); 0 = none."""
    offered_s: float = 180.0
    """A call nobody answers is given up after so long."""

    @property
    def socket(self) -> Path:
        """The control socket."""
        return self.state / "engine.sock"

    @property
    def file(self) -> Path:
        """The engine's memory."""
        return self.state / "engine.sqlite"

    @property
    def recordings(self) -> Path:
        """The folder of recordings."""
        return self.state / "recordings"


def networks(texts: tuple[str, ...]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """CIDR texts as networks; raises ValueError."""
    return [ipaddress.ip_network(text, strict=False) for text in texts]


def settings_from_environment(state: Path) -> EngineSettings:
    """Read ``FAWANG_SIP_…`` and ``FAWANG_RTP_PORTS``; ``state`` is the house's state folder."""
    env = os.environ.get
    low, _, high = env("FAWANG_RTP_PORTS", "20000-24000").partition("-")
    return EngineSettings(
        state=state / "hotline",
        engine_id=env("FAWANG_ENGINE_ID", "embedded"),
        host=env("FAWANG_SIP_HOST", "127.0.0.1"),
        port=int(env("FAWANG_SIP_PORT", "5060")),
        tls_port=int(env("FAWANG_SIP_TLS_PORT", "0")),
        tls_certificate=env("FAWANG_SIP_TLS_CERTIFICATE", ""),
        tls_key=env("FAWANG_SIP_TLS_KEY", ""),
        public_host=env("FAWANG_SIP_PUBLIC_HOST", ""),
        realm=env("FAWANG_SIP_REALM", "fawang"),
        rtp_low=int(low),
        rtp_high=int(high or low),
        max_legs=int(env("FAWANG_SIP_MAX_LEGS", "1000")),
        accept_from=tuple(part for part in env("FAWANG_SIP_ACCEPT_FROM", "127.0.0.0/8").split(",") if part),
        flood_rate=float(env("FAWANG_SIP_FLOOD_RATE", "100")),
        flood_burst=float(env("FAWANG_SIP_FLOOD_BURST", "300")),
        media_lost_s=float(env("FAWANG_SIP_MEDIA_LOST_S", "15")),
        flood_free=tuple(part for part in env("FAWANG_SIP_FLOOD_FREE", "127.0.0.1").split(",") if part),
    )
