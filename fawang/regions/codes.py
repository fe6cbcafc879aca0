"""What the digits of a division code say. Pure.

Two digits a level down to the county; a level is empty when *both* its digits are 0, so 341000 is 黄山市 and not the
province's 341 of something: never strip single zeros.
"""

from __future__ import annotations


def prefix_of(code: str) -> str:
    """The significant digits of a code: 340000 → 34, 340100 → 3401, 341000 → 3410, 340104 → 340104."""
    if len(code) == 6:
        return code[:2] if code.endswith("0000") else code[:4] if code.endswith("00") else code
    return code[:9] if len(code) == 12 and code.endswith("000") else code


def scope_contains(scope: str, code: str) -> bool:
    """Whether a division lies in another: 340000 ⊇ 340104 ⊇ 340104001001. Empty, ``*`` and ``000000`` contain all."""
    return scope in {"", "*", "000000"} or code.startswith(prefix_of(scope))
