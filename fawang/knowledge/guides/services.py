"""Writing guides: draft, second reader, publication, withdrawal; citations and the index follow the published text alone."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction

from fawang.kernel import clock, events
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.policy import require
from fawang.kernel.text_safety import BadText, check_text
from fawang.knowledge.guides.loading import SLUG, ShippedGuide, digest_of, shipped
from fawang.knowledge.guides.norms import places_of, read_norms
from fawang.knowledge.guides.selectors import TOPICS
from fawang.knowledge.models import Guide, GuideText
from fawang.knowledge.services import cite, drop_document, index_document, uncite
from fawang.people.actors import Actor

LONGEST_REVIEW = timedelta(days=730)


def _checked(title: str, answer: str, body: str) -> None:
    wrong: dict[str, Refusal] = {}
    for field, text, most, line in (("title", title, 120, True), ("answer", answer, 400, True), ("body", body, 20_000, False)):
        if not text.strip():
            wrong[field] = Refusal("field.required", field=field)
            continue
        try:
            check_text(text, max_length=most, single_line=line)
        except BadText as bad:
            wrong[field] = Refusal(bad.code, field=field, **bad.params)
    if wrong:
        raise Refusal("form.invalid", fields=wrong)


def write_guide(*, actor: Actor, slug: str, topic: str, title: str, answer: str, body: str, norms: str, region_code: str = "") -> GuideText:
    """Write a draft: of a new guide, or of a published one that stays as it is until the draft is published.

    Locks the guide. Needs ``knowledge.propose``. Raises ``Refusal`` naming the field; norms must be in force today.
    """
    require("knowledge.propose", actor)
    if not SLUG.fullmatch(slug):
        raise Refusal("form.invalid", fields={"slug": Refusal("guide.slug", field="slug")})
    if topic not in TOPICS:
        raise Refusal("form.invalid", fields={"topic": Refusal("field.choice", field="topic")})
    _checked(title, answer, body)
    named = read_norms(norms)
    if not named:
        raise Refusal("form.invalid", fields={"norms": Refusal("guide.no_norms", field="norms")})
    with transaction.atomic():
        guide, _ = Guide.objects.select_for_update().get_or_create(
            slug=slug, defaults={"topic": topic, "region_code": region_code, "owner": str(actor.staff_id or "")}
        )
        Guide.objects.filter(pk=guide.pk).update(topic=topic, region_code=region_code)
        text = guide.texts.filter(state__in=("draft", "reviewed")).first()
        if text is None:
            last = guide.texts.order_by("-version").first()
            text = GuideText(guide=guide, version=last.version + 1 if last else 1)
        text.title, text.answer, text.body, text.norms = title, answer, body, named
        text.state, text.written_by, text.reviewed_by, text.reviewed_at = "draft", str(actor.staff_id or "system"), "", None
        text.digest, text.changed_at = digest_of(title, answer, body, named), clock.now()
        text.save()
        events.record(kind="knowledge.guide_written", stream=guide.pk, payload={"guide": str(guide.pk), "slug": slug, "version": text.version})
    return text


def new_guide(*, actor: Actor, **words: Any) -> GuideText:
    """A guide at an address nobody uses yet. Raises like :func:`write_guide`, and ``guide.slug_taken``."""
    if Guide.objects.filter(slug=words.get("slug", "")).exists():
        raise Refusal("form.invalid", fields={"slug": Refusal("guide.slug_taken", field="slug")})
    try:
        with transaction.atomic():
            return write_guide(actor=actor, **words)
    except IntegrityError:
        raise Refusal("form.invalid", fields={"slug": Refusal("guide.slug_taken", field="slug")}) from None


def _open_text(guide_id: uuid.UUID, *states: str) -> tuple[Guide, GuideText]:
    guide = Guide.objects.select_for_update().get(pk=guide_id)
    text = guide.texts.select_for_update().filter(state__in=states).first()
    if text is None:
        raise Refusal("guide.state", status=409)
    return guide, text


def review_guide(*, actor: Actor, guide_id: uuid.UUID) -> GuideText:
    """A second person has read the draft and stands for it. Needs ``knowledge.manage``.

    Locks guide and text. Raises ``Refusal`` ``guide.own`` for one's own text, ``guide.state`` where there is no draft.
    """
    require("knowledge.manage", actor)
    with transaction.atomic():
        guide, text = _open_text(guide_id, "draft")
        if text.written_by == str(actor.staff_id or "system"):
            raise Refusal("guide.own", status=409)
        read_norms("\n".join(text.norms))
        text.state, text.reviewed_by, text.reviewed_at = "reviewed", str(actor.staff_id or "system"), clock.now()
        text.save(update_fields=["state", "reviewed_by", "reviewed_at"])
        events.record(kind="knowledge.guide_reviewed", stream=guide.pk, payload={"guide": str(guide.pk), "slug": guide.slug, "version": text.version})
    return text


def publish_guide(*, actor: Actor, guide_id: uuid.UUID, review_due: date) -> GuideText:
    """Publish a reviewed text: the address shows it, the index finds it, its citations are watched. Needs ``knowledge.manage``.

    Locks guide and text. ``review_due`` within two years. Raises ``Refusal`` ``guide.state``, ``guide.due``.
    """
    require("knowledge.manage", actor)
    if not clock.today() < review_due <= clock.today() + LONGEST_REVIEW:
        raise Refusal("form.invalid", fields={"review_due": Refusal("guide.due", field="review_due")})
    with transaction.atomic():
        guide, text = _open_text(guide_id, "reviewed")
        _publish(guide, text, review_due)
    return text


def _publish(guide: Guide, text: GuideText, review_due: date) -> None:
    guide.texts.filter(state="published").update(state="replaced")
    text.state, text.published_at = "published", clock.now()
    text.save(update_fields=["state", "published_at"])
    guide.current, guide.review_due = text, review_due
    guide.save(update_fields=["current", "review_due"])
    address = f"/faq/{guide.slug}"
    places = places_of(text.norms)
    uncite(kind="guide", ref=guide.slug, but={(law.pk, number, sub) for law, number, sub in places})
    for law, number, sub in places:
        cite(kind="guide", ref=guide.slug, law=law, number=number, sub=sub, title=text.title, address=address, owner=guide.owner)
    index_document(kind="guide", ref=guide.slug, title=text.title, body=f"{text.answer}\n{text.body}", address=address, region_code=guide.region_code)
    events.record(
        kind="knowledge.guide_published", stream=guide.pk,
        payload={"guide": str(guide.pk), "slug": guide.slug, "version": text.version, "digest": text.digest},
    )  # fmt: skip


def withdraw_guide(*, actor: Actor, guide_id: uuid.UUID, reason: str) -> Guide:
    """Take a guide off the site; its texts stay on file. Withdrawing twice changes nothing. Needs ``knowledge.retire``; locks the guide."""
    with transaction.atomic():
        guide = Guide.objects.select_for_update().get(pk=guide_id)
        require("knowledge.retire", actor, guide.owner)
        if not reason.strip():
            raise Refusal("form.invalid", fields={"reason": Refusal("field.required", field="reason")})
        if guide.current_id is None:
            return guide
        GuideText.objects.filter(pk=guide.current_id).update(state="withdrawn")
        guide.current = None
        guide.save(update_fields=["current"])
        uncite(kind="guide", ref=guide.slug)
        drop_document(kind="guide", ref=guide.slug)
        events.record(kind="knowledge.guide_withdrawn", stream=guide.pk, payload={"guide": str(guide.pk), "slug": guide.slug, "reason": reason[:200]})
    return guide


def take_over(*, actor: Actor, guide_id: uuid.UUID) -> Guide:
    """Become the one who is told when a cited article of the guide changes. Needs ``knowledge.propose``. Raises ``Absent``."""
    require("knowledge.propose", actor)
    with transaction.atomic():
        guide = Guide.objects.select_for_update().filter(pk=guide_id).first()
        if guide is None:
            raise Absent
        guide.owner = str(actor.account)
        guide.save(update_fields=["owner"])
        if guide.current is not None:
            for law, number, sub in places_of(guide.current.norms):
                cite(kind="guide", ref=guide.slug, law=law, number=number, sub=sub, title=guide.current.title, address=f"/faq/{guide.slug}", owner=guide.owner)
    return guide


def load_shipped_guides() -> dict[str, int]:
    """Bring in the guides of this edition of the product. What staff rewrote is kept; what they left is renewed; repeatable.

    Its own transaction under an advisory lock. Citations appear once the laws are there: run again after an import.
    """
    tally = {"added": 0, "changed": 0, "kept": 0, "same": 0}
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(747011)")
        for made in shipped():
            tally[_load(made)] += 1
        if tally["added"] or tally["changed"]:
            events.record(kind="knowledge.guides_loaded", stream="knowledge.guides", payload={k: tally[k] for k in ("added", "changed", "kept")})
    return tally


def _load(made: ShippedGuide) -> str:
    guide = Guide.objects.filter(slug=made.slug).first()
    outcome = "added" if guide is None else "changed"
    if guide is not None:
        texts = list(guide.texts.order_by("-version"))
        if any(t.written_by != "shipped" for t in texts) or guide.current_id is None:
            return "kept"
        if texts[0].digest == made.digest:
            return _recite(guide, texts[0])
    else:
        guide = Guide.objects.create(slug=made.slug, topic=made.topic, origin="shipped")
    version = guide.texts.count() + 1
    text = GuideText.objects.create(
        guide=guide, version=version, title=made.title, answer=made.answer, body=made.body, norms=list(made.norms), state="reviewed", written_by="shipped",
        reviewed_by="shipped", reviewed_at=clock.now(), digest=made.digest,
    )  # fmt: skip
    _publish(guide, text, made.review_due)
    return outcome


def _recite(guide: Guide, text: GuideText) -> str:
    """The laws may have come after the guide did: then its citations are written now."""
    from fawang.knowledge.models import Citation

    places = places_of(text.norms)
    if len(places) != Citation.objects.filter(kind="guide", ref=guide.slug, ended_at=None).count():
        for law, number, sub in places:
            cite(kind="guide", ref=guide.slug, law=law, number=number, sub=sub, title=text.title, address=f"/faq/{guide.slug}", owner=guide.owner)
    return "same"
