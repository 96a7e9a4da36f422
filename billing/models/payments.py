"""What passed between us and the payment service: who pays, what for, and what came back.

`vendor` says whose ids a row bears (`sandbox`, `test` or `live`), so that nobody's test customer
is ever charged for real after a change of keys.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.tenancy import OrganisationOwned, TenantPart, TenantRow
from billing.models.offers import Pack, Plan
from billing.models.wallet import WalletRow
from kling_saas.lib.ids import public_id


class Vendor(models.TextChoices):
    SANDBOX = "sandbox", "Payments sandbox"
    TEST = "test", "Stripe, test mode"
    LIVE = "live", "Stripe"


class PaymentCustomer(OrganisationOwned):
    """An organisation as the payment service knows it, and the card it charges."""

    vendor = models.CharField(max_length=7, choices=Vendor.choices)
    stripe_id = models.CharField(max_length=80, unique=True)
    card_id = models.CharField(max_length=80, blank=True)
    card_brand = models.CharField(max_length=40, blank=True)
    card_last4 = models.CharField(max_length=4, blank=True)
    card_expires = models.CharField(max_length=7, blank=True, help_text="2034-12")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "vendor"], name="one_customer_per_vendor"
            )
        ]

    def __str__(self) -> str:
        return self.stripe_id


def new_purchase_id() -> str:
    """`pur_` and 22 random characters."""
    return public_id("pur")


class PurchaseKind(models.TextChoices):
    PACK = "pack", "Pack"
    PLAN = "plan", "Plan"
    TOP_UP = "top_up", "Automatic top-up"
    GIFT = "gift", "Gift"


# What is paid on a page of its own, once, and is settled by that page's session.
AT_CHECKOUT = (PurchaseKind.PACK, PurchaseKind.GIFT)


class PurchaseStatus(models.TextChoices):
    OPEN = "open", "Not paid yet"
    PAID = "paid", "Paid"
    FAILED = "failed", "Failed"
    EXPIRED = "expired", "Abandoned"


class Purchase(TenantRow):
    """Credits for money: what was asked, what was paid, under which ids. Grants once, when paid.

    `amount_cents` is what we asked, without tax and before a discount; `paid_cents` what was
    charged, of which `tax_cents` is tax. `pay_url` is where the customer can (still) pay it.
    """

    public_id = models.CharField(max_length=40, unique=True, default=new_purchase_id)
    vendor = models.CharField(max_length=7, choices=Vendor.choices)
    kind = models.CharField(max_length=6, choices=PurchaseKind.choices)
    pack = models.ForeignKey(Pack, null=True, blank=True, on_delete=models.PROTECT)
    plan = models.ForeignKey(Plan, null=True, blank=True, on_delete=models.PROTECT)
    credits = models.BigIntegerField()
    bonus_credits = models.BigIntegerField(default=0)
    valid_days = models.PositiveIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3)
    amount_cents = models.BigIntegerField()
    paid_cents = models.BigIntegerField(null=True, blank=True)
    tax_cents = models.BigIntegerField(default=0)
    discount_cents = models.BigIntegerField(default=0)
    refunded_cents = models.BigIntegerField(default=0)
    status = models.CharField(
        max_length=7, choices=PurchaseStatus.choices, default=PurchaseStatus.OPEN
    )
    session_id = models.CharField(max_length=120, null=True, blank=True, unique=True)
    invoice_id = models.CharField(max_length=80, null=True, blank=True, unique=True)
    payment_intent_id = models.CharField(max_length=80, null=True, blank=True, unique=True)
    subscription_id = models.CharField(max_length=80, blank=True)
    invoice_number = models.CharField(max_length=80, blank=True)
    invoice_url = models.URLField(max_length=1000, blank=True)
    invoice_pdf = models.URLField(max_length=1000, blank=True)
    pay_url = models.URLField(max_length=2000, blank=True)
    failure = models.CharField(max_length=300, blank=True, help_text="The bank's words.")
    period_ends_at = models.DateTimeField(null=True, blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    created_at = models.DateTimeField(db_default=Now())
    paid_at = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField(
        null=True, blank=True, help_text="When an open one was last asked about, as none told."
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(credits__gt=0, bonus_credits__gte=0, amount_cents__gte=0),
                name="purchase_is_of_credits",
            ),
            models.CheckConstraint(
                condition=Q(status="paid", paid_cents__isnull=False, paid_at__isnull=False)
                | ~Q(status="paid") & Q(paid_cents__isnull=True, paid_at__isnull=True),
                name="purchase_is_paid_or_not",
            ),
            models.CheckConstraint(
                condition=Q(refunded_cents=0) | Q(refunded_cents__lte=F("paid_cents")),
                name="purchase_returns_what_was_paid",
            ),
            models.UniqueConstraint(
                fields=["organisation", "vendor"],
                name="one_open_top_up",
                condition=Q(kind="top_up", status="open"),
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "livemode", "-created_at"], name="purchases_of"),
            models.Index(fields=["created_at"], name="purchase_open", condition=Q(status="open")),
        ]

    def __str__(self) -> str:
        return f"{self.public_id}: {self.credits} credits ({self.status})"

    @property
    def gives(self) -> int:
        """Credits, the bonus among them."""
        return self.credits + self.bonus_credits


class Subscription(TenantRow):
    """A plan that renews. The organisation has `plan`, as last paid; `next_plan` follows.

    `version` keeps a look at the payment service from overwriting a later one.
    """

    vendor = models.CharField(max_length=7, choices=Vendor.choices)
    stripe_id = models.CharField(max_length=80, unique=True)
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="subscriptions")
    next_plan = models.ForeignKey(
        Plan, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    status = models.CharField(max_length=20, help_text="The payment service's word.")
    period_ends_at = models.DateTimeField(null=True, blank=True)
    cancels_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    pay_url = models.URLField(max_length=2000, blank=True, help_text="Of the unpaid invoice.")
    version = models.IntegerField(default=0, help_text="Grows with every look that was written.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "vendor"],
                name="one_subscription_at_a_time",
                condition=Q(ended_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.stripe_id} ({self.status})"

    @property
    def keeps(self) -> int:
        """Unspent credits of plans that the next renewal keeps at most."""
        return self.plan.keeps_before(self.next_plan or self.plan)


def new_refund_id() -> str:
    """`ref_` and 22 random characters."""
    return public_id("ref")


class RefundStatus(models.TextChoices):
    ASKED = "asked", "On its way"
    SUCCEEDED = "succeeded", "Done"
    FAILED = "failed", "Failed"


class Refund(TenantPart):
    """Money back for credits that were not spent; they leave the wallet when it is asked for.

    One that the payment service made by itself (`stripe_id` first) took what it could.
    """

    public_id = models.CharField(max_length=40, unique=True, default=new_refund_id)
    purchase = models.ForeignKey(
        Purchase, on_delete=models.PROTECT, db_constraint=False, related_name="refunds"
    )
    credits = models.BigIntegerField()
    amount_cents = models.BigIntegerField()
    status = models.CharField(
        max_length=9, choices=RefundStatus.choices, default=RefundStatus.ASKED
    )
    stripe_id = models.CharField(max_length=80, null=True, blank=True, unique=True)
    reason = models.CharField(max_length=300, blank=True)
    ends_plan = models.BooleanField(
        default=False, help_text="Its subscription ends before the money is asked for."
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(
        null=True, blank=True, help_text="When it is asked for again, or its credit note."
    )
    created_at = models.DateTimeField(db_default=Now())
    settled_at = models.DateTimeField(null=True, blank=True)
    credit_note_id = models.CharField(max_length=80, blank=True)
    credit_note_number = models.CharField(max_length=80, blank=True)
    credit_note_pdf = models.URLField(max_length=1000, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(credits__gte=0, amount_cents__gt=0), name="refund_is_of_money"
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="refund_due",
                condition=Q(next_attempt_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.public_id


class Dispute(TenantPart):
    """A customer's bank took a payment back. `credits` went with it: taken, or owed."""

    purchase = models.ForeignKey(
        Purchase, on_delete=models.PROTECT, db_constraint=False, related_name="disputes"
    )
    stripe_id = models.CharField(max_length=80, unique=True)
    amount_cents = models.BigIntegerField()
    reason = models.CharField(max_length=60, blank=True)
    status = models.CharField(max_length=30, help_text="The payment service's word.")
    credits = models.BigIntegerField(help_text="Clawed back: taken or owed.")
    evidence_due_at = models.DateTimeField(null=True, blank=True)
    reversed_at = models.DateTimeField(null=True, blank=True, help_text="Won: given back.")
    created_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.stripe_id


class EventState(models.TextChoices):
    WAITING = "waiting", "Waiting"
    DONE = "done", "Done"
    IGNORED = "ignored", "Not ours"
    FAILED = "failed", "Failed"


class PaymentEvent(models.Model):
    """An event of the payment service, kept before it is handled. `subject` is what it is about."""

    vendor = models.CharField(max_length=7, choices=Vendor.choices)
    stripe_id = models.CharField(max_length=80)
    type = models.CharField(max_length=80)
    subject = models.CharField(max_length=120)
    said_at = models.DateTimeField(help_text="By the payment service's clock.")
    payload = models.JSONField()
    pulled = models.BooleanField(default=False, help_text="Asked for, because it never came.")
    state = models.CharField(max_length=7, choices=EventState.choices, default=EventState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True, default=None)
    last_error = models.CharField(max_length=300, blank=True)
    received_at = models.DateTimeField(db_default=Now())
    handled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["vendor", "stripe_id"], name="one_row_per_event"),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="payment_event_due",
                condition=Q(next_attempt_at__isnull=False),
            ),
            models.Index(fields=["vendor", "-said_at"], name="payment_event_newest"),
            models.Index(fields=["subject"], name="payment_event_about"),
            models.Index(fields=["received_at"], name="payment_event_oldest"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.subject}"


class WalletSettings(WalletRow):
    """How a wallet is refilled by itself, and when its owners hear that it runs low."""

    top_up = models.BooleanField(default=False)
    threshold = models.BigIntegerField(default=0, help_text="Refill below so many credits.")
    target = models.BigIntegerField(default=0, help_text="Refill up to so many credits.")
    monthly_cents = models.BigIntegerField(
        default=0, help_text="At most so much a calendar month (UTC), with tax."
    )
    declines = models.PositiveSmallIntegerField(default=0, help_text="In a row.")
    rests_until = models.DateTimeField(null=True, blank=True)
    stopped_because = models.CharField(max_length=300, blank=True)
    low_credits = models.BigIntegerField(null=True, blank=True, help_text="Tell below so many.")
    low_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Tell when they last so many days at this pace."
    )
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["wallet"], name="one_row_of_settings_per_wallet"),
            models.CheckConstraint(
                condition=Q(top_up=False)
                | Q(threshold__gt=0, target__gt=F("threshold"), monthly_cents__gt=0),
                name="top_up_says_when_and_how_much",
            ),
        ]

    def __str__(self) -> str:
        return f"settings of wallet {self.wallet_id}"

    @property
    def is_on(self) -> bool:
        """Whether it is refilled by itself: wished for, and not stopped."""
        return self.top_up and not self.stopped_because
