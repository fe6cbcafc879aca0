"""The edge in front of several engine nodes: files of a Kamailio pair that gives every new call to a node that is alive, and of the address they share.

Kamailio keeps no state of a call: whoever of the pair has the address routes what belongs to a call by its Record-Route. So a change of the address costs no
call, and a node that dies costs only the calls it was carrying.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path

NODES, CARRIERS = 1, 2
MARK = "# written by fawang; do not edit\n"


class Unfit(ValueError):
    """A setting cannot be written into a file of the edge."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Edge:
    """What the pair has to know."""

    listen: str
    """``address:port`` of SIP: the shared address."""
    nodes: tuple[str, ...]
    """``address:port`` of the engines."""
    carriers: tuple[str, ...] = ()
    """``address:port`` calls of the nodes go to."""
    sources: tuple[str, ...] = ()
    """Networks calls may come from."""
    probe_s: int = 2
    control: str = "/run/kamailio/kamailio_ctl"
    interface: str = "eth0"


def render(edge: Edge, folder: Path) -> dict[str, str]:
    """All files by name, to be read from ``folder``. Raises :class:`Unfit`."""
    for address in (edge.listen, *edge.nodes, *edge.carriers):
        _address(address)
    if not edge.nodes:
        raise Unfit("at least one node is needed")
    if '"' in str(folder) or "\n" in str(folder):
        raise Unfit("the folder")
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,15}", edge.interface) or not re.fullmatch(r"/[A-Za-z0-9._/-]{1,200}", edge.control):
        raise Unfit("the interface or the control socket")
    return {"kamailio.cfg": _kamailio(edge, folder), "dispatcher.list": _dispatcher(edge), "keepalived.conf": _keepalived(edge)}


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        raise Unfit(f"{text!r} is not address:port") from None
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise Unfit(f"{text!r} is not address:port")
    return host, int(port)


def _dispatcher(edge: Edge) -> str:
    rows = [f"{NODES} sip:{node} 0 0\n" for node in edge.nodes] + [f"{CARRIERS} sip:{carrier} 0 0\n" for carrier in edge.carriers]
    return MARK + "".join(rows)


def _sources(edge: Edge) -> str:
    """A condition in Kamailio's language: the sender is one of those who may call."""
    try:
        networks = [ipaddress.ip_network(text, strict=False) for text in edge.sources]
    except ValueError as error:
        raise Unfit(str(error)) from None
    return " || ".join(f"src_ip == {network}" for network in networks) or "src_ip == 127.0.0.1"


def _kamailio(edge: Edge, folder: Path) -> str:
    host, port = _address(edge.listen)
    text = MARK + TEMPLATE
    for name, value in {
        "HOST": host, "PORT": str(port), "PROBE": str(max(1, edge.probe_s)), "CONTROL": edge.control, "LIST": str(folder.absolute() / "dispatcher.list"), "SOURCES": _sources(edge),
        "NODES": str(NODES), "CARRIERS": str(CARRIERS),
    }.items():  # fmt: skip
        text = text.replace(f"@{name}@", value)
    return text


TEMPLATE = """\
listen=udp:@HOST@:@PORT@
listen=tcp:@HOST@:@PORT@
children=4
tcp_children=2
auto_aliases=no
log_stderror=no
server_signature=no

loadmodule "kex.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "sanity.so"
loadmodule "ctl.so"
loadmodule "dispatcher.so"

modparam("ctl", "binrpc", "unix:@CONTROL@")
modparam("rr", "enable_full_lr", 1)
modparam("tm", "fr_timer", 1500)
modparam("tm", "fr_inv_timer", 60000)
modparam("dispatcher", "list_file", "@LIST@")
modparam("dispatcher", "flags", 2)
modparam("dispatcher", "ds_ping_interval", @PROBE@)
modparam("dispatcher", "ds_ping_from", "sip:edge@@HOST@")
modparam("dispatcher", "ds_probing_mode", 1)
modparam("dispatcher", "ds_probing_threshold", 1)
modparam("dispatcher", "ds_inactive_threshold", 1)
modparam("dispatcher", "ds_ping_reply_codes", "class=2")

request_route {
    if (!mf_process_maxfwd_header("10")) {
        sl_send_reply("483", "Too Many Hops");
        exit;
    }
    if (!sanity_check("1511", "7")) exit;
    if (is_method("OPTIONS") && !has_totag()) {
        sl_send_reply("200", "OK");
        exit;
    }
    if (is_method("CANCEL")) {
        if (t_check_trans()) t_relay();
        exit;
    }
    if (has_totag()) {
        if (loose_route()) {
            t_relay();
        } else if (is_method("ACK") && t_check_trans()) {
            t_relay();
        } else if (!is_method("ACK")) {
            sl_send_reply("481", "Call Does Not Exist");
        }
        exit;
    }
    t_check_trans();
    if (!is_method("INVITE")) {
        sl_send_reply("405", "Method Not Allowed");
        exit;
    }
    remove_hf("Route");
    record_route();
    if (ds_is_from_list("@NODES@", "2")) {
        route(OUT);
    } else if (@SOURCES@) {
        route(IN);
    }
    sl_send_reply("403", "Forbidden");
    exit;
}

route[IN] {
    if (!ds_select_dst("@NODES@", "4")) {
        sl_send_reply("503", "No Engine");
        exit;
    }
    # an engine answers at once: one that is silent for so long after its 100 is dead
    t_set_fr(6000, 1500);
    t_on_failure("NEXT");
    t_relay();
    exit;
}

route[OUT] {
    if (!ds_select_dst("@CARRIERS@", "4")) {
        sl_send_reply("503", "No Carrier");
        exit;
    }
    t_on_failure("NEXT");
    t_relay();
    exit;
}

failure_route[NEXT] {
    if (t_is_canceled()) exit;
    if (t_branch_timeout() || t_check_status("408|5[0-9][0-9]")) {
        if (t_branch_timeout() && !t_branch_replied()) ds_mark_dst("ip");
        if (ds_next_dst()) {
            t_on_failure("NEXT");
            t_relay();
            exit;
        }
    }
}
"""


def _keepalived(edge: Edge) -> str:
    host, _ = _address(edge.listen)
    return f"""{MARK}# the same file on both; give the second a lower priority
vrrp_script kamailio {{
    script "/usr/bin/pgrep -x kamailio"
    interval 1
    fall 2
}}
vrrp_instance hotline {{
    state BACKUP
    interface {edge.interface}
    virtual_router_id 48
    priority 150
    advert_int 1
    virtual_ipaddress {{
        {host}
    }}
    track_script {{
        kamailio
    }}
}}
"""
