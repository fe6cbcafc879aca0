"""Citizens in a hurry: each asks, adds, attaches, withdraws or is led on and rates, and repeats blindly under one key until it is told yes.

Everything a client is told is written into its own journal before it goes on; the judge believes the journals alone.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import random
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

QUIET, FAST = "340100", "340103"
RARE = "𠮷𬭚𰻝·阿不都热合曼・吐尔逊"


def sha(data: bytes) -> str:
    """Hex SHA-256."""
    return hashlib.sha256(data).hexdigest()


@dataclass
class Progress:
    """What nemesis and report look at while the clients run."""

    acks: int = 0
    flying: int = 0
    last_ack: float = field(default_factory=time.monotonic)
    longest_silence: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ack(self) -> None:
        """Count one."""
        with self.lock:
            now = time.monotonic()
            self.longest_silence = max(self.longest_silence, now - self.last_ack)
            self.acks, self.last_ack = self.acks + 1, now


@dataclass(frozen=True)
class Habits:
    """How the clients behave; shares between 0 and 1."""

    hang_up: float = 0.04
    fast: float = 0.12
    more: float = 1.0
    matters: int = 0
    give_up_after: float = 90.0


class Client(threading.Thread):
    """One citizen's browser, phone and bad line."""

    def __init__(
        self, number: int, port: int, history: Path, seed: int, run: str, progress: Progress, habits: Habits, on_ack: Callable[[], None] | None = None
    ) -> None:
        super().__init__(daemon=True, name=f"client-{number}")
        self.number, self.port, self.run_name, self.progress, self.habits, self.on_ack = number, port, run, progress, habits, on_ack
        self.chance = random.Random(f"{seed}:{number}")
        self.journal = (history / f"client-{number:02d}.jsonl").open("a")
        self.stopping = threading.Event()
        self.served = 0
        self.done: list[tuple[dict[str, Any], bytes]] = []

    def run(self) -> None:
        """One matter after the other until told to stop; what was begun is brought to its end."""
        while not self.stopping.is_set() and not (self.habits.matters and self.served >= self.habits.matters):
            self.served += 1
            self._one_matter()
        self.journal.close()

    def _write(self, **line: Any) -> None:
        self.journal.write(json.dumps({"t": round(time.time(), 3), **line}, ensure_ascii=False) + "\n")
        self.journal.flush()

    def _one_matter(self) -> None:
        name = f"{self.run_name}-{self.number}-{self.served}"
        fast = self.chance.random() < self.habits.fast
        question = f"{name} 厂里拖欠工资，姓名{self.chance.choice(RARE)}，怎么办？"
        phone = f"13{self.number % 10}{self.chance.randrange(10**8):08d}"
        first = self.chance.random() < 0.2 * self.habits.more and not fast
        told = self.ask(
            "submit", "consultations",
            {
                "question": question, "region": FAST if fast else QUIET, "contact": {"name": f"王{self.number}", "phone": phone},
                "priority_groups": ["elderly"] if first else [],
            },
            digest=sha(question.encode()), fast=fast, phone=phone,
        )  # fmt: skip
        if told is None or self.stopping.is_set():
            return
        code = told["lookup_code"]
        if first:
            self._rate(name, code, told["number"])
            return
        for n in range(self.chance.choice((0, 1, 1, 2, 3)) if self.habits.more else 0):
            body = f"{name}-{n} 补充：{uuid.UUID(int=self.chance.getrandbits(128))}"
            self.ask("message", f"matters/{code}/messages", {"body": body}, digest=sha(body.encode()), number=told["number"])
        if self.chance.random() < 0.35 * self.habits.more:
            content = f"{name} 欠条\n{self.chance.getrandbits(256):064x}\n".encode() * self.chance.choice((1, 20, 400))
            self.ask("attach", f"matters/{code}/attachments", content, digest=sha(hashlib.sha256(content).digest()), number=told["number"])
        if self.chance.random() < 0.4 * self.habits.more and not fast:
            self.ask("withdraw", f"matters/{code}/steps/withdraw", {"data": {}}, number=told["number"])
        if self.done and self.chance.random() < 0.12 * self.habits.more:
            self._again()

    def _rate(self, name: str, code: str, number: str) -> None:
        """Say how it was, once the office has led one on; who waits in vain says nothing."""
        began = time.monotonic()
        while time.monotonic() - began < self.habits.give_up_after and not self.stopping.is_set():
            if self._state(code) == "redirected":
                level = self.chance.randint(1, 5)
                self.ask("rate", f"matters/{code}/rating", {"level": level, "comment": f"{name} {'好' * level}"}, number=number, level=level)
                return
            time.sleep(0.2)

    def _state(self, code: str) -> str:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20, source_address=(self._source(), 0))
        try:
            line.request("GET", f"/api/v1/matters/{code}")
            return str(json.loads(line.getresponse().read()).get("state", ""))
        except (OSError, http.client.HTTPException, ValueError):
            return ""
        finally:
            line.close()

    def _again(self) -> None:
        """A key already answered: the same body must give the same bytes, another body must be refused."""
        op, body = self.chance.choice(self.done[-30:])
        self._until_told({**op, "replay": True}, body)
        if op["op"] != "attach":
            changed = json.dumps(_altered(json.loads(body))).encode()
            self._until_told({**op, "replay": True, "changed": True}, changed)

    def ask(self, op: str, path: str, body: Any, **facts: Any) -> dict[str, Any] | None:
        """One write under a key of its own, repeated until it is acknowledged or refused; the answer when it was a yes."""
        key = f"{self.run_name}-{uuid.UUID(int=self.chance.getrandbits(128)).hex}"
        raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        entry = {"op": op, "key": key, "path": path, "source": self._source(), **facts}
        self._write(event="begin", **entry)
        status, answer = self._until_told(entry, raw)
        if status != 201:
            return None
        self.done.append((entry, raw))
        return dict(json.loads(answer))

    def _source(self) -> str:
        return f"127.9.{self.number + 1}.{self.chance.randint(1, 250)}"

    def _until_told(self, op: dict[str, Any], body: bytes) -> tuple[int, bytes]:
        attempt, began = 0, time.monotonic()
        while time.monotonic() - began < self.habits.give_up_after:
            attempt += 1
            hang_up = not op.get("replay") and self.chance.random() < self.habits.hang_up
            with self.progress.lock:
                self.progress.flying += 1
            try:
                status, answer = self._send(op, body, hang_up)
            except (OSError, http.client.HTTPException) as error:
                self._write(event="lost", key=op["key"], attempt=attempt, why=type(error).__name__)
                time.sleep(self.chance.uniform(0.02, 0.3))
                continue
            finally:
                with self.progress.lock:
                    self.progress.flying -= 1
            if status >= 500 or status == 429:
                self._write(event="unwell", key=op["key"], attempt=attempt, status=status)
                time.sleep(self.chance.uniform(0.05, 0.3))
                continue
            kind = ("changed" if op.get("changed") else "replay") if op.get("replay") else "told"
            self._write(event=kind, key=op["key"], attempt=attempt, status=status, body=answer.decode())
            if status == 201 and not op.get("replay"):
                self.progress.ack()
                if self.on_ack:
                    self.on_ack()
            return status, answer
        self._write(event="gave_up", key=op["key"])
        return 0, b""

    def _send(self, op: dict[str, Any], body: bytes, hang_up: bool) -> tuple[int, bytes]:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20, source_address=(op["source"], 0))
        headers = {"Idempotency-Key": op["key"], "Content-Type": "application/json"}
        if op["op"] == "attach":
            mark = "x" + sha(body)[:20]
            body = (
                f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="iou.txt"\r\nContent-Type: text/plain\r\n\r\n'.encode()
                + body
                + f"\r\n--{mark}--\r\n".encode()
            )
            headers["Content-Type"] = f"multipart/form-data; boundary={mark}"
        try:
            line.request("POST", f"/api/v1/{op['path']}", body, headers)
            if hang_up:
                time.sleep(self.chance.uniform(0, 0.06))
                raise ConnectionAbortedError
            answer = line.getresponse()
            return answer.status, answer.read()
        finally:
            line.close()


def _altered(body: dict[str, Any]) -> dict[str, Any]:
    for name in ("question", "body", "comment"):
        if name in body:
            return {**body, name: body[name] + "（改）"}
    return {**body, "data": {"reason": "改"}}
