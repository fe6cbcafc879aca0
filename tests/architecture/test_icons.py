"""An icon that is not in the set breaks the page it stands on, so every name used is drawn once."""

from __future__ import annotations

import re
from importlib.resources import files
from zipfile import ZipFile

from fawang.faces.desk.actions import ACTIONS
from fawang.faces.desk.frame import MENU
from fawang.faces.looking import KINDS
from fawang.faces.portal.calculators import TOPICS as SUMS
from fawang.faces.portal.interviews import TOPICS as INTERVIEWS
from fawang.faces.portal.links import LINKS
from tests.architecture.sources import HOUSE


def test_every_icon_named_is_in_the_set() -> None:
    with files("lucide").joinpath("lucide.zip").open("rb") as file, ZipFile(file) as archive:
        known = {name.removesuffix(".svg") for name in archive.namelist()}
    used = {name for path in HOUSE.rglob("*.html") for name in re.findall(r'lucide\s+"([a-z0-9-]+)"', path.read_text())}
    used |= {icon for _, _, icon, _ in MENU} | {action.icon for action in ACTIONS} | {link.icon for link in LINKS}
    used |= {icon for _, icon in (*KINDS.values(), *SUMS.values(), *INTERVIEWS.values())}
    assert len(used) > 20
    assert used - known == set()
