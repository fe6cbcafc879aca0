"""Sound for prompts: uploaded WAV files, or a synthesiser behind a port (espeak-ng by default where it is installed)."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import tempfile
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
from django.db import transaction

from fawang.hotline import prompts
from fawang.hotline.models import Prompt
from fawang.kernel import clock
from fawang.kernel.errors import Refusal
from fawang.kernel.policy import require
from fawang.kernel.text_safety import check_text
from fawang.people.actors import Actor

RATE = 8000
LONGEST_S = 120
Voice = Callable[[str, str], bytes]
"""(text, language) → a mono 16-bit WAV of any rate; raises ``Refusal('hotline.prompt_voice')`` when it cannot speak."""
ESPEAK_VOICES = {"zh-hans": "cmn", "en": "en"}


def espeak(text: str, language: str) -> bytes:
    """The default voice: espeak-ng as a program of the operating system."""
    program = shutil.which("espeak-ng")
    if program is None:
        raise Refusal("hotline.prompt_voice", status=503)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "said.wav"
        done = subprocess.run(  # noqa: S603 - a fixed program, the text is one argument and no option
            [program, "-v", ESPEAK_VOICES.get(language, "cmn"), "-s", "150", "-w", str(out), "--", text], capture_output=True, timeout=60, check=False
        )
        if done.returncode != 0 or not out.is_file():
            raise Refusal("hotline.prompt_voice", status=503)
        return out.read_bytes()


VOICES: dict[str, Voice] = {"default": espeak}


def has_voice() -> bool:
    """Whether the default voice can speak here."""
    return VOICES["default"] is not espeak or shutil.which("espeak-ng") is not None


def to_telephone(data: bytes) -> tuple[bytes, int]:
    """A WAV file as mono 16-bit at 8 kHz, and its length in ms. Raises ``Refusal('hotline.prompt_file')``."""
    try:
        with wave.open(io.BytesIO(data)) as sound:
            channels, width, rate, count = sound.getnchannels(), sound.getsampwidth(), sound.getframerate(), sound.getnframes()
            frames = sound.readframes(count)
    except (wave.Error, EOFError, ValueError):
        raise Refusal("form.invalid", fields={"file": Refusal("hotline.prompt_file", field="file")}) from None
    if channels != 1 or width != 2 or not 8000 <= rate <= 48000 or not frames or count / rate > LONGEST_S:
        raise Refusal("form.invalid", fields={"file": Refusal("hotline.prompt_file", field="file")})
    samples = np.frombuffer(frames, "<i2").astype(np.float64)
    if rate != RATE:
        width_of = max(1, rate // RATE)
        smooth = np.convolve(samples, np.ones(width_of) / width_of, mode="same")  # what lies above 4 kHz must not fold back
        at = np.arange(int(len(samples) * RATE / rate)) * (rate / RATE)
        samples = np.interp(at, np.arange(len(smooth)), smooth)
    body = np.clip(samples, -32768, 32767).astype("<i2").tobytes()
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes(body)
    return out.getvalue(), len(body) * 1000 // (2 * RATE)


def _keep(data: bytes) -> tuple[str, int]:
    """Write sound under its digest (fsync); the same sound is one file."""
    sound, ms = to_telephone(data)
    name = hashlib.sha256(sound).hexdigest()[:40] + ".wav"
    path = prompts.folder() / name
    if not path.exists():
        part = path.with_suffix(f".{os.getpid()}")
        with part.open("wb") as file:
            file.write(sound)
            file.flush()
            os.fsync(file.fileno())
        part.chmod(0o644)
        os.replace(part, path)
    return name, ms


def upload_prompt(*, actor: Actor, code: str, language: str, text: str, data: bytes) -> Prompt:
    """A recorded prompt becomes the one in use; older versions stay. Raises ``Forbidden``, ``Refusal`` for the file."""
    require("hotline.plan", actor)
    check_text(text, max_length=500)
    name, ms = _keep(data)
    return _new_version(code=code, language=language, text=text, source="upload", file=name, ms=ms, actor=actor)


def speak_prompt(*, actor: Actor, code: str, language: str, text: str, demo: bool = False) -> Prompt:
    """A synthesised prompt becomes the one in use. Raises ``Refusal('hotline.prompt_voice')`` without a voice."""
    require("hotline.plan", actor)
    check_text(text, max_length=500)
    name, ms = _keep(VOICES["default"](text, language))
    return _new_version(code=code, language=language, text=text, source="speech", file=name, ms=ms, actor=actor, demo=demo)


def prompt_of_text(*, code: str, text: str, actor: Actor) -> Prompt | None:
    """Speak an announcement where a voice is installed, else ``None``: the general words of its kind are played."""
    if not has_voice():
        return None
    name, ms = _keep(VOICES["default"](text, "zh-hans"))
    return _new_version(code=code, language="zh-hans", text=text, source="speech", file=name, ms=ms, actor=actor)


def _new_version(*, code: str, language: str, text: str, source: str, file: str, ms: int, actor: Actor, demo: bool = False) -> Prompt:
    with transaction.atomic():
        last = Prompt.objects.select_for_update().filter(code=code, language=language).order_by("-version").first()
        Prompt.objects.filter(code=code, language=language, in_use=True).update(in_use=False)
        return Prompt.objects.create(
            code=code, language=language, version=last.version + 1 if last else 1, text=text, source=source, file=file, ms=ms,
            created_by=actor.staff(), created_at=clock.now(), demo=demo,
        )  # fmt: skip


def speak_missing(*, actor: Actor, demo: bool = False) -> int:
    """Speak every shipped wording that has no prompt yet; returns how many. None where no voice is installed."""
    if not has_voice():
        return 0
    have = set(Prompt.objects.filter(in_use=True).values_list("code", "language"))
    made = 0
    for language in ("zh-hans", "en"):
        for code, words in prompts.wordings().items():
            if (code, language) not in have:
                speak_prompt(actor=actor, code=code, language=language, text=words.zh if language == "zh-hans" else words.en, demo=demo)
                made += 1
    return made
