-- The rarer doors to money: expiry, the count of starting credits, who subscribes, and the proof of the books.

-- Expire what is due at `p_now` in every wallet the scope sees; at most 1000 lots a call.
-- Returns how many. Wallets busy at the moment are left for the next call.
CREATE OR REPLACE FUNCTION billing_expire_lots(p_now timestamptz)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_due record;
    v_count integer := 0;
BEGIN
    FOR v_due IN
        SELECT id, wallet_id FROM billing_lot
         WHERE open AND expires_at <= p_now
         ORDER BY expires_at, (source IN ('purchase', 'plan', 'gift')), id LIMIT 1000
    LOOP
        PERFORM 1 FROM billing_wallet WHERE id = v_due.wallet_id FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
        PERFORM 1 FROM billing_lot WHERE id = v_due.id AND open AND expires_at <= p_now;
        CONTINUE WHEN NOT FOUND;
        PERFORM billing_expire_lot(v_due.id);
        v_count := v_count + 1;
    END LOOP;
    RETURN v_count;
END $$;

-- How many organisations of a network had their sign-up grant since `p_since`, of all tenants:
-- a count is all that leaves. Others of the network wait until this transaction ends.
CREATE OR REPLACE FUNCTION billing_signup_grants(p_network text, p_since timestamptz)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_tenant text := coalesce(current_setting('app.tenant', true), '');
    v_count bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('billing_signup_grants ' || p_network, 0));
    PERFORM set_config('app.tenant', '*', true);
    SELECT count(*) INTO v_count FROM billing_lot lot
      JOIN accounts_organisation organisation ON organisation.id = lot.organisation_id
     WHERE organisation.signup_network = p_network AND lot.livemode
       AND lot.reference = 'signup:' || organisation.public_id AND lot.created_at >= p_since;
    PERFORM set_config('app.tenant', v_tenant, true);
    RETURN v_count;
END $$;

-- Who subscribes to a plan that has prices of its own or unlocks something, of all tenants: an
-- organisation has one plan.
CREATE OR REPLACE FUNCTION billing_subscribers(p_vendor text, p_statuses text[])
RETURNS TABLE (organisation_id bigint, plan_id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_tenant text := coalesce(current_setting('app.tenant', true), '');
BEGIN
    PERFORM set_config('app.tenant', '*', true);
    RETURN QUERY SELECT organisation_id, plan_id FROM billing_subscription
     WHERE vendor = p_vendor AND status = ANY (p_statuses) AND ended_at IS NULL
       AND plan_id IN (SELECT plan_id FROM billing_planprice
                       UNION ALL SELECT id FROM billing_plan WHERE cardinality(unlocks) > 0);
    PERFORM set_config('app.tenant', v_tenant, true);
END $$;

-- Everything that does not add up, in one snapshot. NULL means every wallet the scope sees.
CREATE OR REPLACE FUNCTION billing_drift(p_organisation bigint)
RETURNS TABLE (
    organisation_id bigint, livemode boolean, rule text, expected bigint, found bigint
) LANGUAGE sql STABLE AS $$
WITH wallet AS (
    SELECT * FROM billing_wallet w
     WHERE p_organisation IS NULL OR w.organisation_id = p_organisation
), chained AS (
    SELECT t.*,
        lag(t.sequence, 1, 0) OVER chain AS sequence_before,
        lag(t.available_after, 1, 0) OVER chain AS available_before,
        lag(t.reserved_after, 1, 0) OVER chain AS reserved_before,
        lag(t.pending_after, 1, 0) OVER chain AS pending_before
      FROM billing_transfer t JOIN wallet ON wallet.id = t.wallet_id
    WINDOW chain AS (PARTITION BY t.wallet_id ORDER BY t.sequence)
), totals AS (
    SELECT wallet_id, max(sequence) AS last, count(*) AS number,
        sum(billing_change('available', debit, credit, amount))::bigint AS available,
        sum(billing_change('held', debit, credit, amount))::bigint AS reserved,
        sum(billing_change('pending', debit, credit, amount))::bigint AS pending,
        -sum(billing_change('receivable', debit, credit, amount))::bigint AS owed,
        count(*) FILTER (
            WHERE sequence <> sequence_before + 1
            OR available_after
                <> available_before + billing_change('available', debit, credit, amount)
            OR reserved_after <> reserved_before + billing_change('held', debit, credit, amount)
            OR pending_after <> pending_before + billing_change('pending', debit, credit, amount)
        ) AS breaks
      FROM chained GROUP BY wallet_id
), lots AS (
    SELECT l.wallet_id, sum(l.remaining)::bigint AS remaining,
        sum(l.granted)::bigint AS granted
      FROM billing_lot l JOIN wallet ON wallet.id = l.wallet_id GROUP BY l.wallet_id
), given AS (
    SELECT wallet_id, sum(amount)::bigint AS amount FROM chained
     WHERE lot_id IS NOT NULL AND credit = 'available' AND type <> 'reinstate' GROUP BY wallet_id
), held AS (
    SELECT h.*,
        coalesce((SELECT sum(p.amount) FROM billing_holdlot p WHERE p.hold_id = h.id), 0) AS pinned,
        coalesce(sum(c.amount) FILTER (WHERE c.type = 'hold'), 0) AS posted,
        coalesce(sum(c.amount) FILTER (WHERE c.type = 'capture'), 0) AS charged,
        coalesce(sum(c.amount) FILTER (WHERE c.type = 'release'), 0) AS returned
      FROM billing_hold h JOIN wallet ON wallet.id = h.wallet_id
      LEFT JOIN chained c ON c.hold_id = h.id
     GROUP BY h.id
), holds AS (
    SELECT wallet_id,
        coalesce(sum(amount) FILTER (WHERE status = 'pending'), 0)::bigint AS pending,
        count(*) FILTER (
            WHERE pinned IS DISTINCT FROM amount OR posted IS DISTINCT FROM amount
            OR charged IS DISTINCT FROM coalesce(captured, 0)
            OR returned IS DISTINCT FROM CASE status WHEN 'pending' THEN 0 ELSE amount - charged END
        ) AS wrong
      FROM held GROUP BY wallet_id
), spent AS (
    SELECT spending_id, count(captured) AS films, sum(captured) AS captured,
        sum(amount) FILTER (WHERE status = 'pending') AS reserved
      FROM held GROUP BY spending_id
), spendings AS (
    SELECT s.wallet_id, count(*) FILTER (
            WHERE s.reserved IS DISTINCT FROM coalesce(spent.reserved, 0)
            OR s.captured IS DISTINCT FROM coalesce(spent.captured, 0)
            OR s.films IS DISTINCT FROM coalesce(spent.films, 0)
        ) AS wrong
      FROM billing_spending s JOIN wallet ON wallet.id = s.wallet_id
      LEFT JOIN spent ON spent.spending_id = s.id
     GROUP BY s.wallet_id
), sums AS (
    SELECT wallet_id, count(*) FILTER (WHERE each.credits IS DISTINCT FROM kept.credits) AS wrong
      FROM (
        SELECT s.wallet_id, s.day, s.member, s.credential,
            sum(s.reserved + s.captured)::bigint AS credits
          FROM billing_spending s JOIN wallet ON wallet.id = s.wallet_id
         WHERE s.end_user <> '' GROUP BY s.wallet_id, s.day, s.member, s.credential
      ) each
      FULL JOIN (
        SELECT e.wallet_id, e.day, e.member, e.credential, e.credits
          FROM billing_endusersum e JOIN wallet ON wallet.id = e.wallet_id
      ) kept USING (wallet_id, day, member, credential)
     GROUP BY wallet_id
), freezes AS (
    SELECT f.wallet_id, count(*) AS number FROM billing_walletfreeze f
      JOIN wallet ON wallet.id = f.wallet_id WHERE f.lifted_at IS NULL GROUP BY f.wallet_id
)
SELECT wallet.organisation_id, wallet.livemode, rules.rule, rules.expected, rules.found
  FROM wallet
  LEFT JOIN totals ON totals.wallet_id = wallet.id
  LEFT JOIN lots ON lots.wallet_id = wallet.id
  LEFT JOIN given ON given.wallet_id = wallet.id
  LEFT JOIN holds ON holds.wallet_id = wallet.id
  LEFT JOIN spendings ON spendings.wallet_id = wallet.id
  LEFT JOIN sums ON sums.wallet_id = wallet.id
  LEFT JOIN freezes ON freezes.wallet_id = wallet.id
 CROSS JOIN LATERAL (VALUES
    ('available is the sum of its transfers', coalesce(totals.available, 0), wallet.available),
    ('reserved is the sum of its transfers', coalesce(totals.reserved, 0), wallet.reserved),
    ('pending is the sum of its transfers', coalesce(totals.pending, 0), wallet.pending),
    ('owed is the sum of its transfers', coalesce(totals.owed, 0), wallet.owed),
    ('the newest transfer bears the wallet''s number', coalesce(totals.last, 0), wallet.sequence),
    ('transfers are numbered without a gap', coalesce(totals.last, 0), coalesce(totals.number, 0)),
    ('every transfer follows from the one before', 0, coalesce(totals.breaks, 0)),
    ('lots hold what is available', wallet.available, coalesce(lots.remaining, 0)),
    ('lots were granted by transfers', coalesce(given.amount, 0), coalesce(lots.granted, 0)),
    ('pending holds are what is reserved', wallet.reserved, coalesce(holds.pending, 0)),
    ('every hold agrees with its pins and transfers', 0, coalesce(holds.wrong, 0)),
    ('what was spent a day is the sum of its holds', 0, coalesce(spendings.wrong, 0)),
    ('what end users spent a day is their sum', 0, coalesce(sums.wrong, 0)),
    ('a wallet is frozen while there is a cause', (coalesce(freezes.number, 0) > 0)::integer,
        (wallet.frozen_at IS NOT NULL)::integer)
 ) AS rules (rule, expected, found)
 WHERE rules.expected IS DISTINCT FROM rules.found  -- what is not known is not proven
 ORDER BY 1, 2, 3
$$;
