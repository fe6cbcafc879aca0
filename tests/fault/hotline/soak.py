"""``./run fault soak``: an hour at three times the rate of a large province (1.2 calls a second, scripted seats), nothing killed, no growth of memory.

./run fault soak                     an hour
./run fault soak --minutes 5         shorter
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from tests.fault.hotline.callers import Callers
from tests.fault.hotline.campaign import report, verdict_of
from tests.fault.hotline.house import House

RATE, SEATS = 1.2, 60
EVERY_S = 20.0
GROWTH, LEAST_MB = 1.10, 15.0
"""The last quarter may hold a tenth more than the second (the first is warming up), or so many MB."""
PROCESSES = ("engine", "recorder", "controller", "worker")


def resident(pids: list[int]) -> float:
    """MB of some processes together."""
    total = 0
    for pid in pids:
        try:
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
        except (OSError, IndexError):
            continue
    return total / 2**20


def grows(samples: list[float]) -> bool:
    """Whether the last quarter holds more than the second."""
    quarter = len(samples) // 4
    second, last = statistics.median(samples[quarter : 2 * quarter]), statistics.median(samples[-quarter:])
    return last > second * GROWTH and last > second + LEAST_MB


def main(arguments: list[str]) -> int:
    """Run, sample, judge, say."""
    parser = argparse.ArgumentParser(prog="run fault soak")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--port", type=int, default=8404)
    parser.add_argument("--sip-port", type=int, default=25_460)
    options = parser.parse_args(arguments)
    house = House(Path(tempfile.mkdtemp(prefix="fawang-soak-")), options.port, options.sip_port, low=48_000)
    print(f"history and data: {house.folder}", flush=True)
    samples: dict[str, list[float]] = {name: [] for name in PROCESSES}
    try:
        house.prepare()
        house.start()
        house.seat(SEATS, talk=20.0, ring=1.0)
        history = house.folder / "history"
        callers = Callers(
            history, house.sip, calls=int(options.minutes * 60 * RATE), rate=RATE, leaves=0.15, port=options.sip_port + 1, media=options.sip_port + 2000
        )
        end = time.monotonic() + options.minutes * 60 + 120
        while not callers.over() and time.monotonic() < end:
            time.sleep(min(EVERY_S, options.minutes * 60 / 40))
            for name in PROCESSES:
                samples[name].append(resident(house.pids(name)))
        callers.stop()
        verdict = verdict_of(house, history)
        print("\n".join(report(verdict)), flush=True)
    finally:
        house.stop()
    growing = [name for name, found in samples.items() if len(found) >= 8 and grows(found)]
    for name, found in samples.items():
        print(f"  {name}: {found[0]:.0f} MB at first, {found[-1]:.0f} MB at last{', GROWS' if name in growing else ''}")
    return 1 if growing or verdict.violations else 0
