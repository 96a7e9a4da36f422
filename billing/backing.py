"""Whether the ledger gave and took what payments say: each purchase against its lot and each lot
against its purchase, refunds and disputes against their transfers; gifts against their codes and
the lots that these gave, in whose wallet ever.
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
# A dispute that was lost while nobody had redeemed it: nothing was taken from a wallet.
_LOST_WITH_IT = """
    EXISTS (SELECT FROM billing_dispute dispute WHERE dispute.purchase_id = purchase.id
               AND dispute.status = 'lost' AND dispute.credits = 0
               AND dispute.amount_cents >= purchase.paid_cents)
"""
# Purchases, lots, gifts, refunds and disputes of a span that have no counterpart, or another one.
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
 WHERE purchase.status = 'paid' AND purchase.kind <> 'gift'
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
  FROM billing_refund refund
  LEFT JOIN billing_gift gift ON gift.purchase_id = refund.purchase_id, LATERAL (
    SELECT {_SUMS} FROM transfers
     WHERE organisation_id = refund.organisation_id AND livemode = refund.livemode
       AND reference IN (
           'refund:' || refund.public_id, 'refund:' || refund.public_id || ':bonus',
           'refund:' || refund.public_id || ':paid')
  ) AS moved
 WHERE (refund.created_at >= %(since)s AND refund.created_at < %(until)s
        OR refund.settled_at >= %(since)s AND refund.settled_at < %(until)s)
   AND CASE WHEN refund.credits > 0 AND moved.taken = 0 AND gift.id IS NOT NULL
       THEN (gift.void_for = 'refund:' || refund.public_id) = (refund.status = 'failed')
       ELSE moved.taken < refund.credits OR CASE refund.status
            WHEN 'failed' THEN {_NOT_UNDONE} ELSE moved.returned > 0 END END
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
UNION ALL
SELECT purchase.public_id, format(
       '%%s credits for %%s cents were bought to be given away, the code is %%s, and %%s for %%s '
       'were given for it', purchase.credits, purchase.paid_cents - purchase.tax_cents,
       coalesce(gift.status, 'missing'), given.credits, given.cents)
  FROM billing_purchase purchase
  LEFT JOIN billing_gift gift ON gift.purchase_id = purchase.id, LATERAL (
    SELECT coalesce(sum(granted), 0) AS credits, coalesce(sum(cents), 0) AS cents FROM billing_lot
     WHERE reference = 'gift:' || purchase.public_id AND source = 'gift'
  ) AS given
 WHERE purchase.status = 'paid' AND purchase.kind = 'gift'
   AND (purchase.paid_at >= %(since)s AND purchase.paid_at < %(until)s
        OR gift.ended_at >= %(since)s AND gift.ended_at < %(until)s)
   AND CASE coalesce(gift.status, 'unpaid')
       WHEN 'open' THEN given.credits > 0 OR {_LOST_WITH_IT}
       WHEN 'redeemed' THEN (given.credits, given.cents) IS DISTINCT FROM
            (purchase.credits, purchase.paid_cents - purchase.tax_cents)
       WHEN 'void' THEN given.credits > 0 OR NOT ({_LOST_WITH_IT} OR EXISTS (
            SELECT FROM billing_refund refund
             WHERE refund.purchase_id = purchase.id AND refund.status <> 'failed'
               AND gift.void_for = 'refund:' || refund.public_id))
       ELSE true END
UNION ALL
SELECT lot.public_id, format(
       '%%s credits for %%s cents were given for a code, and no gift was redeemed for %%s',
       lot.granted, lot.cents, lot.reference)
  FROM billing_lot lot
  LEFT JOIN billing_purchase purchase ON purchase.kind = 'gift'
   AND purchase.public_id = substr(lot.reference, length('gift:') + 1)
  LEFT JOIN billing_gift gift ON gift.purchase_id = purchase.id AND gift.status = 'redeemed'
 WHERE lot.source = 'gift' AND gift.id IS NULL
   AND lot.created_at >= %(since)s AND lot.created_at < %(until)s
"""  # noqa: S608 - our own sums


def unbacked(since: datetime, until: datetime) -> list[tuple[str, str]]:
    """Id and words of each payment, lot, gift, refund or dispute of that span that the other half
    of our books does not bear out, across tenants.
    """
    with tenancy.system("the close looks at every tenant's money"), connection.cursor() as cursor:
        cursor.execute(_UNBACKED, {"since": since, "until": until})
        return [(str(name), str(says)) for name, says in cursor.fetchall()]
