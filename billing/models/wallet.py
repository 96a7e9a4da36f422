"""An organisation's credits, and the lots they came in."""

from __future__ import annotations

from django.db import models
from django.db.models import ExpressionWrapper, F, Q
from django.db.models.functions import Now

from accounts.tenancy import TenantPart, TenantRow

MOST_CREDITS = 1_000_000_000_000  # of one entry of the ledger


class Wallet(TenantRow):
    """Whole credits of one organisation in one mode. Written by the SQL functions only.

    `sequence` numbers its transfers; the figures are those after transfer number `sequence`.
    A frozen wallet settles and receives, but reserves nothing. `owed` is what was taken back when
    it was spent already: the next credits bought pay it.
    """

    available = models.BigIntegerField(default=0, db_default=0)
    reserved = models.BigIntegerField(default=0, db_default=0)
    pending = models.BigIntegerField(
        default=0, db_default=0, help_text="Paid top-ups not yet confirmed."
    )
    owed = models.BigIntegerField(default=0, db_default=0, help_text="Taken back, spent before.")
    sequence = models.BigIntegerField(default=0, db_default=0)
    frozen_at = models.DateTimeField(null=True, blank=True)
    frozen_reason = models.CharField(max_length=300, blank=True, default="", db_default="")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "livemode"], name="one_wallet_per_organisation_and_mode"
            ),
            models.CheckConstraint(
                condition=Q(available__gte=0, reserved__gte=0, pending__gte=0)
                & Q(owed__gte=0, sequence__gte=0),
                name="wallet_is_never_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{'live' if self.livemode else 'test'} wallet of {self.organisation_id}"


class WalletRow(TenantPart):
    """A row under a wallet."""

    wallet = models.ForeignKey(
        Wallet, on_delete=models.PROTECT, db_constraint=False, db_index=False
    )

    class Meta:
        abstract = True


class WalletFreeze(WalletRow):
    """A cause for which a wallet is frozen; it thaws when the last one is lifted.

    `cause` names who froze it, e.g. `ledger` or `dispute:dp_…`: nobody lifts another's.
    """

    cause = models.CharField(max_length=80)
    reason = models.CharField(max_length=300)
    created_at = models.DateTimeField(db_default=Now())
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["wallet", "cause"],
                name="one_freeze_per_cause",
                condition=Q(lifted_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cause}: {self.reason}"


class LotSource(models.TextChoices):
    GRANT = "grant", "Grant"
    PURCHASE = "purchase", "Purchase"
    PLAN = "plan", "Plan"
    BONUS = "bonus", "Bonus"
    PROMO = "promo", "Promotion"
    REFUND = "refund", "Refund"
    TEST = "test", "Test credits"
    GIFT = "gift", "Gift code"


# Somebody paid for these: they are spent after those that are free, and pay what is owed.
BOUGHT = (LotSource.PURCHASE, LotSource.PLAN, LotSource.GIFT)


class Lot(WalletRow):
    """Credits that came in together. Spent soonest-expiring first, then free before bought.

    `remaining` is what is neither spent, pinned by a pending hold, nor expired. `cents` is what was
    paid for all of it, without tax: its share is revenue when a credit is spent.
    """

    public_id = models.CharField(max_length=40, unique=True)
    source = models.CharField(max_length=8, choices=LotSource.choices)
    granted = models.BigIntegerField()
    remaining = models.BigIntegerField()
    # A column of its own, because an index over `remaining` would make every spending rewrite it.
    open = models.GeneratedField(
        expression=ExpressionWrapper(Q(remaining__gt=0), output_field=models.BooleanField()),
        output_field=models.BooleanField(),
        db_persist=True,
    )
    cents = models.BigIntegerField(default=0, db_default=0, help_text="Paid for it, without tax.")
    expires_at = models.DateTimeField(null=True, blank=True)
    reference = models.CharField(max_length=120, help_text="What gave it; given once.")
    reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "livemode", "reference"], name="one_lot_per_reference"
            ),
            models.UniqueConstraint(
                fields=["reference"], name="one_lot_per_gift", condition=Q(source="gift")
            ),
            models.CheckConstraint(
                condition=Q(granted__gt=0, remaining__gte=0, remaining__lte=F("granted"))
                & Q(cents__gte=0),
                name="lot_holds_what_was_granted",
            ),
        ]
        indexes = [
            models.Index(
                F("wallet"),
                F("expires_at"),
                ExpressionWrapper(
                    Q(source__in=BOUGHT),
                    output_field=models.BooleanField(),
                ),
                F("id"),
                name="lot_in_spending_order",
                condition=Q(open=True),
            ),
            models.Index(
                fields=["expires_at"],
                name="lot_due",
                condition=Q(open=True, expires_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.remaining} of {self.granted} credits ({self.source})"
