"""来电: one row an INVITE, written before the first prompt; its legs, raw events, waiting, reservations, transfers."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from fawang.kernel import clock, ids
from fawang.kernel.fields import SealedTextField


class Call(models.Model):
    """One contact by telephone, in exactly one state; ended once, with one cause."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    engine = models.ForeignKey("hotline.EngineNode", on_delete=models.PROTECT, related_name="calls")
    leg_id = models.CharField(max_length=80, help_text="the citizen's leg: the engine's name of the INVITE")
    call_ref = models.CharField(max_length=255, blank=True, help_text="SIP Call-ID")
    direction = models.CharField(max_length=3, default="in")
    config = models.ForeignKey("hotline.ConfigVersion", null=True, on_delete=models.PROTECT, related_name="+")
    did = models.CharField(max_length=40, blank=True)
    trunk = models.CharField(max_length=60, blank=True)
    caller = SealedTextField(default="")
    caller_index = models.BinaryField(default=b"")
    caller_kind = models.CharField(max_length=12, default="withheld", help_text="mobile landline short foreign withheld odd")
    caller_region = models.CharField(max_length=12, blank=True)
    person = models.ForeignKey("people.Person", null=True, on_delete=models.PROTECT, related_name="+")
    match = models.CharField(max_length=6, default="none", help_text="known maybe none; the number alone proves nothing")
    language = models.CharField(max_length=20, default="zh-hans")
    priority = models.SmallIntegerField(default=0)
    emergency = models.BooleanField(default=False)
    state = models.CharField(max_length=12, default="arriving")
    talk = models.CharField(max_length=14, blank=True, help_text="side state of talking: held consulting conference transferring partner")
    state_since = models.DateTimeField(default=clock.now)
    version = models.IntegerField(default=1)
    deadline_at = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, help_text="by the machine")
    queued_at = models.DateTimeField(null=True)
    connected_at = models.DateTimeField(null=True, help_text="first time with a human")
    ended_at = models.DateTimeField(null=True)
    queue_code = models.CharField(max_length=40, blank=True)
    agent = models.ForeignKey("people.Staff", null=True, on_delete=models.PROTECT, related_name="+")
    agent_leg = models.CharField(max_length=80, blank=True)
    bridge_id = models.CharField(max_length=80, blank=True)
    end_cause = models.CharField(max_length=30, blank=True)
    end_side = models.CharField(max_length=10, blank=True)
    survey_level = models.SmallIntegerField(null=True)
    callback = models.ForeignKey("hotline.CallbackRequest", null=True, on_delete=models.PROTECT, related_name="calls")
    notes = models.JSONField(default=dict, help_text="small facts of the machine (play ids, menu path, tries); nothing personal")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["engine", "leg_id"], name="hotline_call_once"),
            models.CheckConstraint(
                condition=(Q(state="ended") & ~Q(end_cause="") & Q(ended_at__isnull=False)) | (~Q(state="ended") & Q(end_cause="") & Q(ended_at=None)),
                name="hotline_call_one_end",
            ),
        )
        indexes = (
            models.Index(fields=["deadline_at"], name="hotline_call_deadline", condition=Q(deadline_at__isnull=False)),
            models.Index(fields=["engine"], name="hotline_call_live", condition=~Q(state="ended")),
            models.Index(fields=["-arrived_at"], name="hotline_call_arrived"),
            models.Index(fields=["caller_index", "-arrived_at"], name="hotline_call_caller", condition=~Q(caller_index=b"")),
            models.Index(fields=["agent", "-arrived_at"], name="hotline_call_agent"),
        )


class CallLeg(models.Model):
    """One party's line in a call. ``role``: citizen agent consult partner supervisor."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    engine = models.ForeignKey("hotline.EngineNode", on_delete=models.PROTECT, related_name="+")
    leg_id = models.CharField(max_length=80)
    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="legs")
    role = models.CharField(max_length=12)
    staff = models.ForeignKey("people.Staff", null=True, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, default="new", help_text="new ringing answered ended")
    created_at = models.DateTimeField(default=clock.now)
    ringing_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    cause = models.CharField(max_length=20, blank=True)
    side = models.CharField(max_length=10, blank=True)
    code = models.IntegerField(default=0)
    partner = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["engine", "leg_id"], name="hotline_leg_once"),)
        indexes = (models.Index(fields=["call", "role"], name="hotline_leg_call"),)


class CallEvent(models.Model):
    """Raw facts in the order they were written: the engine's, the queue's, the seat's. Append-only; every statistic is recounted from them."""

    id = models.BigAutoField(primary_key=True)
    call = models.ForeignKey(Call, null=True, on_delete=models.PROTECT, related_name="events")
    source = models.CharField(max_length=10, help_text="engine queue seat system")
    engine_key = models.CharField(max_length=60, blank=True)
    boot_id = models.CharField(max_length=80, blank=True)
    seq = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=30)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=clock.now)
    leg_id = models.CharField(max_length=80, blank=True)
    staff = models.ForeignKey("people.Staff", null=True, on_delete=models.PROTECT, related_name="+")
    data = models.JSONField(default=dict, help_text="codes and figures only")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["engine_key", "boot_id", "seq"], name="hotline_event_once", condition=Q(seq__isnull=False)),)
        indexes = (models.Index(fields=["call", "id"], name="hotline_event_call"), models.Index(fields=["kind", "at"], name="hotline_event_kind"))


class QueueEntry(models.Model):
    """A call's wait for a human. It keeps its time over every try; ``moments`` are what the sweeper still has to do for it."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="entries")
    queue_code = models.CharField(max_length=40)
    state = models.CharField(max_length=10, default="waiting", help_text="waiting offered taken left")
    priority = models.SmallIntegerField(default=0)
    entered_at = models.DateTimeField()
    needs = ArrayField(models.CharField(max_length=60), default=list)
    pools = ArrayField(models.UUIDField(), default=list, help_text="in order of preference")
    preferred = models.ForeignKey("people.Staff", null=True, on_delete=models.PROTECT, related_name="+")
    preferred_until = models.DateTimeField(null=True)
    attempts = models.SmallIntegerField(default=0)
    moments = models.JSONField(default=list, help_text="[[seconds after entry, what, data], …], the next one first")
    next_moment = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["call"], name="hotline_entry_one_open", condition=Q(state__in=["waiting", "offered"])),)
        indexes = (
            models.Index(fields=["-priority", "entered_at", "id"], name="hotline_entry_waiting", condition=Q(state="waiting")),
            models.Index(fields=["next_moment"], name="hotline_entry_moment", condition=Q(next_moment__isnull=False)),
        )


class Reservation(models.Model):
    """One try to bring a waiting call to an agent. The database itself refuses a second open one of either."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="reservations")
    entry = models.ForeignKey(QueueEntry, null=True, on_delete=models.PROTECT, related_name="reservations")
    staff = models.ForeignKey("people.Staff", on_delete=models.PROTECT, related_name="+")
    leg_id = models.CharField(max_length=80)
    made_at = models.DateTimeField()
    deadline_at = models.DateTimeField()
    state = models.CharField(max_length=12, default="open", help_text="open taken no_answer refused caller_left failed")
    ended_at = models.DateTimeField(null=True)
    reasons = models.JSONField(default=list)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["staff"], name="hotline_reservation_staff", condition=Q(state="open")),
            models.UniqueConstraint(fields=["call"], name="hotline_reservation_call", condition=Q(state="open")),
        )


class TransferRecord(models.Model):
    """衔接联动: a call passed on, to whom, how, why, and what came of it."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="transfers")
    mode = models.CharField(max_length=12, help_text="blind attended queue conference takeover overflow")
    target_kind = models.CharField(max_length=10, help_text="staff queue partner")
    partner = models.CharField(max_length=20, blank=True)
    queue_code = models.CharField(max_length=40, blank=True)
    staff = models.ForeignKey("people.Staff", null=True, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey("people.Staff", null=True, on_delete=models.PROTECT, related_name="+")
    reason = SealedTextField(default="")
    leg_id = models.CharField(max_length=80, blank=True)
    external_no = models.CharField(max_length=80, blank=True)
    sent_at = models.DateTimeField(default=clock.now)
    accepted_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    result = models.CharField(max_length=12, default="open", help_text="open accepted returned failed cancelled")
    returned_reason = models.CharField(max_length=40, blank=True)


class SupervisionAct(models.Model):
    """A supervisor listening, whispering, breaking in, taking over or forcing a state: who, whom, why, how long."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    kind = models.CharField(max_length=10, help_text="listen whisper barge takeover force")
    by = models.ForeignKey("people.Staff", on_delete=models.PROTECT, related_name="+")
    on = models.ForeignKey("people.Staff", on_delete=models.PROTECT, related_name="+")
    call = models.ForeignKey(Call, null=True, on_delete=models.PROTECT, related_name="supervision")
    leg_id = models.CharField(max_length=80, blank=True)
    reason = models.CharField(max_length=200)
    told = models.BooleanField(default=False, help_text="the seat was shown it")
    started_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True)
