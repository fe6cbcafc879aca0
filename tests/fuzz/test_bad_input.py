"""B1–B5: what people type and send by mistake, from old systems, or in malice; over every public form, every write of the API, every upload.

A clear answer in Chinese, what was typed comes back, nothing half stored, never a 5xx; or the value is kept to the byte.
"""

from __future__ import annotations

import html
import io
import json
import re
import struct
import uuid
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client

from fawang.kernel.models import Event, IdempotencyKey
from fawang.matters.models import Attachment, Matter, MatterParty, Message
from tests import factories
from tests.undoing import undone

BIDI, NUL, BELL, LOST = "\u202efdp.exe", "张\x00三", "响\x07铃", "张\ufffd三"
MARKS, LONG = "a" + "\u0301" * 12, "长" * 110_000  # a megabyte as it travels
KEPT_NAMES = ("𠮷", "𬭚", "𰻝", "\U00031350", "\U0002ebf0", "\uf9d1", "阿卜杜拉·买买提", "阿不都•热合曼", "欧阳 锋", "李", "👨‍👩‍👧", "e\u0301")
KEPT_TEXTS = (
    *KEPT_NAMES,
    "１２３４元",
    "第一行\n第二行\tالعربية",
    "😀🙏",
    "  前后空格  ",
    "<script>alert(1)</script>&amp;{{ 7*7 }}",
    "=cmd|' /C calc'!A0",
    "'; DROP TABLE x; --",
)
BAD_TEXTS = (NUL, BELL, LOST, MARKS, LONG)
BAD_LINES = (*BAD_TEXTS, BIDI, "\u2066王")
BAD_PHONES = ("1380000000", "abc", "１３８", "138000000001", "²³⁸", "99999999999", NUL, LONG[:2000], "1" * 5000)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a form: what it takes unchanged, and what it must refuse. ``back``: whether the page shows again what was typed."""

    name: str
    bad: tuple[str, ...]
    back: bool = True


@dataclass(frozen=True, slots=True)
class Form:
    """A public form: where it is, with what it would be accepted, its free fields."""

    name: str
    path: str
    whole: dict[str, str]
    fields: tuple[Field, ...]


ASK = {"question": "厂里拖了我三个月工资", "region": "340100", "name": "王小明", "phone": "13800000001"}
FORMS = (
    Form("ask", "/ask", ASK, (Field("question", (*BAD_TEXTS, "", "短")), Field("name", BAD_LINES), Field("phone", BAD_PHONES), Field("region", ("349999", "合肥", NUL), back=False), Field("category", ("no.such", NUL), back=False))),
    Form("complain", "/complain", {**ASK, "target": "lawyer", "respondent": "周某", "conduct": "attitude"}, (Field("question", BAD_TEXTS), Field("respondent", (*BAD_LINES, "")), Field("wish", BAD_TEXTS), Field("target", ("nobody",), back=False))),
    Form("message", "/track/{code}/message", {"body": "请尽快"}, (Field("body", (*BAD_TEXTS, "")),)),
    Form("withdraw", "/track/{code}/step/withdraw", {"reason": "不需要了"}, (Field("reason", BAD_TEXTS),)),
    Form("rating", "/track/{code}/rating", {"level": "5", "comment": ""}, (Field("level", ("0", "6", "五", "５", "-1", ""), back=False), Field("comment", BAD_TEXTS, back=False))),
    Form("sign in", "/me/sign-in", {"phone": "13800000001"}, (Field("phone", BAD_PHONES),)),
    Form("code", "/me/sign-in", {"phone": "13800000001", "code": "000000"}, (Field("code", ("", "abc", "１２３４５６", NUL, LONG[:2000]), back=False), Field("phone", BAD_PHONES, back=False))),
    Form("track", "/track", {"code": "0" * 26}, (Field("code", ("", "短", NUL, LOST, LONG[:3000], "％００", "../../etc/passwd"), back=False),)),
    Form("verify", "/verify", {"code": "0" * 26}, (Field("code", ("", NUL, LONG[:3000]), back=False),)),
    Form("interviews", "/interviews", {"code": "0" * 26}, (Field("code", ("", NUL, LONG[:3000]), back=False),)),
    Form("paper", "/papers/labour_arbitration", {}, (Field("applicant", (NUL, LONG[:3000]), back=False),)),
    Form("desk sign in", "/desk/sign-in", {"username": "u", "password": "p", "code": ""}, (Field("username", (NUL, LOST, LONG[:3000]), back=False), Field("password", (NUL, LONG[:3000]), back=False), Field("code", ("１２３４５６", NUL, "²"), back=False))),
)  # fmt: skip


@dataclass
class Ground:
    """A matter somebody holds the code of, and what the tables hold."""

    code: str
    matter: Matter

    def counts(self) -> tuple[int, ...]:
        return tuple(m._default_manager.count() for m in (Matter, Message, MatterParty, Attachment, IdempotencyKey, Event))


@pytest.fixture(scope="module")
def ground(django_db_setup: None, django_db_blocker: Any) -> Iterator[Ground]:
    from fawang.kernel import clock
    from tests.conftest import MONDAY

    with django_db_blocker.unblock(), clock.frozen(MONDAY), transaction.atomic():
        factories.taxonomy()
        bureau = factories.office("justice_bureau", "340100")
        matter = factories.matter("consultation", factories.office("legal_aid_agency", "340100", "", bureau))
        yield Ground(matter.lookup_code, matter)
        transaction.set_rollback(True)


def words_of(page: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", page))


CASES = [(form, field, value) for form in FORMS for field in form.fields for value in field.bad]


def shown_id(value: Any) -> str:
    return value.name if isinstance(value, Form | Field) else f"{value[:12]!a}x{len(value)}"


@pytest.mark.parametrize(("form", "field", "value"), CASES, ids=shown_id)
def test_a_form_refuses_in_words_gives_back_what_was_typed_and_stores_nothing(ground: Ground, form: Form, field: Field, value: str) -> None:
    before = ground.counts()
    with undone():
        answer = Client().post(form.path.format(code=ground.code), {**form.whole, "_key": uuid.uuid4().hex, field.name: value})
        page = answer.content.decode()
        if form.name in {"paper", "code"} and answer.status_code < 400:
            assert answer.status_code == 200, "these two show the same page again"
        else:
            assert 400 <= answer.status_code < 500, answer.status_code
            assert re.search("[\u4e00-\u9fff]{2}", words_of(page))
        if field.back and len(value) < 1000 and "\r" not in value:
            assert value in html.unescape(page)
        assert ground.counts() == before


@pytest.mark.parametrize("value", KEPT_TEXTS, ids=lambda v: f"{v[:8]!a}")
def test_unusual_words_are_kept_and_shown_again_to_the_letter(ground: Ground, value: str) -> None:
    with undone():
        client = Client()
        body = f"问：{value}。"
        assert client.post("/ask", {**ASK, "question": body, "_key": uuid.uuid4().hex}).status_code == 302
        assert Matter.objects.order_by("-opened_at", "-number").first().title == body  # type: ignore[union-attr]
        assert client.post(f"/track/{ground.code}/message", {"body": value, "_key": uuid.uuid4().hex}).status_code == 302
        assert Message.objects.get(matter=ground.matter, kind="message").body == value
        assert html.escape(value, quote=False).splitlines()[0].strip() in client.get(f"/track/{ground.code}").content.decode().replace("&#x27;", "'").replace(
            "&quot;", '"'
        )


@pytest.mark.parametrize("name", KEPT_NAMES, ids=lambda v: f"{v[:8]!a}")
def test_unusual_names_are_kept_to_the_byte(ground: Ground, name: str) -> None:
    with undone():
        assert Client().post("/ask", {**ASK, "name": name, "phone": "１３８ 0000-0009", "_key": uuid.uuid4().hex}).status_code == 302
        party = MatterParty.objects.exclude(matter=ground.matter).get()
        assert (party.name, party.phone) == (name, "１３８ 0000-0009")


# -- the API ---------------------------------------------------------------------------------------------------------------------------

QUESTION = {"question": "厂里拖了我三个月工资", "region": "340100", "contact": {"name": "王小明", "phone": "13800000001"}}
SURROGATE = "张\ud842三"
API = [
    *(("consultations", {**QUESTION, "question": v}) for v in (*BAD_TEXTS, SURROGATE, "", 7, None, ["a"], {"a": 1})),
    *(("consultations", {**QUESTION, "contact": {"name": v}}) for v in (*BAD_LINES, SURROGATE, 7)),
    *(("consultations", {**QUESTION, "contact": {"phone": v}}) for v in (*BAD_PHONES, SURROGATE)),
    *(("consultations", {**QUESTION, "region": v}) for v in ("349999", "", NUL, SURROGATE, "3401" * 500)),
    *(("consultations", {**QUESTION, "category": v}) for v in ("no.such", NUL, SURROGATE, "x" * 3000)),
    *(("consultations", {**QUESTION, "priority_groups": v}) for v in (["nobody"], [NUL], [SURROGATE], "elderly", ["elderly"] * 5000)),
    *(("consultations", {**QUESTION, k: "x"}) for k in ("owner", "status", "due_at", "office", "assignee_id", "is_confirmed", "number")),
    *(("matters/{code}/messages", {"body": v}) for v in (*BAD_TEXTS, SURROGATE, "", "   ", 7, None)),
    *(("matters/{code}/rating", {"level": v}) for v in (0, 6, -1, 10**400, "五", 1.5, None, [5])),
    *(("matters/{code}/rating", {"level": 5, "comment": v}) for v in (*BAD_TEXTS, SURROGATE)),
    *(("matters/{code}/steps/withdraw", {"data": v}) for v in ({"reason": NUL}, {"reason": SURROGATE}, {"reason": LONG}, {"reason": ["x"]}, {"state": "closed"}, [], None, "x")),
    *((f"matters/{{code}}/steps/{verb}", {"data": {}}) for verb in ("no_such", "answer", "%00", "follow_up", "x" * 500)),
    *((f"matters/{code}/messages", {"body": "你好你好"}) for code in ("0" * 26, "短", "%00", "..%2f..", "a" * 3000, "%F0%A0%AE%B7")),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body"), API, ids=lambda v: f"{json.dumps(v)[:60]}" if not isinstance(v, str) else v[:40])
def test_a_write_of_the_api_is_refused_with_catalogued_reasons_and_stores_nothing(ground: Ground, path: str, body: Any) -> None:
    before = ground.counts()
    with undone():
        answer = Client().post(
            f"/api/v1/{path.format(code=ground.code)}", json.dumps(body), content_type="application/json", headers={"Idempotency-Key": uuid.uuid4().hex}
        )
        assert 400 <= answer.status_code < 500, (answer.status_code, answer.content[:200])
        if answer["Content-Type"] != "application/problem+json":
            assert answer.status_code == 404, "an address that is none of the API's"
        else:
            said = answer.json()
            assert said["status"] == answer.status_code
            assert re.search("[\u4e00-\u9fff]{2}", said["detail"])
            assert all(re.search("[\u4e00-\u9fff]{2}", e["detail"]) for e in said["errors"].values())
        assert ground.counts() == before


RAW = (
    b"", b"{", b"[]", b"null", b"\xff\xfe", b'"x"', b"[" * 100_000, b'{"question":' * 20_000, b'{"question": NaN, "region": "340100"}',
    b'{"question": "\xed\xa0\x80", "region": "340100"}', b'{"question": ' + b"9" * 5000 + b', "region": "340100"}', b"\xef\xbb\xbf{}", b"{" + b'"a":1,' * 60_000 + b'"a":1}',
)  # fmt: skip


@pytest.mark.parametrize("raw", RAW, ids=lambda v: f"{v[:24]!r}x{len(v)}")
def test_a_body_that_is_no_json_or_none_of_ours_is_a_clear_refusal(ground: Ground, raw: bytes) -> None:
    before = ground.counts()
    with undone():
        answer = Client().post("/api/v1/consultations", raw, content_type="application/json", headers={"Idempotency-Key": uuid.uuid4().hex})
        assert 400 <= answer.status_code < 500, answer.status_code
        assert answer["Content-Type"] == "application/problem+json"
        assert ground.counts() == before


@pytest.mark.parametrize("charset", ["hex", "zip", "utf-16", "idna", "no-such"])
def test_a_charset_no_page_sends_is_refused_or_passed_over_and_never_a_fall(ground: Ground, charset: str) -> None:
    before = ground.counts()
    with undone():
        for path, kind in (
            ("/ask", "application/x-www-form-urlencoded"),
            ("/desk/sign-in", "application/x-www-form-urlencoded"),
            ("/api/v1/consultations", "application/json"),
        ):
            answer = Client().generic("POST", path, b"_key=12345678&name=%ff", f"{kind}; charset={charset}")
            assert 400 <= answer.status_code < 500, (path, answer.status_code)
            assert re.search("[\u4e00-\u9fff]{2}", words_of(answer.content.decode()))
        assert ground.counts() == before


@pytest.mark.parametrize("key", ["", "short", "有中文的键有中文的键", "a b c d e f g h", "x" * 256, "bad\x00key\x00\x00"], ids=lambda v: f"{v[:10]!a}")
def test_a_key_that_is_none_is_refused(ground: Ground, key: str) -> None:
    with undone():
        answer = Client().post("/api/v1/consultations", json.dumps(QUESTION), content_type="application/json", HTTP_IDEMPOTENCY_KEY=key)
        assert (answer.status_code, answer.json()["code"]) == (400, "key.missing" if not key else "key.bad")


def test_more_than_two_megabytes_of_form_is_refused_in_words(ground: Ground) -> None:
    before = ground.counts()
    with undone():
        answer = Client().post("/ask", f"_key={uuid.uuid4().hex}&question=" + "x" * (2 << 20), content_type="application/x-www-form-urlencoded")
        assert answer.status_code in {400, 413}
        assert re.search("[\u4e00-\u9fff]{2}", words_of(answer.content.decode()))
        assert ground.counts() == before


# -- uploads ---------------------------------------------------------------------------------------------------------------------------


def packed(*entries: tuple[str, bytes], level: int = zipfile.ZIP_DEFLATED) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", level) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return kept.getvalue()


def picture(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 16)) + chunk(b"IEND", b"")


PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
DOCX = ("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w/>")
UPLOADS = {
    "empty": ("空.pdf", b""), "svg as svg": ("图.svg", SVG), "svg as picture": ("图.png", SVG), "page as text": ("说明.txt", b"<html><script>1</script>"),
    "page as pdf": ("合同.pdf", b"<!DOCTYPE html><html></html>"), "program as pdf": ("合同.pdf", b"MZ\x90\0" + b"\0" * 200), "program": ("a.exe", b"MZ\x90\0" + b"\0" * 200),
    "script": ("a.js", b"alert(1)"), "pdf as picture": ("照片.jpg", PDF), "picture as pdf": ("合同.pdf", picture(4, 4)), "no extension": ("合同", PDF), "pdf that runs": ("a.pdf", PDF + b"/JavaScript (x)"),
    "pdf that is a package too": ("a.pdf", PDF + packed(("a", b"b"))), "picture with a page in it": ("a.png", picture(4, 4) + b"<script>1</script>"), "pixel flood": ("a.png", picture(50_000, 50_000)),
    "bomb": ("a.docx", packed(*DOCX, ("word/media/x.bin", b"\0" * (40 << 20)))), "many entries": ("a.docx", packed(*DOCX, *((f"x/{n}", b"") for n in range(2100)))),
    "plain package": ("a.zip", packed(("a.txt", b"x"))), "package as docx": ("a.docx", packed(("a.txt", b"x"))), "cut package": ("a.docx", packed(*DOCX)[:60]), "double extension": ("a.pdf.exe", PDF),
    "turned name": ("\u202efdp.exe", PDF), "macro": ("a.docx", packed(*DOCX, ("word/vbaProject.bin", b"\xd0\xcf\x11\xe0"))),
}  # fmt: skip


def files_on_disk() -> set[Path]:
    return {p for p in Path(django_settings.FILES_DIR).rglob("*") if p.is_file()}


@pytest.mark.parametrize("door", ["api", "portal"])
@pytest.mark.parametrize("what", sorted(UPLOADS))
def test_an_upload_that_is_not_what_it_says_or_does_harm_is_refused_and_leaves_no_file(ground: Ground, door: str, what: str) -> None:
    name, content = UPLOADS[what]
    before, disk = ground.counts(), files_on_disk()
    with undone():
        file = SimpleUploadedFile(name, content)
        if door == "api":
            answer = Client().post(f"/api/v1/matters/{ground.code}/attachments", {"file": file}, headers={"Idempotency-Key": uuid.uuid4().hex})
            assert answer.json()["detail"]
        else:
            answer = Client().post(f"/track/{ground.code}/message", {"body": "补充材料，请看附件", "files": file, "_key": uuid.uuid4().hex})
            assert "补充材料，请看附件" in answer.content.decode(), "what was typed beside it comes back"
        assert 400 <= answer.status_code < 500, answer.status_code
        assert re.search("[\u4e00-\u9fff]{2}", words_of(answer.content.decode()))
        assert ground.counts() == before
        assert files_on_disk() == disk


NAMES = {
    "../../etc/passwd.pdf": "passwd.pdf",
    "..\\..\\win.pdf": "win.pdf",
    "𠮷合同·买买提.pdf": "𠮷合同·买买提.pdf",
    "a" * 400 + ".pdf": ".pdf",
    "😀.pdf": "😀.pdf",
}


@pytest.mark.parametrize("given", sorted(NAMES), ids=lambda v: f"{v[:16]!a}")
def test_a_file_is_kept_under_a_name_that_leads_nowhere(ground: Ground, given: str) -> None:
    with undone():
        answer = Client().post(
            f"/api/v1/matters/{ground.code}/attachments", {"file": SimpleUploadedFile(given, PDF)}, headers={"Idempotency-Key": uuid.uuid4().hex}
        )
        assert answer.status_code == 201, answer.content
        row = Attachment.objects.get()
        assert row.name.endswith(NAMES[given])
        assert not re.search(r"[/\\\r\n\x00]", row.name)
        assert len(row.name) <= 200
        assert re.fullmatch("[0-9a-f]{40}", row.blob), "its name on the disk says nothing"


def test_a_file_over_the_limit_is_refused_and_leaves_nothing(ground: Ground, settings: Any) -> None:
    settings.ATTACHMENT_MAX_BYTES = 100_000
    before, disk = ground.counts(), files_on_disk()
    with undone():
        answer = Client().post(
            f"/api/v1/matters/{ground.code}/attachments",
            {"file": SimpleUploadedFile("a.pdf", PDF + b"x" * 100_000)},
            headers={"Idempotency-Key": uuid.uuid4().hex},
        )
        assert (answer.status_code, answer.json()["code"]) == (413, "file.too_large")
        assert (ground.counts(), files_on_disk()) == (before, disk)


# -- documents and phones as people write them -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["１１０１０５１９４９１２３１００２Ｘ", "11010519491231002x", "110105491231002", "110105 19491231 002X"])
def test_one_document_however_written_is_one_person(written: str) -> None:
    from fawang.people.identity import IdentityKind, parse_identity

    assert parse_identity(IdentityKind("resident_id"), written).canonical == "11010519491231002X"


@pytest.mark.parametrize(
    "written", ["11010519491231002²", "110105194912310021", "11010519490229002X", "11010520991231002X", "1101051949123100", NUL, "🙂" * 18]
)
def test_what_is_no_document_number_is_refused(written: str) -> None:
    from fawang.kernel.text_safety import ValueProblem
    from fawang.people.identity import IdentityKind, parse_identity

    with pytest.raises(ValueProblem):
        parse_identity(IdentityKind("resident_id"), written)
