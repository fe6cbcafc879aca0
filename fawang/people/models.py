"""Staff, their posts and leave; citizens; one-time codes; messages to people."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from fawang.kernel import clock, ids
from fawang.kernel.fields import SealedTextField


class Staff(AbstractBaseUser):
    """A member of staff, an adviser or an administrator: signs in with password and TOTP."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    username = models.CharField(max_length=60, unique=True)
    name = models.CharField(max_length=100)
    pinyin_key = models.CharField(max_length=200, blank=True)
    phone = SealedTextField(default="")
    office_id = models.UUIDField(null=True, db_index=True)
    state = models.CharField(max_length=10, default="active")
    session_epoch = models.IntegerField(default=0)
    failed_attempts = models.IntegerField(default=0)
    locked_until = models.DateTimeField(null=True)
    totp_secret = SealedTextField(default="")
    totp_confirmed_at = models.DateTimeField(null=True)
    totp_last_step = models.BigIntegerField(default=0)
    must_change_password = models.BooleanField(default=False)
    is_adviser = models.BooleanField(default=False)
    skills = ArrayField(models.CharField(max_length=80), default=list)
    languages = ArrayField(models.CharField(max_length=20), default=list)
    regions = ArrayField(models.CharField(max_length=12), default=list)
    capacity = models.IntegerField(default=20)
    available = models.BooleanField(default=True)
    practitioner_id = models.UUIDField(null=True)
    identity_index = models.BinaryField(default=b"")
    phone_index = models.BinaryField(default=b"")
    created_at = models.DateTimeField(default=clock.now)
    left_at = models.DateTimeField(null=True)

    USERNAME_FIELD = "username"
    objects: ClassVar[BaseUserManager[Staff]] = BaseUserManager()  # type: ignore[assignment]

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        """Django's question: may this account be used at all?"""
        return self.state == "active"

    def __str__(self) -> str:
        return self.name


class RoleGrant(models.Model):
    """岗位: a role within a scope (an office and those below it, or a region) for a time."""

    staff = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="grants")
    role = models.CharField(max_length=30)
    office_id = models.UUIDField(null=True)
    region_code = models.CharField(max_length=12, default="000000")
    valid_from = models.DateTimeField(default=clock.now)
    valid_to = models.DateTimeField(null=True)
    granted_by = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=["staff"], name="grant_live", condition=Q(revoked_at=None)),)


class Leave(models.Model):
    """Leave and its substitute, who has the intersection of rights, never more."""

    staff = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="leaves")
    substitute = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="substitutions")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=100, blank=True)

    @property
    def last_moment(self) -> datetime:
        """``ends_at`` is when he is back; the leave is told to people with its last day."""
        return self.ends_at - timedelta(microseconds=1)


class Person(models.Model):
    """A citizen the desk knows by phone or document. Everything that names him is sealed."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    name = SealedTextField(default="")
    phone = SealedTextField(default="")
    phone_verified_at = models.DateTimeField(null=True)
    identity_kind = models.CharField(max_length=20, blank=True)
    identity_number = SealedTextField(default="")
    identity_state = models.CharField(max_length=20, default="none")
    name_index = models.BinaryField(default=b"")
    phone_index = models.BinaryField(default=b"")
    identity_index = models.BinaryField(default=b"")
    region_code = models.CharField(max_length=12, blank=True)
    priority_groups = ArrayField(models.CharField(max_length=30), default=list)
    safe_contact = models.BooleanField(default=False, help_text="messages must not say what it is about (T36)")
    language = models.CharField(max_length=20, default="zh-hans")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["identity_index"], name="person_identity", condition=~Q(identity_index=b"")),)
        indexes = (models.Index(fields=["phone_index"], name="person_phone", condition=~Q(phone_index=b"")),)


class OneTimeCode(models.Model):
    """A six-digit code, bound to session, phone and action; five tries."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    phone_index = models.BinaryField()
    session = models.CharField(max_length=64)
    action = models.CharField(max_length=40)
    code_hash = models.BinaryField()
    expires_at = models.DateTimeField()
    tries = models.SmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now)


class Notice(models.Model):
    """A message to a person on a door. Queued in the transaction of what it tells; sent by the worker, once."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="notices")
    matter_id: models.UUIDField[uuid.UUID | None, uuid.UUID | None] = models.UUIDField(null=True, db_index=True)
    channel = models.CharField(max_length=20)
    to = SealedTextField()
    template = models.CharField(max_length=60)
    body = SealedTextField()
    state = models.CharField(max_length=12, default="created")
    attempts = models.IntegerField(default=0)
    next_try_at = models.DateTimeField(default=clock.now, null=True)
    sent_at = models.DateTimeField(null=True)
    provider_ref = models.CharField(max_length=80, blank=True)
    dedup_key = models.CharField(max_length=250, unique=True, null=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = (models.Index(fields=["next_try_at"], name="notice_due", condition=Q(state__in=["created", "sending"])),)
