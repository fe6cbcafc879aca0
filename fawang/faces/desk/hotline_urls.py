"""Addresses of the hotline at the desk."""

from __future__ import annotations

from django.urls import path

from fawang.faces.desk import hotline_board, hotline_seat

urlpatterns = [
    path("", hotline_seat.seat, name="desk_seat"),
    path("do/<str:verb>", hotline_seat.do, name="desk_seat_do"),
    path("beat", hotline_seat.beat, name="desk_seat_beat"),
    path("t/<uuid:ticket_id>", hotline_seat.ticket, name="desk_call_ticket"),
    path("t/<uuid:ticket_id>/save", hotline_seat.save, name="desk_call_ticket_save"),
    path("board", hotline_board.board, name="desk_hotline_board"),
    path("supervise/<str:verb>", hotline_board.supervise, name="desk_hotline_supervise"),
    path("work", hotline_board.work, name="desk_hotline_work"),
    path("sound/<uuid:recording_id>", hotline_board.sound, name="desk_hotline_sound"),
]
