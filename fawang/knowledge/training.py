"""Training the ranker from reviewed questions: features of every question as if it stood in no bank, weights by regression."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fawang.kernel import clock
from fawang.kernel.errors import Refusal
from fawang.knowledge.bank_format import Ref
from fawang.knowledge.bank_loading import named_article
from fawang.knowledge.boosting import Growth, grow
from fawang.knowledge.numerals import parse_short
from fawang.knowledge.search import memory as bank_memory
from fawang.knowledge.search.asking import tokens_of
from fawang.knowledge.search.generation import Generation, generation
from fawang.knowledge.search.memory import Memory, Pair
from fawang.knowledge.search.ranking import CLIP, NAMES, Ranker, candidates
from fawang.knowledge.search.tokens import Tokens
from fawang.knowledge.search.trees import Trees
from fawang.knowledge.titles import title_key

FOLDS = 5
_WRONG = 140
"""How many wrong candidates of a pool the net learns from."""
_HARD, _EASY = 100, 30
"""How many of a pool the trees learn from: those the net likes best, and an even draw of the others."""
ROBBED = 400
"""How many outside questions the ranker also learns from as if no example named their articles: enough to doubt neighbouring examples, not so many
that it mistrusts the right ones."""
Matrix = npt.NDArray[np.float32]
Said = Callable[[str], None]


@dataclass(slots=True)
class Case:
    """A question with its pool: features as the ranker takes them, which candidates are right, how many right ones there are at all."""

    fold: int
    documents: npt.NDArray[np.int32]
    features: npt.NDArray[np.float32]
    right: npt.NDArray[np.bool_]
    golds: int


def columns_of(found: Generation) -> tuple[bank_memory.Ints, bank_memory.Ints]:
    """Chapter and law of every slot, newest text first."""
    first = np.asarray(found.slot_docs)[np.asarray(found.slot_at)[:-1]]
    return np.asarray(found.chapter)[first], np.asarray(found.law)[first]


def case(found: Generation, pair: Pair, fold: int, day: int, memory: Memory | None, *, bank: bool) -> Case:
    """The features of one question."""
    asked, _ = tokens_of(found, pair.text)
    pool = candidates(found, asked, day, bank=bank, memory=memory)
    gold = found.documents_of(day)[np.array([s for s in pair.slots if s >= 0], np.int64)]
    return Case(fold, pool.documents, pool.spread, np.isin(pool.documents, gold[gold >= 0]), len(pair.slots))


def _draw(text: str) -> int:
    return int.from_bytes(hashlib.blake2s(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def fold_for(text: str) -> int:
    """The fold of a question: the same in every run and on every machine."""
    return _draw(text) % FOLDS


def cases(
    found: Generation, tested: Sequence[Pair], kept: Sequence[Pair], day: int, *, sample: int = 0, said: Said | None = None
) -> list[Case]:  # fmt: skip
    """Features by folds over ``tested``: in each fold the bank is ``kept`` and the other folds' tested pairs. ``sample`` limits the questions."""
    fold_of = [fold_for(p.text) for p in tested]
    drawn = sorted(range(len(tested)), key=lambda n: _draw("sample " + tested[n].text))
    chosen = set(drawn[: sample or len(drawn)])
    chapter_of, law_of = columns_of(found)
    made: dict[str, Tokens] = {}
    out: list[Case] = []
    for fold in range(FOLDS):
        others = [p for p, f in zip(tested, fold_of, strict=True) if f != fold]
        held = Memory(bank_memory.build([*kept, *others], chapter_of, law_of, made))
        out += [case(found, tested[n], fold, day, held, bank=True) for n in sorted(chosen) if fold_of[n] == fold]
        if said:
            said(f"fold {fold + 1}/{FOLDS}: {len(out)} questions")
    return out


def robbed(found: Generation, asked: Sequence[Pair], own: Sequence[Pair], day: int, *, parts: int = 10, said: Said | None = None) -> list[Case]:
    """Every question asked of a bank that names none of its articles: ``parts`` banks, each without all articles of a tenth of the questions.

    In the order of ``asked``.
    """
    made: dict[str, Tokens] = {}
    out: dict[int, Case] = {}
    for part in range(parts):
        numbers = range(part, len(asked), parts)
        tested = [asked[n] for n in numbers]
        gone = {s for p in tested for s in p.slots}
        bank = Memory(bank_memory.build([p for p in own if not gone & set(p.slots)], *columns_of(found), made))
        out.update((n, case(found, p, fold_for(p.text), day, bank, bank=True)) for n, p in zip(numbers, tested, strict=True))
        if said:
            said(f"without their articles {part + 1}/{parts}: {len(out)} questions")
    return [out[n] for n in range(len(asked))]


def _thinned(c: Case) -> Case:
    """The case with every right candidate and an even draw of the wrong ones: as much to learn from in less than half the time."""
    wrong = np.flatnonzero(~c.right)
    if len(wrong) > _WRONG:
        wrong = np.random.default_rng(len(wrong)).choice(wrong, _WRONG, replace=False)
    kept = np.concatenate([np.flatnonzero(c.right), wrong])
    return Case(c.fold, c.documents[kept], c.features[kept], c.right[kept], c.golds)


def fit(train: Sequence[Case], *, how: Growth | None = None) -> Ranker:
    """A ranker: nets by listwise regression, then trees grown on the candidates that these put first and a draw of the others.

    Deterministic on one machine. Takes about 12 s of one core for 1,000 cases, most of it for the trees.
    """
    net = _nets(train)
    hard = [_hardest(c, net.net(c.features)) for c in train if c.right.any()]
    trees = grow(np.vstack([c.features for c in hard]), np.concatenate([c.right for c in hard]), [len(c.right) for c in hard], how)
    return replace(net, trees=trees)


def _hardest(c: Case, scores: Matrix) -> Case:
    """The case with every right candidate, those with the best scores, and an even draw of the others."""
    order = np.argsort(-scores, kind="stable")
    rest = order[_HARD:]
    if len(rest) > _EASY:
        rest = np.random.default_rng(len(rest)).choice(rest, _EASY, replace=False)
    kept = np.unique(np.concatenate([order[:_HARD], rest, np.flatnonzero(c.right)]))
    return Case(c.fold, c.documents[kept], c.features[kept], c.right[kept], c.golds)


def _nets(train: Sequence[Case], *, seeds: int = 2, hidden: int = 64, epochs: int = 12, rate: float = 0.01, l2: float = 3e-3) -> Ranker:
    """A ranker without trees by listwise regression (softmax over each pool), Adam steps over small batches; the mean of nets drawn from ``seeds`` seeds."""
    usable = [_thinned(c) for c in train if c.right.any()]
    every = np.vstack([c.features for c in usable])
    mean, scale = every.mean(axis=0), every.std(axis=0)
    scale = np.where(scale < 1e-3, 1.0, scale).astype(np.float32)  # a feature that never varies says nothing
    longest, width = max(len(c.documents) for c in usable), every.shape[1]
    z = np.zeros((len(usable), longest, width), np.float32)
    wanted, closed = np.zeros((len(usable), longest), np.float32), np.full((len(usable), longest), -1e9, np.float32)
    for n, c in enumerate(usable):
        z[n, : len(c.documents)] = np.clip((c.features - mean) / scale, -CLIP, CLIP)
        wanted[n, : len(c.documents)] = c.right / c.right.sum()
        closed[n, : len(c.documents)] = 0
    nets = [_net(z, wanted, closed, seed, hidden, epochs, rate, l2) for seed in range(seeds)]
    return Ranker(
        mean, scale, np.mean([n[3] for n in nets], axis=0, dtype=np.float32), np.hstack([n[0] for n in nets]), np.hstack([n[1] for n in nets]),
        (np.hstack([n[2] for n in nets]) / seeds).astype(np.float32), _NO_TREES,
    )  # fmt: skip


_NO_TREES = Trees(np.zeros((1, 0), np.int32), np.zeros((1, 0), np.float32), np.zeros((0, 2), np.float32))


def _net(z: Matrix, wanted: Matrix, closed: Matrix, seed: int, hidden: int, epochs: int, rate: float, l2: float, batch: int = 48) -> list[Matrix]:
    """Inner weights, their bias, outer and direct weights of one net."""
    draw, width = np.random.default_rng(seed), z.shape[2]
    drawn = [draw.normal(0, 0.5 / np.sqrt(width), (width, hidden)), np.zeros(hidden), draw.normal(0, 0.1, hidden), np.zeros(width)]
    held: list[Matrix] = [h.astype(np.float32) for h in drawn]
    first, second = [np.zeros_like(h) for h in held], [np.zeros_like(h) for h in held]
    steps, step = epochs * -(-len(z) // batch), 0
    for _ in range(epochs):
        order = draw.permutation(len(z))
        for at in range(0, len(z), batch):
            taken = order[at : at + batch]
            x = z[taken]
            neurons = np.tanh(x @ held[0] + held[1])
            score = neurons @ held[2] + x @ held[3] + closed[taken]
            p = np.exp(score - score.max(axis=1, keepdims=True))
            wrong = (p / p.sum(axis=1, keepdims=True) - wanted[taken]) / len(taken)
            back = wrong[:, :, None] * held[2] * (1 - neurons**2)
            slopes = [
                x.reshape(-1, width).T @ back.reshape(-1, hidden), back.sum(axis=(0, 1)), np.einsum("bp,bph->h", wrong, neurons),
                np.einsum("bp,bpf->f", wrong, x),
            ]  # fmt: skip
            step += 1
            for n, slope in enumerate(slopes):
                slope = slope + (l2 * held[n] if n != 1 else 0)
                first[n] = 0.9 * first[n] + 0.1 * slope
                second[n] = 0.999 * second[n] + 0.001 * slope**2
                pace = rate * (1 - 0.9 * step / steps)
                held[n] = (held[n] - pace * (first[n] / (1 - 0.9**step)) / (np.sqrt(second[n] / (1 - 0.999**step)) + 1e-8)).astype(np.float32)
    return held


def measures(ranked: Sequence[tuple[npt.NDArray[np.bool_], int]]) -> dict[str, float]:
    """R@5, R@10, R@20, R@100, MRR@10 over (right or not in rank order, number of right ones)."""
    out: dict[str, float] = {"questions": len(ranked)}
    for k in (5, 10, 20, 100):
        out[f"R@{k}"] = round(float(np.mean([right[:k].sum() / max(golds, 1) for right, golds in ranked])), 4)
    first = [int(np.flatnonzero(right[:10])[0]) + 1 if right[:10].any() else 0 for right, _ in ranked]
    out["MRR@10"] = round(float(np.mean([1 / f if f else 0.0 for f in first])), 4)
    return out


def by_folds(*judged: Sequence[Case], learn: Sequence[Case]) -> list[list[tuple[npt.NDArray[np.bool_], int]]]:
    """Every case of every list ranked by the one of five rankers that learned from ``learn`` without the fold of the case: right or not
    in rank order, and how many right ones there are."""
    models = [fit([c for c in learn if c.fold != fold]) for fold in range(FOLDS)]
    return [[(c.right[np.argsort(-models[c.fold].score(c.features), kind="stable")], c.golds) for c in cases] for cases in judged]


def some(pairs: Sequence[Pair], cases: Sequence[Case]) -> list[Case]:
    """``ROBBED`` of the cases of these pairs, drawn the same way in every run."""
    return [cases[n] for n in sorted(range(len(pairs)), key=lambda n: _draw("robbed " + pairs[n].text))[:ROBBED]]


def as_text(model: Ranker) -> dict[str, Any]:
    """A ranker as it stands in the reviewed file, names beside numbers; ``inner`` has a row for every feature, ``feature`` and ``threshold`` a row for every
    depth, ``leaf`` for every tree."""
    parts = {part: np.round(getattr(model, part).astype(float), 4).tolist() for part in ("mean", "scale", "direct", "bias", "outer", "inner")}
    trees = {
        "feature": model.trees.feature.tolist(), "threshold": np.round(model.trees.threshold.astype(float), 4).tolist(),
        "leaf": np.round(model.trees.leaf.astype(float), 4).tolist(),
    }  # fmt: skip
    return {"names": list(NAMES), **parts, **trees}


def written(models: dict[str, Ranker], report: dict[str, Any]) -> str:
    """The file ``rules/ranker.json``: one line a list, so that a change can be read."""
    held = {name: as_text(model) for name, model in models.items()}
    text = json.dumps({**held, "report": report}, ensure_ascii=False, indent=1)
    return re.sub(r"\n {4,}", " ", re.sub(r"\n {3,}(?=[\]}])|\n {3}(?=[-\d\"])", " ", text)).replace("\n  ]", " ]") + "\n"


def learned(*, sample: int, also: Path | None = None, said: Said | None = None) -> tuple[str, dict[str, Any]]:
    """Train both rankers on the current generation. Returns the file's text and the cross-validated report.

    ``with_bank`` learns from bank questions (each asked of a bank without its own fold) and from ``also``, asked of the whole bank, of one that also
    holds the other folds of it, and some of it of a bank robbed of all examples of its articles; ``bare`` from the same questions asked of the
    statutes alone. Raises ``Refusal`` ``search.no_index``.
    """
    found = generation()
    if found is None:
        raise Refusal("search.no_index")
    day = clock.today().toordinal()
    bank = pairs_of_bank()
    outside = outside_pairs(found, also) if also else []
    own = cases(found, bank, [], day, sample=sample, said=said)
    whole = Memory(bank_memory.build(bank, *columns_of(found)))
    asked = [case(found, p, fold_for(p.text), day, whole, bank=True) for p in outside]
    beside = cases(found, outside, bank, day, said=said) if outside else []
    bare_own = [case(found, p, fold_for(p.text), day, None, bank=False) for p in bank[:: max(len(bank) // 1500, 1)]]
    bare_asked = [case(found, p, fold_for(p.text), day, None, bank=False) for p in outside]
    without = robbed(found, outside, bank, day, said=said) if outside else []
    names = (
        "bank questions", "outside questions", "outside questions in the bank by folds", "outside questions, bank robbed of their articles",
        "bare, bank questions", "bare, outside questions",
    )  # fmt: skip
    with_bank, bare = [*own, *asked, *beside, *some(outside, without)], [*bare_own, *bare_asked]
    ranked = [*by_folds(own, asked, beside, without, learn=with_bank), *by_folds(bare_own, bare_asked, learn=bare)]
    report = {name: measures(cases) for name, cases in zip(names, ranked, strict=True) if cases}
    if said:
        said(json.dumps(report))
    models = {"with_bank": fit(with_bank), "bare": fit(bare)}
    return written(models, report), report


def pairs_of_bank() -> list[Pair]:
    """The reviewed questions as the current generation numbers their articles. One pass over the database."""
    from fawang.knowledge.search.gathering import gather

    return gather().pairs


def outside_pairs(found: Generation, path: Path) -> list[Pair]:
    """Pairs of a file in the STARD layout (``name``), or with ``law`` and ``no`` apart; an article the library has not is slot -1."""
    out = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        slots = []
        for article in row["articles"]:
            ref = named_article(str(article["name"])) if "name" in article else Ref(str(article["law"]), *(parse_short(str(article["no"])) or (0, 0)))
            law = found.names.get(title_key(ref.law)) if ref else None
            slot = found.slot_of(law, ref.number, ref.sub) if ref and law is not None else -1
            slots.append(slot)
        out.append(Pair(str(row["question"]), tuple(slots), ref=str(row.get("id", ""))))
    return out
