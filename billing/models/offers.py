"""What is offered for money: packs, plans, and the codes that give credits."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now, Upper

from accounts.tenancy import TenantRow
from billing.models.wallet import MOST_CREDITS

_MOST_CENTS = 99_999_999  # of one charge of the payment service
_MOST_DAYS = 36_500
_MOST_USES = 1_000_000_000


def _within(least: int, most: int) -> list[Any]:
    words = f"Write {least:,} to {most:,}."
    return [MinValueValidator(least, words), MaxValueValidator(most, words)]


class Pack(models.Model):
    """Credits bought once. Sold packs are switched off, never deleted."""

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    credits = models.PositiveBigIntegerField(validators=_within(1, MOST_CREDITS))
    bonus_credits = models.PositiveBigIntegerField(
        default=0, help_text="On top, as a gift.", validators=_within(0, MOST_CREDITS)
    )
    price_cents = models.PositiveIntegerField(
        help_text="Without tax, in cents of CURRENCY.", validators=_within(1, _MOST_CENTS)
    )
    valid_days = models.PositiveIntegerField(
        null=True, blank=True, validators=_within(1, _MOST_DAYS),
        help_text="Days until what is left expires; empty: never.",
    )  # fmt: skip
    active = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "price_cents"]
        constraints = [
            models.CheckConstraint(
                condition=Q(credits__gt=0, price_cents__gt=0), name="pack_is_worth_something"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def gives(self) -> int:
        """Its credits with the gift."""
        return self.credits + self.bonus_credits


class Plan(models.Model):
    """A month's credits and what goes with them, for as long as it is paid.

    Empty limits leave those of organisations without a plan; empty days keep films for good.
    """

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    credits = models.PositiveBigIntegerField(
        help_text="Given for each paid month.", validators=_within(1, MOST_CREDITS)
    )
    rollover_credits = models.PositiveBigIntegerField(
        default=0, validators=_within(0, MOST_CREDITS),
        help_text="At most so many unspent ones are kept at renewal.",
    )  # fmt: skip
    price_cents = models.PositiveIntegerField(
        help_text="A month, without tax, in cents.", validators=_within(1, _MOST_CENTS)
    )
    concurrency = models.PositiveIntegerField(
        null=True, blank=True, help_text="Films under way at once.", validators=_within(1, 100_000)
    )
    dispatch_weight = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=_within(1, 100),
        help_text="Turns while others wait too, 1 to 100.",
    )  # fmt: skip
    retention_days = models.PositiveIntegerField(
        null=True, blank=True, validators=_within(1, _MOST_DAYS),
        help_text="Days a film is kept; empty: for good.",
    )  # fmt: skip
    card_lines = ArrayField(
        models.CharField(max_length=80), default=list, blank=True,
        help_text="More lines of its card, one a row.",
    )  # fmt: skip
    unlocks = ArrayField(
        models.CharField(max_length=80), default=list, blank=True,
        help_text="SKUs that, while it is active, only this plan's subscribers and those of others "
        "that unlock them may order in live mode, one a row or with commas between them.",
    )  # fmt: skip
    active = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "price_cents"]
        constraints = [
            models.CheckConstraint(
                condition=Q(credits__gt=0, price_cents__gt=0), name="plan_is_worth_something"
            ),
            models.CheckConstraint(
                condition=Q(dispatch_weight=None) | Q(dispatch_weight__range=(1, 100)),
                name="plan_weight_is_1_to_100",
            ),
            models.CheckConstraint(
                condition=Q(concurrency=None) | Q(concurrency__gte=1),
                name="plan_lets_some_film_be_made",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def keeps_before(self, later: Plan) -> int:
        """Unspent credits of plans that stay, at most, when a month of this one is followed by one
        of `later`: what the larger of them allows, as the month that ends was paid for.
        """
        return max(self.rollover_credits, later.rollover_credits)


class PlanPrice(models.Model):
    """What one exact variant costs subscribers of a plan, in place of the price book's row."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="prices")
    sku = models.CharField(max_length=80)
    key = models.CharField(max_length=200, blank=True)
    unit = models.CharField(max_length=6, choices=[("clip", "Clip"), ("second", "Second")])
    credits = models.PositiveIntegerField(validators=_within(1, 1_000_000_000))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "sku", "key", "unit"], name="one_price_per_plan_and_key"
            ),
            models.CheckConstraint(condition=Q(credits__gt=0), name="plan_price_is_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id}: {self.sku} {self.key}: {self.credits} per {self.unit}"


class Voucher(models.Model):
    """A code that gives credits, at most once to an organisation. Case does not matter."""

    code = models.CharField(
        max_length=40,
        validators=[
            RegexValidator(r"^[A-Za-z0-9-]+\Z", "Only the letters A to Z, digits and hyphens.")
        ],
    )
    credits = models.PositiveBigIntegerField(validators=_within(1, MOST_CREDITS))
    valid_days = models.PositiveIntegerField(
        null=True, blank=True, validators=_within(1, _MOST_DAYS),
        help_text="Days until its credits expire; empty: never.",
    )  # fmt: skip
    most_uses = models.PositiveIntegerField(
        null=True, blank=True, help_text="Empty: no limit.", validators=_within(1, _MOST_USES)
    )
    uses = models.PositiveIntegerField(default=0)
    newcomers_only = models.BooleanField(
        default=False, help_text="Only for organisations that bought nothing yet."
    )
    ends_at = models.DateTimeField(null=True, blank=True)
    active = models.BooleanField(default=True)
    note = models.CharField(max_length=200, blank=True, help_text="For us: what it was made for.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(Upper("code"), name="one_voucher_per_code"),
            models.CheckConstraint(
                condition=Q(credits__gt=0) & (Q(most_uses=None) | Q(uses__lte=F("most_uses"))),
                name="voucher_gives_and_ends",
            ),
        ]

    def __str__(self) -> str:
        return self.code

    def clean(self) -> None:
        """Says at their fields what the constraints would say of the whole."""
        if Voucher.objects.filter(code__iexact=self.code).exclude(pk=self.pk).exists():
            raise ValidationError({"code": "There is a voucher of this code: choose another."})
        if self.most_uses is not None and self.most_uses < self.uses:
            least = f"It was used {self.uses:,} times already: write at least that."
            raise ValidationError({"most_uses": least})


class VoucherUse(TenantRow):
    """An organisation used a voucher."""

    voucher = models.ForeignKey(Voucher, on_delete=models.PROTECT, related_name="used")
    used_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["voucher", "organisation"], name="one_use_of_a_voucher")
        ]

    def __str__(self) -> str:
        return f"{self.voucher_id} by {self.organisation_id}"
