"""One look at everything that may be due, for whoever waits for it: cheap enough for ten a second.

A look claims nothing. What it saw may be taken by somebody else before one comes to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now

from accounts import tenancy
from generations.models import Reconciliation
from generations.providers.codecs import BLOCKING
from generations.retention import KEPT_SQL
from kling_saas.lib.postgresql.base import fetch_one

_FILMS = 50  # more are not counted
_LOOK = f"""
SELECT
  EXISTS (SELECT FROM generations_generation WHERE status = 'in_flight' AND next_run_at <= now()
          AND (lease_until IS NULL OR lease_until <= now())),
  EXISTS (SELECT FROM accounts_outboxmessage WHERE next_attempt_at <= now()),
  EXISTS (SELECT FROM generations_generation g
            JOIN generations_provideraccount a ON a.id = g.account_id
           WHERE g.status = 'submitting' AND g.next_run_at <= now() AND a.protocol = %s
             AND (g.lease_until IS NULL OR g.lease_until <= now())),
  EXISTS (SELECT FROM generations_turns(1, %s)),
  EXISTS (SELECT FROM accounts_webhookdelivery d
            JOIN accounts_webhookendpoint e ON e.id = d.endpoint_id
           WHERE d.next_attempt_at <= now() AND (e.rest_until IS NULL OR e.rest_until <= now())),
  EXISTS (SELECT FROM billing_paymentevent WHERE next_attempt_at <= now())
  OR EXISTS (SELECT FROM billing_refund WHERE next_attempt_at <= now()),
  (SELECT count(*) FROM (SELECT FROM generations_generation WHERE status IN ('fetching', 'storing')
          AND next_run_at <= now() AND (lease_until IS NULL OR lease_until <= now())
          LIMIT %s) f),
  EXISTS (SELECT FROM generations_video WHERE preview_due_at <= now() AND {KEPT_SQL})
"""  # noqa: S608 - words of ours


@dataclass(frozen=True, slots=True)
class Due:
    """What was seen: work for the watcher itself, then work for the queue's clusters."""

    polls: bool
    news: bool
    calls: bool
    dispatch: bool
    deliveries: bool
    payments: bool
    films: int
    previews: bool

    @property
    def for_the_queue(self) -> bool:
        """Is there anything to ring for?"""
        return bool(
            self.dispatch or self.deliveries or self.payments or self.films or self.previews
        )


def look() -> Due:
    """What is due now, of every tenant. At most 50 films are counted."""
    with tenancy.system("the watcher looks for every tenant"):
        seen = fetch_one(_LOOK, [BLOCKING, BLOCKING, _FILMS])
    assert seen is not None, "EXISTS and count answer whatever there is"
    return Due(*seen)


def reconciliation() -> bool:
    """Whether one waits to be gone on with, or RECONCILE_HOURS have passed since the last began.

    Not part of the look: it is asked once a sweep.
    """
    mine = Reconciliation.objects.filter(by_hand=False)
    waiting = mine.filter(finished_at=None, lease_until__lte=Now())
    since = Now() - timedelta(hours=settings.RECONCILE_HOURS)
    recent = mine.filter(started_at__gt=since) | mine.filter(finished_at=None)
    return waiting.exists() or not recent.exists()
