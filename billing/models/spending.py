"""Who spent what, day by day, and the caps that hold it down."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from billing.models.wallet import WalletRow
from kling_saas.lib.ids import public_id


class Spending(WalletRow):
    """Credits of one day (UTC), member, credential, SKU and end user; only SQL functions write it.

    A hold counts on the day it was made, as `reserved` and later as `captured`. `member` is 0 and
    `credential` empty where there was none; a credential is `key:5` or `pair:3`.
    """

    day = models.DateField()
    member = models.BigIntegerField()
    credential = models.CharField(max_length=30)
    sku = models.CharField(max_length=80)
    end_user = models.CharField(max_length=64, blank=True, default="", db_default="")
    reserved = models.BigIntegerField(default=0, db_default=0)
    captured = models.BigIntegerField(default=0, db_default=0)
    films = models.IntegerField(default=0, db_default=0, help_text="Captured holds.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["wallet", "day", "member", "credential", "sku", "end_user"],
                name="one_spending_per_day_and_spender",
            ),
            models.CheckConstraint(
                condition=Q(reserved__gte=0, captured__gte=0, films__gte=0),
                name="spending_is_never_negative",
            ),
        ]
        indexes = [
            models.Index(fields=["day"], name="spending_lately", condition=Q(livemode=True)),
            models.Index(
                fields=["wallet", "day"], name="spending_of_no_end_user", condition=Q(end_user="")
            ),
            models.Index(
                fields=["wallet", "end_user", "day"],
                name="spending_of_an_end_user",
                condition=~Q(end_user=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.captured} captured, {self.reserved} reserved"


class EndUserSum(WalletRow):
    """What all end users of a member and credential spent on a day, reserved or captured.

    They may be many, and whose cap they count against together would read a row of each with every
    order. A trigger keeps it.
    """

    day = models.DateField()
    member = models.BigIntegerField()
    credential = models.CharField(max_length=30)
    credits = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["wallet", "day", "member", "credential"], name="one_sum_of_end_users_a_day"
            ),
            models.CheckConstraint(condition=Q(credits__gte=0), name="sum_is_never_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.credits} of end users"


class CapScope(models.TextChoices):
    ORGANISATION = "organisation", "Organisation"
    MEMBER = "member", "Member"
    CREDENTIAL = "credential", "Key"
    END_USER = "end_user", "End user"


class CapPeriod(models.TextChoices):
    CALL = "call", "Per order"
    DAY = "day", "Per day"
    MONTH = "month", "Per month"
    TOTAL = "total", "In all"


class Cap(WalletRow):
    """At most `credits` per order, day or month (UTC), or in all, for one spender. In all counts
    from the day it was set on, the whole of that day.

    `subject` is the member's user id, the credential (`key:5`) or the customer's name of an end
    user, empty for the organisation.
    """

    scope = models.CharField(max_length=12, choices=CapScope.choices)
    subject = models.CharField(max_length=64, blank=True)
    period = models.CharField(max_length=5, choices=CapPeriod.choices)
    credits = models.BigIntegerField()
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["wallet", "scope", "subject", "period"], name="one_cap_per_subject"
            ),
            models.CheckConstraint(condition=Q(credits__gte=0), name="cap_is_not_negative"),
            models.CheckConstraint(
                condition=Q(scope="organisation", subject="")
                | ~Q(scope="organisation") & ~Q(subject=""),
                name="cap_says_whose",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.credits} per {self.period} for {self.scope} {self.subject}".rstrip()


class CapRaise(WalletRow):
    """Credits on top of a cap until its window ends: an approval."""

    cap = models.ForeignKey(
        Cap, on_delete=models.CASCADE, db_constraint=False, related_name="raises"
    )
    since = models.DateField(
        help_text="First day of the day or month it holds for, or of the cap in all."
    )
    credits = models.BigIntegerField()
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(credits__gt=0), name="raise_is_positive")]

    def __str__(self) -> str:
        return f"{self.credits} more from {self.since}"


class CapAlert(WalletRow):
    """A share of a cap was reached, in percent; once per window."""

    cap = models.ForeignKey(
        Cap, on_delete=models.CASCADE, db_constraint=False, related_name="alerts"
    )
    since = models.DateField()
    percent = models.PositiveSmallIntegerField()
    told_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cap", "since", "percent"], name="one_alert_per_window_and_share"
            )
        ]
        indexes = [
            models.Index(
                fields=["created_at"], name="cap_alert_untold", condition=Q(told_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.percent} % from {self.since}"


def new_approval_id() -> str:
    """`apr_` and 22 random characters."""
    return public_id("apr")


class ApprovalStatus(models.TextChoices):
    OPEN = "open", "Open"
    APPROVED = "approved", "Approved"
    DECLINED = "declined", "Declined"


class ApprovalRequest(WalletRow):
    """A member asks for credits above their cap; whoever manages money says yes or no, once."""

    public_id = models.CharField(max_length=40, unique=True, default=new_approval_id)
    cap = models.ForeignKey(
        Cap, on_delete=models.CASCADE, db_constraint=False, related_name="requests"
    )
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="approvals_asked"
    )
    credits = models.BigIntegerField()
    note = models.CharField(max_length=300, blank=True)
    status = models.CharField(
        max_length=8, choices=ApprovalStatus.choices, default=ApprovalStatus.OPEN
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="approvals_decided",
    )
    created_at = models.DateTimeField(db_default=Now())
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cap", "member"],
                name="one_open_approval_per_cap_and_member",
                condition=Q(status="open"),
            ),
            models.CheckConstraint(condition=Q(credits__gt=0), name="approval_is_positive"),
            models.CheckConstraint(
                condition=Q(status="open", decided_at__isnull=True)
                | Q(status__in=["approved", "declined"], decided_at__isnull=False),
                name="approval_is_in_one_state",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.public_id}: {self.credits} credits ({self.status})"
