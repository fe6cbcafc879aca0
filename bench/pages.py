"""Pages under 50 mixed requests a second, beside a page that does nothing; and what the portal's home weighs."""

from __future__ import annotations

import gzip
import re
import statistics
import threading
import time
from typing import Any

import httpx

from bench.ground import house, web

RATE = 50
HOME_LIMIT = 60 * 1024


def run(*, small: bool = False) -> list[dict[str, Any]]:
    """The p95 of both, and the weight of the home page."""
    seconds = 4 if small else 20
    with house():
        with web() as address:
            weight = home_weight(address)
            mixed = _load(address, ["/", "/ask", "/guides", "/guides/consultation", "/sites", "/track", "/api/v1/openapi.json"], seconds)
        with web("bench.nothing:application") as address:
            nothing = _load(address, ["/"], seconds)
    return [
        {"what": "portal home, all files compressed", "figure": f"{weight / 1024:.1f} KB (limit 60 KB)", "bytes": weight, "holds": weight <= HOME_LIMIT},
        {
            "what": f"p95 under {RATE} mixed requests a second",
            "figure": f"{mixed * 1000:.0f} ms beside {nothing * 1000:.1f} ms of a page that does nothing", "holds": None,
        },
    ]  # fmt: skip


def home_weight(address: str) -> int:
    """Bytes of the home page and everything it loads, each gzip-compressed."""
    with httpx.Client(base_url=address, timeout=30) as client:
        html = client.get("/").text
        parts = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', html))
        total = len(gzip.compress(html.encode()))
        for part in parts:
            body = client.get(part).content
            total += min(len(body), len(gzip.compress(body)))
    return total


def _load(address: str, paths: list[str], seconds: float) -> float:
    times: list[float] = []
    lock = threading.Lock()
    limits = httpx.Limits(max_connections=40)
    with httpx.Client(base_url=address, timeout=30, limits=limits) as client:

        def one(path: str, due: float) -> None:
            answer = client.get(path)
            if answer.status_code >= 400:
                raise RuntimeError(f"{path}: {answer.status_code}")
            with lock:
                times.append(time.perf_counter() - due)

        for path in paths:
            client.get(path)
        began, threads = time.perf_counter(), []
        for n in range(int(RATE * seconds)):
            due = began + n / RATE
            time.sleep(max(0.0, due - time.perf_counter()))
            threads.append(threading.Thread(target=one, args=(paths[n % len(paths)], due)))
            threads[-1].start()
        for thread in threads:
            thread.join()
    return statistics.quantiles(times, n=20)[-1]
