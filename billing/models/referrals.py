"""Who came by whose invitation, and what that brought."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.models import Organisation
from accounts.tenancy import OrganisationOwned, TenantRow
from billing.models.payments import Purchase
from kling_saas.lib.ids import public_id


class ReferralCode(OrganisationOwned):
    """What the link has at its end by which an organisation invites others."""

    code = models.CharField(max_length=9, unique=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation"], name="one_referral_code_each")
        ]

    def __str__(self) -> str:
        return self.code


def new_referral_id() -> str:
    """`rfl_` and 22 random characters."""
    return public_id("rfl")


class ReferralState(models.TextChoices):
    SIGNED_UP = "signed_up", "Signed up"
    WAITING = "waiting", "Bought, on hold"
    REWARDED = "rewarded", "Rewarded"
    OVER = "over", "Over the month's limit"
    WENT_BACK = "went_back", "Went back"


class Referral(TenantRow):
    """`organisation` signed up by the link of `inviter`: once, and never by its own.

    `purchase` is the one that counts; `credits` what it promised the inviter and `gift` what the
    newcomer, given or not at `due_at`.
    """

    public_id = models.CharField(max_length=40, unique=True, default=new_referral_id)
    inviter = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    state = models.CharField(
        max_length=9, choices=ReferralState.choices, default=ReferralState.SIGNED_UP
    )
    purchase = models.ForeignKey(
        Purchase, null=True, blank=True, on_delete=models.PROTECT, db_constraint=False,
        related_name="+",
    )  # fmt: skip
    credits = models.PositiveBigIntegerField(default=0)
    gift = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation"], name="a_newcomer_is_referred_once"),
            models.CheckConstraint(
                condition=~Q(inviter=F("organisation")), name="nobody_refers_themselves"
            ),
            models.CheckConstraint(
                condition=Q(
                    state="signed_up", purchase__isnull=True, due_at__isnull=True,
                    settled_at__isnull=True,
                )
                | Q(
                    state="waiting", purchase__isnull=False, due_at__isnull=False,
                    settled_at__isnull=True,
                )
                | Q(
                    state__in=["rewarded", "over", "went_back"], purchase__isnull=False,
                    due_at__isnull=True, settled_at__isnull=False,
                ),
                name="referral_is_in_one_state",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["inviter", "-created_at"], name="referrals_of"),
            models.Index(fields=["due_at"], name="referral_due", condition=Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} ({self.state})"
