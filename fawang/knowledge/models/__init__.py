"""The rows of the knowledge room."""

from __future__ import annotations

from fawang.knowledge.models.bank import Question, QuestionArticle
from fawang.knowledge.models.citing import Citation, ReviewFlag
from fawang.knowledge.models.guides import Case, Guide, GuideText
from fawang.knowledge.models.interviews import InterviewRun, LocalFigure, Opinion
from fawang.knowledge.models.laws import Article, Disagreement, Law, LawRelation, LawVersion, VersionSource
from fawang.knowledge.models.runs import ImportItem, ImportRun, IndexDocument, IndexState
from fawang.knowledge.models.snippets import Snippet

__all__ = [
    "Article",
    "Case",
    "Citation",
    "Disagreement",
    "Guide",
    "GuideText",
    "ImportItem",
    "ImportRun",
    "IndexDocument",
    "IndexState",
    "InterviewRun",
    "Law",
    "LawRelation",
    "LawVersion",
    "LocalFigure",
    "Opinion",
    "Question",
    "QuestionArticle",
    "ReviewFlag",
    "Snippet",
    "VersionSource",
]
