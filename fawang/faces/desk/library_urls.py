"""Addresses of the library's keeping."""

from __future__ import annotations

from django.urls import path

from fawang.faces.desk import library, library_bank

urlpatterns = [
    path("reviews/<uuid:flag_id>", library.review, name="desk_review"),
    path("questions", library_bank.questions, name="desk_questions"),
    path("questions/<uuid:question_id>", library_bank.question, name="desk_question"),
    path("snippets", library_bank.snippets, name="desk_snippets"),
    path("snippets/<uuid:snippet_id>", library_bank.snippet, name="desk_snippet"),
]
