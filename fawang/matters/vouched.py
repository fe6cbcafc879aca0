"""What the record vouches for in this room: messages, notes, files, printed papers."""

from __future__ import annotations

from typing import Any

from fawang.kernel import crypto
from fawang.kernel.models import Event
from fawang.kernel.vouching import Vouched, vouch
from fawang.matters.models import Attachment, Document, Message


def _message(row: Message, event: Event) -> dict[str, Any]:
    said = {"digest": crypto.text_digest(row.body, event.suite)}
    if event.kind == "matter.note_added":
        return said if row.audience == "internal" else {**said, "audience": row.audience}
    return {**said, "kind": row.kind, "author": row.author_kind} | ({} if row.audience == "public" else {"audience": row.audience})


vouch(Vouched(("matter.message_added", "matter.note_added"), "message", Message, _message))
vouch(Vouched(("matter.attachment_added",), "attachment", Attachment, lambda row, _: {"size": row.size, "digest": row.digest, "audience": row.audience}))
vouch(
    Vouched(
        ("matter.document_issued",), "document", Document,
        lambda row, event: {"template": row.template, "number": row.number, "digest": crypto.text_digest(row.body, event.suite)},
    )
)  # fmt: skip
