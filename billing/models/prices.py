"""Price books: explicit rows in numbered versions, never edited once they are in force."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class BookStatus(models.TextChoices):
    DRAFT = "draft", "Draft"
    ACTIVE = "active", "Active"
    RETIRED = "retired", "Retired"


class PriceBook(models.Model):
    """A whole price list. Drafts are filled, one is active, the others stay for the record."""

    version = models.PositiveIntegerField(unique=True)
    name = models.CharField(max_length=80)
    status = models.CharField(max_length=8, choices=BookStatus.choices, default=BookStatus.DRAFT)
    effective_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["status"], name="one_active_price_book", condition=Q(status="active")
            ),
            models.CheckConstraint(
                condition=Q(status__in=BookStatus.values), name="book_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(status="draft") | Q(effective_at__isnull=False),
                name="book_in_force_says_since_when",
            ),
        ]

    def __str__(self) -> str:
        return f"Prices {self.version}: {self.name}"


class Price(models.Model):
    """Credits per unit of one exact variant of a SKU."""

    book = models.ForeignKey(PriceBook, on_delete=models.PROTECT, related_name="prices")
    sku = models.CharField(max_length=80)
    key = models.CharField(max_length=200, blank=True, help_text="E.g. audio=none,mode=std.")
    unit = models.CharField(max_length=6, choices=[("clip", "Clip"), ("second", "Second")])
    credits = models.PositiveIntegerField()
    description = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["book", "sku", "key", "unit"], name="one_price_per_key"
            ),
            models.CheckConstraint(condition=Q(credits__gt=0), name="price_is_positive"),
            models.CheckConstraint(
                condition=Q(unit__in=["clip", "second"]), name="price_unit_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku} {self.key}: {self.credits} per {self.unit}"
