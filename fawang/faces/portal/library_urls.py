"""Addresses of the library's public pages."""

from __future__ import annotations

from django.urls import path

from fawang.faces.portal import calculators, conclusions, interviews, laws, opinions, papers, reading_room, searching

urlpatterns = [
    path("search", searching.search, name="search"),
    path("search/suggest", searching.suggest, name="suggest"),
    path("law", laws.law_list, name="laws"),
    path("law/<str:slug>", laws.law_page, name="law"),
    path("law/<str:slug>/<str:place>", laws.article_page, name="article"),
    path("calculators", calculators.calculator_list, name="calculators"),
    path("calculators/<str:code>", calculators.calculator_page, name="calculator"),
    path("interviews", interviews.interview_list, name="interviews"),
    path("interviews/<str:code>", interviews.interview_start, name="interview"),
    path("i/<str:lookup>", interviews.question_page, name="interview_question"),
    path("i/<str:lookup>/answer", interviews.answer, name="interview_answer"),
    path("i/<str:lookup>/result", conclusions.result, name="interview_result"),
    path("i/<str:lookup>/opinion", conclusions.opinion, name="interview_opinion"),
    path("i/<str:lookup>/send", conclusions.send, name="interview_send"),
    path("verify", opinions.verify, name="verify"),
    path("verify/<str:code>", opinions.opinion_page, name="opinion"),
    path("verify/<str:code>/opinion.pdf", opinions.opinion_pdf, name="opinion_pdf"),
    path("verify/<str:code>/opinion.docx", opinions.opinion_docx, name="opinion_docx"),
    path("faq", reading_room.faq, name="faq"),
    path("faq/<str:slug>", reading_room.guide_page, name="faq_guide"),
    path("cases", reading_room.cases, name="cases"),
    path("cases/<uuid:case_id>", reading_room.case_page, name="case"),
    path("papers", papers.paper_list, name="papers"),
    path("papers/<str:code>", papers.paper_page, name="paper"),
]
