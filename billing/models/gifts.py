"""Packs that were bought to be given away: whoever has the code of one gets its credits."""

from __future__ import annotations

import logging

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.tenancy import TenantPart
from billing.models.payments import Purchase
from kling_saas.lib.sealing import SealBroken, seal, unseal

log = logging.getLogger(__name__)
MOST_LETTERS = 200  # of a name, and of what is said with a gift


class GiftStatus(models.TextChoices):
    UNPAID = "unpaid", "Not paid yet"
    OPEN = "open", "Open"
    REDEEMED = "redeemed", "Redeemed"
    VOID = "void", "Taken back"


class Gift(TenantPart):
    """A purchase whose credits nobody has yet. It belongs to whoever bought it.

    Its worth is its purchase's. The code is sealed, and found by its digest; there is none before
    it is paid. `void_for` is what took it back: `refund:ref_…` or `dispute:dp_…`. It never ends by
    itself. Who redeemed it is known by the lot that it gave (`gift:pur_…`), in their scope only.
    """

    purchase = models.OneToOneField(
        Purchase, on_delete=models.PROTECT, db_constraint=False, related_name="gift"
    )
    status = models.CharField(max_length=8, choices=GiftStatus.choices, default=GiftStatus.UNPAID)
    code_hash = models.CharField(max_length=64, null=True, blank=True, unique=True)
    code_sealed = models.CharField(max_length=200, blank=True)
    last4 = models.CharField(max_length=4, blank=True, help_text="Of its code.")
    from_name = models.CharField(max_length=MOST_LETTERS, blank=True)
    message = models.CharField(max_length=MOST_LETTERS, blank=True)
    void_for = models.CharField(max_length=120, blank=True, default="")
    ended_at = models.DateTimeField(null=True, blank=True, help_text="Redeemed, or taken back.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status="unpaid", code_hash__isnull=True, code_sealed="")
                | ~Q(status="unpaid") & Q(code_hash__isnull=False) & ~Q(code_sealed=""),
                name="gift_has_a_code_once_it_is_paid",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["unpaid", "open"], ended_at__isnull=True, void_for="")
                | Q(status="redeemed", ended_at__isnull=False, void_for="")
                | Q(status="void", ended_at__isnull=False) & ~Q(void_for=""),
                name="gift_is_in_one_state",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.masked or 'a gift'} ({self.status})"

    @property
    def code(self) -> str:
        """What it is redeemed with: money, for who may spend it. Empty where the key that it was
        sealed with is not at hand; it can be redeemed all the same.
        """
        try:
            return unseal(self.code_sealed, bound_to=self._row)
        except SealBroken as trouble:
            log.error("ALARM gifts: a code cannot be shown: %s", trouble)
            return ""

    def sealed(self, code: str) -> str:
        """A code as its row keeps it."""
        return seal(code, bound_to=self._row)

    @property
    def _row(self) -> str:
        return f"gift:{self.purchase_id}"

    @property
    def masked(self) -> str:
        """Its code as it may be shown to anybody."""
        return f"····-····-····-····-{self.last4}" if self.last4 else ""
