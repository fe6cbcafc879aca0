"""A machine that writes down speech, at an OpenAI-compatible address; off unless one is named. Bounded in time and size, no redirects, no proxies. Pure."""

from __future__ import annotations

import json
import time
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import httpx

from fawang.kernel.errors import Refusal, catalogue

MOST_BYTES = 256 * 1024
MOST_CHARACTERS = 20_000

catalogue(
    {
        "transcript.off": ("没有接入转写。", "No transcription is connected."),
        "transcript.unreachable": ("转写服务连不上，录音还在，请直接听。", "The transcription service cannot be reached; the recording is there to be played."),
        "transcript.slow": ("转写太慢，已经停止等待，请直接听录音。", "Transcription was too slow; please play the recording."),
        "transcript.nonsense": (
            "转写服务的回答读不出来，没有采用，请直接听录音。",
            "The answer could not be read and was not taken; please play the recording.",
        ),
        "transcript.empty": ("机器没有听出话来，请直接听录音。", "The machine heard no words; please play the recording."),
        "transcript.long": ("录音太长，机器转写不了，请直接听。", "The recording is too long to be transcribed; please play it."),
    }
)


class TranscriptFailed(Refusal):
    """No transcript, and why. Nothing has changed."""

    def __init__(self, code: str) -> None:
        super().__init__(code, status=409 if code in ("transcript.off", "transcript.long") else 502)


@dataclass(frozen=True, slots=True)
class Transcriber:
    """``url``: the address or the base before ``/audio/transcriptions``; ``seconds``: the longest the whole exchange may take."""

    url: str
    model: str
    key: str = ""
    seconds: float = 60.0

    @property
    def address(self) -> str:
        """The full address."""
        return self.url if self.url.rstrip("/").endswith("/audio/transcriptions") else f"{self.url.rstrip('/')}/audio/transcriptions"

    def __call__(self, sound: bytes) -> str:
        """What is said in a WAV file, as plain text without anything invisible in it. Raises ``TranscriptFailed``."""
        end = time.monotonic() + self.seconds
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        patience = httpx.Timeout(self.seconds, connect=min(5.0, self.seconds))
        form = {"model": self.model, "language": "zh", "response_format": "json"}
        try:
            with (
                httpx.Client(timeout=patience, follow_redirects=False, trust_env=False) as client,
                client.stream("POST", self.address, data=form, files={"file": ("sound.wav", sound, "audio/wav")}, headers=headers) as answer,
            ):
                if answer.status_code != 200:
                    raise TranscriptFailed("transcript.unreachable")
                return _text(b"".join(_bounded(answer.iter_raw(8192), end)))
        except httpx.TimeoutException:
            raise TranscriptFailed("transcript.slow") from None
        except httpx.RemoteProtocolError:
            raise TranscriptFailed("transcript.nonsense") from None
        except (httpx.HTTPError, httpx.InvalidURL):
            raise TranscriptFailed("transcript.unreachable") from None


def _bounded(chunks: Iterator[bytes], end: float) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > MOST_BYTES:
            raise TranscriptFailed("transcript.nonsense")
        if time.monotonic() > end:
            raise TranscriptFailed("transcript.slow")
        yield chunk


def _text(raw: bytes) -> str:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        raise TranscriptFailed("transcript.nonsense") from None
    said = found.get("text") if isinstance(found, dict) and "error" not in found else None
    if not isinstance(said, str) or len(said) > MOST_CHARACTERS:
        raise TranscriptFailed("transcript.nonsense")
    seen = "".join(ch if ch == "\n" or unicodedata.category(ch)[0] != "C" else " " for ch in said).replace("\ufffd", " ").strip()
    if not seen:
        raise TranscriptFailed("transcript.empty")
    return seen
