"""The chart of days: every figure stands inside the picture, the highest one too."""

from __future__ import annotations

import re
from datetime import date

from fawang.faces.templatetags.faces import day_bars


def test_the_figure_of_the_highest_day_is_not_cut_off() -> None:
    picture = day_bars([{"day": date(2026, 11, 27), "n": 3, "h": 27}, {"day": date(2026, 11, 28), "n": 11, "h": 100}])
    box = re.search(r'viewBox="0 (-?\d+) \d+ (\d+)"', picture)
    assert box
    top, tall = int(box[1]), int(box[2])
    figures = {words: int(y) for y, words in re.findall(r'<text x="\d+" y="(-?\d+)">(\d+)</text>', picture)}
    assert set(figures) == {"3", "11"}
    for y in figures.values():
        assert top + 10 <= y <= top + tall, "ten units are the height of its figures"
