"""The rows of the knowledge room."""

from __future__ import annotations

from fawang.knowledge.models.bank import Question, QuestionArticle
from fawang.knowledge.models.citing import Citation, ReviewFlag
from fawang.knowledge.models.laws import Article, Disagreement, Law, LawRelation, LawVersion, VersionSource
from fawang.knowledge.models.runs import ImportItem, ImportRun, IndexDocument, IndexState

__all__ = [
    "Article",
    "Citation",
    "Disagreement",
    "ImportItem",
    "ImportRun",
    "IndexDocument",
    "IndexState",
    "Law",
    "LawRelation",
    "LawVersion",
    "Question",
    "QuestionArticle",
    "ReviewFlag",
    "VersionSource",
]
