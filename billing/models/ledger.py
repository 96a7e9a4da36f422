"""What was posted: transfers between accounts, and the holds they belong to. Append-only."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from billing.models.spending import Spending
from billing.models.wallet import Lot, WalletRow


class HoldStatus(models.TextChoices):
    PENDING = "pending", "Pending"
    CAPTURED = "captured", "Captured"
    RELEASED = "released", "Released"


class Hold(WalletRow):
    """Credits set aside for one order: later captured (up to its amount) or released, once."""

    amount = models.BigIntegerField()
    captured = models.BigIntegerField(null=True, blank=True)
    status = models.CharField(
        max_length=8, choices=HoldStatus.choices, default=HoldStatus.PENDING, db_default="pending"
    )
    reference = models.CharField(max_length=120, help_text="What it pays for; held for once.")
    spending = models.ForeignKey(
        Spending, on_delete=models.PROTECT, db_constraint=False, db_index=False
    )
    created_at = models.DateTimeField(db_default=Now())
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "livemode", "reference"], name="one_hold_per_reference"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="hold_amount_is_positive"),
            models.CheckConstraint(condition=~Q(reference=""), name="hold_says_what_for"),
            models.CheckConstraint(
                condition=Q(status="pending", captured__isnull=True, settled_at__isnull=True)
                | Q(status="captured", captured__gt=0, captured__lte=F("amount"))
                & Q(settled_at__isnull=False)
                | Q(status="released", captured__isnull=True, settled_at__isnull=False),
                name="hold_is_in_one_state",
            ),
        ]
        indexes = [
            models.Index(
                fields=["wallet", "created_at"],
                name="hold_pending",
                condition=Q(status="pending"),
            ),
            models.Index(
                fields=["settled_at"],
                name="hold_earned",
                condition=Q(status="captured", livemode=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} credits for {self.reference} ({self.status})"


class HoldLot(WalletRow):
    """How much of a lot a hold pins; in order of `id`, which is the order of spending."""

    hold = models.ForeignKey(
        Hold, on_delete=models.PROTECT, db_constraint=False, related_name="pins"
    )
    lot = models.ForeignKey(
        Lot, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="pins"
    )
    amount = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="pin_amount_is_positive")
        ]

    def __str__(self) -> str:
        return f"{self.amount} of lot {self.lot_id}"


class Account(models.TextChoices):
    """Three accounts per wallet, the rest the house's, one each per mode."""

    AVAILABLE = "available", "Available"
    HELD = "held", "Held"
    PENDING = "pending", "Pending"
    REVENUE = "revenue", "Revenue"
    GRANTS = "grants", "Grants"
    PURCHASES = "purchases", "Purchases"
    ADJUSTMENTS = "adjustments", "Adjustments"
    EXPIRED = "expired", "Expired"
    RECEIVABLE = "receivable", "Receivable"


class TransferType(models.TextChoices):
    GRANT = "grant", "Grant"
    PURCHASE = "purchase", "Purchase"
    PLAN = "plan", "Plan"
    ADJUST = "adjust", "Adjustment"
    HOLD = "hold", "Hold"
    CAPTURE = "capture", "Capture"
    RELEASE = "release", "Release"
    EXPIRE = "expire", "Expiry"
    ANNOUNCE = "announce", "Top-up announced"
    WITHDRAW = "withdraw", "Top-up withdrawn"
    REFUND = "refund", "Refund"
    CLAW_BACK = "claw_back", "Claw-back"
    REINSTATE = "reinstate", "Claw-back reversed"
    SETTLE_DEBT = "settle_debt", "Debt settled"
    WRITE_OFF = "write_off", "Debt written off"


# How credits leave a lot, or return to it, without a hold.
OUT_OF_LOTS = (
    TransferType.EXPIRE, TransferType.REFUND, TransferType.CLAW_BACK, TransferType.REINSTATE,
    TransferType.SETTLE_DEBT,
)  # fmt: skip


class Transfer(WalletRow):
    """`amount` credits from account `debit` to account `credit`: it balances by construction.

    `sequence` counts a wallet's transfers from 1 without a gap, and the three figures after it
    are those before it plus its change: by induction, a balance is the sum of its transfers.
    Triggers hold both, and the list of ways credits may move (billing/sql/guards.sql).
    """

    public_id = models.CharField(max_length=40)
    sequence = models.BigIntegerField()
    type = models.CharField(max_length=11, choices=TransferType.choices)
    debit = models.CharField(max_length=11, choices=Account.choices)
    credit = models.CharField(max_length=11, choices=Account.choices)
    amount = models.BigIntegerField()
    change_available = models.BigIntegerField(help_text="Set by the database from its accounts.")
    available_after = models.BigIntegerField()
    reserved_after = models.BigIntegerField()
    pending_after = models.BigIntegerField()
    hold = models.ForeignKey(
        Hold,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        db_constraint=False,
        db_index=False,
        related_name="transfers",
    )
    lot = models.ForeignKey(
        Lot,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        db_constraint=False,
        db_index=False,
        related_name="transfers",
    )
    reference = models.CharField(max_length=120, help_text="E.g. the generation it is for.")
    reason = models.CharField(max_length=300, blank=True)
    actor = models.CharField(
        max_length=40,
        blank=True,
        default="",
        db_default="",
        help_text="Who did it: user:12, key:5, pair:3; empty: we did.",
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            # Not `unique=True`, which adds a second index, for LIKE, to the busiest table.
            models.UniqueConstraint(fields=["public_id"], name="one_transfer_per_public_id"),
            models.UniqueConstraint(
                fields=["wallet", "sequence"], name="one_transfer_per_wallet_and_number"
            ),
            models.UniqueConstraint(
                fields=["hold", "type"],
                name="one_settlement_per_hold",
                condition=Q(hold__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["organisation", "livemode", "reference", "type", "debit", "lot"],
                name="one_transfer_per_outside_reference",
                condition=Q(hold__isnull=True) & ~Q(type="expire"),
                nulls_distinct=False,
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="transfer_amount_is_positive"),
        ]
        indexes = [
            models.Index(fields=["lot"], name="transfer_of_lot", condition=Q(lot__isnull=False)),
            models.Index(
                fields=["created_at"],
                name="transfer_out_of_lots",
                condition=Q(type__in=OUT_OF_LOTS, lot__isnull=False, livemode=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.amount}: {self.debit} to {self.credit}"
