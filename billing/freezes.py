"""Wallets that the bank's word has frozen: by which cause, and when that is over.

The ledger freezes and thaws; here is which cause a dispute or a warning has.
"""

from __future__ import annotations

from django.db.models.functions import Substr

from accounts import tenancy
from billing import ledger
from billing.models import Dispute, Wallet, WalletFreeze

LOST = "lost"  # the payment service's word for a dispute that the bank won
UNANSWERED = ("needs_response", "warning_needs_response")  # theirs: the bank waits for our word
STANDING = ("needs_response", "under_review", LOST)  # by these the bank has the money
_DISPUTE, _FRAUD = "dispute:", "fraud:"
_SETTLED = "Nothing is owed any more."


def of_dispute(stripe_id: str) -> str:
    """The cause while a dispute is open, and after a lost one while anything is owed."""
    return _DISPUTE + stripe_id


def of_warning(stripe_id: str) -> str:
    """The cause since the bank has warned of a stolen card, until an operator has looked."""
    return _FRAUD + stripe_id


def kind(cause: str) -> str:
    """`dispute`, `fraud`, or empty for what is frozen for another reason."""
    return cause.partition(":")[0] if cause.startswith((_DISPUTE, _FRAUD)) else ""


def causes(organisation_id: int, livemode: bool) -> list[WalletFreeze]:
    """What stops spending now, the oldest first."""
    with tenancy.scope(organisation_id):
        mine = WalletFreeze.objects.filter(
            organisation_id=organisation_id, livemode=livemode, lifted_at=None
        )
        return list(mine.order_by("pk"))


def by_dispute(organisation_id: int, dispute: Dispute) -> WalletFreeze | None:
    """What of it stops spending now."""
    cause = of_dispute(dispute.stripe_id)
    found = causes(organisation_id, dispute.livemode)
    return next((freeze for freeze in found if freeze.cause == cause), None)


def thaw_settled(organisation_id: int, livemode: bool) -> int:
    """Lift the freezes of lost disputes if nothing is owed (any more); how many.

    To be called whenever a debt may have been paid or forgiven, and when a dispute is lost.
    """
    with tenancy.scope(organisation_id):
        # Locks the wallet: a debt that is paid while a dispute is lost is seen by one of the two.
        ledger.open_wallet(organisation_id, livemode)
        wallet = Wallet.objects.get(organisation_id=organisation_id, livemode=livemode)
        if wallet.owed or wallet.frozen_at is None:
            return 0
        mine = Dispute.objects.filter(organisation_id=organisation_id, livemode=livemode)
        lost = mine.filter(status=LOST).values_list("stripe_id", flat=True)
        return sum(
            ledger.thaw(organisation_id, livemode, cause=of_dispute(one), reason=_SETTLED)
            for one in lost
        )


def thaw_what_is_settled() -> int:
    """Lift the freezes of lost disputes wherever nothing is owed (any more); how many.

    What was held when a payment was taken back may pay the debt as it comes back.
    """
    with tenancy.system("freezes are the same for every tenant"):
        frozen = WalletFreeze.objects.filter(lifted_at=None, wallet__owed=0).annotate(
            dispute=Substr("cause", len(_DISPUTE) + 1)
        )
        lost = Dispute.objects.filter(status=LOST).values("stripe_id")
        ended = frozen.filter(cause__startswith=_DISPUTE, dispute__in=lost)
        mine = list(ended.values_list("organisation_id", "livemode").distinct())
    return sum(thaw_settled(organisation, livemode) for organisation, livemode in mine)
