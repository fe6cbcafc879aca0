"""Addresses of the hotline at the desk."""

from __future__ import annotations

from django.urls import path

from fawang.faces.desk import hotline_board, hotline_edition, hotline_plan, hotline_quality, hotline_roster, hotline_seat

urlpatterns = [
    path("", hotline_seat.seat, name="desk_seat"),
    path("do/<str:verb>", hotline_seat.do, name="desk_seat_do"),
    path("line", hotline_seat.line, name="desk_seat_line"),
    path("beat", hotline_seat.beat, name="desk_seat_beat"),
    path("t/<uuid:ticket_id>", hotline_seat.ticket, name="desk_call_ticket"),
    path("t/<uuid:ticket_id>/save", hotline_seat.save, name="desk_call_ticket_save"),
    path("board", hotline_board.board, name="desk_hotline_board"),
    path("supervise/<str:verb>", hotline_board.supervise, name="desk_hotline_supervise"),
    path("work", hotline_board.work, name="desk_hotline_work"),
    path("quality", hotline_quality.samples, name="desk_hotline_quality"),
    path("quality/<uuid:sample_id>", hotline_quality.sample, name="desk_hotline_sample"),
    path("quality/<uuid:sample_id>/score", hotline_quality.score, name="desk_hotline_score"),
    path("quality/<uuid:sample_id>/appeal", hotline_quality.appeal, name="desk_hotline_appeal"),
    path("listen/<uuid:recording_id>", hotline_quality.listen, name="desk_hotline_listen"),
    path("listen/<uuid:recording_id>/text", hotline_quality.transcribe, name="desk_hotline_transcribe"),
    path("roster", hotline_roster.roster, name="desk_hotline_roster"),
    path("roster/<str:verb>", hotline_roster.act, name="desk_hotline_roster_do"),
    path("plan", hotline_plan.plan, name="desk_hotline_plan"),
    path("plan/draft", hotline_plan.draft, name="desk_hotline_draft"),
    path("announce/<str:verb>", hotline_plan.announce, name="desk_hotline_announce"),
    path("plan/<uuid:edition_id>", hotline_edition.edition, name="desk_hotline_edition"),
    path("plan/<uuid:edition_id>/revise", hotline_edition.revise, name="desk_hotline_revise"),
    path("plan/<uuid:edition_id>/simulate", hotline_edition.simulate, name="desk_hotline_simulate"),
    path("plan/<uuid:edition_id>/live", hotline_edition.live, name="desk_hotline_live"),
    path("sound/<uuid:recording_id>", hotline_board.sound, name="desk_hotline_sound"),
]
