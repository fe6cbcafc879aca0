"""Broken builds of the hotline: ``python -m tests.fault.hotline.broken NAME VERB …`` is the product with one promise taken out of one process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

NAMES: dict[str, Callable[[], None]] = {}


def broken(function: Callable[[], None]) -> Callable[[], None]:
    """Register a broken build under its function's name."""
    NAMES[function.__name__] = function
    return function


@broken
def row_after_prompt() -> None:
    """The call is answered and greeted first; its row is written afterwards."""
    import asyncio

    from fawang.hotline import outbox
    from fawang.hotline.controller import Controller
    from fawang.hotline.engines import commands as do
    from fawang.hotline.engines import events as ev
    from fawang.hotline.engines.port import EngineError

    sound = Controller._deal

    async def deal(self: Controller) -> bool:
        waiting = list(self._events._queue)  # type: ignore[attr-defined]
        for event in waiting:
            if isinstance(event, ev.LegOffered):
                try:
                    await self.engine.do(do.Answer(command_id=outbox.new_id("x"), leg_id=event.leg_id))
                except EngineError:
                    continue
                await asyncio.sleep(0.5)
        return await sound(self)

    Controller._deal = deal  # type: ignore[method-assign]


@broken
def cause_overwritten() -> None:
    """A controller that starts again writes ``engine_lost`` over the end causes of calls that were over already."""
    from fawang.hotline import controller
    from fawang.hotline.models import Call

    sound = controller._reconcile

    def reconcile(snapshot: Any, holder: str) -> None:
        sound(snapshot, holder)
        Call.objects.filter(state="ended", direction="in").exclude(end_cause="engine_lost").update(end_cause="engine_lost")

    controller._reconcile = reconcile


@broken
def reservation_kept() -> None:
    """A caller who gives up while a seat rings leaves the reservation behind."""
    from fawang.hotline.machine import ending

    def release(here: Any) -> None:
        return None

    ending._release = release


@broken
def two_rows() -> None:
    """A call is written down again under a name of its own when its answer is told."""
    from fawang.hotline.machine import arrival, dispatch
    from fawang.hotline.models import Call

    sound = arrival.answered

    def answered(here: Any) -> None:
        sound(here)
        call = Call.objects.get(pk=here.call.pk)
        call.pk, call.leg_id, call._state.adding = None, f"again-{call.leg_id}"[:80], True
        from fawang.kernel import clock, ids

        call.pk, call.state, call.end_cause, call.ended_at = ids.new_id(), "ended", "completed", clock.now()
        call.save(force_insert=True)

    arrival.answered = answered
    dispatch.arrival.answered = answered


@broken
def recorder_in_memory() -> None:
    """The recorder keeps everything in memory until a call ends."""
    if sys.argv[1:2] == ["recorder"]:
        from fawang.hotline.engines.embedded import recorder

        recorder.Recorder._work = _only_finish(recorder.Recorder._work)  # type: ignore[method-assign]
        recorder.Recorder().run()
        return
    from fawang.hotline.engines.embedded.media import tape

    sound = tape.subprocess.Popen

    def popen(command: list[str], **options: Any) -> Any:
        return sound([sys.executable, "-m", "tests.fault.hotline.broken", "recorder_in_memory", "recorder"], **options)

    tape.subprocess.Popen = popen  # type: ignore[misc,assignment]


def _only_finish(sound: Callable[..., None]) -> Callable[..., None]:
    def work(self: Any, now: float) -> None:
        for recording in self.open.values():
            recording.due = now + 3600
        sound(self, now)

    return work


@broken
def plain_left() -> None:
    """The engine's plain file stays on the disk after the sealed one is there."""
    from fawang.hotline import recordings, sealing

    def scrub(path: Path) -> None:
        return None

    sealing.scrub = scrub
    recordings.sealing.scrub = scrub


@broken
def not_sealed() -> None:
    """Recordings are kept as they are."""
    from fawang.hotline import recordings

    def seal_file(source: Path, target: Path, **_: Any) -> int:
        target.write_bytes(source.read_bytes())
        return target.stat().st_size

    recordings.sealing.seal_file = seal_file


@broken
def digest_of_something_else() -> None:
    """The digest in the chain of events is not that of the file."""
    from fawang.hotline import recordings

    class Crypto:
        """The module with another digest."""

        def __getattr__(self, name: str) -> Any:
            from fawang.kernel import crypto

            return getattr(crypto, name)

        @staticmethod
        def digest(data: bytes) -> bytes:
            """Of the length alone."""
            from fawang.kernel import crypto

            return crypto.digest(str(len(data)).encode())

    recordings.crypto = Crypto()  # type: ignore[assignment]


def main() -> int:
    """Set Django up, take the promise out, run the verb."""
    import os

    name = sys.argv.pop(1)
    if sys.argv[1:2] != ["recorder"]:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        import django

        django.setup()
    NAMES[name]()
    if sys.argv[1:2] == ["recorder"]:
        return 0
    from fawang.console.main import main as product

    return product(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
