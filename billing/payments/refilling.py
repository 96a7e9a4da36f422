"""Automatic top-ups: a wallet below its threshold is refilled from the saved card.

One at a time for an organisation (the database sees to it), never beyond the month's maximum, and
after two declines not at all until somebody looks. It is an invoice that we write and have paid, so
that it has a number, the company's name and its tax; its credits come as every purchase's do, when
the payment service says that it is paid.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts import tenancy
from accounts.actors import Actor
from billing import months, notices, wallets
from billing.errors import BillingRefusal
from billing.models import (
    PaymentCustomer,
    Purchase,
    PurchaseKind,
    PurchaseStatus,
    WalletSettings,
)
from billing.payments import customers, gateway, purchases, topups
from billing.payments.errors import Declined, NotUnderstood, PaymentServiceDown
from kling_saas.lib.database import DATABASE_GONE
from kling_saas.templatetags.screen import money

log = logging.getLogger(__name__)
LEAST_CENTS = 100  # below it a payment's own costs eat it up
_AT_ONCE = 5
_MOST = 100_000_000
_MOST_CENTS = 100_000_000_000
_UNFINISHED = timedelta(minutes=2)  # who began it is gone
_TOO_MUCH = "With its tax it would go beyond this month's maximum."
_NO_CARD = "There is no saved card: buy a pack once, and its card is kept."
_DUE = """
SELECT s.organisation_id FROM billing_walletsettings s
  JOIN billing_wallet w ON w.id = s.wallet_id
  JOIN accounts_organisation o ON o.id = s.organisation_id
 WHERE s.top_up AND s.livemode AND s.stopped_because = '' AND w.available < s.threshold
   AND w.frozen_at IS NULL AND o.suspended_at IS NULL
   AND (s.rests_until IS NULL OR s.rests_until <= now())
   AND NOT EXISTS (SELECT FROM billing_purchase p
                    WHERE p.organisation_id = s.organisation_id AND p.vendor = %s
                      AND p.kind = 'top_up' AND p.status = 'open')
 ORDER BY s.rests_until, s.id LIMIT %s
"""


class BadTopUp(BillingRefusal):
    """Settings that refill nothing; `field` is what is wrong with them."""

    code, status, title = "invalid_top_up", 422, "Invalid top-up settings"


@dataclass(frozen=True, slots=True)
class Size:
    """What a refill buys: whole credits, for so many cents without tax."""

    credits: int
    cents: int


def run() -> int:
    """Refill what is due, and carry on what somebody left; how many wallets were looked at.

    Outside of transactions. One's trouble does not keep the others.
    """
    looked = 0
    todo: list[tuple[Callable[[Any], object], object]] = [
        *((refill, organisation_id) for organisation_id in _due()),
        *((_carry_on, purchase) for purchase in _left()),
    ]
    for act, whom in todo:
        looked += 1
        if not _tried(act, whom):
            break  # who does not answer is not asked about the others either
    return looked


def _tried(act: Callable[[Any], object], whom: object) -> bool:
    """False when the payment service does not answer."""
    try:
        act(whom)
    except PaymentServiceDown as refusal:
        log.warning("payments: a top-up waits: %s", refusal.detail)
        return False
    except DATABASE_GONE:
        raise
    except Exception:  # one's trouble must not keep the others
        log.exception("payments: a top-up waits")
    return True


def _due() -> list[int]:
    with tenancy.system("wallets of every tenant run low"), connection.cursor() as cursor:
        cursor.execute(_DUE, [settings.PAYMENTS_VENDOR, _AT_ONCE])
        return [row[0] for row in cursor.fetchall()]


def _left() -> list[Purchase]:
    """Those that wait for a bank's answer are told by events, and looked at once that is late."""
    now = timezone.now()
    with tenancy.system("top-ups of every tenant are carried on"):
        old = Purchase.objects.filter(
            kind=PurchaseKind.TOP_UP, status=PurchaseStatus.OPEN, vendor=settings.PAYMENTS_VENDOR,
            created_at__lt=now - _UNFINISHED,
        )  # fmt: skip
        old = old.filter(Q(pay_url="") | Q(created_at__lt=now - topups.CONFIRM))
        return purchases.in_turn(old, _AT_ONCE)


def cents_of(amount: int) -> int:
    """What so many credits cost at list price, without tax."""
    return math.ceil(amount * _cents_per_credit())


def _cents_per_credit() -> Decimal:
    return Decimal(settings.USD_PER_CREDIT) * Decimal(settings.CURRENCY_PER_DOLLAR) * 100


def refill(organisation_id: int) -> Purchase | None:
    """Buy what is missing now; None when the month's maximum, or another refill, forbids it.

    Raises PaymentServiceDown, NotUnderstood; then it is carried on later.
    """
    try:
        with tenancy.scope(organisation_id), transaction.atomic():
            purchase = _begin(organisation_id)
    except IntegrityError:  # another one is open
        return None
    if purchase is not None:
        _carry_on(purchase)
    return purchase


def _begin(organisation_id: int) -> Purchase | None:
    row = (
        WalletSettings.objects.select_for_update(of=("self",))
        .select_related("wallet", "organisation")
        .filter(organisation_id=organisation_id, livemode=True)
        .first()
    )
    if row is None or _barred(row) or row.wallet.available >= row.threshold:
        return None
    if not _has_card(organisation_id):
        _stop(row)
        return None
    size = _size(row)
    if size is None:
        return None
    made: Purchase = Purchase.objects.create(
        organisation_id=organisation_id, livemode=True, vendor=settings.PAYMENTS_VENDOR,
        kind=PurchaseKind.TOP_UP, credits=size.credits, valid_days=settings.TOP_UP_VALID_DAYS,
        currency=settings.CURRENCY, amount_cents=size.cents, asked_by_id=row.changed_by_id,
    )  # fmt: skip
    return made


def _size(row: WalletSettings) -> Size | None:
    """Up to the target, or as much of it as the month's maximum leaves; at that it rests."""
    missing = min(row.target - row.wallet.available, _affordable(row))
    if missing < 1 or cents_of(missing) < LEAST_CENTS:
        notices.add(
            row.organisation_id, True, "top_up_maximum", f"top_up:{months.current()}",
            cents=row.monthly_cents, currency=settings.CURRENCY,
        )  # fmt: skip
        row.rests_until = _next_month()
        row.save(update_fields=["rests_until"])
        return None
    return Size(missing, cents_of(missing))


def _affordable(row: WalletSettings) -> int:
    """How many credits the month's maximum leaves, none of them below the least payment."""
    most = int((row.monthly_cents - spent_this_month(row.organisation_id)) / _cents_per_credit())
    return most if cents_of(most) >= LEAST_CENTS else 0


def resumes_at(row: WalletSettings | None) -> datetime | None:
    """When it goes on, if this month's maximum is what holds it."""
    if row is None or not row.is_on or row.declines:
        return None
    if row.rests_until is not None and row.rests_until > timezone.now():
        return row.rests_until
    return None if _affordable(row) else _next_month()


def _next_month() -> datetime:
    return months.begins(months.current().end)


def spent_this_month(organisation_id: int) -> int:
    """Cents of this calendar month's (UTC) automatic top-ups, with tax, open ones included."""
    with tenancy.scope(organisation_id):
        found = Purchase.objects.filter(
            organisation_id=organisation_id,
            kind=PurchaseKind.TOP_UP,
            created_at__gte=months.begins(months.current().first),
            status__in=[PurchaseStatus.OPEN, PurchaseStatus.PAID],
        )
        cents = found.aggregate(cents=Sum(Coalesce("paid_cents", "amount_cents")))["cents"]
    return int(cents or 0)


def latest(organisation_id: int) -> list[Purchase]:
    """The last ten automatic top-ups, newest first."""
    with tenancy.scope(organisation_id):
        found = Purchase.objects.filter(organisation_id=organisation_id, kind=PurchaseKind.TOP_UP)
        return list(found.order_by("-created_at")[:10])


def settings_of(organisation_id: int) -> WalletSettings | None:
    """As they are set for the live wallet."""
    with tenancy.scope(organisation_id):
        found: WalletSettings | None = WalletSettings.objects.filter(
            organisation_id=organisation_id, livemode=True
        ).first()
    return found


def is_on(organisation_id: int) -> bool:
    """Whether the live wallet is refilled by itself."""
    row = settings_of(organisation_id)
    return row is not None and row.is_on


def _carry_on(purchase: Purchase) -> None:
    """Write the invoice and have it paid; each step again gives the same invoice."""
    customer = customers.find(purchase.organisation_id)
    assert customer is not None, "it was begun for a customer"
    invoice = _invoice(purchase, customer)
    if invoice["status"] == "draft":
        invoice = gateway.order(
            f"{purchase.public_id}:final",
            lambda v1, once: v1.invoices.finalize_invoice(invoice["id"], {}, once),
        )
    if invoice["status"] == "open":
        if _forbidden(purchase, invoice):
            topups.void(purchase, invoice["id"])
        elif not invoice["attempted"]:
            _pay(purchase, invoice["id"], customer.card_id)
    topups.sync(invoice["id"])


def _invoice(purchase: Purchase, customer: PaymentCustomer) -> gateway.Doc:
    if purchase.invoice_id:
        return gateway.ask(lambda v1: v1.invoices.retrieve(str(purchase.invoice_id)))
    wanted: Any = {
        "customer": customer.stripe_id,
        "auto_advance": False,
        "collection_method": "charge_automatically",
        "pending_invoice_items_behavior": "exclude",
        "currency": purchase.currency,
        "metadata": {"purchase": purchase.public_id},
        "automatic_tax": {"enabled": settings.STRIPE_TAX},
    }
    made = gateway.order(
        f"{purchase.public_id}:invoice", lambda v1, once: v1.invoices.create(wanted, once)
    )
    line: Any = {
        "customer": customer.stripe_id,
        "invoice": made["id"],
        "amount": purchase.amount_cents,
        "currency": purchase.currency,
        "tax_behavior": "exclusive",
        "description": f"{purchase.credits:,} credits, automatic top-up",
    }
    if made["status"] == "draft":
        gateway.order(
            f"{purchase.public_id}:item", lambda v1, once: v1.invoice_items.create(line, once)
        )
    with tenancy.scope(purchase.organisation_id):
        Purchase.objects.filter(pk=purchase.pk).update(invoice_id=made["id"])
    return made


def _forbidden(purchase: Purchase, invoice: gateway.Doc) -> bool:
    """Whether it may be paid no more, as things stand now; then it is written down as failed."""
    with tenancy.scope(purchase.organisation_id):
        row = WalletSettings.objects.select_related("wallet", "organisation").get(
            organisation_id=purchase.organisation_id, livemode=True
        )
    others = spent_this_month(purchase.organisation_id) - purchase.amount_cents
    if why := _barred(row):
        topups.forbid(purchase, why)
    elif others + invoice["total"] > row.monthly_cents:  # the tax is known only now
        topups.forbid(purchase, _TOO_MUCH, _next_month())
    else:
        return False
    return True


def _barred(row: WalletSettings) -> str:
    """Why nothing may be charged by itself now; empty when it may."""
    if not row.top_up:
        return "Automatic top-up was switched off."
    if row.wallet.frozen_at is not None:
        return "The wallet is frozen."
    if row.organisation.suspended_at is not None:
        return "The organisation is suspended."
    return row.stopped_because


def _pay(purchase: Purchase, invoice_id: str, card: str) -> None:
    try:
        gateway.order(
            f"{purchase.public_id}:pay:{card}",
            lambda v1, once: v1.invoices.pay(
                invoice_id, {"off_session": True, "payment_method": card}, once
            ),
        )
    except Declined:
        return  # the invoice says how it stands
    except NotUnderstood as refusal:
        if refusal.reason != "invoice_not_editable":  # paid meanwhile
            raise


def configure(
    actor: Actor, *, on: bool, threshold: int, target: int, monthly_cents: int
) -> WalletSettings:
    """When the live wallet is refilled, and for how much at most; it begins anew after a stop.

    Raises Forbidden, and BadTopUp naming the field.
    """
    actor.must_buy("spend your money")
    if not 0 <= monthly_cents <= _MOST_CENTS:
        raise BadTopUp(f"The month's maximum is 0 to {_MOST_CENTS // 100:,}.", field="monthly")
    if on:
        _check(actor, threshold, target, monthly_cents)
    chosen = {"threshold": threshold, "target": target, "monthly_cents": monthly_cents}
    anew = {"top_up": on, "declines": 0, "rests_until": None, "stopped_because": ""}
    return wallets.choose(actor, "top_up.on" if on else "top_up.off", chosen, **anew)


def _check(actor: Actor, threshold: int, target: int, monthly_cents: int) -> None:
    if not _has_card(actor.organisation_id):
        raise BadTopUp(_NO_CARD, field="on")
    if not 1 <= threshold <= _MOST:
        raise BadTopUp(f"The threshold is 1 to {_MOST:,} credits.", field="threshold")
    least = math.ceil(LEAST_CENTS / _cents_per_credit())
    if not threshold + least <= target <= _MOST:
        raise BadTopUp(
            f"The target is at least {least} credits above the threshold: {threshold + least:,}.",
            field="target",
        )
    needed = cents_of(target - threshold)
    if monthly_cents < needed:
        raise BadTopUp(
            "The month's maximum pays for no single top-up. From the threshold to the target is "
            f"{target - threshold:,} credits: write at least {money(needed, settings.CURRENCY)}, "
            "and the tax on it.",
            field="monthly",
        )


def _has_card(organisation_id: int) -> bool:
    customer = customers.find(organisation_id)
    return customer is not None and bool(customer.card_id)


def _stop(row: WalletSettings) -> None:
    """There is no card any more; its owners are told, once for each time it was switched on."""
    row.stopped_because = _NO_CARD
    row.save(update_fields=["stopped_because"])
    notices.add(
        row.organisation_id, True, "top_up_failed", f"top_up:no_card:{row.changed_at.isoformat()}",
        why=_NO_CARD, credits=row.target - row.wallet.available, stopped=True,
    )  # fmt: skip
