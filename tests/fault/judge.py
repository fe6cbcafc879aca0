"""The judge: compares what clients were told with what the system holds. Imports nothing of the product.

It reads the clients' journals, the database by plain SQL, and the files as they lie on the disk.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg


@dataclass
class Order:
    """One write a client wanted done under one key, and all it was told about it."""

    key: str
    op: str
    facts: dict[str, Any]
    told: list[tuple[int, str]] = field(default_factory=list)
    replays: list[tuple[int, str]] = field(default_factory=list)
    changed: list[tuple[int, str]] = field(default_factory=list)

    @property
    def acked(self) -> bool:
        """Whether the client was told yes."""
        return any(status == 201 for status, _ in self.told)

    @property
    def answer(self) -> dict[str, Any]:
        """The first yes."""
        return next(dict(json.loads(body)) for status, body in self.told if status == 201)


@dataclass
class Verdict:
    """What was found. ``violations`` are pairs of kind and words."""

    counts: Counter[str] = field(default_factory=Counter)
    measured: dict[str, float] = field(default_factory=dict)
    violations: list[tuple[str, str]] = field(default_factory=list)

    def accuse(self, kind: str, words: str) -> None:
        """Note one violation."""
        self.violations.append((kind, words))

    @property
    def kinds(self) -> Counter[str]:
        """How many of each kind."""
        return Counter(kind for kind, _ in self.violations)


def orders_of(history: Path) -> list[Order]:
    """All orders of all clients' journals."""
    orders: dict[str, Order] = {}
    for path in sorted(history.glob("client-*.jsonl")):
        for line in path.read_text().splitlines():
            row = json.loads(line)
            if row["event"] == "begin":
                orders[row["key"]] = Order(row["key"], row["op"], row)
            elif row["event"] in {"told", "replay", "changed"}:
                order = orders[row["key"]]
                {"told": order.told, "replay": order.replays, "changed": order.changed}[row["event"]].append((row["status"], row["body"]))
    return list(orders.values())


def judge(history: Path, dsn: str, files: Path, *, background: bool = True) -> Verdict:
    """The verdict on one run; without ``background`` what workers would have done later is left out."""
    run = json.loads((history / "run.json").read_text())
    verdict, orders = Verdict(), orders_of(history)
    with psycopg.connect(dsn, autocommit=True) as connection:
        held = Held(connection, run["began"], background)
        verdict.counts.update({"acknowledged": sum(o.acked for o in orders), "orders": len(orders)})
        verdict.counts.update(f"told {o.op}" for o in orders if o.acked)
        for order in orders:
            _answers(order, verdict)
            {"submit": _submitted, "message": _written, "attach": _attached, "withdraw": _withdrawn, "rate": _rated}[order.op](order, held, files, verdict)
        _whole(held, verdict)
        if background:
            _afterwards(held, verdict)
            _timers(held, verdict)
    verdict.counts["files without a row"] = _orphans(held, files)
    return verdict


class Held:
    """What the system holds since the run began."""

    def __init__(self, connection: psycopg.Connection[Any], began: float, background: bool) -> None:
        self.connection, self.background = connection, background
        since = {"since": began - 1}
        self.matters = {
            n: (i, p, s, r)
            for i, n, p, s, r in self.ask(
                "SELECT id, number, process_code, state, region_code FROM matters_matter WHERE opened_at >= to_timestamp(%(since)s)", since
            )
        }
        self.opened: dict[str, list[Any]] = defaultdict(list)
        self.written: dict[str, list[str]] = defaultdict(list)
        self.attached: dict[str, list[str]] = defaultdict(list)
        self.steps: Counter[tuple[Any, str]] = Counter()
        self.lit: Counter[tuple[Any, str, str]] = Counter()
        self.lit_at: dict[tuple[Any, str], tuple[str, float]] = {}
        self.rated: Counter[Any] = Counter()
        self.scanned: Counter[str] = Counter()
        self.streams_opened: Counter[Any] = Counter()
        rows = self.ask(
            "SELECT kind, stream, payload, extract(epoch FROM recorded_at) FROM kernel_event WHERE recorded_at >= to_timestamp(%(since)s) ORDER BY recorded_at",
            since,
        )
        self.events = 0
        for kind, stream, payload, at in rows:
            self.events += 1
            self._note(kind, stream, payload, float(at))
        self.links = Counter(
            (p, r)
            for p, r in self.ask(
                "SELECT l.parent_id, l.relation FROM matters_matterlink l JOIN matters_matter m ON m.id = l.parent_id WHERE m.opened_at >= to_timestamp(%(since)s)",
                since,
            )
        )
        self.orders = list(
            self.ask(
                "SELECT l.parent_id, c.id, c.data->>'cause', c.state FROM matters_matterlink l JOIN matters_matter c ON c.id = l.child_id WHERE l.relation = 'supervises' AND c.opened_at >= to_timestamp(%(since)s)",
                since,
            )
        )
        self.notices = Counter((m, t) for m, t in self.ask("SELECT matter_id, template FROM people_notice WHERE created_at >= to_timestamp(%(since)s)", since))
        self.unsent = [str(i) for (i,) in self.ask("SELECT id FROM people_notice WHERE created_at >= to_timestamp(%(since)s) AND state <> 'sent'", since)]
        self.messages = {str(i) for (i,) in self.ask("SELECT id FROM matters_message WHERE created_at >= to_timestamp(%(since)s)", since)}
        self.files = {str(i): (d, b, s) for i, d, b, s in self.ask("SELECT id, digest, blob, state FROM matters_attachment", {})}
        self.ratings = dict(self.ask("SELECT matter_id, level FROM oversight_rating", {}))
        self.clocks = list(
            self.ask(
                "SELECT matter_id, rule_code, state = 'running' AND (light = 'overdue' OR statutory_due_at < now() - interval '1 minute'), extract(epoch FROM statutory_due_at) FROM matters_clock WHERE rule_version = 'fast' AND started_at >= to_timestamp(%(since)s)",
                since,
            )
        )

    def ask(self, sql: str, values: dict[str, Any]) -> list[Any]:
        """Rows of a query."""
        return self.connection.execute(sql, values).fetchall()

    def _note(self, kind: str, stream: Any, payload: dict[str, Any], at: float) -> None:
        if kind == "matter.opened":
            self.streams_opened[stream] += 1
            if payload["process"] == "consultation":
                self.opened[payload["title_digest"]].append(stream)
        elif kind == "matter.message_added":
            self.written[payload["digest"]].append(payload["message"])
        elif kind == "matter.attachment_added":
            self.attached[payload["digest"]].append(payload["attachment"])
        elif kind == "matter.attachment_scanned":
            self.scanned[payload["attachment"]] += 1
        elif kind == "matter.step_taken":
            self.steps[(stream, payload["verb"])] += 1
        elif kind == "matter.clock_lit":
            self.lit[(stream, payload["rule"], payload["light"])] += 1
            if payload["light"] == "overdue":
                self.lit_at[(stream, payload["rule"])] = (payload["due"], at)
        elif kind == "rating.given":
            self.rated[stream] += 1


def _answers(order: Order, verdict: Verdict) -> None:
    """Every answer to a key is the first one, byte for byte; another body under it is refused; a repeat is never a new refusal."""
    bodies = {body for status, body in [*order.told, *order.replays] if status == 201}
    if len(bodies) > 1:
        verdict.accuse("answer", f"{order.op} {order.key}: {len(bodies)} different answers")
    for status, body in [*order.told, *order.replays]:
        if status != 201:
            verdict.accuse("answer", f"{order.op} {order.key}: {status} {body[:120]}")
    for status, body in order.changed:
        if status != 409 or json.loads(body)["code"] != "key.reused":
            verdict.accuse("answer", f"{order.op} {order.key}: another body under the key gave {status}")
    verdict.counts["replays"] += len(order.replays)
    verdict.counts["changed bodies"] += len(order.changed)


def _submitted(order: Order, held: Held, files: Path, verdict: Verdict) -> None:
    streams = held.opened.get(order.facts["digest"], [])
    if len(streams) > 1:
        verdict.accuse("duplicate", f"matter for {order.key}: {len(streams)}")
    if not order.acked:
        return
    row = held.matters.get(order.answer["number"])
    if row is None:
        verdict.accuse("lost", f"matter {order.answer['number']}")
    elif streams != [row[0]] and len(streams) < 2:
        verdict.accuse("half", f"matter {order.answer['number']} and its event do not fit")
    elif row is not None and held.notices[(row[0], "received")] != 1:
        verdict.accuse(
            "duplicate" if held.notices[(row[0], "received")] else "half", f"{held.notices[(row[0], 'received')]} receipts for {order.answer['number']}"
        )


def _written(order: Order, held: Held, files: Path, verdict: Verdict) -> None:
    found = held.written.get(order.facts["digest"], [])
    if len(found) > 1:
        verdict.accuse("duplicate", f"message for {order.key}: {len(found)}")
    if order.acked and order.answer["id"] not in held.messages:
        verdict.accuse("lost", f"message {order.answer['id']}")
    elif order.acked and order.answer["id"] not in found:
        verdict.accuse("half", f"message {order.answer['id']} has no event")


def _attached(order: Order, held: Held, files: Path, verdict: Verdict) -> None:
    found = held.attached.get(order.facts["digest"], [])
    if len(found) > 1:
        verdict.accuse("duplicate", f"file for {order.key}: {len(found)}")
    if not order.acked:
        return
    row = held.files.get(order.answer["id"])
    if row is None:
        verdict.accuse("lost", f"file {order.answer['id']}")
        return
    digest, blob, state = row
    path = files / blob[:2] / blob
    if digest != order.facts["digest"] or not path.exists() or _digest(path) != digest:
        verdict.accuse("lost", f"content of file {order.answer['id']}")
    if held.background and (state != "clean" or held.scanned[order.answer["id"]] != 1):
        verdict.accuse("half", f"file {order.answer['id']} is {state}, scanned {held.scanned[order.answer['id']]} times")


def _digest(path: Path) -> str:
    """As the product computes it: over the digests of pieces of one MiB."""
    content = path.read_bytes()
    parts = [hashlib.sha256(content[at : at + (1 << 20)]).digest() for at in range(0, len(content), 1 << 20)]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def _withdrawn(order: Order, held: Held, files: Path, verdict: Verdict) -> None:
    row = held.matters.get(order.facts["number"])
    times = held.steps[(row[0], "withdraw")] if row else 0
    if times > 1:
        verdict.accuse("duplicate", f"withdrawal of {order.facts['number']}: {times}")
    if order.acked and (row is None or row[2] != "withdrawn" or times == 0):
        verdict.accuse("lost", f"withdrawal of {order.facts['number']}")


def _rated(order: Order, held: Held, files: Path, verdict: Verdict) -> None:
    row = held.matters.get(order.facts["number"])
    matter = row[0] if row else None
    if held.rated[matter] > 1:
        verdict.accuse("duplicate", f"rating of {order.facts['number']}")
    if not order.acked:
        return
    if matter is None or held.ratings.get(matter) != order.facts["level"] or held.rated[matter] == 0:
        verdict.accuse("lost", f"rating of {order.facts['number']}")
        return
    wanted = 1 if order.facts["level"] <= 2 else 0
    for relation in ("calls_back", "rectifies"):
        if held.links[(matter, relation)] != wanted:
            verdict.accuse("duplicate" if held.links[(matter, relation)] > wanted else "half", f"{relation} of {order.facts['number']}")


def _whole(held: Held, verdict: Verdict) -> None:
    """Rows and events tell the same story."""
    rows = {matter for matter, *_ in held.matters.values()}
    for stream, times in held.streams_opened.items():
        if stream not in rows:
            verdict.accuse("half", f"event of an opening without a matter: {stream}")
        elif times != 1:
            verdict.accuse("duplicate", f"opening of {stream}: {times}")
    for matter in rows - set(held.streams_opened):
        verdict.accuse("half", f"matter without an event: {matter}")
    verdict.counts["events"] += held.events


def _afterwards(held: Held, verdict: Verdict) -> None:
    """Every notice is sent; every event stands in the ledger, once, without a gap."""
    for notice in held.unsent:
        verdict.accuse("half", f"notice {notice} was not sent")
    ((unsealed, first, last, entries),) = held.ask(
        "SELECT (SELECT count(*) FROM kernel_unsealedevent), min(position), max(position), count(*) FROM kernel_ledgerentry", {}
    )
    ((outside,),) = held.ask("SELECT count(*) FROM kernel_event e WHERE NOT EXISTS (SELECT FROM kernel_ledgerentry l WHERE l.event_id = e.id)", {})
    if unsealed or outside or (entries and (first, last) != (1, entries)):
        verdict.accuse("ledger", f"{unsealed} wait, {outside} outside, positions {first} to {last} for {entries}")


def _timers(held: Held, verdict: Verdict) -> None:
    """Every short limit that ran out lit its light once, and what hangs on it happened once."""
    lateness = []
    for matter, rule, must, due in held.clocks:
        verdict.counts["timers"] += 1
        over = held.lit[(matter, rule, "overdue")]
        if over > 1 or any(held.lit[(matter, rule, light)] > 1 for light in ("yellow", "red")):
            verdict.accuse("timer twice", f"{rule} of {matter}")
        if must and over == 0 and not (rule == "SUP-SIGN" and held.steps[(matter, "escalate_late")]):
            verdict.accuse("timer missed", f"{rule} of {matter}")
        if over:
            verdict.counts["timers fired"] += 1
            lateness.append(held.lit_at[(matter, rule)][1] - float(due))
    for matter, rule, light in list(held.lit):
        if rule == "CONS-MSG" and light in {"red", "overdue"}:
            raised = sum(1 for parent, _, cause, _ in held.orders if parent == matter and cause == f"{light}:{rule}")
            if raised != 1:
                verdict.accuse("timer twice" if raised > 1 else "timer missed", f"order for {light}:{rule} of {matter}: {raised}")
    for _, order, _, state in held.orders:
        verdict.counts["orders raised"] += 1
        times = held.steps[(order, "escalate_late")]
        if times != 1 or state != "escalated":
            verdict.accuse("timer twice" if times > 1 else "timer missed", f"escalation of order {order}: {times}, {state}")
    if lateness:
        lateness.sort()
        verdict.measured["timer lateness p50 s"] = round(lateness[len(lateness) // 2], 2)
        verdict.measured["timer lateness max s"] = round(lateness[-1], 2)


def _orphans(held: Held, files: Path) -> int:
    known = {blob for _, blob, _ in held.files.values()}
    return sum(1 for path in files.glob("??/*") if path.name not in known)
