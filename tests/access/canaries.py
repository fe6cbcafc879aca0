"""Sealed facts with words found nowhere else, all the ways they might be written, and a crawl that looks for them in every byte."""

from __future__ import annotations

import base64
import html
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.http import HttpResponseBase
from django.test import Client

from fawang.kernel.folding import pinyin_key
from fawang.people.phones import mask_phone
from tests.access.expectations import CODES, ROUTES, anybody, sees
from tests.access.probes import all_routes, target
from tests.access.world import COMPLAINANT, COMPLAINT_WORDS, FAR_WORDS, NOTE, QUESTIONER, Who, World
from tests.browser.pdf_text import text_of
from tests.faces.test_library_papers import sample


@dataclass(frozen=True, slots=True)
class Canary:
    """A fact and what it belongs to: ``aspect`` of ``matter``."""

    name: str
    text: str
    matter: str
    aspect: str


CANARIES = (
    Canary("complainant's name", COMPLAINANT["name"], "complaint", "identity"),
    Canary("complainant's phone", COMPLAINANT["phone"], "complaint", "identity"),
    Canary("complainant's document", COMPLAINANT["identity_number"], "complaint", "identity"),
    Canary("what the complaint says", COMPLAINT_WORDS, "complaint", "content"),
    Canary("questioner's phone", QUESTIONER["phone"], "consultation", "identity"),
    Canary("questioner's document", QUESTIONER["identity_number"], "consultation", "identity"),
    Canary("internal note", NOTE, "consultation", "internal"),
    Canary("another region's matter", FAR_WORDS, "far", "content"),
)


def ways(text: str) -> dict[str, bytes]:
    """All the ways a text may stand in a page, a file, an address or a log."""
    plain = text.encode()
    found = {
        "plain": plain, "html": html.escape(text).encode(), "numeric html": "".join(f"&#{ord(c)};" for c in text).encode(), "json": json.dumps(text)[1:-1].encode(),
        "address": quote(text).encode(), "utf-16": text.encode("utf-16-le"), "gb18030": text.encode("gb18030"),
    }  # fmt: skip
    for shift in range(3):  # base64 of a text somewhere inside another begins at one of three places
        found[f"base64+{shift}"] = base64.b64encode(b"\0" * shift + plain)[4 if shift else 0 : -4]
    if text.isascii():
        found |= {"tail": text[-8:].encode(), "spaced": f"{text[:3]} {text[3:7]} {text[7:]}".encode(), "dashed": f"{text[:3]}-{text[3:7]}-{text[7:]}".encode()}
        found["masked"] = (mask_phone(text) if len(text) == 11 else f"{text[:6]}********{text[-4:]}").encode()
    elif len(text) < 12:
        found |= {"pinyin": pinyin_key(text).encode(), "name alone": text[-4:].encode()}
    else:
        found["part"] = text[:10].encode()
    return found


def unpacked(response: HttpResponseBase) -> bytes:
    """Every byte of an answer: headers, body, what lies in a packed file, and the words of a PDF, with and without its line breaks."""
    body = b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]
    head = "\n".join(f"{k}: {v}" for k, v in response.headers.items()).encode()
    if body[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            body = b"\n".join(packed.read(name) for name in packed.namelist())
    if body[:5] == b"%PDF-":
        words = text_of(body)
        body += f"\n{words}\n{words.replace(chr(10), '')}".encode()
    return head + b"\n\n" + body


def hidden_from(who: Who) -> list[Canary]:
    """What somebody must not learn, by the expectations of the matrix."""
    return [c for c in CANARIES if c.aspect not in sees(who, c.matter)]


def found_in(content: bytes, canaries: list[Canary]) -> list[str]:
    """Names of the facts that can be read from some bytes, and how."""
    return [f"{c.name} ({way})" for c in canaries for way, written in ways(c.text).items() if written in content]


AGAINST = {"complained": "complaint", "conflicted": "consultation"}
SEARCHED = (COMPLAINANT["name"], COMPLAINANT["phone"], COMPLAINANT["identity_number"], COMPLAINT_WORDS[:6], FAR_WORDS[:6], "jinsique", QUESTIONER["phone"])
LISTS = (
    "/desk/?scope=mine", "/desk/?scope=office", "/desk/?scope=first", "/desk/?scope=pool", "/desk/?scope=office&closed=1", "/desk/?scope=office&process=complaint",
    "/desk/figures?by=process", "/desk/figures?by=category", "/desk/figures/behind?figure=received", "/desk/figures/behind?figure=received&process=complaint",
    "/desk/registry/export/practitioners.xlsx", "/desk/registry/export/sites.csv", "/desk/no-such-page", "/api/v1/no-such-page",
    "/api/v1/openapi.json",
)  # fmt: skip


def crawl(world: World, who: Who, *, narrow: bool = False, route: str = "desk_matter") -> Iterator[tuple[str, bytes]]:
    """Everything somebody can get to see: every page and file by its route, lists, searches, the trail, errors. Nothing is undone."""
    client = world.clients[who]
    for page in all_routes():
        expected = ROUTES[page.name]
        if expected.get is None or (narrow and page.name != route) or (expected.get is anybody and who.kind == "staff"):
            continue
        for subject in dict.fromkeys(expected.subjects):
            if subject in CODES and "<" in page.pattern and "code>" in page.pattern and AGAINST.get(who.relation) != subject:
                continue  # whoever holds a code has been given it; only the other side is tried with one
            to = target(world, page, subject)
            yield f"{page.name} [{subject}]", unpacked(client.get(to.path))
    for path in LISTS:
        yield path, unpacked(client.get(path))
    for text in SEARCHED:
        yield f"search for {text[:3]}…", _without_the_question(client.post("/desk/search", {"q": text}), text)
    if not narrow:
        yield from _asked(world, client)


def _without_the_question(response: HttpResponseBase, text: str) -> bytes:
    """A page repeats what was typed into it, which whoever typed it knew already."""
    content = unpacked(response)
    for written in ways(text).values():
        content = content.replace(b'value="' + written + b'"', b"")
    return content


def _asked(world: World, client: Client) -> Iterator[tuple[str, bytes]]:
    for number in [m.number for m in world.matters.values()]:
        yield "search by number", unpacked(client.post("/desk/search", {"q": number}))
        for table in ("events", "reads"):
            yield f"trail of {table}", unpacked(client.post("/desk/trail", {"number": number, "table": table}))
    for name, matter in world.matters.items():
        for verb in ("answer", "state", "note", "assign"):
            data: dict[str, Any] = {"_key": "canary-key-1", "body": "", "staff": "x"}
            kind = "act" if verb in {"note", "assign"} else "step"
            yield f"refused {verb} on {name}", unpacked(client.post(f"/desk/m/{matter.pk}/{kind}/{verb}", data))
    for kind in ("pdf", "docx"):
        yield f"a paper of the library as {kind}", unpacked(client.post("/papers/labour_arbitration", {**sample("labour_arbitration"), "as": kind}))
    again = client.post("/desk/window", {"_key": "canary-key-2", "phone": COMPLAINANT["phone"], "question": ""})
    yield "taking in the same person again", _without_the_question(again, COMPLAINANT["phone"])
