"""The adapter in its house: control socket, equipment told to Asterisk, and what the operator is told when ARI is away."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from fawang.console import doctor
from fawang.hotline.engines import commands as cmd
from fawang.hotline.engines import events as ev
from fawang.hotline.engines.asterisk import config
from fawang.hotline.engines.asterisk.process import AsteriskProcess, problem
from fawang.hotline.engines.asterisk.settings import AsteriskSettings
from fawang.hotline.engines.embedded.client import EmbeddedEngine
from fawang.hotline.engines.port import Cursor, EngineUnavailable
from tests.hotline_engines.asterisk.server import FakeAsterisk


async def _reachable(client: EmbeddedEngine) -> None:
    for _ in range(300):
        try:
            await client.capabilities()
        except EngineUnavailable:
            await asyncio.sleep(0.02)
        else:
            return
    raise AssertionError("the adapter cannot be asked")


def test_a_controller_speaks_to_the_adapter_as_to_any_engine_and_is_let_go_while_ari_is_away(tmp_path: Path) -> None:
    async def inside() -> None:
        raw = tmp_path / "shared" / "raw"
        raw.mkdir(parents=True)
        server = await FakeAsterisk(raw, secret="hush").open()
        settings = AsteriskSettings(state=tmp_path, shared=tmp_path / "shared", secret="hush", url=f"http://127.0.0.1:{server.port}/ari")
        process = AsteriskProcess(settings, config.Line(), tmp_path / "etc")
        running = asyncio.create_task(process.run())
        client = EmbeddedEngine(settings.socket, "asterisk")
        try:
            await _reachable(client)
            snapshot = await client.snapshot()
            trunk = cmd.Trunk(name="carrier", proxy="sip:192.0.2.1:5060", sources=("192.0.2.0/28",))
            order = cmd.Configure(command_id="equip", trunks=(trunk,), fallback=cmd.Fallback(after_s=30, media=("tone:420/100",)))
            await client.do(order)
            events = client.events(Cursor(boot_id=snapshot.boot_id, seq=snapshot.seq))
            line = server.call(trunk="trunk-carrier")
            offered = await asyncio.wait_for(anext(events), 3)
            assert isinstance(offered, ev.LegOffered)
            assert (offered.leg_id, offered.trunk, offered.source, offered.call_ref) == (
                line.channel_id, "carrier", "udp:192.0.2.7:5060", f"ref-{line.channel_id}@test",
            )  # fmt: skip
            await asyncio.sleep(0.2)
            assert "[trunk-carrier]" in (tmp_path / "etc" / "pjsip_equipment.conf").read_text()
            read_anew = [path for method, path, _ in server.requests if method == "PUT" and "modules" in path]
            assert sorted(read_anew) == ["/asterisk/modules/pbx_config.so", "/asterisk/modules/res_pjsip.so"]
            desk = server.call(way="in", trunk="phone-8011")
            assert (await asyncio.wait_for(anext(events), 3)).account == "8011"  # type: ignore[attr-defined]
            server.hang_up(desk.channel_id)
            await server.close()
            for _ in range(200):
                if not process.adapter.link.up.is_set():
                    break
                await asyncio.sleep(0.01)
            with pytest.raises(EngineUnavailable):
                await client.snapshot()
            server._tasks.clear()
            await server.open()
            await _reachable(client)
            assert (await client.snapshot()).leg(line.channel_id) is not None
        finally:
            await client.close()
            process._stopping.set()
            await running
            await server.close()

    asyncio.run(inside())


def test_what_is_wrong_with_ari_is_one_sentence(tmp_path: Path) -> None:
    def settings(port: int, secret: str) -> AsteriskSettings:
        return AsteriskSettings(state=tmp_path, shared=tmp_path, secret=secret, url=f"http://127.0.0.1:{port}/ari")

    async def inside() -> list[str]:
        server = await FakeAsterisk(tmp_path, secret="hush").open()
        found = [await asyncio.to_thread(problem, settings(server.port, secret)) for secret in ("hush", "other")]
        await server.close()
        return [*found, await asyncio.to_thread(problem, settings(server.port, "hush")), str(server.port)]

    fine, refused, away, port = asyncio.run(inside())
    assert fine == ""
    assert refused.endswith(f"Asterisk at http://127.0.0.1:{port}/ari refuses the user fawang: run `fawang hotline asterisk-config`.")
    assert away.endswith(f"ARI of Asterisk cannot be reached at http://127.0.0.1:{port}/ari: is Asterisk running?")
    assert "hush" not in refused + away


def test_the_doctor_says_that_ari_cannot_be_reached(settings: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.STATE_DIR = tmp_path  # type: ignore[attr-defined]
    monkeypatch.setenv("FAWANG_ARI_URL", "http://127.0.0.1:1/ari")
    assert doctor.engine_troubles() == []
    settings.HOTLINE_ENGINE = "asterisk"  # type: ignore[attr-defined]
    assert doctor.engine_troubles() == [
        "无法连接 Asterisk 的 ARI（http://127.0.0.1:1/ari）/ ARI of Asterisk cannot be reached at http://127.0.0.1:1/ari: is Asterisk running?"
    ]
