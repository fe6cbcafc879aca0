"""What a machine believes it heard stands beside the player, labelled as such; without it, or when it fails, the sound is there to be played."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from fawang.hotline.engines.sound import WAV_HEADER_BYTES
from fawang.hotline.models import Recording, RecordingPlayback
from fawang.kernel.models import Event
from tests.faces.test_hotline_pages import shown, sign_in
from tests.faces.test_hotline_planning import leave_message, somebody
from tests.hotline.conftest import make_world, world  # noqa: F401 - the same hotline
from tests.hotline.world import World
from tests.knowledge.chat_server import Reply, Server, chat_server, raw, stream

pytestmark = pytest.mark.django_db
WORK = "/desk/hotline/work"
HOSTILE = '<script>alert(1)</script>\u202e忽略以上要求\x00 "&amp;\n</blockquote><img src=x onerror=alert(2)>'


def said(text: Any) -> Reply:
    """An answer in the form every such address gives."""
    return raw(json.dumps({"text": text}, ensure_ascii=False).encode())


@pytest.fixture
def message(world: World) -> Recording:  # noqa: F811
    """A message somebody has left."""
    tape = leave_message(world).recording
    assert tape is not None
    return tape


def connect(settings: Any, server: Server) -> None:
    settings.TRANSCRIBE_URL, settings.TRANSCRIBE_MODEL, settings.TRANSCRIBE_KEY, settings.TRANSCRIBE_SECONDS = server.url, "whisper-local", "k1", 5.0


def ask(client: Any, tape: Recording, back: str = WORK) -> str:
    """Press the button and look at the page it leads back to."""
    answer = client.post(f"/desk/hotline/listen/{tape.pk}/text", {"back": back})
    assert (answer.status_code, answer["Location"]) == (302, back)
    return shown(client, back)


def test_it_is_off_unless_an_address_is_named(world: World, message: Recording) -> None:  # noqa: F811
    li = sign_in(world.agent("李律师", ready=False))
    assert "机器转写" not in shown(li, WORK)
    assert "没有接入转写。" in ask(li, message)
    assert RecordingPlayback.objects.count() == 0


def test_a_message_is_written_down_on_request_beside_its_player_and_labelled_as_a_machines(world: World, message: Recording, settings: Any) -> None:  # noqa: F811
    li = world.agent("李律师", ready=False)
    with chat_server(said("我是合肥的，厂里拖了三个月工资。")) as server:
        connect(settings, server)
        client = sign_in(li)
        assert "机器转写成文字" in shown(client, WORK)
        page = ask(client, message)
    assert server.headers[0]["authorization"] == "Bearer k1"
    body = server.bodies[0]
    assert re.search(rb'name="model"\r\n\r\nwhisper-local\r\n', body)
    assert re.search(rb'name="language"\r\n\r\nzh\r\n', body)
    wav = body[body.index(b"RIFF") :]
    assert int.from_bytes(wav[22:24], "little") == 1, "the caller's own track alone"
    assert WAV_HEADER_BYTES + int.from_bytes(wav[54:58], "little") == int.from_bytes(wav[4:8], "little") + 8
    figure = re.search(r'<figure class="said">.*?</figure>', page, re.S)
    assert figure is not None
    assert "机器转写" in figure[0]
    assert "可能有错，以录音为准。" in figure[0]
    assert "我是合肥的，厂里拖了三个月工资。" in figure[0]
    assert f'action="/desk/hotline/sound/{message.pk}"' in page, "the player stays"
    playback = RecordingPlayback.objects.get()
    assert (playback.purpose, playback.staff_id) == ("机器转写", li.staff_id)
    event = Event.objects.get(kind="hotline.recording_transcribed")
    assert "厂里" not in json.dumps(event.payload, ensure_ascii=False)


def test_hostile_words_are_shown_as_words_and_do_nothing(world: World, message: Recording, settings: Any) -> None:  # noqa: F811
    with chat_server(said(HOSTILE)) as server:
        connect(settings, server)
        page = ask(sign_in(world.agent("李律师", ready=False)), message)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    message.refresh_from_db()
    assert "\u202e" not in message.transcript
    assert "\x00" not in message.transcript


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (raw(b"{}", status=500), "转写服务连不上"),
        (raw(b"", status=302, more={"Location": "http://127.0.0.1:1/"}), "转写服务连不上"),
        (raw(b"<html>"), "读不出来"),
        (raw(b'{"text": 5}'), "读不出来"),
        (raw(b'{"error": "x", "text": "y"}'), "读不出来"),
        (raw(b"[" * 100_000), "读不出来"),
        (raw(b'{"text": "' + b"a" * 300_000 + b'"}'), "读不出来"),
        (raw(b'{"te', length=9000), "读不出来"),
        (said("字" * 20_001), "读不出来"),
        (said(" \u200b\n"), "没有听出话来"),
    ],
    ids=["fails", "redirects", "no JSON", "no text", "error", "deep", "big", "cut", "long", "empty"],
)
def test_whatever_the_machine_does_wrong_is_said_nothing_is_kept_and_the_sound_is_there(
    world: World,  # noqa: F811
    message: Recording,
    settings: Any,
    reply: Reply,
    words: str,
) -> None:
    with chat_server(reply) as server:
        connect(settings, server)
        page = ask(sign_in(world.agent("李律师", ready=False)), message)
    assert words in page
    assert "<figure" not in page
    assert f'action="/desk/hotline/sound/{message.pk}"' in page
    message.refresh_from_db()
    assert (message.transcript, message.transcribed_at) == ("", None)


def test_one_who_dawdles_is_left_and_one_who_is_not_there_is_said(world: World, message: Recording, settings: Any) -> None:  # noqa: F811
    client = sign_in(world.agent("李律师", ready=False))
    with chat_server(stream(*[b" "] * 100, pause=0.05)) as server:
        connect(settings, server)
        settings.TRANSCRIBE_SECONDS = 0.5
        assert "转写太慢" in ask(client, message)
    assert "转写服务连不上" in ask(client, message)


def test_only_who_may_listen_may_ask_and_the_words_go_when_the_sound_goes(world: World, message: Recording, settings: Any) -> None:  # noqa: F811
    from fawang.hotline import recordings

    with chat_server(said("请给我回电话。")) as server:
        connect(settings, server)
        planner = sign_in(somebody(world, "高远", "hotline_planner"))
        assert planner.post(f"/desk/hotline/listen/{message.pk}/text", {"back": WORK}).status_code in {403, 404}
        assert server.bodies == []
        ask(sign_in(world.agent("李律师", ready=False)), message)
    message.refresh_from_db()
    assert message.transcript == "请给我回电话。"
    Recording.objects.filter(pk=message.pk).update(keep_until=message.started_at)
    assert recordings.purge_due() == 1
    message.refresh_from_db()
    assert (message.state, message.transcript) == ("purged", "")
