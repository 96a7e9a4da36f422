"""What an operator sees first: what needs a person now, and how the films are doing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import Count, Min
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import tenancy
from billing.freezes import UNANSWERED
from billing.models import DayClose, Dispute, EventState, PaymentEvent
from generations import attempts, heartbeat, routing, standing
from generations.models import Alarm, Breaker, BreakerState, Generation, ProviderAccount
from generations.providers import health

_ALARMS = 5  # shown; the rest is behind the figure
_LONG_WAIT = 300  # seconds
_LATELY = timedelta(days=7)  # by then an upstream's bill has shown what it was


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that leads to its records. `bad`: somebody should look."""

    label: Promise | str
    value: int | str
    link: str
    bad: bool = False
    words: str = ""


def figures() -> list[Figure]:
    """Across tenants, in the order in which an operator on call wants them."""
    with tenancy.system("the console's first page looks across tenants"):
        return [*_troubles(), *_films()]


def alarms() -> list[Alarm]:
    """The latest that nobody has resolved."""
    return list(Alarm.objects.filter(resolved_at=None)[:_ALARMS])


def _troubles() -> Iterator[Figure]:
    open_alarms = Alarm.objects.filter(resolved_at=None).count()
    listed = _list("alarm", "resolved_at__isempty=1")
    yield Figure(_("open alarms"), open_alarms, listed, bool(open_alarms))
    unpaid = PaymentEvent.objects.filter(state=EventState.FAILED).count()
    listed = reverse("admin:billing_paymentevent_changelist") + "?state__exact=failed"
    yield Figure(_("payments to look at"), unpaid, listed, bool(unpaid))
    yield _disputes()
    yield _last_close()
    suspended = attempts.unsettled().count()
    lately = attempts.unsettled().filter(started_at__gt=Now() - _LATELY).exists()
    words = gettext("may be on an upstream’s bill") if suspended else ""
    yield Figure(
        _("calls in suspense"), suspended, _list("suspenseattempt", "unsettled=yes"), lately, words
    )
    not_closed = [BreakerState.OPEN, BreakerState.HALF_OPEN]
    stopped = Breaker.objects.filter(state__in=not_closed).count()
    refused = routing.refused().count()
    words = gettext("%(n)s refused by their upstream") % {"n": refused} if refused else ""
    listed = _list("breaker", f"state__in={','.join(not_closed)}")
    if refused and not stopped:
        listed = _list("refusedmodel")
    yield Figure(_("models stopped"), stopped + refused, listed, bool(stopped + refused), words)
    off = health.resting(ProviderAccount.objects.all()).count()
    yield Figure(_("accounts resting"), off, _list("provideraccount", "resting=yes"), bool(off))


def _disputes() -> Figure:
    """Those that the bank decides against us if nobody answers in time."""
    asked = Dispute.objects.filter(status__in=UNANSWERED)
    count, due = asked.aggregate(n=Count("pk"), due=Min("evidence_due_at")).values()
    words = gettext("answer until %(day)s") % {"day": due.date()} if due else ""
    listed = reverse("admin:billing_dispute_changelist")
    listed += f"?status__in={','.join(UNANSWERED)}"
    return Figure(_("disputes to answer"), count, listed, bool(count), words)


def _last_close() -> Figure:
    """What the newest daily close did not bring to zero."""
    mine = DayClose.objects.filter(vendor=settings.PAYMENTS_VENDOR)
    newest = mine.order_by("-day").first()
    if newest is None:
        return Figure(
            _("differences at the daily close"), "–", reverse("admin:billing_dayclose_changelist")
        )
    differ = len(newest.differences)
    link = reverse("admin:billing_dayclose_change", args=[newest.pk])
    return Figure(_("differences at the daily close"), differ, link, bool(differ), str(newest.day))


def _films() -> Iterator[Figure]:
    waiting = Generation.objects.filter(standing.told_as("queued"))
    oldest = waiting.aggregate(at=Min("created_at"))["at"]
    longest = (timezone.now() - oldest).total_seconds() if oldest else 0
    words = gettext("longest for %(n)s s") % {"n": round(longest)} if oldest else ""
    listed = _list("generation", "stands=queued")
    yield Figure(_("waiting"), waiting.count(), listed, longest > _LONG_WAIT, words)
    flying = Generation.objects.filter(standing.told_as("processing")).count()
    listed = _list("generation", "stands=processing")
    yield Figure(_("under way"), flying, listed)
    alive = heartbeat.somebody_works()
    value = gettext("alive") if alive else gettext("silent")
    yield Figure(_("worker"), value, _list("heartbeat"), not alive)


def _list(model: str, query: str = "") -> str:
    address = reverse(f"admin:generations_{model}_changelist")
    return f"{address}?{query}" if query else address
