"""Start-up settings of the ``asterisk`` engine, from the environment."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass, field
from pathlib import Path

USER = "fawang"
"""Name of the application in Stasis, and of its user in ``ari.conf``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AsteriskSettings:
    """What the adapter must know before its first request."""

    state: Path
    """Folder of the adapter's file, control socket and recordings."""
    shared: Path
    """Folder Asterisk reads prompts from and writes raw sound into; on the same host, writable by both."""
    url: str = "http://127.0.0.1:8088/ari"
    user: str = USER
    secret: str = field(default="", repr=False)
    app: str = USER
    engine_id: str = "asterisk"
    direct: tuple[str, ...] = ()
    """Networks a ``sip:`` target may lie in; none unless the operator names them: a number outside goes over a trunk."""
    max_legs: int = 400
    answer_s: float = 5.0
    """A request without an answer for so long counts as unknown."""
    audit_s: float = 10.0
    """How often what Asterisk holds is listed and compared."""

    @property
    def socket(self) -> Path:
        """The control socket; the same place as the embedded engine's."""
        return self.state / "engine.sock"

    @property
    def file(self) -> Path:
        """The adapter's memory."""
        return self.state / "asterisk.sqlite"

    @property
    def recordings(self) -> Path:
        """The folder of finished recordings."""
        return self.state / "recordings"

    @property
    def media(self) -> Path:
        """Prompts as Asterisk plays them."""
        return self.shared / "media"

    @property
    def raw(self) -> Path:
        """What MixMonitor writes."""
        return self.shared / "raw"


def secret_file(state: Path) -> Path:
    """Where the secret of the ARI user is kept: written by ``asterisk-config``, readable by the owner only."""
    return state / "secrets" / "ari"


def settings_from_environment(state: Path) -> AsteriskSettings:
    """Read ``FAWANG_ARI_…``; ``state`` is the house's state folder. Raises ValueError for a network that is none."""
    env = os.environ.get
    direct = tuple(part for part in env("FAWANG_ARI_DIRECT", "").split(",") if part)
    for network in direct:
        ipaddress.ip_network(network, strict=False)
    try:
        secret = secret_file(state).read_text().strip()
    except OSError:
        secret = ""
    return AsteriskSettings(
        state=state / "hotline",
        shared=Path(env("FAWANG_ARI_SHARED", str(state.absolute() / "asterisk"))),
        url=env("FAWANG_ARI_URL", "http://127.0.0.1:8088/ari").rstrip("/"),
        user=env("FAWANG_ARI_USER", USER),
        secret=secret,
        engine_id=env("FAWANG_ENGINE_ID", "asterisk"),
        direct=direct,
        max_legs=int(env("FAWANG_SIP_MAX_LEGS", "400")),
    )
