"""One film as ordered and paid: the row that says what is owed next."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce, Left
from django.utils import timezone

from accounts.tenancy import TenantPart
from generations.catalogue.params import Params, called
from kling_saas.lib.ids import public_id


def new_generation_id() -> str:
    return public_id("gen")


class Status(models.TextChoices):
    """Internal states; `public` is the word customers see."""

    ACCEPTED = "accepted", "Accepted"
    SUBMITTING = "submitting", "Submitting"
    IN_FLIGHT = "in_flight", "At the upstream"
    FETCHING = "fetching", "Fetching"
    STORING = "storing", "Storing"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"

    @property
    def public(self) -> str:
        """queued, processing, succeeded, failed or cancelled; of an order see `standing`."""
        if self == Status.ACCEPTED:
            return "queued"
        return str(self.value) if self in TERMINAL else "processing"


TERMINAL = (Status.SUCCEEDED, Status.FAILED, Status.CANCELLED)


class Generation(TenantPart):
    """Only `lifecycle` writes `status`, `version` and the lease.

    `next_run_at` is when the next step is due, null when none is owed. A step is claimed by
    raising `version` and setting `lease_until`; whoever holds an older version can write nothing.
    Of one that has failed `lease_until` is when `late` asks for its film again.
    """

    public_id = models.CharField(max_length=40, default=new_generation_id)
    model = models.CharField(max_length=40)
    kind = models.CharField(max_length=40)
    params = models.JSONField()
    warnings = models.JSONField(default=list, blank=True)

    status = models.CharField(max_length=12, choices=Status.choices, default=Status.ACCEPTED)
    version = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    leased_by = models.CharField(max_length=80, blank=True, default="", db_default="")
    next_run_at = models.DateTimeField(null=True, blank=True, default=timezone.now)
    step_attempts = models.PositiveSmallIntegerField(default=0)
    crashes = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Workers in a row that left this step unfinished."
    )
    deadline_at = models.DateTimeField()

    credits = models.PositiveIntegerField(help_text="Quoted and held.")
    charged = models.PositiveIntegerField(null=True, blank=True)
    hold = models.OneToOneField("billing.Hold", on_delete=models.PROTECT, db_constraint=False)
    quote = models.ForeignKey(
        "billing.Quote",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        db_constraint=False,
        db_index=False,
    )

    door = models.CharField(max_length=16, help_text="native, website, kling, segmind, …")
    door_facts = models.JSONField(default=dict, blank=True)
    external_id = models.CharField(max_length=255, null=True, blank=True)
    fingerprint = models.CharField(max_length=64)
    callback_url = models.CharField(max_length=2000, blank=True)
    reference = models.CharField(max_length=255, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    end_user = models.CharField(
        max_length=64, blank=True, default="", db_default="",
        help_text="Whom the customer ordered it for, in the customer's own words.",
    )  # fmt: skip
    retention_days = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="What it makes and began with is kept no longer; empty: as the plan says.",
    )
    inputs_removed_at = models.DateTimeField(
        null=True, blank=True, help_text="When the files that it began with went, as it asked."
    )
    api_key = models.ForeignKey(
        "accounts.ApiKey",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    access_key = models.ForeignKey(
        "accounts.AccessKey",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, db_index=False
    )

    account = models.ForeignKey(
        "generations.ProviderAccount",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        db_index=False,
    )
    lane = ArrayField(
        models.BigIntegerField(),
        null=True,
        blank=True,
        help_text="Accounts that can make it; it waits for a place at one. Null: not known.",
    )
    upstream_id = models.CharField(max_length=120, blank=True)
    callback_token = models.CharField(max_length=40)
    media_url = models.TextField(blank=True)
    made = models.JSONField(
        default=dict,
        db_default={},
        blank=True,
        help_text="What the upstream told of the result: ids of film and sound, facts.",
    )
    known_as = models.GeneratedField(
        # Its beginning: an index takes no endless text, and no order names a thing by more.
        expression=Left(Coalesce(KT("made__facts__element_id"), KT("made__facts__voice_id")), 120),
        output_field=models.TextField(null=True),
        db_persist=True,
        help_text="What the upstream calls the voice or element that it made.",
    )
    upstream_finished_at = models.DateTimeField(null=True, blank=True)

    error_code = models.CharField(max_length=40, blank=True)
    error_message = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    handed_over_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When it went to its upstream; anew, if another had put it back.",
    )
    submitted_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(
        null=True, blank=True, help_text="When the voice or element that it made was deleted."
    )
    trashed_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was deleted by its owner: no list shows it."
    )

    class Meta:
        # Unique by constraints: `unique=True` adds a second index for LIKE, to keep at each order.
        # Lists use the tenant's key (organisation, livemode, id) backwards.
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="one_generation_per_public_id"),
            models.UniqueConstraint(fields=["callback_token"], name="one_generation_per_token"),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="known_status"),
            models.CheckConstraint(
                condition=Q(status__in=TERMINAL, finished_at__isnull=False, next_run_at=None)
                | (~Q(status__in=TERMINAL) & Q(finished_at=None)),
                name="finished_exactly_when_terminal",
            ),
            models.CheckConstraint(
                condition=(Q(status=Status.SUCCEEDED) & Q(charged=models.F("credits")))
                | (Q(status__in=[Status.FAILED, Status.CANCELLED]) & Q(charged=0))
                | (~Q(status__in=TERMINAL) & Q(charged=None)),
                name="charged_exactly_when_succeeded",
            ),
            models.UniqueConstraint(
                fields=["organisation", "livemode", "external_id"],
                condition=Q(external_id__isnull=False),
                name="one_generation_per_external_id",
            ),
            models.UniqueConstraint(
                fields=["quote"], condition=Q(quote__isnull=False), name="one_generation_per_quote"
            ),
        ]
        indexes = [
            models.Index(
                fields=["status", "next_run_at"],
                name="generation_due",
                condition=Q(next_run_at__isnull=False),
            ),
            models.Index(
                fields=["organisation", "livemode", "end_user", "-id"],
                name="generation_of_end_user",
                condition=~Q(end_user=""),
            ),
            models.Index(
                fields=["user", "-id"],
                name="generation_of_person",
                condition=Q(user__isnull=False),
            ),
            models.Index(
                fields=["finished_at"],
                name="generation_inputs_due",
                condition=Q(retention_days__isnull=False, inputs_removed_at=None),
            ),
            models.Index(
                fields=["known_as"],
                name="generation_known_as",
                condition=Q(known_as__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def called(self) -> str:
        """What is called at an upstream to make it."""
        return called(self.kind, self.model)

    def order(self) -> Params:
        """The film as ordered."""
        return Params.from_json(self.params)
