"""The files of an Asterisk that carries the hotline, made from the product's own settings: one function a file, all of them plain text.

Every call ends in the application; the dialplan holds no way out but the trunks and what the operator names. What depends on seats and carriers
(``EQUIPMENT``) is written anew by the adapter whenever they change.
"""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from fawang.hotline.engines.asterisk.hands import OUT_CONTEXT, OUT_EXTENSION
from fawang.hotline.engines.asterisk.listener import HEADERS, VARIABLES
from fawang.hotline.engines.asterisk.media import MediaShelf
from fawang.hotline.engines.asterisk.settings import AsteriskSettings
from fawang.hotline.engines.commands import Configure, Phone, Trunk
from fawang.hotline.engines.embedded.settings import EngineSettings

EQUIPMENT = ("pjsip_equipment.conf", "extensions_equipment.conf")
RELOADED = {"pjsip_equipment.conf": "res_pjsip.so", "extensions_equipment.conf": "pbx_config.so"}
TRANSFERS = "Set(PJSIP_TRANSFER_HANDLING()=ari-only)"
"""A phone that presses transfer asks us; Asterisk itself sends nobody anywhere."""
MARK = "; written by fawang; do not edit\n"
NOT_LOADED = (
    "app_system.so", "app_externalivr.so", "app_originate.so", "app_queue.so", "app_voicemail.so", "func_shell.so", "func_curl.so", "chan_iax2.so",
    "chan_unistim.so", "pbx_dundi.so", "pbx_ael.so", "pbx_lua.so", "res_phoneprov.so", "res_agi.so", "res_fax.so", "app_disa.so", "app_minivm.so",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """Where SIP and sound come in: the same settings as of the embedded engine."""

    host: str = "127.0.0.1"
    port: int = 5060
    public_host: str = ""
    realm: str = "fawang"
    rtp_low: int = 20000
    rtp_high: int = 24000
    accept_from: tuple[str, ...] = ("127.0.0.0/8",)


def line_of(settings: EngineSettings) -> Line:
    """From the start-up settings of the embedded engine, whose place Asterisk takes."""
    return Line(
        host=settings.host,
        port=settings.port,
        public_host=settings.public_host,
        realm=settings.realm,
        rtp_low=settings.rtp_low,
        rtp_high=settings.rtp_high,
        accept_from=settings.accept_from,
    )


class Unfit(ValueError):
    """A setting cannot be written into a file of Asterisk."""


def value(text: str) -> str:
    """A value on a line of its own: no line may end in it, no comment begin. Raises :class:`Unfit`, which never shows the value: it may be a secret."""
    if any(ord(ch) < 32 or ord(ch) == 127 for ch in text):
        raise Unfit("a value with control characters")
    return text.replace(";", "\\;")


def section(name: str, rows: dict[str, str | int | list[str]]) -> str:
    """One section; a list is one line each."""
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,80}", name):
        raise Unfit(f"the name {name!r}")
    lines = [f"[{name}]"]
    for key, found in rows.items():
        lines += [f"{key}={value(str(one))}" for one in (found if isinstance(found, list) else [found])]
    return "\n".join(lines) + "\n\n"


def render(settings: AsteriskSettings, line: Line, order: Configure, shelf: MediaShelf) -> dict[str, str]:
    """All files by name. Raises :class:`Unfit`, OSError (a prompt cannot be laid out)."""
    made = {
        "asterisk.conf": asterisk_conf(settings),
        "pjsip.conf": pjsip_conf(settings, line, order),
        "extensions.conf": extensions_conf(settings),
        "ari.conf": ari_conf(settings),
        "http.conf": http_conf(settings),
        "rtp.conf": section("general", {"rtpstart": line.rtp_low, "rtpend": line.rtp_high, "strictrtp": "yes"}),
        "modules.conf": section("modules", {"autoload": "yes", "noload": list(NOT_LOADED)}),
        "musiconhold.conf": section("general", {}) + section("default", {"mode": "files", "directory": str(settings.shared / "moh")}),
        "logger.conf": section("general", {"dateformat": "%F %T.%3q"})
        + section("logfiles", {"console": "warning,error", "messages.log": "notice,warning,error", "security.log": "security"}),
    }
    made |= equipment(line, order, shelf)
    return {name: MARK + text for name, text in made.items()}


def equipment(line: Line, order: Configure, shelf: MediaShelf) -> dict[str, str]:
    """The two files that follow seats, carriers and the fall-back."""
    pjsip = "".join(map(_trunk, order.trunks)) + "".join(_phone(phone, line) for phone in order.phones)
    return {"pjsip_equipment.conf": pjsip, "extensions_equipment.conf": fallback(order, shelf)}


def asterisk_conf(settings: AsteriskSettings) -> str:
    """Channel ids carry the node's name, so that two nodes never make the same one."""
    return section("options", {"systemname": re.sub(r"[^A-Za-z0-9-]", "-", settings.engine_id), "live_dangerously": "no", "maxcalls": settings.max_legs * 4})


def ari_conf(settings: AsteriskSettings) -> str:
    """One user; the dialplan's variables come with every channel."""
    general: dict[str, str | int | list[str]] = {"enabled": "yes", "pretty": "no", "websocket_write_timeout": 1000, "channelvars": ",".join(VARIABLES)}
    return section("general", general) + section(settings.user, {"type": "user", "read_only": "no", "password": settings.secret})


def http_conf(settings: AsteriskSettings) -> str:
    """ARI is for this host."""
    address = urlsplit(settings.url)
    return section("general", {"enabled": "yes", "bindaddr": address.hostname or "127.0.0.1", "bindport": address.port or 8088, "servername": "fawang"})


def pjsip_conf(settings: AsteriskSettings, line: Line, order: Configure) -> str:
    """Transports, who may call without being known, and where ``sip:`` targets may lie."""
    text = section("global", {"type": "global", "user_agent": "Fawang", "endpoint_identifier_order": "username,ip", "default_realm": line.realm})
    for kind in ("udp", "tcp"):
        outside: dict[str, str | int | list[str]] = {"type": "transport", "protocol": kind, "bind": f"{line.host}:{line.port}"}
        if line.public_host:
            outside |= {"external_signaling_address": line.public_host, "external_media_address": line.public_host, "local_net": ["127.0.0.0/8"]}
        text += section(f"transport-{kind}", outside)
    accepted = order.accept_from or line.accept_from
    if accepted:
        text += section("fawang-guest", _endpoint("fawang-in") | {"identify_by": "ip"})
        text += section("fawang-guest-from", {"type": "identify", "endpoint": "fawang-guest", "match": list(accepted)})
    if settings.direct:
        text += section("fawang-direct", _endpoint("fawang-nowhere") | {"identify_by": "header"})
    return text + "#include pjsip_equipment.conf\n"


def _endpoint(context: str) -> dict[str, str | int | list[str]]:
    return {
        "type": "endpoint", "context": context, "disallow": "all", "allow": "alaw,ulaw", "direct_media": "no", "rtp_symmetric": "yes", "force_rport": "yes",
        "rewrite_contact": "yes", "dtmf_mode": "rfc4733", "timers": "yes", "rtp_timeout": 60, "rtp_timeout_hold": 1800, "allow_transfer": "yes",
        "send_pai": "no", "trust_id_inbound": "no",
    }  # fmt: skip


def _trunk(trunk: Trunk) -> str:
    name = f"trunk-{trunk.name}"
    transport = "tcp" if trunk.proxy.endswith(";transport=tcp") else "udp"
    rows = _endpoint("fawang-in") | {"aors": name, "transport": f"transport-{transport}", "identify_by": "ip"}
    if trunk.user:
        rows |= {"outbound_auth": name, "from_user": trunk.user}
    text = section(name, rows)
    text += section(name, {"type": "aor", "contact": trunk.proxy, "qualify_frequency": int(trunk.keepalive_s)})
    if trunk.user:
        text += section(name, {"type": "auth", "auth_type": "userpass", "username": trunk.user, "password": trunk.secret})
    if trunk.register:
        client = f"sip:{trunk.user}@{trunk.proxy.removeprefix('sip:')}"
        text += section(name, {"type": "registration", "outbound_auth": name, "server_uri": trunk.proxy, "client_uri": client, "retry_interval": 30})
    if trunk.sources:
        text += section(name, {"type": "identify", "endpoint": name, "match": list(trunk.sources)})
    return text


def _phone(phone: Phone, line: Line) -> str:
    name = phone.account
    if name.startswith(("trunk-", "fawang-", "transport-")):
        raise Unfit(name)
    rows = _endpoint("fawang-phones") | {"aors": name, "auth": name, "identify_by": "username"}
    auth: dict[str, str | int | list[str]] = {
        "type": "auth", "auth_type": "md5", "username": name, "realm": line.realm, "md5_cred": phone.ha1_md5,
    }  # fmt: skip
    return section(name, rows) + section(name, auth) + section(name, {"type": "aor", "max_contacts": 3, "remove_existing": "no", "qualify_frequency": 30})


def extensions_conf(settings: AsteriskSettings) -> str:
    """Inbound calls, desk phones, and calls of ours once they are answered: MixMonitor, then the application; without it the fall-back."""
    reads = {"FAWANG_REF": "CHANNEL(pjsip,call-id)", "FAWANG_SOURCE": "CHANNEL(pjsip,remote_addr)", "FAWANG_PAI": "PJSIP_HEADER(read,P-Asserted-Identity)"}
    reads |= {name: f"PJSIP_HEADER(read,{header})" for name, header in HEADERS.items()}
    text = section("general", {"static": "yes", "writeprotect": "yes", "clearglobalvars": "no"})
    text += section("globals", {"FAWANG_RAW": str(settings.raw), "FAWANG_VOICEMAIL": str(settings.shared / "voicemail")})
    for context, origin in (("fawang-in", "${CHANNEL(endpoint)}"), ("fawang-phones", "phone-${CHANNEL(endpoint)}")):
        steps = [f"Set({name}=${{{function}}})" for name, function in reads.items()]
        steps += [TRANSFERS, "MixMonitor(${FAWANG_RAW}/${UNIQUEID}.raw,D)", f"Stasis({settings.app},in,{origin})", "StopMixMonitor()"]
        steps += ['GotoIf($["${STASISSTATUS}" = "FAILED"]?fawang-fallback,s,1)', "Hangup()"]
        text += extension(context, "_[0-9+*#]!", steps)
    text += extension(OUT_CONTEXT, OUT_EXTENSION, [TRANSFERS, "MixMonitor(${FAWANG_RAW}/${UNIQUEID}.raw,D)", f"Stasis({settings.app},out)", "Hangup()"])
    text += extension("fawang-nowhere", "_[0-9+*#]!", ["Hangup(21)"])
    return text + "#include extensions_equipment.conf\n"


def extension(context: str, pattern: str, steps: list[str]) -> str:
    """A context with one extension."""
    lines = [f"[{context}]", f"exten => {pattern},1,{steps[0]}", *(f" same => n,{step}" for step in steps[1:])]
    return "\n".join(lines) + "\n\n"


def fallback(order: Configure, shelf: MediaShelf) -> str:
    """What callers hear while the application is away; nothing is recorded that was not announced."""
    rule = order.fallback
    steps = []
    if forward := _forward(order):
        steps += [f"Dial({forward},25)", 'GotoIf($["${DIALSTATUS}" = "ANSWER"]?done)']
    if rule.media:
        steps += ["Answer()", "Wait(0.5)", *(f"Playback({shelf.put(medium)[0].removeprefix('sound:')})" for medium in rule.media)]
    if rule.media and rule.voicemail_s > 0:
        steps += [f"Record(${{FAWANG_VOICEMAIL}}/${{UNIQUEID}}.wav,5,{int(rule.voicemail_s)},k)"]
    steps += ["Hangup(42)"]
    text = extension("fawang-fallback", "s", steps)
    return text.replace(" same => n,Hangup(42)", " same => n(done),Hangup(42)") if forward else text


def _forward(order: Configure) -> str:
    """A number over one of the trunks, or nothing."""
    found = re.fullmatch(r"trunk:([A-Za-z0-9._-]{1,80})/([0-9*#+]{1,40})", order.fallback.forward)
    return f"PJSIP/{found[2]}@trunk-{found[1]}" if found and any(t.name == found[1] for t in order.trunks) else ""


def write(folder: Path, files: dict[str, str]) -> list[str]:
    """Lay the files down, readable by the owner only; returns the names of those that are new or other than before."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    changed = []
    for name, text in sorted(files.items()):
        path = folder / name
        if path.exists() and path.read_text() == text:
            path.chmod(0o600)
            continue
        handle, fresh = tempfile.mkstemp(dir=folder)  # made with mode 0600
        with os.fdopen(handle, "w") as file:
            file.write(text)
        os.replace(fresh, path)
        changed.append(name)
    return changed
