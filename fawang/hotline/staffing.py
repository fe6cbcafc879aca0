"""How many seats a load needs: Erlang C for waiting, Erlang B for trunks. Pure; checked against the worked cases of the domain study (§3.4)."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Staffing:
    """A number of seats and what it gives."""

    seats: int
    erlangs: float
    service_level: float
    mean_wait_s: float
    occupancy: float


def erlangs(calls_an_hour: float, handling_s: float) -> float:
    """Offered load: calls an hour × seconds each ÷ 3600."""
    return calls_an_hour * handling_s / 3600


def waiting_probability(load: float, seats: int) -> float:
    """Erlang C: the probability that a caller must wait. By the stable recursion over Erlang B; 1 when the load cannot be carried."""
    if load <= 0:
        return 0.0
    if seats <= load:
        return 1.0
    blocked = blocking_probability(load, seats)
    return blocked / (1 - (load / seats) * (1 - blocked))


def blocking_probability(load: float, lines: int) -> float:
    """Erlang B: the probability that every line is taken."""
    blocked = 1.0
    for n in range(1, lines + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked


def service_level(load: float, seats: int, handling_s: float, within_s: float) -> float:
    """Share of callers answered within so many seconds."""
    if seats <= load:
        return 0.0
    return 1 - waiting_probability(load, seats) * math.exp(-(seats - load) * within_s / handling_s)


def mean_wait(load: float, seats: int, handling_s: float) -> float:
    """Mean seconds of waiting over all callers; infinite when the load cannot be carried."""
    return math.inf if seats <= load else waiting_probability(load, seats) * handling_s / (seats - load)


def seats_for(load: float, handling_s: float, *, within_s: float, goal: float) -> Staffing:
    """The fewest seats that reach the goal."""
    if not 0 < goal < 1 or handling_s <= 0:
        raise ValueError("goal lies between 0 and 1, handling time is positive")
    seats = max(1, math.floor(load) + 1)
    while service_level(load, seats, handling_s, within_s) < goal:
        seats += 1
    return Staffing(seats, load, service_level(load, seats, handling_s, within_s), mean_wait(load, seats, handling_s), load / seats)


def trunks_for(load: float, blocking: float) -> int:
    """The fewest lines with so small a probability that all are taken."""
    lines = max(1, math.floor(load))
    while blocking_probability(load, lines) > blocking:
        lines += 1
    while lines > 1 and blocking_probability(load, lines - 1) <= blocking:
        lines -= 1
    return lines
