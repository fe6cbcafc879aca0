"""附件: typed by content, kept under an opaque name, quarantined until the scan port has answered.

The file and its folder are on disk (fsync) before the row commits, so a row never points at nothing.
"""

from __future__ import annotations

import os
import secrets
import shlex
import subprocess
import uuid
from pathlib import Path
from typing import BinaryIO, Protocol

from django.conf import settings
from django.db import transaction

from fawang.kernel import clock, context, crypto, events
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.policy import require
from fawang.kernel.work import wake
from fawang.matters.conversation import require_words_taken
from fawang.matters.file_types import inspect_file, safe_file_name
from fawang.matters.models import Attachment, Matter, Message
from fawang.matters.policies import sight, sight_of_nothing
from fawang.people.actors import Actor

PER_MATTER = 60


class Scanner(Protocol):
    """The scan port: says ``clean``, ``refused`` with a reason, or raises when it cannot say."""

    def __call__(self, path: Path) -> tuple[str, str]: ...


def _folder() -> Path:
    folder = Path(settings.FILES_DIR)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def path_of(attachment: Attachment) -> Path:
    """Where the bytes lie."""
    return _folder() / attachment.blob[:2] / attachment.blob


def add_attachment(*, actor: Actor, matter: Matter, upload: BinaryIO, name: str, message: Message | None = None, audience: str = "public") -> Attachment:
    """Keep one uploaded file. Call inside a transaction with the matter locked.

    Raises ``Refusal`` with the reason in words for what is too big, empty, of a refused kind or hostile, and ``matter.silent``.
    """
    require("matters.converse", actor, matter)
    require_words_taken(matter)
    if matter.attachments.count() >= PER_MATTER:
        raise Refusal("file.too_many", limit=PER_MATTER, field="files")
    blob = secrets.token_hex(20)
    target = _folder() / blob[:2] / blob
    size, digest = _write(upload, target)
    try:
        content_type = inspect_file(target, name)
    except Exception:
        target.unlink(missing_ok=True)
        raise
    row = Attachment.objects.create(
        matter=matter,
        message=message,
        audience=audience,
        name=safe_file_name(name),
        content_type=content_type,
        size=size,
        digest=digest,
        blob=blob,
        uploaded_by_kind=actor.kind,
        uploaded_by=context.current().actor.id,
        uploaded_at=clock.now(),
        grade="B" if actor.kind == "staff" else "C",
    )
    events.record(
        kind="matter.attachment_added",
        stream=matter.pk,
        payload={"attachment": str(row.pk), "size": size, "digest": digest, "audience": audience},
    )
    wake()
    return row


def _write(upload: BinaryIO, target: Path) -> tuple[int, str]:
    limit = settings.ATTACHMENT_MAX_BYTES
    target.parent.mkdir(exist_ok=True, mode=0o700)
    size, parts = 0, []
    try:
        with os.fdopen(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            while chunk := upload.read(1 << 20):
                size += len(chunk)
                if size > limit:
                    raise Refusal("file.too_large", megabytes=limit >> 20, field="files", status=413)
                parts.append(crypto.digest(chunk))
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError:
        target.unlink(missing_ok=True)
        raise Refusal("disk.full", status=507, field="files") from None
    except Refusal:
        target.unlink(missing_ok=True)
        raise
    return size, crypto.digest(b"".join(parts)).hex()


def scan_command(path: Path) -> tuple[str, str]:
    """The configured scanner (exit 0 clean, 1 found something); none configured: content rules alone decide."""
    command = settings.SCAN_COMMAND
    if not command:
        return "clean", "content_rules"
    done = subprocess.run([*shlex.split(command), str(path)], capture_output=True, timeout=120, check=False)  # noqa: S603
    if done.returncode == 0:
        return "clean", ""
    if done.returncode == 1:
        return "refused", "scanner"
    raise RuntimeError("the scanner did not answer")


def scan_waiting(scanner: Scanner = scan_command, batch: int = 20) -> int:
    """Ask the scan port about quarantined files; a scanner that is down leaves them in quarantine."""
    done = 0
    for pk in Attachment.objects.filter(state="quarantine").order_by("uploaded_at").values_list("pk", flat=True)[:batch]:
        with transaction.atomic():
            row = Attachment.objects.select_for_update(skip_locked=True).filter(pk=pk, state="quarantine").first()
            if row is None:
                continue
            try:
                row.state, row.reason = scanner(path_of(row))
            except (OSError, RuntimeError, subprocess.SubprocessError):
                break
            row.scanned_at = clock.now()
            row.save()
            events.record(
                kind="matter.attachment_scanned",
                stream=row.matter_id,
                payload={"attachment": str(row.pk), "state": row.state, "reason": row.reason},
            )
            done += 1
    return done


def open_attachment(*, actor: Actor, attachment_id: uuid.UUID) -> Attachment:
    """The attachment, if this actor may have its bytes now. Raises ``Absent`` or ``Refusal`` (quarantine, refused)."""
    row = Attachment.objects.select_related("matter").filter(pk=attachment_id).first()
    if row is None:
        sight_of_nothing(actor)
        raise Absent
    aspects = sight(actor, row.matter)
    if "content" not in aspects or (row.audience == "internal" and "internal" not in aspects):
        raise Absent
    if row.state == "quarantine":
        raise Refusal("file.quarantine", status=409)
    if row.state == "refused":
        raise Refusal("file.refused", status=409)
    return row
