"""Whether the ledger gave and took what payments say: each purchase against its lot and each lot
against its purchase, refunds and disputes against their transfers.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from accounts import tenancy

# What was taken and what came back, and both of what was available. A debt that is undone may come
# back in part: what was written off was never paid.
_SUMS = """
    coalesce(sum(amount) FILTER (WHERE type IN ('refund', 'claw_back')), 0) AS taken,
    coalesce(sum(amount) FILTER (WHERE type IN ('reinstate', 'adjust')), 0) AS returned,
    coalesce(sum(amount) FILTER (
        WHERE type IN ('refund', 'claw_back') AND debit = 'available'), 0) AS spendable_taken,
    coalesce(sum(amount) FILTER (
        WHERE type = 'reinstate' AND credit = 'available'), 0) AS spendable_returned
"""
_NOT_UNDONE = """
    (moved.spendable_returned <> moved.spendable_taken OR moved.returned > moved.taken)
"""
# Purchases, lots, refunds and disputes of a span that have no counterpart, or another one.
_UNBACKED = f"""
WITH transfers AS NOT MATERIALIZED (
    SELECT organisation_id, livemode, reference, type, debit, credit, amount FROM billing_transfer
     WHERE hold_id IS NULL
)
SELECT purchase.public_id, format(
       '%%s credits for %%s cents were bought, the ledger gave %%s for %%s', purchase.credits,
       purchase.paid_cents - purchase.tax_cents, coalesce(lot.granted, 0), coalesce(lot.cents, 0))
  FROM billing_purchase purchase
  LEFT JOIN billing_lot lot ON lot.organisation_id = purchase.organisation_id
   AND lot.livemode = purchase.livemode AND lot.source IN ('purchase', 'plan')
   AND lot.reference = 'purchase:' || purchase.public_id
 WHERE purchase.status = 'paid'
   AND purchase.paid_at >= %(since)s AND purchase.paid_at < %(until)s
   AND (lot.granted, lot.cents) IS DISTINCT FROM
       (purchase.credits, purchase.paid_cents - purchase.tax_cents)
UNION ALL
SELECT lot.public_id, format(
       '%%s credits for %%s cents were given as bought, and no paid purchase is %%s',
       lot.granted, lot.cents, lot.reference)
  FROM billing_lot lot
  LEFT JOIN billing_purchase purchase ON purchase.organisation_id = lot.organisation_id
   AND purchase.status = 'paid' AND 'purchase:' || purchase.public_id = lot.reference
   AND purchase.public_id = substr(lot.reference, length('purchase:') + 1)
 WHERE lot.livemode AND lot.source IN ('purchase', 'plan') AND purchase.id IS NULL
   AND lot.created_at >= %(since)s AND lot.created_at < %(until)s
UNION ALL
SELECT refund.public_id, format(
       '%%s credits were paid back, the ledger took %%s and put %%s back', refund.credits,
       moved.taken, moved.returned)
  FROM billing_refund refund, LATERAL (
    SELECT {_SUMS} FROM transfers
     WHERE organisation_id = refund.organisation_id AND livemode = refund.livemode
       AND reference IN (
           'refund:' || refund.public_id, 'refund:' || refund.public_id || ':bonus',
           'refund:' || refund.public_id || ':paid')
  ) AS moved
 WHERE (refund.created_at >= %(since)s AND refund.created_at < %(until)s
        OR refund.settled_at >= %(since)s AND refund.settled_at < %(until)s)
   AND (moved.taken < refund.credits OR CASE refund.status
        WHEN 'failed' THEN {_NOT_UNDONE} ELSE moved.returned > 0 END)
UNION ALL
SELECT dispute.stripe_id, format(
       '%%s credits were taken back, the ledger took %%s and put %%s back', dispute.credits,
       moved.taken, moved.returned)
  FROM billing_dispute dispute, LATERAL (
    SELECT {_SUMS} FROM transfers
     WHERE organisation_id = dispute.organisation_id AND livemode = dispute.livemode
       AND reference IN (
           SELECT 'dispute:' || dispute.stripe_id || middle || tail
             FROM (SELECT '' UNION ALL SELECT ':' || refund.public_id FROM billing_refund refund
                    WHERE refund.purchase_id = dispute.purchase_id) AS also(middle),
                  (VALUES (''), (':paid')) AS ends(tail))
  ) AS moved
 WHERE (dispute.created_at >= %(since)s AND dispute.created_at < %(until)s
        OR dispute.closed_at >= %(since)s AND dispute.closed_at < %(until)s
        OR dispute.reversed_at >= %(since)s AND dispute.reversed_at < %(until)s)
   AND (moved.taken <> dispute.credits OR CASE WHEN dispute.reversed_at IS NULL
        THEN moved.returned > 0 ELSE {_NOT_UNDONE} END)
"""  # noqa: S608 - our own sums


def unbacked(since: datetime, until: datetime) -> list[tuple[str, str]]:
    """Id and words of each payment, lot, refund or dispute of that span that the other half of our
    books does not bear out, across tenants.
    """
    with tenancy.system("the close looks at every tenant's money"), connection.cursor() as cursor:
        cursor.execute(_UNBACKED, {"since": since, "until": until})
        return [(str(name), str(says)) for name, says in cursor.fetchall()]
