"""Addresses of the desk."""

from __future__ import annotations

from django.urls import include, path

from fawang.faces.desk import accounts, boards, catalogue, figures, matter, queue, records, signing, window

urlpatterns = [
    path("", queue.queue_page, name="desk"),
    path("sign-in", signing.sign_in_page, name="desk_sign_in"),
    path("sign-out", signing.sign_out, name="desk_sign_out"),
    path("password", signing.password, name="desk_password"),
    path("device", signing.device, name="desk_device"),
    path("bulk", queue.bulk, name="desk_bulk"),
    path("views", queue.views, name="desk_views"),
    path("search", queue.search_page, name="desk_search"),
    path("m/<uuid:matter_id>", matter.matter_page, name="desk_matter"),
    path("m/<uuid:matter_id>/step/<str:verb>", matter.step, name="desk_step"),
    path("m/<uuid:matter_id>/act/<str:verb>", matter.act, name="desk_act"),
    path("m/<uuid:matter_id>/attach", matter.attach, name="desk_attach"),
    path("m/<uuid:matter_id>/paper/<uuid:document_id>", matter.document, name="desk_document"),
    path("window", window.window, name="desk_window"),
    path("window/tickets", window.tickets, name="desk_tickets"),
    path("window/<uuid:intake_id>", window.slip, name="desk_slip"),
    path("hotline/", include("fawang.faces.desk.hotline_urls")),
    path("board", boards.dispatch_board, name="desk_board"),
    path("supervision", boards.supervision_board, name="desk_supervision"),
    path("figures", figures.figures_page, name="desk_figures"),
    path("figures/behind", figures.behind, name="desk_behind"),
    path("registry", catalogue.organisations, name="desk_registry"),
    path("registry/new", catalogue.organisation_new, name="desk_organisation_new"),
    path("registry/sites", catalogue.sites, name="desk_sites"),
    path("registry/people", catalogue.practitioners, name="desk_practitioners"),
    path("registry/import", catalogue.imports, name="desk_import"),
    path("registry/import/<uuid:batch_id>", catalogue.batch, name="desk_batch"),
    path("registry/export/<str:kind>.<str:suffix>", catalogue.export, name="desk_export"),
    path("registry/<uuid:organisation_id>", catalogue.organisation, name="desk_organisation"),
    path("staff", accounts.accounts, name="desk_accounts"),
    path("staff/new", accounts.create, name="desk_account_new"),
    path("staff/<uuid:staff_id>", accounts.account, name="desk_account"),
    path("staff/<uuid:staff_id>/<str:verb>", accounts.change, name="desk_account_change"),
    path("me", accounts.me, name="desk_me"),
    path("me/<str:verb>", accounts.me_change, name="desk_me_change"),
    path("rules", records.rules, name="desk_rules"),
    path("calendar", records.calendar, name="desk_calendar"),
    path("outbox", records.outbox, name="desk_outbox"),
    path("trail", records.trail, name="desk_trail"),
]
