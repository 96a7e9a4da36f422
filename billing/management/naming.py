"""Whom an operator means."""

from __future__ import annotations

from django.core.management.base import CommandError

from accounts import tenancy
from accounts.models import Organisation
from billing.models import Purchase


def organisation_of(public_id: str) -> Organisation:
    """The organisation of that id (org_…). Raises CommandError."""
    with tenancy.system("an operator names the organisation"):
        found = Organisation.objects.filter(public_id=public_id).first()
    if found is None:
        raise CommandError(f"There is no organisation {public_id}.")
    return found


def purchase_of(public_id: str) -> Purchase:
    """The purchase of that id (pur_…). Raises CommandError."""
    with tenancy.system("an operator names the purchase"):
        found: Purchase | None = Purchase.objects.filter(public_id=public_id).first()
    if found is None:
        raise CommandError(f"There is no purchase {public_id}.")
    return found
