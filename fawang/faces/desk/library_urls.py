"""Addresses of the library's keeping."""

from __future__ import annotations

from django.urls import path

from fawang.faces.desk import library, library_bank, library_cases, library_figures, library_guides

urlpatterns = [
    path("reviews/<uuid:flag_id>", library.review, name="desk_review"),
    path("questions", library_bank.questions, name="desk_questions"),
    path("questions/<uuid:question_id>", library_bank.question, name="desk_question"),
    path("guides", library_guides.guides, name="desk_guides"),
    path("guides/new", library_guides.guide_new, name="desk_guide_new"),
    path("guides/<slug:slug>", library_guides.guide, name="desk_guide"),
    path("cases", library_cases.cases, name="desk_cases"),
    path("cases/new", library_cases.case_new, name="desk_case_new"),
    path("cases/<uuid:case_id>", library_cases.case, name="desk_case"),
    path("figures", library_figures.figures, name="desk_local_figures"),
    path("figures/<uuid:figure_id>", library_figures.figure, name="desk_local_figure"),
    path("snippets", library_bank.snippets, name="desk_snippets"),
    path("snippets/<uuid:snippet_id>", library_bank.snippet, name="desk_snippet"),
]
