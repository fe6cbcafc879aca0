"""Numbered documents that steps print, kept as they were, with a verification code and a delivery receipt."""

from __future__ import annotations

import secrets
import uuid

from django.db import connection

from fawang.kernel import clock, crypto, events
from fawang.matters.models import Document, Matter
from fawang.matters.situation import Taking


def issue_papers(taking: Taking) -> list[str]:
    """Print every paper of the step in its transaction; returns the documents' ids."""
    issued = []
    for paper in taking.step.papers:
        if paper.only_to and taking.to not in paper.only_to:
            continue
        issued.append(str(issue(taking.matter, paper.template, paper.body(taking)).pk))
    return issued


def issue(matter: Matter, template: str, body: str) -> Document:
    """Keep one document under the next number of the deployment's series and record it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('matters_document_serial')")
        serial = cursor.fetchone()[0]
    now = clock.now()
    document = Document.objects.create(
        matter=matter,
        template=template,
        number=f"{template.upper().replace('_', '-')}-{clock.today():%Y}-{serial:06d}",
        verification_code=secrets.token_hex(10),
        body=body,
        issued_at=now,
    )
    events.record(
        kind="matter.document_issued",
        stream=matter.pk,
        payload={
            "document": str(document.pk),
            "template": template,
            "number": document.number,
            "digest": crypto.text_digest(body),
        },
    )
    return document


def deliver(*, document_id: uuid.UUID, how: str) -> Document:
    """Write the delivery receipt of a document. Call inside a transaction."""
    document = Document.objects.select_for_update().get(pk=document_id)
    document.delivered_at, document.delivered_how = clock.now(), how
    document.save()
    events.record(kind="matter.document_delivered", stream=document.matter_id, payload={"document": str(document.pk), "how": how})
    return document
