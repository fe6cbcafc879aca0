"""After an import: relations between acts, days decided elsewhere, amendments worked in, spans computed, owners told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q

from fawang.kernel import clock
from fawang.knowledge.importers import relations
from fawang.knowledge.importers.amending import Amended, work_in
from fawang.knowledge.importers.loading import articles_digest, note_disagreement, store_articles
from fawang.knowledge.importers.parsed import ParsedArticle
from fawang.knowledge.models import Article, Law, LawRelation, LawVersion
from fawang.knowledge.names import aliases
from fawang.knowledge.spans import Dated, Ending, spans
from fawang.knowledge.titles import title_key

CONSOLIDATED = "consolidated"


def settle() -> dict[str, int]:
    """Everything that follows from the texts as they now stand, in one transaction; repeatable, and cheap when nothing changed.

    Returns counts for the report: relations, decided days, consolidated versions, laws whose span changed.
    """
    with transaction.atomic():
        counts = {"relations": _relations(), "decided": _decided_days(), "consolidated": _consolidate()}
        counts["spans"] = compute_spans()
    return counts


def _laws_by_key() -> dict[str, Law]:
    return {law.key: law for law in Law.objects.order_by("-region_code")}  # national ones last, so that they win


def _relations() -> int:
    laws = _laws_by_key()
    wanted: dict[tuple[str, object, date, str], LawRelation] = {}

    def add(kind: str, target: Law, actor: Law | None, on: date, norm: str, origin: str) -> None:
        row = LawRelation(kind=kind, target=target, actor=actor, effective_on=on, norm=norm[:300], origin=origin)
        wanted.setdefault((kind, target.pk, on, row.norm), row)

    closing = Article.objects.filter(Q(text__contains="废止") | Q(text__contains="同时失效") | Q(text__contains="不再适用")).filter(
        version__law__region_code=""
    )
    for article in closing.select_related("version__law"):
        version = article.version
        for name in relations.ended_names(article.text):
            target = next((laws[k] for k in relations.keys_of(name) if k in laws), None)
            if target is not None and target.pk != version.law_id:
                add("repeals", target, version.law, version.stated_from, f"《{version.law.short}》{article.label}", "text")
    for law in laws.values():
        aim = relations.decided_on(law.title) if law.level == Law.Level.AMENDING else None
        target = laws.get(title_key(aim)) if aim else None
        amended = target or (laws.get(title_key("刑法")) if law.key.startswith("刑法修正案") else None)
        if amended is not None:
            for version in law.versions.all():
                add("amends", amended, law, version.stated_from, f"《{law.short}》", "text")
    for line in relations.reviewed():
        target = laws.get(line.target) or laws.get(aliases().get(line.target, ""))
        if target is not None:
            add(line.kind, target, laws.get(line.actor), line.effective_on, line.norm, "rules")
    return _keep(wanted)


def _keep(wanted: dict[tuple[str, object, date, str], LawRelation]) -> int:
    have = {(r.kind, r.target_id, r.effective_on, r.norm): r.pk for r in LawRelation.objects.all()}
    gone = [pk for key, pk in have.items() if key not in wanted]
    LawRelation.objects.filter(pk__in=gone).delete()
    LawRelation.objects.bulk_create([row for key, row in wanted.items() if key not in have], ignore_conflicts=True)
    return len(wanted)


def _decided_days() -> int:
    """A decision's own day holds for the text it re-publishes: same law, same day of enactment."""
    changed = 0
    for relation in LawRelation.objects.filter(kind="amends", actor__isnull=False).select_related("actor"):
        assert relation.actor is not None
        for decision in relation.actor.versions.all():
            changed += (
                LawVersion.objects.filter(law=relation.target_id, version_date=decision.version_date)
                .exclude(stated_from=decision.stated_from).exclude(basis=LawVersion.Basis.RULES)
                .update(stated_from=decision.stated_from, basis=LawVersion.Basis.DECISION)
            )  # fmt: skip
    return changed


def _consolidate() -> int:
    """Amendments newer than the newest text of what they amend are worked in; the reading chosen is written down either way."""
    made = 0
    amendments = LawRelation.objects.filter(kind="amends", actor__key__startswith="刑法修正案").select_related("actor", "target").order_by("effective_on")
    for relation in amendments:
        assert relation.actor is not None
        amendment = relation.actor.versions.order_by("-version_date").first()
        if amendment is None:
            continue
        base = relation.target.versions.filter(version_date__lt=amendment.version_date).order_by("-version_date").first()
        whole = relation.target.versions.filter(version_date=amendment.version_date).first()
        later = relation.target.versions.filter(version_date__gt=amendment.version_date).exists()
        if base is None or later:
            continue
        articles = {(a.number, a.sub): a for a in base.articles.order_by("-part")}
        amended = work_in({k: a.text for k, a in articles.items()}, [(a.label, a.text) for a in amendment.articles.order_by("position")])
        if whole is None and amended:
            whole = _worked_in(relation, base, amendment, amended)
            made += 1
        if whole is not None:
            _note_older_text(relation, base, whole, amended or [])
    return made


def _worked_in(relation: LawRelation, base: LawVersion, amendment: LawVersion, amended: list[Amended]) -> LawVersion:
    new = {(a.number, a.sub): a.text for a in amended}
    articles = list(base.articles.order_by("position"))
    parsed = [ParsedArticle(a.label, a.number, a.sub, a.part, a.chapter, new.get((a.number, a.sub), a.text)) for a in articles]
    version = LawVersion.objects.create(
        law=relation.target, version_date=amendment.version_date, stated_from=amendment.stated_from, basis=LawVersion.Basis.DECISION,
        from_date=amendment.stated_from, header=f"{base.header}\n按{relation.norm}并入".strip(), preamble=base.preamble, article_count=len(parsed),
        digest=articles_digest(parsed), source=CONSOLIDATED,
    )  # fmt: skip
    store_articles([(version, parsed)])
    return version


def _note_older_text(relation: LawRelation, base: LawVersion, whole: LawVersion, amended: list[Amended]) -> None:
    """The older text is some source's latest: say, article by article, which reading holds since when, and by which item."""
    old = {(a.number, a.sub): a for a in base.articles.all()}
    new = {(a.number, a.sub): a for a in whole.articles.all()}
    for change in amended:
        before, after = old[change.number, change.sub], new.get((change.number, change.sub))
        if after is not None:
            why = f"{relation.norm}{change.item}自{whole.stated_from}起施行，{base.source}只有{base.version_date}的文本"
            note_disagreement(relation.target, whole.version_date, after.label, whole.source, after.text, base.source, before.text, why)


def compute_spans(laws: Iterable[object] | None = None) -> int:
    """Compute ``from_date``, ``until_date``, ``because`` of versions (of some laws, or all). In the caller's transaction.

    Returns how many versions' spans changed.
    """
    versions = LawVersion.objects.all() if laws is None else LawVersion.objects.filter(law__in=list(laws))
    endings: dict[object, list[Ending]] = defaultdict(list)
    for target, on, norm in LawRelation.objects.filter(kind__in=("repeals", "replaces")).values_list("target_id", "effective_on", "norm"):
        endings[target].append(Ending(on, norm))
    by_law: dict[object, list[LawVersion]] = defaultdict(list)
    for version in versions.only("pk", "law_id", "version_date", "stated_from", "from_date", "until_date", "because"):
        by_law[version.law_id].append(version)
    changed = []
    for law, texts in by_law.items():
        computed = spans([Dated(str(v.pk), v.version_date, v.stated_from) for v in texts], endings[law])
        for version in texts:
            span = computed[str(version.pk)]
            if (version.from_date, version.until_date, version.because) != (span.start, span.end, span.because):
                version.from_date, version.until_date, version.because = span.start, span.end, span.because
                changed.append(version)
    LawVersion.objects.bulk_update(changed, ["from_date", "until_date", "because"], batch_size=500)
    return len(changed)


def ended_laws(day: date | None = None) -> dict[UUID, tuple[date, str]]:
    """Laws that have no version in force on ``day`` but had one: law id → (day it ended, norm)."""
    today = day or clock.today()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT law_id, max(until_date), (array_agg(because ORDER BY until_date DESC))[1] FROM knowledge_lawversion"
            " GROUP BY law_id HAVING bool_and(until_date IS NOT NULL AND until_date <= %s)",
            [today],
        )
        return {row[0]: (row[1], row[2]) for row in cursor.fetchall()}
