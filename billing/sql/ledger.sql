-- The only door to money. Each function runs as the owner of the tables (the application may
-- only read them), inside the caller's transaction and under its app.tenant.
--
-- SQLSTATE  KB001 insufficient credits (DETAIL: {"needed", "available"})   KB002 wallet frozen
--           KB003 organisation suspended        KB004 settled the other way already
--           KB005 reference used differently    KB006 amount out of range
--           KB007 no such hold in this scope    KB008 no such organisation in this scope
--           KB010 above a cap (caps.sql)        KB011 the lot has not that many left

CREATE OR REPLACE FUNCTION billing_open_wallet(p_organisation bigint, p_livemode boolean)
RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT id FROM billing_lock_wallet(p_organisation, p_livemode)
$$;

-- Credits in, once per reference. A purchase announced under the same reference is confirmed.
-- What is bought pays what is owed first. `p_cents` is what was paid for it, without tax.
CREATE OR REPLACE FUNCTION billing_grant(
    p_organisation bigint, p_livemode boolean, p_credits bigint, p_source text,
    p_expires_at timestamptz, p_reference text, p_reason text, p_cents bigint, p_actor text,
    OUT lot_id bigint, OUT created boolean
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_wallet billing_wallet;
    v_lot billing_lot;
    v_type text;
    v_from text;
    v_announced bigint;
    v_owed bigint;
BEGIN
    PERFORM billing_require_amount(p_credits);
    SELECT type, debit INTO v_type, v_from FROM (VALUES
        ('purchase', 'purchase', 'purchases'), ('plan', 'plan', 'purchases'),
        ('gift', 'purchase', 'purchases'), ('refund', 'adjust', 'adjustments'),
        ('grant', 'grant', 'grants'), ('bonus', 'grant', 'grants'),
        ('promo', 'grant', 'grants'), ('test', 'grant', 'grants')
    ) AS known (source, type, debit) WHERE source = p_source;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'credits from % are unknown', p_source USING ERRCODE = 'KB006';
    END IF;
    v_wallet := billing_lock_wallet(p_organisation, p_livemode);
    SELECT * INTO v_lot FROM billing_lot
     WHERE organisation_id = p_organisation AND livemode = p_livemode
       AND reference = p_reference;
    IF FOUND THEN
        IF v_lot.granted <> p_credits OR v_lot.source <> p_source THEN
            RAISE EXCEPTION 'reference % gave % credits (%) already',
                p_reference, v_lot.granted, v_lot.source USING ERRCODE = 'KB005';
        END IF;
        lot_id := v_lot.id;
        created := false;
        RETURN;
    END IF;
    IF p_source = 'purchase' THEN
        v_announced := billing_announced(p_organisation, p_livemode, p_reference);
        IF v_announced <> p_credits THEN
            RAISE EXCEPTION 'reference % announced % credits, not %',
                p_reference, v_announced, p_credits USING ERRCODE = 'KB005';
        END IF;
        v_from := CASE WHEN v_announced IS NULL THEN 'purchases' ELSE 'pending' END;
    END IF;
    INSERT INTO billing_lot (
        organisation_id, livemode, wallet_id, public_id, source, granted, remaining,
        cents, expires_at, reference, reason
    ) VALUES (
        p_organisation, p_livemode, v_wallet.id,
        'lot_' || replace(gen_random_uuid()::text, '-', ''),
        p_source, p_credits, p_credits, p_cents, p_expires_at, p_reference, p_reason
    ) RETURNING * INTO v_lot;
    lot_id := v_lot.id;
    PERFORM billing_post(v_wallet.id, v_type, v_from, 'available', p_credits,
        NULL, lot_id, p_reference, p_reason, p_actor);
    v_owed := least(v_wallet.owed, p_credits);
    IF p_source IN ('purchase', 'plan', 'gift') AND v_owed > 0 THEN
        PERFORM billing_take(v_lot, v_owed, 'settle_debt', 'receivable', p_reference, '', '');
    END IF;
    created := true;
END $$;

-- A top-up that is paid but not confirmed: shown as pending. False when it was announced before.
CREATE OR REPLACE FUNCTION billing_announce(
    p_organisation bigint, p_livemode boolean, p_credits bigint, p_reference text
) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_wallet billing_wallet;
BEGIN
    PERFORM billing_require_amount(p_credits);
    v_wallet := billing_lock_wallet(p_organisation, p_livemode);
    IF EXISTS (
        SELECT 1 FROM billing_transfer
         WHERE organisation_id = p_organisation AND livemode = p_livemode
           AND reference = p_reference AND type = 'announce'
           AND hold_id IS NULL AND lot_id IS NULL
    ) OR billing_given(p_organisation, p_livemode, p_reference) THEN
        RETURN false;
    END IF;
    PERFORM billing_post(v_wallet.id, 'announce', 'purchases', 'pending', p_credits,
        NULL, NULL, p_reference, '', '');
    RETURN true;
END $$;

-- An announced top-up that will not come. False when there is nothing (more) to withdraw.
CREATE OR REPLACE FUNCTION billing_withdraw(
    p_organisation bigint, p_livemode boolean, p_reference text, p_reason text
) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_wallet billing_wallet;
    v_amount bigint;
BEGIN
    v_wallet := billing_lock_wallet(p_organisation, p_livemode);
    v_amount := billing_announced(p_organisation, p_livemode, p_reference);
    IF v_amount IS NULL OR billing_given(p_organisation, p_livemode, p_reference) THEN
        RETURN false;
    END IF;
    PERFORM billing_post(v_wallet.id, 'withdraw', 'pending', 'purchases', v_amount,
        NULL, NULL, p_reference, p_reason, '');
    RETURN true;
END $$;

-- Set credits aside for one order of a member (0: none) with a credential ('': none), for an end
-- user of the customer's ('': none), within their caps. The hot path: one lock, few statements.
CREATE OR REPLACE FUNCTION billing_reserve(
    p_organisation bigint, p_livemode boolean, p_amount bigint, p_reference text,
    p_member bigint, p_credential text, p_sku text, p_end_user text,
    OUT hold_id bigint, OUT available_after bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_wallet bigint;
    v_available bigint;
    v_frozen text;
    v_suspended boolean;
    v_capped boolean;
    v_spending bigint;
    v_rest bigint;
BEGIN
    IF p_amount IS NULL OR p_amount < 1 THEN
        PERFORM billing_require_amount(p_amount);
    END IF;
    SELECT wallet.id, wallet.available, organisation.suspended_at IS NOT NULL,
           CASE WHEN wallet.frozen_at IS NOT NULL THEN wallet.frozen_reason END,
           EXISTS (SELECT FROM billing_cap cap WHERE cap.wallet_id = wallet.id)
      INTO v_wallet, v_available, v_suspended, v_frozen, v_capped
      FROM billing_wallet wallet
      JOIN accounts_organisation organisation ON organisation.id = wallet.organisation_id
     WHERE wallet.organisation_id = p_organisation AND wallet.livemode = p_livemode
       FOR UPDATE OF wallet;
    IF NOT FOUND THEN
        PERFORM billing_lock_wallet(p_organisation, p_livemode);
        SELECT 0, suspended_at IS NOT NULL INTO v_available, v_suspended
          FROM accounts_organisation WHERE id = p_organisation;
    END IF;
    IF v_suspended OR v_frozen IS NOT NULL OR v_available < p_amount THEN
        SELECT * INTO hold_id, available_after
          FROM billing_replayed_hold(p_organisation, p_livemode, p_amount, p_reference);
        IF hold_id IS NULL THEN
            PERFORM billing_refuse_reservation(v_wallet, v_suspended, v_frozen, p_amount, 0);
        END IF;
        RETURN;
    END IF;
    v_spending := billing_count(
        p_organisation, p_livemode, v_wallet, p_amount, p_member, p_credential, p_sku, p_end_user
    );
    INSERT INTO billing_hold (organisation_id, livemode, wallet_id, amount, reference, spending_id)
    VALUES (p_organisation, p_livemode, v_wallet, p_amount, p_reference, v_spending)
        ON CONFLICT (organisation_id, livemode, reference) DO NOTHING
    RETURNING id INTO hold_id;
    IF hold_id IS NULL THEN
        UPDATE billing_spending SET reserved = reserved - p_amount WHERE id = v_spending;
        SELECT * INTO hold_id, available_after
          FROM billing_replayed_hold(p_organisation, p_livemode, p_amount, p_reference);
        RETURN;
    END IF;
    IF v_capped THEN
        PERFORM billing_hold_to_caps(v_wallet, p_amount, p_member, p_credential, p_end_user);
    END IF;
    v_rest := billing_pin_lots(p_organisation, p_livemode, v_wallet, hold_id, p_amount);
    IF v_rest > 0 THEN
        PERFORM billing_refuse_reservation(v_wallet, false, NULL, p_amount, p_amount - v_rest);
    END IF;
    available_after := billing_post(v_wallet, 'hold', 'available', 'held', p_amount,
        hold_id, NULL, p_reference, '',
        CASE WHEN p_credential <> '' THEN p_credential
             WHEN p_member <> 0 THEN 'user:' || p_member ELSE '' END);
END $$;

-- Lock the wallet of a hold, then take the hold out of `pending`. Returns the hold as it was:
-- not pending when it was settled so before; KB004 when it was settled the other way.
CREATE OR REPLACE FUNCTION billing_settle(p_hold bigint, p_status text, p_captured bigint)
RETURNS billing_hold LANGUAGE plpgsql AS $$
DECLARE
    v_hold billing_hold;
BEGIN
    PERFORM 1 FROM billing_hold hold JOIN billing_wallet wallet ON wallet.id = hold.wallet_id
      WHERE hold.id = p_hold FOR UPDATE OF wallet;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'hold % is unknown in this scope', p_hold USING ERRCODE = 'KB007';
    END IF;
    SELECT * INTO v_hold FROM billing_hold WHERE id = p_hold;
    IF v_hold.status = 'pending' THEN
        IF p_captured > v_hold.amount THEN
            RAISE EXCEPTION 'hold % is for % credits, % are too many',
                p_hold, v_hold.amount, p_captured USING ERRCODE = 'KB006';
        END IF;
        UPDATE billing_hold
           SET status = p_status, captured = p_captured, settled_at = statement_timestamp()
         WHERE id = p_hold;
        UPDATE billing_spending
           SET reserved = reserved - v_hold.amount,
               captured = captured + coalesce(p_captured, 0),
               films = films + (p_status = 'captured')::integer
         WHERE id = v_hold.spending_id;
    ELSIF v_hold.status <> p_status THEN
        RAISE EXCEPTION 'hold % is % already', p_hold, v_hold.status
            USING ERRCODE = 'KB004',
            DETAIL = json_build_object('status', v_hold.status)::text;
    END IF;
    RETURN v_hold;
END $$;

-- Charge `p_amount` of a hold and give the rest back, to pay a debt first. False when it was
-- captured before.
CREATE OR REPLACE FUNCTION billing_capture(p_hold bigint, p_amount bigint)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_hold billing_hold;
    v_rest bigint;
BEGIN
    PERFORM billing_require_amount(p_amount);
    v_hold := billing_settle(p_hold, 'captured', p_amount);
    IF v_hold.status <> 'pending' THEN
        RETURN false;
    END IF;
    PERFORM billing_post(v_hold.wallet_id, 'capture', 'held', 'revenue', p_amount,
        p_hold, NULL, v_hold.reference, '', '');
    v_rest := v_hold.amount - p_amount;
    IF v_rest > 0 THEN
        PERFORM billing_unpin_lots(p_hold, v_rest);
        PERFORM billing_post(v_hold.wallet_id, 'release', 'held', 'available', v_rest,
            p_hold, NULL, v_hold.reference, '', '');
        PERFORM billing_settle_debt(
            v_hold.wallet_id, billing_pinned(p_hold), v_hold.reference);
    END IF;
    RETURN true;
END $$;

-- Give a hold back to the lots it came from, to pay a debt first. False when it was released
-- before.
CREATE OR REPLACE FUNCTION billing_release(p_hold bigint)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_hold billing_hold;
BEGIN
    v_hold := billing_settle(p_hold, 'released', NULL);
    IF v_hold.status <> 'pending' THEN
        RETURN false;
    END IF;
    PERFORM billing_unpin_lots(p_hold, v_hold.amount);
    PERFORM billing_post(v_hold.wallet_id, 'release', 'held', 'available', v_hold.amount,
        p_hold, NULL, v_hold.reference, '', '');
    PERFORM billing_settle_debt(v_hold.wallet_id, billing_pinned(p_hold), v_hold.reference);
    RETURN true;
END $$;
