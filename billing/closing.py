"""The daily close: our books, what they gave for payments, and our payments against the payment
service's, to zero.

Both sides count by their own clocks, and the service's may be ahead. So what is of the day on one
side is looked for by its id on the other, whatever its day there: a payment at midnight is no
difference, a missing or another one is.
"""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts import tenancy
from billing import backing, months, proof, revenue
from billing.models import (
    DayClose,
    Dispute,
    Purchase,
    PurchaseStatus,
    Refund,
    RefundStatus,
    Wallet,
    WalletFreeze,
)
from billing.payments import gateway
from billing.payments.errors import NotUnderstood
from kling_saas.lib.refusals import Refusal

log = logging.getLogger(__name__)
_TRIED = "billing:closed:"
_PAUSE_SECONDS = 600
_TOLD = timedelta(hours=1)  # by then what happened before midnight was told
_BACK = timedelta(days=62)  # that workers may be away and still close every day
_NO_DISPUTE = r"^(warning_|prevented$)"  # the bank only asked: it took no money


@dataclass(frozen=True, slots=True)
class Difference:
    """`what` is a purchase, a refund, a dispute, books, a wallet, or the ledger where it did not
    give or take what was paid; `id` ours, `theirs` the payment service's.
    """

    what: str
    says: str
    id: str = ""
    theirs: str = ""

    def __str__(self) -> str:
        return " ".join(word for word in (self.what, self.id, self.theirs) if word) + (
            f": {self.says}"
        )


@dataclass(frozen=True, slots=True)
class Money:
    """One payment on one side; `key` is what both sides call it."""

    key: str
    id: str
    currency: str
    cents: int


@dataclass(frozen=True, slots=True)
class Subject:
    """One kind of money: where ours are and theirs are, of a day, and one by its key."""

    what: str
    listed: str
    ours: Callable[[Q], list[Money]]
    of_day: str
    key: str
    theirs: Callable[[gateway.Doc], Money | None]
    one: Callable[[str], list[gateway.Doc]]


def run(day: date) -> DayClose:
    """Close a day (UTC), anew if it was closed before, and keep what was found.

    Outside of transactions. Raises PaymentServiceDown, NotUnderstood.
    """
    found = proof.prove()
    differences = [Difference("books", str(drift)) for drift in found.drifts]
    figures: dict[str, Any] = {
        "books": {"wallets": found.wallets, "transfers": found.transfers, "holds": found.holds},
        "wallets": _wallets(),
        "deferred": {
            source: {"credits": one.credits, "cents": round(one.cents)}
            for source, one in revenue.deferred(day).items()
        },
    }
    differences += _frozen()
    differences += [
        Difference("ledger", says, name) for name, says in backing.unbacked(*months.span(day, day))
    ]
    for subject in SUBJECTS:
        sums, differ = _compared(subject, day)
        figures[subject.listed] = sums
        differences += differ
    row, _created = DayClose.objects.update_or_create(
        day=day,
        vendor=settings.PAYMENTS_VENDOR,
        defaults={
            "figures": figures,
            "differences": [asdict(one) for one in differences],
            "closed_at": timezone.now(),
        },
    )
    if differences:
        first = differences[0]
        log.error("ALARM closing: %s: %s differences, e.g. %s", day, len(differences), first)
    return row


def when_due(at: datetime | None = None) -> bool:
    """Close a day that is over since an hour, once, however many ask; whether one was.

    Outside of transactions. Days that were left out are closed first, the oldest before the others.
    """
    tried = _TRIED + settings.PAYMENTS_VENDOR
    if not settings.PAYMENTS_KEY or not cache.add(tried, 1, _PAUSE_SECONDS):
        return False
    day = _due(at or timezone.now())
    if day is None:
        return False
    try:
        run(day)
    except Refusal as refusal:
        late = months.begins(day + timedelta(days=2)) < (at or timezone.now())
        told = ("ALARM closing: %s is not closed: %s", "closing: %s waits: %s")
        log.log(logging.ERROR if late else logging.WARNING, told[not late], day, refusal.detail)
        return False
    return True


def _due(now: datetime) -> date | None:
    """The first day to close. Before the first close there are none but yesterday."""
    last = (now - _TOLD).astimezone(UTC).date() - timedelta(days=1)
    mine = DayClose.objects.filter(vendor=settings.PAYMENTS_VENDOR)
    closed = dict(mine.filter(day__gt=last - _BACK, day__lte=last).values_list("day", "closed_at"))
    day = min(closed, default=last)
    while day <= last:
        if day not in closed or closed[day] < months.begins(day + timedelta(days=1)) + _TOLD:
            return day
        day += timedelta(days=1)
    return None


def differences_of(row: DayClose) -> list[Difference]:
    """As they were kept."""
    return [Difference(**one) for one in row.differences]


# -------------------------------------------------------------------- wallets


def _wallets() -> dict[str, dict[str, int]]:
    with tenancy.system("the close adds up every wallet"):
        rows = Wallet.objects.values("livemode").annotate(
            number=Count("id"), available=Sum("available"), reserved=Sum("reserved"),
            pending=Sum("pending"), owed=Sum("owed"),
        )  # fmt: skip
        return {
            "live" if row.pop("livemode") else "test": {k: int(v) for k, v in row.items()}
            for row in rows.order_by()
        }


def _frozen() -> list[Difference]:
    """Wallets whose books were found wrong and that nobody has thawed since."""
    with tenancy.system("the close looks at every wallet"):
        rows = WalletFreeze.objects.filter(cause="ledger", lifted_at=None).order_by("pk")
        return [
            Difference("wallet", row.reason, f"{row.wallet_id} of {row.organisation_id}")
            for row in rows
        ]


# -------------------------------------------------------------------- payments


def _compared(subject: Subject, day: date) -> tuple[dict[str, dict[str, int]], list[Difference]]:
    """Sums per currency on both sides, and what differs."""
    since, until = months.span(day, day)
    of_day = {f"{subject.of_day}__gte": since, f"{subject.of_day}__lt": until}
    ours = _ours(subject, Q(**of_day))
    docs = gateway.made(subject.listed, int(since.timestamp()), int(until.timestamp()))
    theirs = {one.key: one for one in map(subject.theirs, docs) if one}
    elsewhere = {f"{subject.key}__in": list(theirs.keys() - ours.keys())}
    ours |= _ours(subject, Q(**elsewhere))
    for key in ours.keys() - theirs.keys():
        theirs |= {one.key: one for one in map(subject.theirs, _asked(subject, key)) if one}
    sums: dict[str, dict[str, int]] = defaultdict(lambda: {"ours": 0, "theirs": 0})
    for side, found in (("ours", ours), ("theirs", theirs)):
        for one in found.values():
            sums[one.currency][side] += one.cents
    return dict(sums), list(_differing(subject.what, ours, theirs))


def _ours(subject: Subject, which: Q) -> dict[str, Money]:
    with tenancy.system("the close compares every tenant's payments"):
        return {one.key: one for one in subject.ours(which)}


def _asked(subject: Subject, key: str) -> list[gateway.Doc]:
    try:
        return subject.one(key)
    except NotUnderstood:
        return []


def _differing(what: str, ours: dict[str, Money], theirs: dict[str, Money]) -> Iterator[Difference]:
    for key in sorted(ours.keys() | theirs.keys()):
        mine, other = ours.get(key), theirs.get(key)
        if mine is None and other is not None:
            says = f"the payment service has {other.cents} {other.currency}, we have none"
            yield Difference(what, says, "", other.id)
        elif mine is not None and other is None:
            says = f"we have {mine.cents} {mine.currency}, the payment service has none"
            yield Difference(what, says, mine.id, key)
        elif mine and other and (mine.currency, mine.cents) != (other.currency, other.cents):
            says = (
                f"we have {mine.cents} {mine.currency}, "
                f"the payment service {other.cents} {other.currency}"
            )
            yield Difference(what, says, mine.id, other.id)


def _read(rows: QuerySet[Any], *columns: str | Coalesce) -> list[Money]:
    return [Money(*row) for row in rows.values_list(*columns)]


def _purchases(which: Q) -> list[Money]:
    paid = Q(vendor=settings.PAYMENTS_VENDOR, status=PurchaseStatus.PAID, paid_cents__gt=0)
    key = Coalesce("payment_intent_id", "public_id")  # paid, and no payment was named
    return _read(Purchase.objects.filter(which & paid), key, "public_id", "currency", "paid_cents")


def _refunds(which: Q) -> list[Money]:
    made = Q(purchase__vendor=settings.PAYMENTS_VENDOR, stripe_id__isnull=False)
    columns = "stripe_id", "public_id", "purchase__currency", "amount_cents"
    return _read(Refund.objects.filter(which & made & ~Q(status=RefundStatus.FAILED)), *columns)


def _disputes(which: Q) -> list[Money]:
    columns = "stripe_id", "purchase__public_id", "purchase__currency", "amount_cents"
    taken = Q(purchase__vendor=settings.PAYMENTS_VENDOR) & ~Q(status__regex=_NO_DISPUTE)
    return _read(Dispute.objects.filter(which & taken), *columns)


def _charge(doc: gateway.Doc) -> Money | None:
    if doc["status"] != "succeeded" or not doc["captured"]:
        return None
    key = doc["payment_intent"] or doc["id"]
    return Money(key, doc["id"], doc["currency"], doc["amount_captured"])


def _refund(doc: gateway.Doc) -> Money | None:
    if doc["status"] in {"failed", "canceled"}:
        return None
    return Money(doc["id"], doc["id"], doc["currency"], doc["amount"])


def _dispute(doc: gateway.Doc) -> Money | None:
    if re.search(_NO_DISPUTE, doc["status"]):
        return None
    return Money(doc["id"], doc["id"], doc["currency"], doc["amount"])


def _charges_of(intent: str) -> list[gateway.Doc]:
    found = gateway.ask(lambda v1: v1.charges.list({"payment_intent": intent, "limit": 100}))
    return list(found["data"])


SUBJECTS = (
    Subject(
        "purchase", "charges", _purchases, "paid_at", "payment_intent_id", _charge, _charges_of,
    ),
    Subject(
        "refund", "refunds", _refunds, "created_at", "stripe_id", _refund,
        lambda key: [gateway.ask(lambda v1: v1.refunds.retrieve(key))],
    ),
    Subject(
        "dispute", "disputes", _disputes, "created_at", "stripe_id", _dispute,
        lambda key: [gateway.ask(lambda v1: v1.disputes.retrieve(key))],
    ),
)  # fmt: skip
