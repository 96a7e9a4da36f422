"""What an organisation has: its balance, and the credits it starts with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts import tenancy
from accounts.actors import Actor
from accounts.models import AuditEvent, Membership, Organisation, Role
from billing import ledger
from billing.errors import TestModeOnly
from billing.models import Lot, LotSource, Wallet, WalletSettings
from kling_saas.lib.ids import random_base62


@dataclass(frozen=True, slots=True)
class Balance:
    """Whole credits: free to spend, set aside for work under way, paid and not yet confirmed.

    `owed` is what was taken back after it was spent: the next credits bought pay it.
    """

    available: int
    reserved: int
    pending: int
    owed: int
    livemode: bool


def balance(organisation_id: int, livemode: bool) -> Balance:
    """The wallet's figures; zeros when none was opened."""
    with tenancy.scope(organisation_id):
        row = (
            Wallet.objects.filter(organisation_id=organisation_id, livemode=livemode)
            .values_list("available", "reserved", "pending", "owed")
            .first()
        )
    available, reserved, pending, owed = row or (0, 0, 0, 0)
    return Balance(available, reserved, pending, owed, livemode)


def ensure(organisation: Organisation) -> None:
    """Open both wallets and give the starting credits that are due; harmless to repeat.

    Test credits come at once. Live ones (`SIGNUP_GRANT`) come at once in a demo, else when an
    owner's address is verified, to few organisations of one network a day, and to the first one of
    its founder only.
    """
    with tenancy.scope(organisation.pk):
        test, signup = f"test:{organisation.public_id}", f"signup:{organisation.public_id}"
        given = set(
            Lot.objects.filter(organisation=organisation, reference__in=[test, signup]).values_list(
                "reference", flat=True
            )
        )
        if test not in given and settings.TEST_WALLET_GRANT:
            ledger.grant(
                organisation.pk,
                False,
                settings.TEST_WALLET_GRANT,
                LotSource.TEST,
                reference=test,
                reason="Test credits",
            )
        if signup not in given:
            ledger.open_wallet(organisation.pk, True)
            if _may_have_signup_grant(organisation):
                ledger.grant(
                    organisation.pk,
                    True,
                    settings.SIGNUP_GRANT,
                    LotSource.PROMO,
                    reference=signup,
                    reason="Welcome credits",
                )


def refill(actor: Actor) -> int:
    """Give a test wallet what it lacks of its starting credits; how many that were.

    What is under way stays reserved beside them. Raises TestModeOnly in live mode.
    """
    if actor.livemode:
        raise TestModeOnly("Live credits are bought: only a test key refills, its own test wallet.")
    with tenancy.scope(actor.organisation_id):
        # Of two that ask at once, the second finds what the first gave.
        Organisation.objects.select_for_update(no_key=True).get(pk=actor.organisation_id)
        left = balance(actor.organisation_id, livemode=False).available
        missing = max(0, settings.TEST_WALLET_GRANT - left)
        if missing:
            ledger.grant(
                actor.organisation_id,
                False,
                missing,
                LotSource.TEST,
                reference=f"refill:{random_base62(22)}",
                reason="Test credits, refilled",
                actor=actor.name,
            )
    return missing


def choose(actor: Actor, action: str, chosen: Mapping[str, Any], **others: Any) -> WalletSettings:
    """Change columns of the live wallet's settings; the audit shows `action` and what was chosen.

    `others` are columns that follow from the choice.
    """
    with tenancy.scope(actor.organisation_id):
        wallet = ledger.open_wallet(actor.organisation_id, True)
        by = {"changed_by_id": actor.user_id, "changed_at": timezone.now()}
        row: WalletSettings
        row, _created = WalletSettings.objects.update_or_create(
            organisation_id=actor.organisation_id, livemode=True, wallet_id=wallet,
            defaults={**chosen, **others, **by},
        )  # fmt: skip
        AuditEvent.objects.create(
            organisation_id=actor.organisation_id, actor_id=actor.user_id,
            action=action, subject="live wallet", detail=chosen,
        )  # fmt: skip
    return row


def _may_have_signup_grant(organisation: Organisation) -> bool:
    if not settings.SIGNUP_GRANT or not organisation.is_first:
        return False
    if settings.DEMO:
        return True
    owners = Membership.objects.filter(organisation=organisation, role=Role.OWNER)
    if not EmailAddress.objects.filter(user__in=owners.values("user"), verified=True).exists():
        return False
    # Those of whom no network is known count as one: to hide it must not be worth anything.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT billing_signup_grants(%s, %s)",
            [organisation.signup_network, timezone.now() - timedelta(hours=24)],
        )
        (granted,) = cursor.fetchone()
    return bool(granted < settings.SIGNUP_GRANTS_PER_NETWORK)
