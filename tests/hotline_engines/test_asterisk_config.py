"""The generated files of Asterisk: every call is monitored before the application, cared for without it, and can only go where it may."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fawang.console import main
from fawang.hotline.engines.asterisk import config
from fawang.hotline.engines.asterisk.media import MediaShelf
from fawang.hotline.engines.asterisk.settings import AsteriskSettings
from fawang.hotline.engines.commands import Configure, Fallback, Phone, Trunk

CARRIER = Trunk(
    name="carrier", proxy="sip:192.0.2.1:5060;transport=tcp", sources=("192.0.2.0/28", "198.51.100.7/32"), user="12348", secret="s;e[c]ret", register=True,
    keepalive_s=10,
)  # fmt: skip
CITY = Trunk(name="city", proxy="sip:192.0.2.40:5060", sources=("192.0.2.40/32",))
DESK = Phone(account="8011", ha1_md5="0" * 32, ha1_sha256="1" * 64)
ORDER = Configure(command_id="-", phones=(DESK,), trunks=(CARRIER, CITY), fallback=Fallback(media=("tone:420/300",)))


def files(folder: Path, order: Configure = ORDER, direct: tuple[str, ...] = (), secret: str = "ari-secret") -> dict[str, str]:
    settings = AsteriskSettings(state=folder, shared=folder / "shared", secret=secret, direct=direct, engine_id="node 1")
    return config.render(settings, config.Line(), order, MediaShelf(settings.media))


def sections(text: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """As Asterisk reads them: name and rows; ``\\;`` is a semicolon, another ``;`` begins a comment."""
    found: list[tuple[str, list[tuple[str, str]]]] = []
    for line in text.splitlines():
        line = re.sub(r"(?<!\\);.*", "", line).replace("\\;", ";").strip()
        if head := re.fullmatch(r"\[([^\]]+)\]", line):
            found.append((head[1], []))
        elif line and not line.startswith("#"):
            key, _, text_ = line.partition("=")
            found[-1][1].append((key.strip(), text_.removeprefix(">").strip()))
    return found


def dialplan(made: dict[str, str]) -> dict[str, list[str]]:
    """Context → the applications of its one extension, in order."""
    contexts: dict[str, list[str]] = {}
    for name, rows in sections(made["extensions.conf"]) + sections(made["extensions_equipment.conf"]):
        if name not in ("general", "globals"):
            assert [key for key, _ in rows] == ["exten"] + ["same"] * (len(rows) - 1), name
            contexts[name] = [text.split(",", 2 if key == "exten" else 1)[-1] for key, text in rows]
    return contexts


def test_mixmonitor_runs_before_the_application_wherever_a_call_enters_it(tmp_path: Path) -> None:
    contexts = dialplan(files(tmp_path))
    entering = {name: steps for name, steps in contexts.items() if any(step.startswith("Stasis(") for step in steps)}
    assert set(entering) == {"fawang-in", "fawang-phones", "fawang-out"}
    for steps in entering.values():
        monitor = steps.index("MixMonitor(${FAWANG_RAW}/${UNIQUEID}.raw,D)")
        assert steps[monitor + 1].startswith("Stasis(fawang,")
        assert "Set(PJSIP_TRANSFER_HANDLING()=ari-only)" in steps[:monitor]


def test_callers_are_cared_for_while_the_application_is_away_and_nothing_is_recorded_before_it_is_said(tmp_path: Path) -> None:
    contexts = dialplan(files(tmp_path))
    for name in ("fawang-in", "fawang-phones"):
        after = contexts[name][next(n for n, step in enumerate(contexts[name]) if step.startswith("Stasis(")) + 1 :]
        assert after == ["StopMixMonitor()", 'GotoIf($["${STASISSTATUS}" = "FAILED"]?fawang-fallback,s,1)', "Hangup()"]
    announced = contexts["fawang-fallback"]
    assert announced[:2] == ["Answer()", "Wait(0.5)"]
    played = re.fullmatch(r"Playback\((.+)\)", announced[2])
    assert played
    assert len(Path(played[1] + ".alaw").read_bytes()) == 2400
    assert announced[3:] == ["Hangup(42)"]
    voicemail = Configure(command_id="-", fallback=Fallback(media=("tone:420/300",), voicemail_s=90))
    steps = dialplan(files(tmp_path, voicemail))["fawang-fallback"]
    assert steps[3] == "Record(${FAWANG_VOICEMAIL}/${UNIQUEID}.wav,5,90,k)"
    assert dialplan(files(tmp_path, Configure(command_id="-")))["fawang-fallback"] == ["Hangup(42)"]


def test_no_call_can_dial_out_by_the_dialplan_but_the_forward_over_a_known_trunk(tmp_path: Path) -> None:
    allowed = {"Set", "MixMonitor", "StopMixMonitor", "Stasis", "GotoIf", "Hangup", "Answer", "Wait", "Playback"}
    for steps in dialplan(files(tmp_path)).values():
        assert {step.partition("(")[0] for step in steps} <= allowed
    for forward, dialled in (
        ("trunk:city/12345", ["Dial(PJSIP/12345@trunk-city,25)", 'GotoIf($["${DIALSTATUS}" = "ANSWER"]?done)']),
        ("trunk:elsewhere/12345", []),
        ("trunk:city/1&PJSIP/9@trunk-carrier", []),
        ("sip:1@203.0.113.5", []),
    ):
        order = Configure(command_id="-", trunks=(CITY,), fallback=Fallback(forward=forward))
        assert dialplan(files(tmp_path, order))["fawang-fallback"][:-1] == dialled


def test_endpoints_are_the_trunks_the_phones_the_guests_and_nobody_else(tmp_path: Path) -> None:
    def endpoints(made: dict[str, str]) -> dict[str, str]:
        both = sections(made["pjsip.conf"]) + sections(made["pjsip_equipment.conf"])
        return {name: dict(rows)["context"] for name, rows in both if ("type", "endpoint") in rows}

    assert endpoints(files(tmp_path)) == {"fawang-guest": "fawang-in", "trunk-carrier": "fawang-in", "trunk-city": "fawang-in", "8011": "fawang-phones"}
    assert endpoints(files(tmp_path, direct=("10.0.0.0/8",)))["fawang-direct"] == "fawang-nowhere"
    rows = sections(files(tmp_path)["pjsip.conf"])
    guests = next(dict(r) for name, r in rows if name == "fawang-guest-from")
    assert (guests["match"], dict(rows[0][1])["endpoint_identifier_order"]) == ("127.0.0.0/8", "username,ip")


def test_a_trunk_keeps_its_proxy_its_networks_and_its_secret_as_they_are(tmp_path: Path) -> None:
    parts = {dict(rows)["type"]: rows for name, rows in sections(files(tmp_path)["pjsip_equipment.conf"]) if name == "trunk-carrier"}
    assert dict(parts["aor"]) == {"type": "aor", "contact": "sip:192.0.2.1:5060;transport=tcp", "qualify_frequency": "10"}
    assert [text for key, text in parts["identify"] if key == "match"] == ["192.0.2.0/28", "198.51.100.7/32"]
    assert dict(parts["auth"])["password"] == "s;e[c]ret"
    assert dict(parts["registration"])["client_uri"] == "sip:12348@192.0.2.1:5060;transport=tcp"
    assert dict(parts["endpoint"])["transport"] == "transport-tcp"


def test_a_value_that_would_begin_another_line_is_refused_without_being_shown(tmp_path: Path) -> None:
    for trunk in (
        Trunk(name="carrier", proxy="sip:192.0.2.1", user="u", secret="hush\n[evil]\ntype=endpoint"),
        Trunk(name="carrier", proxy="sip:192.0.2.1\r\n#exec x"),
        Trunk(name="a]\n[evil", proxy="sip:192.0.2.1"),
    ):
        with pytest.raises(config.Unfit) as refused:
            files(tmp_path, Configure(command_id="-", trunks=(trunk,)))
        assert "hush" not in str(refused.value)
    with pytest.raises(config.Unfit):
        files(tmp_path, Configure(command_id="-", phones=(Phone(account="trunk-carrier", ha1_md5="0", ha1_sha256="1"),)))


def test_ari_listens_where_the_adapter_asks_and_sends_the_dialplans_variables(tmp_path: Path) -> None:
    made = files(tmp_path)
    http = dict(sections(made["http.conf"])[0][1])
    assert (http["bindaddr"], http["bindport"], http["enabled"]) == ("127.0.0.1", "8088", "yes")
    general, user = sections(made["ari.conf"])
    assert dict(general[1])["channelvars"].split(",")[:3] == ["FAWANG_REF", "FAWANG_PAI", "FAWANG_SOURCE"]
    assert user == ("fawang", [("type", "user"), ("read_only", "no"), ("password", "ari-secret")])
    assert dict(sections(made["asterisk.conf"])[0][1])["systemname"] == "node-1"
    assert ("noload", "app_system.so") in sections(made["modules.conf"])[0][1]


def test_only_what_changed_is_written_and_only_the_owner_may_read_it(tmp_path: Path) -> None:
    target = tmp_path / "etc"
    made = files(tmp_path)
    assert config.write(target, made) == sorted(made)
    assert {path.stat().st_mode & 0o777 for path in target.iterdir()} == {0o600}
    (target / "rtp.conf").chmod(0o644)
    assert config.write(target, made) == []
    assert (target / "rtp.conf").stat().st_mode & 0o777 == 0o600
    without = files(tmp_path, Configure(command_id="-", trunks=(CITY,), fallback=ORDER.fallback))
    assert config.write(target, without) == ["pjsip_equipment.conf"]


@pytest.mark.django_db
def test_the_verb_writes_the_files_and_prints_no_secret(tmp_path: Path, settings: object, capsys: pytest.CaptureFixture[str]) -> None:
    settings.STATE_DIR = tmp_path / "state"  # type: ignore[attr-defined]
    assert main.main(["hotline", "asterisk-config", str(tmp_path / "etc")]) == 0
    printed = capsys.readouterr().out
    secret = (tmp_path / "state" / "secrets" / "ari").read_text()
    assert (tmp_path / "state" / "secrets" / "ari").stat().st_mode & 0o777 == 0o600
    assert len(secret) >= 32
    assert secret not in printed
    assert f"password={secret}" in (tmp_path / "etc" / "ari.conf").read_text()
    assert {path.name for path in (tmp_path / "etc").iterdir()} == {
        "asterisk.conf", "pjsip.conf", "pjsip_equipment.conf", "extensions.conf", "extensions_equipment.conf", "ari.conf", "http.conf", "rtp.conf", "modules.conf",
        "musiconhold.conf", "logger.conf",
    }  # fmt: skip
    assert main.main(["hotline", "asterisk-config", str(tmp_path / "etc")]) == 0
    assert "0 files changed" in capsys.readouterr().out
