"""Yuan and fen: exact decimals, halves away from zero, written as people write them. Pure."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

FEN = Decimal("0.01")


def fen(amount: Decimal) -> Decimal:
    """The amount to the fen."""
    return amount.quantize(FEN, ROUND_HALF_UP)


def plain(number: Decimal) -> str:
    """12,345.5 for 12345.50: thousands separated, no needless zeros."""
    text = f"{number:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def yuan(amount: Decimal) -> str:
    """The amount to the fen as people write it, without the unit."""
    return plain(fen(amount))


def bands(amount: Decimal, steps: tuple[tuple[Decimal | None, Decimal], ...]) -> list[tuple[Decimal, Decimal]]:
    """分段累计: (part of the amount in the band, rate) for every band reached; the last band has no top."""
    found, floor = [], Decimal(0)
    for top, rate in steps:
        part = (amount if top is None else min(amount, top)) - floor
        if part > 0:
            found.append((part, rate))
        if top is None or amount <= top:
            break
        floor = top
    return found
