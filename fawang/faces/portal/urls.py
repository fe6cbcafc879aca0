"""Addresses of the public site."""

from __future__ import annotations

from django.urls import include, path

from fawang.faces.portal import asking, leaving, mine, places, reading, texts, tracking

urlpatterns = [
    path("", reading.home, name="home"),
    path("ask", asking.ask, name="ask"),
    path("complain", asking.complain, name="complain"),
    path("receipt/<str:code>", asking.receipt, name="receipt"),
    path("track", tracking.track_form, name="track_form"),
    path("track/<str:code>", tracking.track, name="track"),
    path("track/<str:code>/step/<str:verb>", tracking.step, name="track_step"),
    path("track/<str:code>/message", tracking.message, name="track_message"),
    path("track/<str:code>/rating", tracking.rating, name="track_rating"),
    path("files/<uuid:attachment_id>", tracking.download, name="download"),
    path("guides", reading.guides, name="guides"),
    path("guides/<str:code>", reading.guide, name="guide"),
    path("sites", places.sites, name="sites"),
    path("sites/map", places.ground, name="site_map"),
    path("leave", leaving.leave, name="leave"),
    path("calendar", leaving.calendar, name="calendar"),
    path("accessibility", texts.text, {"name": "accessibility"}, name="accessibility"),
    path("privacy", texts.text, {"name": "privacy"}, name="privacy"),
    path("prefs", reading.prefs, name="prefs"),
    path("outbox", reading.outbox, name="outbox"),
    path("me", mine.me, name="me"),
    path("me/add", mine.add, name="me_add"),
    path("me/sign-in", mine.sign_in, name="me_sign_in"),
    path("me/sign-out", mine.sign_out, name="me_sign_out"),
    path("", include("fawang.faces.portal.library_urls")),
]
