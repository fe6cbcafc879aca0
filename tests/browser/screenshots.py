"""``./run screenshots``: every page in its states, in every dress, into one folder with a contact sheet to look at.

Nothing of it is committed; the few pictures of the README are written, small, by ``--readme``.
"""

from __future__ import annotations

import argparse
import base64
import html
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

from tests.browser.house import ROOT, House, Sessions, chromium, running_browser, running_house
from tests.browser.places import Place
from tests.browser.scene import prepare

SEND = "(form, said) => { form.noValidate = true; for (const name in said) form.elements[name].value = said[name]; form.requestSubmit(); }"
BUILD, IMAGES = ROOT / "build" / "screenshots", ROOT / "docs" / "images"
README = (("home", "home"), ("search-found", "search"), ("desk-dispatcher", "queue"), ("desk_matter-answered", "matter"), ("interview_result", "opinion"))
LARGEST = 150_000


@dataclass(frozen=True, slots=True)
class Dress:
    """How a page is looked at."""

    name: str
    width: int = 1280
    cookies: tuple[tuple[str, str], ...] = ()
    portal: bool = True
    desk: bool = True


DRESSES = (
    Dress("1280"),
    Dress("320", 320),
    Dress("elder", 390, (("elder", "1"),), desk=False),
    Dress("english", 1280, (("lang", "en"),)),
    Dress("dark", 1280, (("theme", "dark"),)),
    Dress("compact", 1280, (("density", "compact"),), portal=False),
)


def show(page: Page, place: Place) -> None:
    """Open a place; where it holds an answer to a form, type and send that first, past the browser's own checks."""
    page.goto(place.at)
    if place.send:
        form = page.locator(f"main form:has([name={next(iter(place.send))}])").first
        with page.expect_navigation():
            form.evaluate(SEND, place.send)


def fits(place: Place, dress: Dress) -> bool:
    """Whether a page wears this dress."""
    return dress.desk if place.route.startswith("desk") else dress.portal


def take(sessions: Sessions, places: list[Place], dresses: list[Dress], folder: Path) -> Iterator[Path]:
    """A picture of every place in every dress."""
    for dress in dresses:
        pages: dict[str, Page] = {}
        for place in places:
            if not fits(place, dress):
                continue
            if place.who not in pages:
                pages[place.who] = sessions.page(place.who, width=dress.width, cookies=dict(dress.cookies))
            show(pages[place.who], place)
            file = folder / f"{place.name}--{dress.name}.png"
            whole = pages[place.who].evaluate("document.documentElement.scrollHeight")
            pages[place.who].set_viewport_size({"width": dress.width, "height": max(900, min(int(whole), 6000))})
            pages[place.who].screenshot(path=file, full_page=True)
            pages[place.who].set_viewport_size({"width": dress.width, "height": 900})
            yield file
        for page in pages.values():
            page.context.close()


def portray(sessions: Sessions, places: list[Place], folder: Path) -> list[Path]:
    """The pictures of the README: one screen each, small files. Raises ``AssertionError`` for one that is too large."""
    made = []
    for name, file_name in README:
        place = next(p for p in places if p.name == name)
        page = sessions.page(place.who, height=800)
        show(page, place)
        page.evaluate("document.fonts.ready.then(() => true)")
        tools = page.context.new_cdp_session(page)
        picture = base64.b64decode(tools.send("Page.captureScreenshot", {"format": "webp", "quality": 72})["data"])
        assert len(picture) < LARGEST, f"{name}: {len(picture)} bytes"
        made.append(folder / f"{file_name}.webp")
        made[-1].write_bytes(picture)
        page.context.close()
    return made


def sheet(folder: Path) -> Path:
    """The contact sheet: one row a page, one column a dress."""
    names = sorted({file.stem.partition("--")[0] for file in folder.glob("*.png")})
    rows = []
    for name in names:
        cells = "".join(
            f'<figure><a href="{name}--{d.name}.png"><img loading="lazy" src="{name}--{d.name}.png" alt=""></a><figcaption>{d.name}</figcaption></figure>'
            for d in DRESSES
            if (folder / f"{name}--{d.name}.png").exists()
        )
        rows.append(f"<section><h2>{html.escape(name)}</h2><div>{cells}</div></section>")
    style = "body{font:14px sans-serif}section>div{display:flex;gap:12px;align-items:start;overflow:auto}img{max-width:420px;max-height:640px;border:1px solid #999}"
    file = folder / "index.html"
    file.write_text(f"<!doctype html><meta charset=utf-8><title>screens</title><style>{style}</style>{''.join(rows)}")
    return file


@contextmanager
def _house(at: str) -> Iterator[House]:
    """The house at an address (its password in FAWANG_DEMO_PASSWORD), else one of our own."""
    with (
        nullcontext(House(at, os.environ.get("FAWANG_DEMO_PASSWORD", ""), Path(os.environ.get("FAWANG_STATE", ".fawang")))) if at else running_house() as house
    ):
        yield house


def main() -> int:
    """Render; print where to look."""
    parser = argparse.ArgumentParser(prog="./run screenshots")
    parser.add_argument("--at", default="", help="address of a running house; else one is started")
    parser.add_argument("--only", default="", help="page names that contain this, comma separated")
    parser.add_argument("--readme", action="store_true", help="write the few pictures of the README into docs/images, nothing else")
    parser.add_argument("--dress", default="", help="comma separated: " + ", ".join(d.name for d in DRESSES))
    options = parser.parse_args()
    if not chromium():
        print("!! SKIPPED: no Chromium (apt-get install chromium fonts-noto-cjk)", file=sys.stderr)
        return 1
    BUILD.mkdir(parents=True, exist_ok=True)
    dresses = [d for d in DRESSES if not options.dress or d.name in options.dress.split(",")]
    with _house(options.at) as house, running_browser() as browser:
        sessions = Sessions(browser, house)
        scene = prepare(sessions)
        if options.readme:
            print("\n".join(str(file.relative_to(ROOT)) for file in portray(sessions, scene, IMAGES)))
            return 0
        places = [p for p in scene if not options.only or any(part in p.name for part in options.only.split(","))]
        for number, file in enumerate(take(sessions, places, dresses, BUILD), 1):
            print(f"\r{number} {file.name:60s}", end="", file=sys.stderr, flush=True)
    print(f"\n{sheet(BUILD)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
