"""An offer that binds: these parameters for exactly these credits, until it expires."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.tenancy import TenantRow
from billing.models.prices import PriceBook
from kling_saas.lib.ids import public_id


def new_quote_id() -> str:
    """`quo_` and 22 random characters."""
    return public_id("quo")


class Quote(TenantRow):
    """`fingerprint` is the SHA-256 of the normalised parameters it was made for."""

    public_id = models.CharField(max_length=40, unique=True, default=new_quote_id)
    credits = models.PositiveBigIntegerField()
    line_items = models.JSONField()
    fingerprint = models.CharField(max_length=64)
    book = models.ForeignKey(PriceBook, on_delete=models.PROTECT)
    expires_at = models.DateTimeField(db_index=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(credits__gt=0), name="quote_is_positive")]

    def __str__(self) -> str:
        return f"{self.public_id}: {self.credits} credits"
