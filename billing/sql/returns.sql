-- Money that goes back: refunds, claw-backs, debts, what a plan keeps, and frozen wallets.

-- Take `p_credits` of one lot back, once per reference: they are paid back in money. KB011 when
-- fewer are left. False when it was done before.
CREATE OR REPLACE FUNCTION billing_refund(
    p_organisation bigint, p_livemode boolean, p_credits bigint, p_lot_reference text,
    p_reference text, p_reason text, p_actor text
) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_wallet billing_wallet;
    v_lot billing_lot;
    v_before bigint;
BEGIN
    PERFORM billing_require_amount(p_credits);
    v_wallet := billing_lock_wallet(p_organisation, p_livemode);
    SELECT * INTO v_lot FROM billing_lot
     WHERE organisation_id = p_organisation AND livemode = p_livemode
       AND reference = p_lot_reference;
    SELECT amount INTO v_before FROM billing_transfer
     WHERE organisation_id = p_organisation AND livemode = p_livemode
       AND reference = p_reference AND type = 'refund' AND lot_id = v_lot.id AND hold_id IS NULL;
    IF v_before = p_credits THEN
        RETURN false;
    ELSIF v_before IS NOT NULL THEN
        RAISE EXCEPTION 'reference % refunded % credits already', p_reference, v_before
            USING ERRCODE = 'KB005';
    ELSIF v_lot.id IS NULL OR v_lot.remaining < p_credits THEN
        RAISE EXCEPTION '% credits of % are left', coalesce(v_lot.remaining, 0), p_lot_reference
            USING ERRCODE = 'KB011',
            DETAIL = json_build_object(
                'wanted', p_credits, 'left', coalesce(v_lot.remaining, 0))::text;
    END IF;
    PERFORM billing_take(v_lot, p_credits, 'refund',
        CASE WHEN v_lot.source IN ('purchase', 'plan', 'gift') THEN 'purchases' ELSE 'grants' END,
        p_reference, p_reason, p_actor);
    RETURN true;
END $$;

-- Take bought credits back, once per reference: what is available (the named purchase first, with
-- its bonus, then bought before free), the rest becomes the organisation's debt.
CREATE OR REPLACE FUNCTION billing_claw_back(
    p_organisation bigint, p_livemode boolean, p_credits bigint, p_lot_reference text,
    p_reference text, p_reason text, OUT taken bigint, OUT owed bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_wallet billing_wallet;
    v_lot billing_lot;
    v_part bigint;
BEGIN
    PERFORM billing_require_amount(p_credits);
    v_wallet := billing_lock_wallet(p_organisation, p_livemode);
    SELECT coalesce(sum(amount) FILTER (WHERE debit = 'available'), 0),
           coalesce(sum(amount) FILTER (WHERE debit = 'receivable'), 0)
      INTO taken, owed FROM billing_transfer
     WHERE organisation_id = p_organisation AND livemode = p_livemode
       AND reference = p_reference AND type = 'claw_back' AND hold_id IS NULL;
    IF taken + owed = p_credits THEN
        RETURN;
    ELSIF taken + owed > 0 THEN
        RAISE EXCEPTION 'reference % clawed % credits back already', p_reference, taken + owed
            USING ERRCODE = 'KB005';
    END IF;
    FOR v_lot IN
        SELECT * FROM billing_lot WHERE wallet_id = v_wallet.id AND open
         ORDER BY (reference IN (p_lot_reference, p_lot_reference || ':bonus')) DESC,
                  (source IN ('purchase', 'plan', 'gift')) DESC, id DESC
    LOOP
        v_part := least(v_lot.remaining, p_credits - taken);
        PERFORM billing_take(
            v_lot, v_part, 'claw_back', 'purchases', p_reference, p_reason, '');
        taken := taken + v_part;
        EXIT WHEN taken = p_credits;
    END LOOP;
    owed := p_credits - taken;
    IF owed > 0 THEN
        PERFORM billing_post(v_wallet.id, 'claw_back', 'receivable', 'purchases', owed,
            NULL, NULL, p_reference, p_reason, '');
    END IF;
END $$;

-- What became of a debt: how much of it is still owed, and how much was paid, by credits of which
-- worth. Of several debts, payments and write-offs take the oldest first; what is forgiven is what
-- is still owed of the very debt that is undone. So whatever came before a debt stands ahead of it.
CREATE OR REPLACE FUNCTION billing_debt(
    p_claim billing_transfer, OUT owed bigint, OUT paid bigint, OUT cents bigint
) LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_entry record;
    v_ahead bigint;
    v_part bigint;
    v_worth numeric := 0;
BEGIN
    owed := p_claim.amount;
    paid := 0;
    SELECT -coalesce(sum(billing_change('receivable', debit, credit, amount)), 0) INTO v_ahead
      FROM billing_transfer
     WHERE wallet_id = p_claim.wallet_id AND sequence < p_claim.sequence;
    FOR v_entry IN
        SELECT t.type, t.amount, lot.cents, lot.granted FROM billing_transfer t
          LEFT JOIN billing_lot lot ON lot.id = t.lot_id
         WHERE t.wallet_id = p_claim.wallet_id AND t.sequence > p_claim.sequence
           AND t.credit = 'receivable'
           AND (t.type <> 'reinstate' OR EXISTS (
               SELECT FROM billing_transfer claim
                WHERE claim.organisation_id = t.organisation_id AND claim.livemode = t.livemode
                  AND claim.reference = t.reference AND claim.type = 'claw_back'
                  AND claim.debit = 'receivable' AND claim.sequence < p_claim.sequence))
         ORDER BY t.sequence
    LOOP
        v_part := least(owed, greatest(0, v_entry.amount - v_ahead));
        v_ahead := greatest(0, v_ahead - v_entry.amount);
        owed := owed - v_part;
        IF v_entry.type = 'settle_debt' THEN
            paid := paid + v_part;
            v_worth := v_worth + v_part * v_entry.cents / v_entry.granted::numeric;
        END IF;
    END LOOP;
    cents := round(v_worth);
END $$;

-- Undo a refund or claw-back of that reference, once: every credit back into its lot, seven days
-- longer where that has ended meanwhile (what was left in it expires first, so that it does not
-- live on beside it); what is still owed of its debt is forgiven, and what was paid of it comes back
-- as a lot of its own, for the money that it was paid with: what was written off was never paid.
-- What comes back pays other debts first. Returns how many credits became available.
CREATE OR REPLACE FUNCTION billing_reinstate(
    p_organisation bigint, p_livemode boolean, p_reference text, p_reason text, p_actor text
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_wallet billing_wallet;
    v_gone billing_transfer;
    v_debt record;
    v_back bigint := 0;
    v_lots bigint[] := '{}';
BEGIN
    v_wallet := billing_lock_wallet(p_organisation, p_livemode);
    IF EXISTS (
        SELECT FROM billing_transfer
         WHERE organisation_id = p_organisation AND livemode = p_livemode
           AND reference = p_reference AND type = 'reinstate' AND hold_id IS NULL
    ) OR billing_given(p_organisation, p_livemode, p_reference || ':paid') THEN
        RETURN 0;
    END IF;
    FOR v_gone IN
        SELECT * FROM billing_transfer
         WHERE organisation_id = p_organisation AND livemode = p_livemode
           AND reference = p_reference AND type IN ('refund', 'claw_back') AND hold_id IS NULL
         ORDER BY id
    LOOP
        IF v_gone.debit = 'available' THEN
            PERFORM billing_expire_lot(id) FROM billing_lot
              WHERE id = v_gone.lot_id AND open AND expires_at <= now();
            UPDATE billing_lot SET remaining = remaining + v_gone.amount,
                expires_at = CASE WHEN expires_at <= now()
                    THEN now() + interval '7 days' ELSE expires_at END
             WHERE id = v_gone.lot_id;
            PERFORM billing_post(v_wallet.id, 'reinstate', v_gone.credit, 'available',
                v_gone.amount, NULL, v_gone.lot_id, p_reference, p_reason, p_actor);
            v_back := v_back + v_gone.amount;
            v_lots := v_lots || v_gone.lot_id;
        ELSE
            v_debt := billing_debt(v_gone);
            IF v_debt.owed > 0 THEN
                PERFORM billing_post(v_wallet.id, 'reinstate', v_gone.credit, 'receivable',
                    v_debt.owed, NULL, NULL, p_reference, p_reason, p_actor);
            END IF;
            IF v_debt.paid > 0 THEN
                v_lots := v_lots || (billing_grant(
                    p_organisation, p_livemode, v_debt.paid, 'refund', NULL,
                    p_reference || ':paid', p_reason, v_debt.cents, p_actor)).lot_id;
                v_back := v_back + v_debt.paid;
            END IF;
        END IF;
    END LOOP;
    RETURN v_back - billing_settle_debt(v_wallet.id, v_lots, p_reference);
END $$;

-- Forget a debt, once per reference. Returns how much was owed of it.
CREATE OR REPLACE FUNCTION billing_write_off(
    p_organisation bigint, p_livemode boolean, p_reference text, p_reason text, p_actor text
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_wallet billing_wallet := billing_lock_wallet(p_organisation, p_livemode);
BEGIN
    IF EXISTS (
        SELECT FROM billing_transfer
         WHERE organisation_id = p_organisation AND livemode = p_livemode
           AND reference = p_reference AND type = 'write_off' AND hold_id IS NULL
    ) THEN
        RETURN 0;
    ELSIF v_wallet.owed > 0 THEN
        PERFORM billing_post(v_wallet.id, 'write_off', 'adjustments', 'receivable', v_wallet.owed,
            NULL, NULL, p_reference, p_reason, p_actor);
    END IF;
    RETURN v_wallet.owed;
END $$;

-- A plan was renewed: of what is left of it, the newest `p_keep` credits live until `p_until`, the
-- rest expires. The lot of the renewal itself is left alone, and whatever ends no earlier than it:
-- that was paid for later, though it was heard of before. Returns how many were kept.
CREATE OR REPLACE FUNCTION billing_roll_over(
    p_organisation bigint, p_livemode boolean, p_keep bigint, p_until timestamptz,
    p_renewal text
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_wallet billing_wallet := billing_lock_wallet(p_organisation, p_livemode);
    v_lot billing_lot;
    v_over bigint;
    v_kept bigint := 0;
BEGIN
    FOR v_lot IN
        SELECT * FROM billing_lot
         WHERE wallet_id = v_wallet.id AND open AND source = 'plan' AND reference <> p_renewal
           AND expires_at < p_until
         ORDER BY id DESC
    LOOP
        v_over := CASE WHEN v_lot.expires_at <= now() THEN v_lot.remaining
                       ELSE greatest(0, v_lot.remaining - (p_keep - v_kept)) END;
        v_kept := v_kept + v_lot.remaining - v_over;
        IF v_over > 0 THEN
            PERFORM billing_take(v_lot, v_over, 'expire', 'expired', v_lot.reference, '', '');
        END IF;
        UPDATE billing_lot SET expires_at = p_until
         WHERE id = v_lot.id AND remaining > 0;
    END LOOP;
    RETURN v_kept;
END $$;

-- Stop reservations for a cause. False when it stops them already.
CREATE OR REPLACE FUNCTION billing_freeze(
    p_organisation bigint, p_livemode boolean, p_cause text, p_reason text
) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_wallet billing_wallet := billing_lock_wallet(p_organisation, p_livemode);
BEGIN
    INSERT INTO billing_walletfreeze (organisation_id, livemode, wallet_id, cause, reason)
    VALUES (p_organisation, p_livemode, v_wallet.id, p_cause, p_reason)
        ON CONFLICT (wallet_id, cause) WHERE lifted_at IS NULL DO NOTHING;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE billing_wallet SET frozen_reason = p_reason, frozen_at = statement_timestamp()
     WHERE id = v_wallet.id AND frozen_at IS NULL;
    RETURN true;
END $$;

-- The cause is gone; reservations go on when it was the last. False when it stopped nothing.
CREATE OR REPLACE FUNCTION billing_thaw(
    p_organisation bigint, p_livemode boolean, p_cause text
) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_wallet billing_wallet := billing_lock_wallet(p_organisation, p_livemode);
    v_other billing_walletfreeze;
BEGIN
    UPDATE billing_walletfreeze SET lifted_at = statement_timestamp()
     WHERE wallet_id = v_wallet.id AND cause = p_cause AND lifted_at IS NULL;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    SELECT * INTO v_other FROM billing_walletfreeze
     WHERE wallet_id = v_wallet.id AND lifted_at IS NULL ORDER BY id LIMIT 1;
    UPDATE billing_wallet
       SET frozen_reason = coalesce(v_other.reason, ''), frozen_at = v_other.created_at
     WHERE id = v_wallet.id;
    RETURN true;
END $$;
